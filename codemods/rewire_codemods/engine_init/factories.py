"""Session factories over the engine: made at import, configured at import, or wrapped in a registry."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

from rewire.codemod.cst import dotted_name
from rewire_codemods.applications.obstacle import Obstacle
from rewire_codemods.applications.reading import (
    Moment,
    bindings,
    called,
    calls,
    moment_of,
    references,
    statement_of,
)
from rewire_codemods.engine_init.definition import Factory
from rewire_codemods.engine_init.listeners import own_line
from rewire_codemods.engine_init.uses import REGISTRIES, Use

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rewire.codemod.cst import Tree


def read_factory(tree: Tree, path: str, use: Use) -> Factory:
    """The factory that a use at import builds; Obstacle unless it is the value of one plain assignment."""
    assert use.call is not None
    call: cst.CSTNode = use.call
    parent = tree.parent(call)
    registry = False
    if isinstance(parent, cst.Arg) and isinstance(outer := tree.parent(parent), cst.Call):
        if called(tree, outer).rpartition(".")[2] not in REGISTRIES:
            raise _factory_shape(tree, path, use)
        registry = True
        call, parent = outer, tree.parent(outer)
    target = assigned_name(tree, parent)
    if target is None:
        raise _factory_shape(tree, path, use)
    for node in bindings(tree, target):
        if tree.span(statement_of(tree, node)) != tree.span(statement_of(tree, use.call)):
            raise Obstacle(
                "engine-rebound", path, tree.span(node), f"{target} is bound again at {path}:{tree.line(node)}"
            )
    bind = next(arg for arg in use.call.args if any(node is use.node for node in tree.walk(arg)))
    return Factory(target, use.call, bind, registry)


def _factory_shape(tree: Tree, path: str, use: Use) -> Obstacle:
    line = tree.line(use.node)
    return Obstacle(
        "engine-shape", path, tree.span(use.node), f"the factory at {path}:{line} is not the value of one assignment"
    )


def assigned_name(tree: Tree, parent: cst.CSTNode | None) -> str | None:
    """The one module-level name that an assignment at the module's own level binds."""
    target: cst.BaseExpression | None = None
    if isinstance(parent, cst.Assign) and len(parent.targets) == 1:
        target = parent.targets[0].target
    elif isinstance(parent, cst.AnnAssign):
        target = parent.target
    if not isinstance(target, cst.Name) or parent is None:
        return None
    line = tree.parent(parent)
    return target.value if line is not None and isinstance(tree.parent(line), cst.Module) else None


def read_configure(tree: Tree, path: str, use: Use) -> cst.Call:
    """``SessionLocal.configure(bind=engine)`` in a statement of its own."""
    own_line(tree, path, use)
    assert use.call is not None
    owner = dotted_name(use.call.func.value) if isinstance(use.call.func, cst.Attribute) else None
    if owner is None or "." in owner:
        raise _factory_shape(tree, path, use)
    return use.call


def read_registries(tree: Tree, names: Sequence[str]) -> tuple[tuple[str, bool], ...]:
    """Scoped sessions over a factory: name, and whether its ``remove`` is a coroutine."""
    found = []
    for call in calls(tree):
        last = called(tree, call).rpartition(".")[2]
        if last not in REGISTRIES or moment_of(tree, call) is not Moment.IMPORT:
            continue
        target = assigned_name(tree, tree.parent(call))
        inner = call.args[0].value if call.args else None
        if target is None or not (isinstance(inner, cst.Call) or dotted_name(inner) in names):
            continue
        if isinstance(inner, cst.Call) and target not in names:
            continue
        found.append((target, last == "async_scoped_session"))
    return tuple(found)


def reject_sessions(tree: Tree, path: str, names: Sequence[str]) -> None:
    """Raise Obstacle where a factory is called while the module is imported."""
    for name in names:
        for node in references(tree, name):
            if moment_of(tree, node) not in (Moment.IMPORT, Moment.DEFAULT):
                continue
            parent = tree.parent(node)
            opened = isinstance(parent, cst.Call) and parent.func is node
            if isinstance(parent, cst.Attribute) and parent.value is node:
                opened = parent.attr.value in ("begin", "query", "execute", "scalars", "add", "commit")
            if opened:
                raise Obstacle(
                    "session-at-import",
                    path,
                    tree.span(node),
                    f"{path}:{tree.line(node)} opens a session with {name} at import",
                )
