"""Read the module that creates the engine, and refuse what uses the engine at import in a way that cannot move."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

from rewire.codemod.cst import dotted_name
from rewire_codemods.applications.obstacle import Obstacle
from rewire_codemods.applications.reading import (
    Moment,
    references,
    top_statement,
)
from rewire_codemods.engine_init.creation import find_creation
from rewire_codemods.engine_init.definition import Definition, TableCall
from rewire_codemods.engine_init.dependencies import find_dependencies
from rewire_codemods.engine_init.factories import read_configure, read_factory, read_registries, reject_sessions
from rewire_codemods.engine_init.listeners import own_line, read_listener
from rewire_codemods.engine_init.taken import read_closer, read_table_maker
from rewire_codemods.engine_init.uses import Purpose, Use, use_at

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rewire.codemod.cst import Tree
    from rewire_codemods.engine_init.creation import Creation
    from rewire_codemods.engine_init.makers import Makers
    from rewire_codemods.engine_init.options import EngineInitOptions


def read_definition(makers: Makers, path: str, options: EngineInitOptions) -> Definition | None:
    """The module's engine and all that hangs on it; None if it has none. Raises Obstacle."""
    tree = makers.tree
    creation = find_creation(makers, path)
    if creation is None:
        return None
    made = tree.span(creation.statement)
    uses = [use_at(tree, path, node) for node in references(tree, creation.name) if not made.contains(tree.span(node))]
    now = [use for use in uses if use.moment in (Moment.IMPORT, Moment.DEFAULT)]
    inside = [use_at(tree, path, node) for node in references(tree, creation.name) if made.contains(tree.span(node))]
    _reject_in_arms(tree, path, inside)
    sorted_uses = {purpose: [use for use in now if use.purpose is purpose] for purpose in Purpose}
    reject_import_uses(tree, now)
    bound_uses = [*_in_place(path, creation), *sorted_uses[Purpose.FACTORY]]
    factories = tuple(read_factory(tree, path, use) for use in bound_uses)
    configures = tuple(read_configure(tree, path, use) for use in sorted_uses[Purpose.CONFIGURE])
    bound = [entry.name for entry in factories]
    bound += [dotted_name(call.func.value) or "" for call in configures if isinstance(call.func, cst.Attribute)]
    registries = read_registries(tree, bound)
    names = tuple(dict.fromkeys([*bound, *(name for name, _ in registries)]))
    reject_sessions(tree, path, names)
    return Definition(
        path=path,
        tree=tree,
        creation=creation,
        factories=factories,
        registries=registries,
        listeners=tuple(read_listener(tree, path, use) for use in sorted_uses[Purpose.LISTENER]),
        moved=tuple(own_line(tree, path, use) for use in sorted_uses[Purpose.LISTEN]),
        configures=configures,
        tables=tuple(table_call(tree, use) for use in sorted_uses[Purpose.TABLES]),
        dependencies=find_dependencies(tree, creation.name, names, options),
        table_maker=read_table_maker(tree, path, options),
        closer=read_closer(tree, path, creation.name, options),
    )


def _in_place(path: str, creation: Creation) -> list[Use]:
    """The use of an engine that is made in place for a session factory."""
    if creation.factory is None:
        return []
    return [Use(path, creation.makers[0].call, Moment.IMPORT, Purpose.FACTORY, creation.factory)]


def _reject_in_arms(tree: Tree, path: str, uses: Sequence[Use]) -> None:
    """Inside the ``if`` that creates it the engine may get listeners; a factory there would become a local name."""
    for use in uses:
        if use.moment is Moment.IMPORT and use.purpose not in (Purpose.LISTENER, Purpose.LISTEN):
            raise Obstacle(
                "engine-shape",
                path,
                tree.span(use.node),
                f"{path}:{tree.line(use.node)} uses the engine inside the if that creates it",
            )


def reject_import_uses(tree: Tree, uses: Sequence[Use]) -> None:
    """Raise Obstacle for a use at import that cannot be moved into the init functions."""
    codes = {
        Purpose.REFLECTION: ("reflection-at-import", "reflects tables at import"),
        Purpose.SESSION: ("session-at-import", "opens a session or a connection at import"),
        Purpose.DROP: ("engine-used-at-import", "drops tables at import"),
        Purpose.OTHER: ("engine-used-at-import", "uses the engine at import"),
    }
    for use in uses:
        place = f"{use.path}:{tree.line(use.node)}"
        if use.moment is Moment.DEFAULT:
            raise Obstacle(
                "engine-as-default", use.path, tree.span(use.node), f"{place} has the engine as a default argument"
            )
        if use.purpose in codes:
            code, what = codes[use.purpose]
            raise Obstacle(code, use.path, tree.span(use.node), f"{place} {what}")


def table_call(tree: Tree, use: Use, statement: cst.CSTNode | None = None) -> TableCall:
    """The create_all at import that ``use`` is an argument of. Raises Obstacle for arguments that cannot move.

    ``statement`` holds it where it does not stand at the module's own level.
    """
    assert use.call is not None
    statement = statement or top_statement(tree, use.node)
    span = tree.span(use.call)
    place = f"{use.path}:{tree.line(use.node)}"
    for arg in use.call.args:
        plain = isinstance(arg.value, cst.Name) and arg.value.value in ("True", "False")
        if not plain and not any(node is use.node for node in tree.walk(arg)):
            raise Obstacle("create-all-shape", use.path, span, f"create_all at {place} has further arguments")
    if not isinstance(statement, (cst.SimpleStatementLine, cst.Try, cst.If)):
        raise Obstacle("create-all-shape", use.path, span, f"create_all at {place} stands inside another statement")
    if not isinstance(tree.parent(use.call), cst.Expr):
        raise Obstacle("create-all-shape", use.path, span, f"the result of create_all at {place} is used")
    if isinstance(statement, cst.SimpleStatementLine) and len(statement.body) > 1:
        raise Obstacle("create-all-shape", use.path, span, f"create_all at {place} shares its line")
    return TableCall(use.path, use.call, statement)
