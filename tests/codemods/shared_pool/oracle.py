"""Are two versions of a file the same program, but for where its connections come from?

Both trees are brought to one normal form. Before: the connect goes, and with it every close in every guise. After: the
new ``async with`` blocks dissolve into their bodies; a close that stands there stays and is a difference. What is left
must be equal, statement by statement, constant by constant. Written with ``ast`` alone, on purpose: it shares no code
with the codemod. ``differences`` answers with sentences; none means equal.
"""

from __future__ import annotations

import ast
import io
import tokenize
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_CONNECT = {"connect", "asyncpg.connect"}
_LOGS = {"print", "debug", "info", "warning", "error", "exception", "log"}


@dataclass
class Names:
    """What the two versions call the things that differ."""

    openers: set[str] = field(default_factory=lambda: set(_CONNECT))
    blocks: Counter[str] = field(default_factory=Counter)


def differences(before: str, after: str, openers: Iterable[str] = ()) -> list[str]:
    """Every way in which ``after`` is another program than ``before``. ``openers`` are the names of factories."""
    old, new = ast.parse(before), ast.parse(after)
    names = Names({*_CONNECT, *_aliases(old), *openers})
    names.blocks = _items(new) - _items(old)
    found = _used_outside(new, names)
    functions_before, functions_after = _functions(old), _functions(new)
    for name in sorted({*functions_before, *functions_after}):
        one, other = functions_before.get(name), functions_after.get(name)
        if one is None or other is None:
            found.append(f"{name}: only in one version")
            continue
        left, right = _before(one, names), _after(other, names)
        if left != right:
            found.append(f"{name}: {_first_difference(left, right)}")
    return found + _module_differences(old, new) + _lost_comments(before, after)


def _aliases(tree: ast.Module) -> set[str]:
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {f"{alias.asname}.connect" for alias in node.names if alias.name == "asyncpg" and alias.asname}
        elif isinstance(node, ast.ImportFrom) and node.module == "asyncpg":
            found |= {alias.asname for alias in node.names if alias.name == "connect" and alias.asname}
    return found


def _items(tree: ast.AST) -> Counter[str]:
    """The context expressions of all ``async with`` statements."""
    return Counter(
        ast.unparse(item.context_expr)
        for node in ast.walk(tree)
        if isinstance(node, ast.AsyncWith)
        for item in node.items
    )


def _functions(tree: ast.Module) -> dict[str, ast.AsyncFunctionDef | ast.FunctionDef]:
    found: dict[str, ast.AsyncFunctionDef | ast.FunctionDef] = {}

    def visit(node: ast.AST, prefix: str) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)):
                name = f"{prefix}{child.name}"
                while name in found:
                    name += "'"
                found[name] = child
                visit(child, name + ".")
            else:
                visit(child, f"{prefix}{child.name}." if isinstance(child, ast.ClassDef) else prefix)

    visit(tree, "")
    return found


def _dotted(node: ast.AST) -> str:
    return ast.unparse(node) if isinstance(node, (ast.Name, ast.Attribute)) else ""


def _opening_name(node: ast.stmt, names: Names) -> str:
    """The name that a plain statement binds to an opened connection."""
    if isinstance(node, ast.Assign) and len(node.targets) == 1:
        target, value = node.targets[0], node.value
    elif isinstance(node, ast.AnnAssign) and node.value is not None:
        target, value = node.target, node.value
    else:
        return ""
    return target.id if isinstance(target, ast.Name) and _opens(value, names) else ""


def _opens(value: ast.AST, names: Names) -> bool:
    if not isinstance(value, ast.Await) or not isinstance(value.value, ast.Call):
        return False
    call = value.value
    if _dotted(call.func).endswith("wait_for") and call.args and isinstance(call.args[0], ast.Call):
        call = call.args[0]
    return _dotted(call.func) in names.openers


