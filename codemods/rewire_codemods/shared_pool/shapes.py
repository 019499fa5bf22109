"""Recognise how one connection lives in its function, and write the recipe of its block; or say why there is none."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import libcst as cst

from rewire.codemod import Span
from rewire_codemods.shared_pool.closes import is_close, is_reset
from rewire_codemods.shared_pool.facts import Path, Recipe, Trouble
from rewire_codemods.shared_pool.flow import OPEN, Flow
from rewire_codemods.shared_pool.lives import Found, Life
from rewire_codemods.shared_pool.placing import judge_outside, retried, shape_name
from rewire_codemods.shared_pool.references import Reference, assigned_names, references
from rewire_codemods.shared_pool.statements import at, last_name, list_at, small, suites, walk
from rewire_codemods.shared_pool.uses import examine_uses, outsiders, resets_after_closes, sort_references

if TYPE_CHECKING:
    from collections.abc import Sequence

_DERIVES = frozenset({"prepare", "cursor", "transaction"})


def study(life: Life, others: Sequence[Life]) -> Found:
    """The whole examination of one connection that is bound by a plain assignment."""
    trouble = sort_references(life, others)
    if trouble:
        return Found("", trouble=trouble)
    hands, push, trouble = examine_uses(life)
    if trouble:
        return Found("", trouble=trouble)
    if push:
        return _stack(life, push)
    loops = None if life.retries else retried(life.scope, life.path)
    trouble = loops or judge_outside(life.scope, life.path, outsiders(life))
    if trouble:
        return Found("", trouble=trouble)
    life.drops += [reference.path for reference in (*life.inside, *life.outside) if reference.kind == "close"]
    life.drops += resets_after_closes(life)
    trouble = _follow(life)
    if trouble:
        return Found("", trouble=trouble)
    if hands == "returns":
        trouble = _returns_at_the_end(life)
        if trouble:
            return Found("factory", trouble=trouble, hands=hands)
    sequence = _sequence(life)
    return Found(
        shape_name(life, hands),
        recipe=_recipe(life),
        hands=hands,
        init=_dead_init(life, others),
        sequence=sequence,
        last_use=_last_use(life, sequence),
        life=life,
    )


def _follow(life: Life) -> Trouble | None:
    """Walk every path from the connect on; settle where the block ends."""
    closes = set(life.drops)
    uses = {reference.path for reference in life.inside if reference.kind in {"use", "alias", "yield", "return"}}
    flow = Flow(closes.__contains__, uses.__contains__)
    block, depth = life.block, len(life.above)
    touched = [int(reference.path[depth]) for reference in life.inside]
    last = max(touched, default=life.index)
    exits = flow.run(block[: last + 1], life.above, OPEN, life.index + 1)
    if flow.misused:
        line = life.tree.line(at(life.scope.statements, flow.misused[0]))
        return Trouble("use-after-close", f"{life.name} is used in line {line} after it was closed")
    closed_outside = any(reference.kind == "close" for reference in life.outside)
    life.flow_open = "open" in exits.normal and not closed_outside
    life.until = life.end if "open" in exits.normal else last + 1
    _find_derived(life)
    if life.flow_open and not _stays(life):
        return Trouble("escapes", f"a cursor, statement or transaction of {life.name} leaves the function")
    return None


def _find_derived(life: Life) -> None:
    """Names of cursors, prepared statements and transactions: they live as long as the connection."""
    for line in life.scope.lines:
        part = small(line.node)
        if isinstance(part, (cst.Assign, cst.AnnAssign)) and part.value is not None:
            for node in walk(part.value):
                if isinstance(node, cst.Call) and last_name(node.func) in _DERIVES and _belongs(node, life):
                    life.derived.update(assigned_names(line))


def _belongs(call: cst.Call, life: Life) -> bool:
    receiver = call.func.value if isinstance(call.func, cst.Attribute) else None
    return isinstance(receiver, cst.Name) and receiver.value in {life.name, *life.derived}


def _stays(life: Life) -> bool:
    return not any(
        reference.kind in {"return", "yield", "captured"}
        for name in life.derived
        for reference in references(life.scope.lines, name)
    )


def _returns_at_the_end(life: Life) -> Trouble | None:
    """A factory is convertible where its one ``return conn`` is the last statement of the function."""
    returned = [reference for reference in life.inside if reference.kind == "return"]
    last = len(life.scope.statements) - 1
    if life.above or len(returned) != 1 or returned[0].path != (last,):
        return Trouble("factory-shape", "the connection is not returned by the function's one last statement")
    if any(not _inside_handler(reference.path) for reference in life.inside if reference.kind == "close"):
        return Trouble("factory-shape", "the connection is closed on a path that does not fail")
    return None


def _inside_handler(path: Path) -> bool:
    return any(str(step).startswith("handler") for step in path)


def _sequence(life: Life) -> tuple[Path, ...]:
    """The block's first level as it will stand: drops gone, emptied ``try`` statements dissolved."""
    found: list[Path] = []

    def add(path: Path, node: Any) -> None:
        if path in life.drops:
            return
        if isinstance(node, (cst.Try, cst.TryStar)) and not node.handlers and node.finalbody is not None:
            inner = dict(suites(node))
            if all((*path, "finalbody", index) in life.drops for index in range(len(inner["finalbody"]))):
                for index, child in enumerate(inner["body"]):
                    add((*path, "body", index), child)
                return
        found.append(path)

    for index in range(life.index + 1, life.until):
        add((*life.above, index), life.block[index])
    return tuple(found)


