"""Generators that give a request its session: where the guard goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

from rewire.codemod.cst import dotted_name
from rewire_codemods.applications.reading import (
    functions,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rewire.codemod.cst import Tree
    from rewire_codemods.engine_init.options import EngineInitOptions


def find_dependencies(
    tree: Tree, engine: str | None, factories: Sequence[str], options: EngineInitOptions
) -> tuple[cst.FunctionDef, ...]:
    """Generators of the module's own level that open a session: ``get_db`` and its like.

    ``engine`` is the engine's name in this module (None where a session comes from a factory only).
    """
    found = []
    for name, node in functions(tree).items():
        if options.get_db and name != options.get_db:
            continue
        if not isinstance(node.body, cst.IndentedBlock) or not _yields(tree, node) or _is_managed(node):
            continue
        if _mentions(tree, node, engine, factories):
            found.append(node)
    return tuple(found)


def _is_managed(node: cst.FunctionDef) -> bool:
    """True for a lifespan or a fixture, which run at their own time."""
    for decorator in node.decorators:
        target = decorator.decorator.func if isinstance(decorator.decorator, cst.Call) else decorator.decorator
        name = (dotted_name(target) or "").rpartition(".")[2]
        one = len(node.params.params) == 1 and node.params.params[0].default is None
        if name == "fixture" or (name == "asynccontextmanager" and one):
            return True
    return False


def _yields(tree: Tree, node: cst.FunctionDef) -> bool:
    return any(
        isinstance(found, cst.Yield) and tree.enclosing(found, cst.FunctionDef, cst.Lambda) is node
        for found in tree.walk(node)
    )


def _mentions(tree: Tree, node: cst.FunctionDef, engine: str | None, factories: Sequence[str]) -> bool:
    """True if the function's body speaks of the engine or a factory."""
    wanted = {engine, *factories} - {None}
    for found in tree.walk(node.body):
        if isinstance(found, (cst.Name, cst.Attribute)) and dotted_name(found) in wanted:
            above = tree.parent(found)
            if not (isinstance(above, cst.Attribute) and above.attr is found):
                return True
    return False