class _Closes:
    """Statements that close one of some names."""

    def __init__(self, names: set[str]) -> None:
        self.names = names

    def only(self, node: ast.stmt) -> bool:
        if isinstance(node, ast.Expr):
            return self._call(node.value)
        if isinstance(node, ast.If) and not node.orelse:
            return self._guard(node.test) and self._all(node.body)
        if isinstance(node, ast.Try) and not node.orelse:
            quiet = all(self._quiet(part) for handler in node.handlers for part in handler.body)
            return self._all(node.body) and quiet and all(self.reset(part) for part in node.finalbody)
        if isinstance(node, ast.With):
            return "suppress" in ast.unparse(node.items[0].context_expr) and self._all(node.body)
        return False

    def _all(self, body: Sequence[ast.stmt]) -> bool:
        return any(self.only(node) for node in body) and all(self.only(node) or self.reset(node) for node in body)

    def _call(self, value: ast.AST) -> bool:
        call = value.value if isinstance(value, ast.Await) else value
        if not isinstance(call, ast.Call):
            return False
        name = _dotted(call.func)
        if name.rpartition(".")[2] in {"wait_for", "shield"} and call.args:
            return self._call(call.args[0])
        if name.endswith("push_async_callback"):
            return len(call.args) == 1 and _dotted(call.args[0]) in {f"{known}.close" for known in self.names}
        return name in {f"{known}.close" for known in self.names}

    def _guard(self, test: ast.AST) -> bool:
        text = ast.unparse(test)
        words = {"not", "and", "is", "None", "in", "locals", "is_closed", "vars", "dir", "get", *self.names}
        cleaned = "".join(char if char.isalnum() or char == "_" else " " for char in text)
        return set(cleaned.split()) <= words and any(name in cleaned.split() for name in self.names)

    def reset(self, node: ast.stmt) -> bool:
        if isinstance(node, ast.Assign):
            targets = [target.id for target in node.targets if isinstance(target, ast.Name)]
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            targets = [node.target.id]
        else:
            return False
        return bool(set(targets) & self.names) and isinstance(node.value, ast.Constant) and node.value.value is None

    def _quiet(self, node: ast.stmt) -> bool:
        if isinstance(node, ast.Pass):
            return True
        return (
            isinstance(node, ast.Expr)
            and isinstance(node.value, (ast.Constant, ast.Call))
            and (isinstance(node.value, ast.Constant) or _dotted(node.value.func).rpartition(".")[2] in _LOGS)
        )


def _before(function: ast.AsyncFunctionDef | ast.FunctionDef, names: Names) -> list[str]:
    bound = {name for node in ast.walk(function) if isinstance(node, ast.stmt) and (name := _opening_name(node, names))}
    for node in ast.walk(function):
        if isinstance(node, (ast.With, ast.AsyncWith)):
            bound |= {item.optional_vars.id for item in node.items
                      if _is_opening_item(item, names) and isinstance(item.optional_vars, ast.Name)}  # fmt: skip
    closes = _Closes(bound | _depended(function))

    def rebuilt(body: Sequence[ast.stmt]) -> list[ast.stmt]:
        found: list[ast.stmt] = []
        for node in body:
            if _opening_name(node, names) or closes.only(node) or closes.reset(node):
                continue
            if isinstance(node, ast.Return) and node.value is not None and _opens(node.value, names):
                found.append(ast.Return(ast.Name("connection", ast.Load())))
                continue
            found += _with_children(node, rebuilt, lambda item: _is_opening_item(item, names))
        return found

    return _canonical(function, rebuilt(function.body))


def _depended(function: ast.AsyncFunctionDef | ast.FunctionDef) -> set[str]:
    arguments = function.args
    defaults = zip(reversed(arguments.args), reversed(arguments.defaults), strict=False)
    return {arg.arg for arg, default in defaults if ast.unparse(default).startswith("Depends(")}


def _is_opening_item(item: ast.withitem, names: Names) -> bool:
    return any(
        isinstance(node, ast.Call) and _dotted(node.func) in names.openers for node in ast.walk(item.context_expr)
    ) and not any(name in ast.unparse(item.context_expr) for name in ("timeout(",))


def _after(function: ast.AsyncFunctionDef | ast.FunctionDef, names: Names) -> list[str]:
    def is_block(item: ast.withitem) -> bool:
        return ast.unparse(item.context_expr) in names.blocks

    bound = {
        item.optional_vars.id
        for node in ast.walk(function)
        if isinstance(node, ast.AsyncWith)
        for item in node.items
        if is_block(item) and isinstance(item.optional_vars, ast.Name)
    }
    idle = _Closes(bound)

    def rebuilt(body: Sequence[ast.stmt]) -> list[ast.stmt]:
        found: list[ast.stmt] = []
        for node in body:
            if isinstance(node, ast.Assign) and "enter_async_context" in ast.unparse(node.value):
                continue
            if not idle.reset(node):
                found += _with_children(node, rebuilt, is_block)
        return found

    return _canonical(function, rebuilt(function.body))


def _with_children(node: ast.stmt, rebuilt, dissolves) -> list[ast.stmt]:  # type: ignore[no-untyped-def]
    """``node`` with its suites rebuilt; blocks dissolve into their bodies, an emptied ``try`` into its own."""
    if isinstance(node, (ast.With, ast.AsyncWith)):
        items = [item for item in node.items if not dissolves(item)]
        body = rebuilt(node.body)
        if not items:
            return [inner for inner in body if not isinstance(inner, ast.Pass)]
        kind = ast.AsyncWith if len(items) < len(node.items) else type(node)
        return [kind(items=items, body=body or [ast.Pass()])]
    if isinstance(node, ast.Try):
        final = rebuilt(node.finalbody)
        body = rebuilt(node.body)
        if not node.handlers and not final:
            return body
        handlers = [ast.ExceptHandler(handler.type, handler.name, rebuilt(handler.body) or [ast.Pass()])
                    for handler in node.handlers]  # fmt: skip
        return [ast.Try(body or [ast.Pass()], handlers, rebuilt(node.orelse), final)]
    if isinstance(node, (ast.If, ast.For, ast.AsyncFor, ast.While)):
        fields = {name: getattr(node, name) for name in node._fields}
        fields["body"], fields["orelse"] = rebuilt(node.body) or [ast.Pass()], rebuilt(node.orelse)
        if isinstance(node, ast.If) and not rebuilt(node.body) and not fields["orelse"] and _idle(node.test):
            return []
        return [type(node)(**fields)]
    return [node]