def _last_use(life: Life, sequence: Sequence[Path]) -> int:
    last = -1
    names = {life.name, *life.derived}
    for position, path in enumerate(sequence):
        node = at(life.scope.statements, path)
        if any(isinstance(inner, cst.Name) and inner.value in names for inner in walk(node)):
            last = position
    return last


def _dead_init(life: Life, others: Sequence[Life]) -> Path | None:
    """``conn = None`` before the connect, where nothing is left that reads it."""
    if others or len(life.resets) != 1 or any(reference.kind == "guard" for reference in life.outside):
        return None
    node = at(life.scope.statements, life.resets[0].path)
    siblings = list_at(life.scope.statements, life.resets[0].path[:-1])
    removable = isinstance(node, cst.SimpleStatementLine) and not node.trailing_whitespace.comment
    return life.resets[0].path if removable and len(siblings) > 1 else None


def _recipe(life: Life) -> Recipe:
    """Paths from the smallest run of one list that holds the connect, the block and every close."""
    ends = [(*life.above, life.until - 1), life.path, *life.drops]
    above = life.above
    while not all(path[: len(above)] == above for path in ends):
        above = above[:-2]
    depth = len(above)
    first, last = int(life.path[depth]), max(int(path[depth]) for path in ends)
    first = min(first, *(int(path[depth]) for path in ends))
    statements = list_at(life.scope.statements, above)
    start, end = life.tree.span(statements[first]).start, life.tree.span(statements[last]).end

    def relative(path: Path) -> Path:
        return (int(path[depth]) - first, *path[depth + 1 :])

    connect = relative(life.path)
    until = life.until - (first if len(connect) == 1 else 0)
    drops = tuple(sorted({relative(path) for path in life.drops}, key=str))
    return Recipe(Span(start, end), "block", life.name, connect, until, 0, drops)


def _stack(life: Life, push: Reference) -> Found:
    """``stack.push_async_callback(conn.close)`` behind the connect: the stack enters the block."""
    part = small(at(life.scope.statements, push.path))
    call = part.value if isinstance(part, cst.Expr) else None
    owner = call.func.value if isinstance(call, cst.Call) and isinstance(call.func, cst.Attribute) else None
    if not isinstance(owner, cst.Name) or push.path[:-1] != life.above or len(call.args) != 1:  # type: ignore[union-attr]
        return Found("stack", trouble=Trouble("escapes", f"the close of {life.name} goes to an exit stack elsewhere"))
    if any(reference.kind in {"close", "return", "yield"} for reference in (*life.inside, *life.outside)):
        return Found("stack", trouble=Trouble("close-unclear", f"{life.name} is closed by a stack and by hand"))
    if life.outside:
        return Found("stack", trouble=Trouble("inner-block", f"{life.name} is used outside the block that opens it"))
    life.drops.append(push.path)
    life.until = int(push.path[-1]) + 1
    recipe = replace(_recipe(life), form="stack", stack=owner.value)
    life.until = life.end
    return Found("exit stack", recipe=recipe, life=life, init=None)


def only_closes(life: Life) -> Found:
    """For a connection that comes in as a parameter: every close goes, nothing else changes."""
    for reference in references(life.scope.lines, life.name):
        life.inside.append(reference)
    hands, _, trouble = examine_uses(life)
    if trouble or hands == "returns":
        return Found("", trouble=trouble or Trouble("escapes", f"{life.name} is returned"))
    life.drops = [reference.path for reference in life.inside if reference.kind == "close"]
    uses = {reference.path for reference in life.inside if reference.kind == "use"}
    flow = Flow(set(life.drops).__contains__, uses.__contains__)
    flow.run(life.scope.statements, (), OPEN)
    if flow.misused:
        return Found("", trouble=Trouble("use-after-close", f"{life.name} is used after it was closed"))
    if not life.drops:
        return Found("", life=life)
    life.path, life.until = (-1,), len(life.scope.statements)
    first, last = min(int(path[0]) for path in life.drops), max(int(path[0]) for path in life.drops)
    span = Span(life.tree.span(life.scope.statements[first]).start, life.tree.span(life.scope.statements[last]).end)
    drops = tuple((int(path[0]) - first, *path[1:]) for path in life.drops)
    return Found("dependency", recipe=Recipe(span, "closes", life.name, (), 0, 0, drops), life=life)


def closes_or_resets(node: Any, name: str) -> bool:
    """True for a statement that only closes or forgets the connection."""
    return is_close(node, name) or is_reset(node, name)
