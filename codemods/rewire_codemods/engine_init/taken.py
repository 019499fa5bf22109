"""Names that the owner uses already: init_db and create_tables that create tables, close_db that closes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

from rewire.codemod.cst import dotted_name
from rewire_codemods.applications.obstacle import Obstacle
from rewire_codemods.applications.reading import (
    bindings,
)

if TYPE_CHECKING:
    from rewire.codemod import Span
    from rewire.codemod.cst import Tree
    from rewire_codemods.engine_init.options import EngineInitOptions


def creates_tables(tree: Tree, node: cst.FunctionDef) -> bool:
    """True for a function without parameters whose body calls (or hands on) a create_all."""
    params = node.params
    if params.params or params.kwonly_params or params.posonly_params or params.star_kwarg:
        return False
    if isinstance(params.star_arg, cst.Param):
        return False
    return any(isinstance(found, cst.Attribute) and found.attr.value == "create_all" for found in tree.walk(node.body))


def read_table_maker(tree: Tree, path: str, options: EngineInitOptions) -> cst.FunctionDef | None:
    """A function of the owner's that becomes create_tables; Obstacle where the names mean something else."""
    found = None
    for name in (options.create_tables, options.init_db):
        nodes = bindings(tree, name)
        if not nodes:
            continue
        node = nodes[0]
        plain = len(nodes) == 1 and isinstance(node, cst.FunctionDef) and isinstance(tree.parent(node), cst.Module)
        if found is not None or not plain or not creates_tables(tree, node):  # type: ignore[arg-type]
            line = tree.line(node)
            raise Obstacle("name-taken", path, _name_span(tree, node), f"{name} at {path}:{line} is something else")
        found = node
    assert found is None or isinstance(found, cst.FunctionDef)
    return found


def read_closer(tree: Tree, path: str, engine: str, options: EngineInitOptions) -> cst.FunctionDef | None:
    """A close_db of the owner's that does nothing but dispose of the engine; Obstacle if it is something else."""
    nodes = bindings(tree, options.close_db)
    if not nodes:
        return None
    node = nodes[0]
    if len(nodes) == 1 and isinstance(node, cst.FunctionDef) and isinstance(node.body, cst.IndentedBlock):
        disposes = [
            found
            for found in tree.walk(node.body)
            if isinstance(found, cst.Call) and dotted_name(found.func) == f"{engine}.dispose"
        ]
        simple = all(isinstance(found, cst.SimpleStatementLine) for found in node.body.body)
        bare = not any(isinstance(found, (cst.Param, cst.Return)) for found in tree.walk(node))
        if disposes and simple and bare:
            return node
    raise Obstacle(
        "name-taken",
        path,
        _name_span(tree, node),
        f"{options.close_db} at {path}:{tree.line(node)} is something else",
    )


def _name_span(tree: Tree, node: cst.CSTNode) -> Span:
    return tree.span(node.name) if isinstance(node, (cst.FunctionDef, cst.ClassDef)) else tree.span(node)
