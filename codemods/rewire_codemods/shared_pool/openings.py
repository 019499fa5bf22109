"""Examine every place in which a function opens a connection: what becomes of it, and what stands in the way."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import libcst as cst

from rewire.codemod.cst import dotted_name
from rewire_codemods.shared_pool import state
from rewire_codemods.shared_pool.arguments import Reader, removal_of, strings_of
from rewire_codemods.shared_pool.called import calls_in, locks_in, queries_in, slow_calls
from rewire_codemods.shared_pool.facts import Called, Opening, Path, Recipe, Removal, Trouble
from rewire_codemods.shared_pool.forbidding import forbidden
from rewire_codemods.shared_pool.lives import Found, Life
from rewire_codemods.shared_pool.managed import examine_item
from rewire_codemods.shared_pool.places import Opens, Place, places_in
from rewire_codemods.shared_pool.shapes import only_closes, study
from rewire_codemods.shared_pool.statements import at, list_at, names_in, small, unwrap

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rewire.codemod.cst import Tree
    from rewire_codemods.shared_pool.scopes import FunctionScope


def examine(scope: FunctionScope, tree: Tree, opens: Opens, retries: bool = False) -> list[Opening]:
    """Every opening in one function, bodies of nested functions left to their own scopes."""
    places = list(places_in(scope, tree, opens))
    lives = {
        id(place): Life(scope, tree, place.line.path, place.name, _end(scope, place, places), retries=retries)
        for place in places
        if place.how == "bound"
    }
    findings = [(place, _find(scope, tree, place, places, lives)) for place in places]
    findings = [(place, _second_connection(place, found, findings)) for place, found in findings]
    return [_opening(scope, tree, place, found) for place, found in findings]


def examine_parameter(scope: FunctionScope, tree: Tree, name: str) -> Opening:
    """A connection that comes in as the parameter ``name`` and is lent: its closes go."""
    life = Life(scope, tree, (-1,), name, len(scope.statements))
    found = only_closes(life)
    span = tree.span(scope.node.name)
    base = Opening(span, tree.line(scope.node), scope.name, name, "dependency", found.trouble)
    if found.trouble:
        return base
    dropped = [at(scope.statements, path) for path in life.drops]
    recipe = replace(found.recipe, strings=strings_of(tree, *dropped)) if found.recipe else None
    calls = tuple(calls_in(list(scope.statements), tree, {name, *life.derived}, scope))
    return replace(base, recipe=recipe, calls=calls, state=state.in_nodes(scope.statements, scope))


def _end(scope: FunctionScope, place: Place, places: Sequence[Place]) -> int:
    """Where the next connect to the same name stands in the same list; the list's end where there is none."""
    path = place.line.path
    later = [
        int(other.line.path[-1])
        for other in places
        if other.how == "bound"
        and other.name == place.name
        and other.line.path[:-1] == path[:-1]
        and int(other.line.path[-1]) > int(path[-1])
    ]
    return min(later, default=len(list_at(scope.statements, path[:-1])))


_REASONS = {
    "one-line": ("one-line", "it shares its line with other statements"),
    "not-bound": ("not-bound", "the connection is not bound to one plain name by an awaited assignment"),
    "not-awaited": ("not-bound", "connect() is not awaited where it is called"),
}


def _find(scope: FunctionScope, tree: Tree, place: Place, places: Sequence[Place], lives: dict[int, Life]) -> Found:
    if not scope.is_async:
        return Found("", trouble=Trouble("not-async", "the function is not async: no block can be entered here"))
    if place.how == "stored":
        return Found("", trouble=Trouble("stored", f"the connection is stored in {place.name}"))
    if place.how in _REASONS:
        return Found("", trouble=Trouble(*_REASONS[place.how]))
    if place.how == "item":
        return examine_item(scope, tree, place.line, place.call, place.item, place.name)
    if place.how == "returned":
        return _returned(scope, tree, place)
    others = [lives[id(other)] for other in places if other is not place and id(other) in lives]
    return study(lives[id(place)], [other for other in others if other.name == place.name])


def _returned(scope: FunctionScope, tree: Tree, place: Place) -> Found:
    """``return await connect(...)``: a factory where it is the function's one last statement."""
    if place.line.path != (len(scope.statements) - 1,):
        return Found("factory", trouble=Trouble("factory-shape", "the connect is not the function's last statement"),
                     hands="returns")  # fmt: skip
    recipe = Recipe(tree.span(place.line.node), "block", place.name, (0,), 1, base=int(place.line.path[0]))
    life = Life(scope, tree, place.line.path, place.name, len(scope.statements))
    life.until = life.end
    return Found("factory", recipe=recipe, hands="returns", life=life)