def _idle(test: ast.AST) -> bool:
    return not any(isinstance(node, (ast.Call, ast.Await, ast.NamedExpr)) for node in ast.walk(test))


def _canonical(function: ast.AsyncFunctionDef | ast.FunctionDef, body: list[ast.stmt]) -> list[str]:
    """The body as text, dead stores of inert values left out; a last ``yield x`` looks like ``return x``."""
    if body and isinstance(body[-1], ast.Expr) and isinstance(body[-1].value, ast.Yield):
        body = [*body[:-1], ast.Return(body[-1].value.value)]
    body = [node for node in _without_dead_stores(body) if not isinstance(node, ast.Pass)]
    arguments = ast.unparse(function.args)
    return [f"{type(function).__name__} {arguments}", *(ast.unparse(ast.fix_missing_locations(node)) for node in body)]


def _without_dead_stores(body: list[ast.stmt]) -> list[ast.stmt]:
    while True:
        read = {node.id for top in body for node in ast.walk(top)
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}  # fmt: skip
        kept = [node for node in body if not _is_dead(node, read)]
        if len(kept) == len(body):
            return kept
        body = kept


def _is_dead(node: ast.stmt, read: set[str]) -> bool:
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return not {(alias.asname or alias.name).partition(".")[0] for alias in node.names} & read
    if not isinstance(node, ast.Assign) or not all(isinstance(target, ast.Name) for target in node.targets):
        return False
    calls = [_dotted(inner.func).rpartition(".")[2] for inner in ast.walk(node.value) if isinstance(inner, ast.Call)]
    awaits = any(isinstance(inner, (ast.Await, ast.Yield)) for inner in ast.walk(node.value))
    bound = {target.id for target in node.targets if isinstance(target, ast.Name)}
    return not bound & read and not awaits and set(calls) <= {"getenv", "get", "str"}


def _used_outside(tree: ast.Module, names: Names) -> list[str]:
    """A name that a new block binds is read nowhere but in blocks that bind it."""
    found = []
    for name, function in _functions(tree).items():
        bound: set[str] = set()
        inside: set[int] = set()
        for node in ast.walk(function):
            if isinstance(node, ast.AsyncWith):
                for item in node.items:
                    if ast.unparse(item.context_expr) in names.blocks and isinstance(item.optional_vars, ast.Name):
                        bound.add(item.optional_vars.id)
                        inside |= {id(inner) for inner in ast.walk(node)}
        for node in ast.walk(function):
            if isinstance(node, ast.If) and not any(
                isinstance(part, (ast.Attribute, ast.Call)) for part in ast.walk(node.test)
            ):
                inside |= {id(inner) for inner in ast.walk(node.test)}  # ``if conn:`` asks nothing of the connection
            if isinstance(node, ast.Assign):
                inside |= {id(target) for target in node.targets}
        found += [
            f"{name}: {node.id} is used in line {node.lineno}, outside its block"
            for node in ast.walk(function)
            if isinstance(node, ast.Name) and node.id in bound and id(node) not in inside
        ]
    return found


def _module_differences(old: ast.Module, new: ast.Module) -> list[str]:
    def level(tree: ast.Module) -> Counter[str]:
        skipped = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)
        return Counter(ast.unparse(node) for node in tree.body if not isinstance(node, skipped))

    read = {node.id for node in ast.walk(new) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    found = [f"module level: gained {text!r}" for text in level(new) - level(old)]
    for text in level(old) - level(new):
        node = ast.parse(text).body[0]
        if not _is_dead(node, read):
            found.append(f"module level: lost {text!r}")
    return found


def _lost_comments(before: str, after: str) -> list[str]:
    lost = _comments(before) - _comments(after)
    return [f"the comment {text!r} was lost" for text in lost]


def _comments(text: str) -> Counter[str]:
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    return Counter(token.string for token in tokens if token.type == tokenize.COMMENT)


def _first_difference(left: list[str], right: list[str]) -> str:
    for one, other in zip(left, right, strict=False):
        if one != other:
            return f"{one!r} became {other!r}"
    longer, word = (left, "lost") if len(left) > len(right) else (right, "gained")
    return f"{word} {longer[min(len(left), len(right))]!r}"
