"""An ``if`` that creates the engine: may the whole of it move into a function?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

from rewire_codemods.applications.obstacle import Obstacle
from rewire_codemods.applications.reading import bindings, references

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rewire.codemod.cst import Tree


def arms(node: cst.If) -> tuple[list[cst.BaseSuite], bool]:
    """The bodies of an ``if`` with its elifs and else, and whether there is an else."""
    bodies: list[cst.BaseSuite] = [node.body]
    rest = node.orelse
    while isinstance(rest, cst.If):
        bodies.append(rest.body)
        rest = rest.orelse
    if rest is not None:
        bodies.append(rest.body)
    return bodies, rest is not None


def check_arms(tree: Tree, path: str, node: cst.If, name: str) -> None:
    """Raise Obstacle unless every arm makes the engine (or raises) and nothing else in it is needed outside."""
    bodies, complete = arms(node)
    span = tree.span(node)
    where = f"the if at {path}:{tree.line(node)}"
    if not complete:
        raise Obstacle("engine-optional", path, span, f"{where} has no else: there may be no engine")
    for body in bodies:
        if not any(_binds(found, name) for found in tree.walk(body)) and not _leaves(body):
            raise Obstacle("engine-optional", path, span, f"{where} has an arm without an engine")
        for found in tree.walk(body):
            if isinstance(found, (cst.Assign, cst.AnnAssign)) and _binds(found, name) and is_none(found.value):
                raise Obstacle("engine-optional", path, span, f"{where} has an arm that makes the engine None")
    inside = _bound_inside(tree, node) - {name}
    for other in sorted(inside):
        outside = [use for use in references(tree, other) if not span.contains(tree.span(use))]
        elsewhere = [bound for bound in bindings(tree, other) if not span.contains(tree.span(bound))]
        if outside or elsewhere:
            raise Obstacle(
                "engine-shape", path, span, f"{where} also binds {other}, which the rest of the module needs"
            )


def _bound_inside(tree: Tree, node: cst.If) -> set[str]:
    found = set()
    for target in tree.walk(node):
        if isinstance(target, (cst.AssignTarget, cst.AnnAssign)) and isinstance(target.target, cst.Name):
            found.add(target.target.value)
        elif isinstance(target, (cst.FunctionDef, cst.ClassDef)):
            found.add(target.name.value)
    return found


def _binds(node: cst.CSTNode, name: str) -> bool:
    targets: Iterable[cst.CSTNode] = ()
    if isinstance(node, cst.Assign):
        targets = [target.target for target in node.targets]
    elif isinstance(node, cst.AnnAssign):
        targets = [node.target]
    return any(isinstance(target, cst.Name) and target.value == name for target in targets)


def is_none(value: cst.BaseExpression | None) -> bool:
    """True for the expression ``None``."""
    return isinstance(value, cst.Name) and value.value == "None"


def _leaves(body: cst.BaseSuite) -> bool:
    """True for an arm that ends in ``raise``."""
    last: Sequence[cst.CSTNode] = body.body
    statement = last[-1] if last else None
    return isinstance(statement, cst.SimpleStatementLine) and isinstance(statement.body[-1], cst.Raise)
