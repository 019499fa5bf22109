"""Event listeners on the engine, and other statements at import that only hand it on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

from rewire_codemods.applications.obstacle import Obstacle
from rewire_codemods.applications.reading import (
    bindings,
    top_statement,
)
from rewire_codemods.engine_init.definition import Listener

if TYPE_CHECKING:
    from rewire.codemod.cst import Tree
    from rewire_codemods.engine_init.uses import Use


def read_listener(tree: Tree, path: str, use: Use) -> Listener:
    """The function that a ``listens_for`` on the engine decorates; Obstacle unless it can be named in init_db."""
    assert use.call is not None
    decorator = tree.parent(use.call)
    function = tree.parent(decorator) if decorator is not None else None
    if (
        not isinstance(decorator, cst.Decorator)
        or not isinstance(function, cst.FunctionDef)
        or not isinstance(tree.parent(function), cst.Module)
        or len(bindings(tree, function.name.value)) != 1
    ):
        raise Obstacle(
            "engine-shape",
            path,
            tree.span(use.node),
            f"the listener at {path}:{tree.line(use.node)} is not a function of the module with a name of its own",
        )
    return Listener(function, decorator, use.call)


def own_line(tree: Tree, path: str, use: Use) -> cst.BaseStatement:
    """The one-line statement that hands the engine on; Obstacle where it is part of something larger."""
    statement = top_statement(tree, use.node)
    if isinstance(statement, cst.SimpleStatementLine) and len(statement.body) == 1 and use.call is not None:
        expression = tree.parent(use.call)
        outer = tree.parent(expression) if isinstance(expression, cst.Call) else expression
        if isinstance(expression, cst.Expr) or isinstance(outer, cst.Expr):
            return statement
    raise Obstacle(
        "engine-used-at-import",
        path,
        tree.span(use.node),
        f"{path}:{tree.line(use.node)} hands the engine on at import, in a statement that cannot be moved",
    )
