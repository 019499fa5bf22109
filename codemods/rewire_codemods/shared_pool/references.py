"""Every reference to one local name, and which of them let the value out of the function's hands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import libcst as cst

from rewire_codemods.shared_pool.closes import is_close, is_guard, is_reset
from rewire_codemods.shared_pool.statements import Line, last_name, reading, small, walk

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rewire_codemods.shared_pool.facts import Path

Kind = Literal[
    "guard", "bind", "reset", "close", "use", "alias", "yield", "return", "push", "escape", "captured", "global"
]

HANDED_OVER = frozenset(
    {
        "create_task", "ensure_future", "run_in_executor", "add_task", "call_soon", "call_soon_threadsafe",
        "call_later", "call_at", "submit", "start_soon", "Thread", "Process", "partial", "to_thread",
        "run_coroutine_threadsafe",
        "add_done_callback", "add_job", "spawn", "start_new_thread", "run_sync",
    }
)  # fmt: skip
"""Calls that keep what they are given for later, or take it to another task or thread."""

COROUTINES = frozenset(
    {
        "execute", "executemany", "fetch", "fetchmany", "fetchrow", "fetchval", "copy_from_query", "copy_from_table",
        "copy_to_table", "copy_records_to_table", "prepare", "reset", "add_listener", "remove_listener",
        "set_type_codec", "reload_schema_state",
    }
)  # fmt: skip
"""Methods of a connection that do nothing until they are awaited."""

_HARMLESS = frozenset(
    {
        "print", "str", "repr", "bool", "type", "isinstance", "hasattr", "id", "len", "debug", "info", "warning",
        "error", "exception", "warn", "critical", "log", "cast",
    }
)  # fmt: skip
_NESTED = (cst.FunctionDef, cst.ClassDef, cst.Lambda)


@dataclass(frozen=True)
class Reference:
    """One reference, the statement that holds it, and what it does with the value. ``detail`` names the culprit."""

    path: Path
    node: cst.CSTNode
    kind: Kind
    detail: str = ""


def references(lines: Iterable[Line], name: str) -> Iterator[Reference]:
    """Every reference to ``name``; what stands inside a closing statement is one reference of kind ``close``."""
    closed: list[Path] = []
    for line in lines:
        if any(line.path[: len(path)] == path for path in closed):
            continue
        if is_close(line.node, name):
            closed.append(line.path)
            yield Reference(line.path, line.node, "close")
        elif is_reset(line.node, name):
            yield Reference(line.path, line.node, "reset")
        else:
            for part in line.header:
                for chain in occurrences(part, name):
                    kind, detail = _classify(chain)
                    kind = "guard" if _is_test(line.node, name) else kind
                    yield Reference(line.path, chain[-1], kind, detail)


def _is_test(node: object, name: str) -> bool:
    """An ``if`` that only asks whether there is a connection: harmless on one that was given back, too."""
    if not isinstance(node, cst.If) or not is_guard(node.test, name):
        return False
    return not any(isinstance(inner, cst.Attribute) for inner in walk(node.test))


def occurrences(node: cst.CSTNode, name: str) -> Iterator[tuple[cst.CSTNode, ...]]:
    """The chains of nodes from ``node`` down to each ``Name`` that reads, binds or deletes ``name``."""
    stack: list[tuple[cst.CSTNode, ...]] = [(node,)]
    while stack:
        chain = stack.pop()
        current = chain[-1]
        if isinstance(current, cst.Name):
            if current.value == name:
                yield chain
            continue
        stack.extend((*chain, child) for child in reversed(reading(current)))


def _classify(chain: tuple[cst.CSTNode, ...]) -> tuple[Kind, str]:
    """What one occurrence does with the value; every unknown use is an escape."""
    node = chain[-1]
    above = chain[:-1]
    parent = above[-1] if above else node
    if any(isinstance(item, _NESTED) for item in above):
        return "captured", "a nested function"
    if isinstance(parent, (cst.NameItem,)):
        return "global", ""
    if isinstance(parent, (cst.Del, cst.NamedExpr)):
        return "escape", "a walrus or del statement"
    if _is_target(chain):
        return "bind", ""
    if isinstance(parent, cst.Attribute):
        return _classify_attribute(above, parent)
    if isinstance(parent, cst.Return):
        return "return", ""
    if isinstance(parent, cst.Yield):
        return "yield", ""
    if isinstance(parent, (cst.Comparison, cst.ComparisonTarget, cst.If, cst.While, cst.FormattedStringExpression)):
        return "use", ""
    if isinstance(parent, (cst.BooleanOperation, cst.UnaryOperation)) or not above:
        return ("escape", "an expression that yields it") if _is_value(above) else ("use", "")
    return _handed(above)


def _is_target(chain: tuple[cst.CSTNode, ...]) -> bool:
    """True where the name is bound: assignment and loop targets, ``as`` names, tuples of them."""
    for child, item in zip(reversed(chain), reversed(chain[:-1]), strict=False):
        if isinstance(item, (cst.AssignTarget, cst.AsName)):
            return True
        if isinstance(item, (cst.AnnAssign, cst.AugAssign)):
            return item.target is child
        if isinstance(item, cst.CompFor):
            return item.target is child
        if not isinstance(item, (cst.Tuple, cst.List, cst.Element, cst.StarredElement)):
            return False
    return False


def _is_value(above: tuple[cst.CSTNode, ...]) -> bool:
    """True if a boolean expression's own value is kept: ``x = conn or other``, ``return conn or None``."""
    for item in reversed(above):
        if isinstance(item, (cst.Assign, cst.AnnAssign, cst.Return, cst.Yield, cst.Arg, cst.NamedExpr)):
            return True
        if isinstance(item, (cst.Comparison, cst.UnaryOperation)):
            return False
    return False