def _second_connection(place: Place, found: Found, findings: Sequence[tuple[Place, Found]]) -> Found:
    """Two connections that are open at the same time in one function: on purpose, as far as anyone can tell."""
    for other, theirs in findings:
        if other is place:
            continue
        inside = found.life is not None and _covers(found, other.line.path)
        around = theirs.life is not None and theirs.trouble is None and _covers(theirs, place.line.path)
        if (inside or around) and found.trouble is None:
            line = (found.life or theirs.life).tree.line(other.line.node)  # type: ignore[union-attr]
            return replace(found, recipe=None, trouble=Trouble(
                "second-connection", f"another connection is open at the same time (line {line})"))  # fmt: skip
    return found


def _covers(found: Found, path: Path) -> bool:
    assert found.life is not None
    return found.life.in_region(path) and path != found.life.path


def _opening(scope: FunctionScope, tree: Tree, place: Place, found: Found) -> Opening:
    reader = Reader(tree, scope, scope.module)
    arguments = reader.arguments(place.call)
    if place.timeout:
        arguments = replace(arguments, timeout=place.timeout)
    span = tree.span(place.call)
    base = Opening(span, tree.line(place.call), scope.name, place.name, found.shape, found.trouble, arguments=arguments,
                   hands=found.hands)  # fmt: skip
    if found.recipe is None or found.life is None:
        return base
    life, dropped = found.life, [at(scope.statements, path) for path in found.life.drops]
    trouble = forbidden(life, _region(life), bool(found.hands) or found.recipe.form == "stack")
    if trouble is not None:
        return replace(base, trouble=trouble)
    gone = [place.line.node if place.how != "item" else place.line.node.items[place.item], *dropped]
    region = _region(life)
    recipe = replace(found.recipe, strings=strings_of(tree, *gone), indent=_indent(scope, tree))
    if found.hands == "returns":
        recipe = _of_factory(scope, tree, found, recipe)
    tails = _tails(found)
    counts = names_in(*gone)
    if arguments.timeout:
        counts -= names_in(cst.parse_expression(arguments.timeout))
    return replace(
        base,
        shape=_refined(found.shape, place),
        recipe=recipe,
        init=_init(scope, tree, found),
        calls=tuple(_called(scope, tree, life, tails)),
        state=state.in_nodes(region, scope),
        slow=slow_calls(region, life.name),
        gone=tuple(sorted(counts.items())),
        locals=reader.local_removals(counts),
        max_left=found.max_left if found.recipe.form == "block" else 0,
        locks=tuple(dict.fromkeys(locks_in(region))),
        sql=tuple(dict.fromkeys(queries_in(region, {life.name, *life.derived}))),
    )


def _indent(scope: FunctionScope, tree: Tree) -> str:
    """One step of indentation, as the function's own body has it."""
    body = scope.node.body
    own = body.indent if isinstance(body, cst.IndentedBlock) else None
    return own if own is not None else tree.module.default_indent


def _of_factory(scope: FunctionScope, tree: Tree, found: Found, recipe: Recipe) -> Recipe:
    """The same recipe for the whole function: counted from its body, and with the return that becomes a yield."""
    base, last = int(found.life.path[0]) if found.life else 0, len(scope.statements) - 1
    yields: Path = () if base == last else (last - base,)
    return replace(recipe, block=tree.span(scope.node), base=base, yields=yields)


def _refined(shape: str, place: Place) -> str:
    if place.timeout:
        return "wait_for"
    if isinstance(place.line.node, cst.SimpleStatementLine) and isinstance(small(place.line.node), cst.AnnAssign):
        return f"annotated, {shape}"
    return shape


def _region(life: Life) -> list[Any]:
    """The statements that will stand in the block."""
    if life.path == (-1,):
        return list(life.scope.statements)
    block = life.block
    node = block[life.index]
    return [node] if isinstance(node, cst.With) else list(block[life.index + 1 : life.until])


def _tails(found: Found) -> dict[Path, int]:
    """How many statements, counted from the end of the block, leave with each statement behind the last use."""
    return {
        path: len(found.sequence) - position if position > found.last_use else 0
        for position, path in enumerate(found.sequence)
    }


def _called(scope: FunctionScope, tree: Tree, life: Life, tails: dict[Path, int]) -> Iterator[Called]:
    names = {life.name, *life.derived}
    holders = {name for name in life.derived if _holds(scope, name, names)}
    if not tails:
        yield from calls_in(_region(life), tree, names, scope, holders)
    for path, tail in tails.items():
        for call in calls_in([at(scope.statements, path)], tree, names, scope, holders):
            yield replace(call, tail=tail)


def _holds(scope: FunctionScope, name: str, names: set[str]) -> bool:
    """True for ``repo = Repository(conn)``; not for ``cursor = await conn.cursor(...)``."""
    values = [unwrap(value) for value in scope.values.get(name, ()) if value is not None]
    made = [value.func for value in values if isinstance(value, cst.Call)]
    return bool(made) and not any((dotted_name(callee) or "").partition(".")[0] in names for callee in made)


def _init(scope: FunctionScope, tree: Tree, found: Found) -> Removal | None:
    if found.init is None:
        return None
    node = at(scope.statements, found.init)
    removal = removal_of(tree, node, found.life.name if found.life else "")
    return removal or Removal(tree.span(node), "", "assignment")