def _classify_attribute(above: tuple[cst.CSTNode, ...], attribute: cst.Attribute) -> tuple[Kind, str]:
    """``conn.something``: a method call is a use, a method handed around is not."""
    caller = above[-2] if len(above) > 1 else None
    if isinstance(caller, cst.Call) and caller.func is attribute:
        if attribute.attr.value in {"close", "terminate", "detach"}:
            return "escape", f"{attribute.attr.value}() inside a larger statement"
        spawner = _spawner(above[:-2])
        if spawner:
            return "escape", f"{spawner}()"
        if _is_left_waiting(above[:-2], attribute.attr.value):
            return "escape", f"{attribute.attr.value}(), which is not awaited there"
        return "use", attribute.attr.value
    call = next((item for item in reversed(above) if isinstance(item, cst.Call)), None)
    if attribute.attr.value == "close" and call and last_name(call.func) == "push_async_callback":
        return "push", ""
    if isinstance(caller, (cst.Assign, cst.AssignTarget, cst.Arg, cst.Return, cst.Yield, cst.Element, cst.DictElement)):
        return "escape", f"its method {attribute.attr.value} taken as a value"
    return "use", attribute.attr.value


def _is_left_waiting(above: Sequence[cst.CSTNode], method: str) -> bool:
    """A coroutine (or a generator expression around it) that nobody awaits in the statement runs later, if at all."""
    outer = [item for item in above if isinstance(item, (cst.Await, cst.GeneratorExp))]
    if any(isinstance(item, cst.GeneratorExp) for item in outer):
        return not isinstance(outer[0], cst.Await)
    return method in COROUTINES and not outer


def _spawner(above: Sequence[cst.CSTNode]) -> str:
    """The name of an enclosing call that takes its arguments to another task, thread or time."""
    for item in above:
        if isinstance(item, cst.Call) and last_name(item.func) in HANDED_OVER:
            return last_name(item.func)
    return ""


def _handed(above: tuple[cst.CSTNode, ...]) -> tuple[Kind, str]:
    """The value is an argument or an element of something: fine where that is awaited at once."""
    spawner = _spawner(above)
    if spawner:
        return "escape", f"{spawner}()"
    call: cst.Call | None = None
    for child, item in zip(reversed(above), reversed(above[:-1]), strict=False):
        if isinstance(child, cst.Call):
            call = call or child
            if last_name(child.func) in _HARMLESS:
                return "use", ""
        if isinstance(item, cst.Await):
            return "use", "passed"
        if isinstance(item, (cst.WithItem, cst.For, cst.CompFor, cst.If, cst.While, cst.Raise, cst.Assert)) and call:
            return "use", "passed"
        if isinstance(item, cst.Assign) and (call or isinstance(child, (cst.ListComp, cst.List, cst.Tuple))):
            target = item.targets[0].target
            if call and len(item.targets) == 1 and isinstance(target, cst.Name):
                return "alias", target.value
            return "escape", "stored in an object or a container"
    return _not_awaited(above, call)


def _not_awaited(above: tuple[cst.CSTNode, ...], call: cst.Call | None) -> tuple[Kind, str]:
    outer = above[0]
    if isinstance(above[-1], (cst.WithItem, cst.For)) or isinstance(outer, cst.WithItem):
        return ("use", "passed") if call else ("escape", "a with statement of its own")
    if call is None and isinstance(above[-1], cst.Call):
        call = above[-1]
    if isinstance(outer, cst.Call) and last_name(outer.func) in _HARMLESS:
        return "use", ""
    if call is not None:
        return "escape", f"{last_name(call.func) or 'a call'}() that is not awaited"
    return "escape", "another name or object"


def assigned_names(line: Line) -> Sequence[str]:
    """The plain names that an assignment statement binds."""
    part = small(line.node)
    if isinstance(part, cst.Assign):
        targets = [target.target for target in part.targets]
    elif isinstance(part, cst.AnnAssign):
        targets = [part.target]
    else:
        return ()
    return [target.value for target in targets if isinstance(target, cst.Name)]
