"""Whether a maker of engines always gives one back, and a new one for each call."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

from rewire_codemods.applications.reading import bindings, calls

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rewire.codemod.cst import Tree
    from rewire_codemods.engine_init.makers import Makers

_OTHER_BINDINGS = (cst.Param, cst.Element, cst.AsName, cst.NamedExpr, cst.For, cst.AugAssign, cst.Del)


def flaw(home: Makers, name: str, seen: frozenset[str] = frozenset()) -> str:
    """Why the maker ``name`` of a module cannot stand for ``create_engine``, as a relative clause; empty if it can.

    A decorated one may be cached: it gives the same engine again, which another caller has perhaps closed.
    """
    node = home.own.get(name)
    if node is None:
        return "which keeps the engine, or gives something else back"
    if isinstance(node, cst.FunctionDef) and node.decorators:
        return "which is decorated"
    if len(bindings(home.tree, name)) != 1:
        return "whose name has more than one meaning there"
    if isinstance(node, cst.FunctionDef) and not _always_gives_one(home, node):
        return "which may give something else back"
    for call in calls(home.tree, node) if isinstance(node, (cst.FunctionDef, cst.Lambda)) else ():
        inner = call.func.value if isinstance(call.func, cst.Name) else ""
        if inner in home.own and inner != name and inner not in seen and (found := flaw(home, inner, seen | {name})):
            return f"which calls {inner}, {found}"
    return ""


def _always_gives_one(home: Makers, node: cst.FunctionDef) -> bool:
    """True if an engine comes back however the function is left, but for an exception."""
    tree = home.tree
    given = [found for found in tree.walk(node.body) if isinstance(found, cst.Return)]
    own = [found for found in given if tree.enclosing(found, cst.FunctionDef, cst.Lambda) is node]
    return _leaves(node.body) and all(found.value is not None and _is_engine(home, node, found.value) for found in own)


def _is_engine(home: Makers, function: cst.FunctionDef, value: cst.BaseExpression) -> bool:
    """A call that makes an engine, or a name that holds what such calls made and nothing else."""
    if isinstance(value, cst.Call):
        return home.makes(value)
    if not isinstance(value, cst.Name):
        return False
    held = assigned(home.tree, function, value.value)
    return bool(held) and all(isinstance(one, cst.Call) and home.makes(one) for one in held)


def assigned(tree: Tree, inside: cst.CSTNode, name: str) -> Sequence[cst.CSTNode | None]:
    """What is put into a name, one entry for each binding; None for what is no plain assignment."""
    found: list[cst.CSTNode | None] = []
    for node in tree.walk(inside):
        if isinstance(node, cst.Name) and node.value == name:
            above = tree.parent(node)
            statement = tree.parent(above) if isinstance(above, cst.AssignTarget) else above
            if isinstance(statement, cst.Assign) or (isinstance(statement, cst.AnnAssign) and statement.target is node):
                found.append(statement.value)
            elif isinstance(above, _OTHER_BINDINGS):
                found.append(None)
    return found


def _leaves(body: cst.BaseSuite | Sequence[cst.CSTNode]) -> bool:
    """True if the end of a block is not reached: its last statement returns or raises on every way."""
    statements = body.body if isinstance(body, cst.BaseSuite) else body
    last = statements[-1]
    if isinstance(last, cst.SimpleStatementLine):
        last = last.body[-1]
    if isinstance(last, cst.If):
        return last.orelse is not None and _leaves(last.body) and _leaves_otherwise(last.orelse)
    if isinstance(last, (cst.With, cst.Else)):
        return _leaves(last.body)
    if isinstance(last, cst.Try):
        return _leaves(last.body) and all(_leaves(handler.body) for handler in last.handlers)
    return isinstance(last, (cst.Return, cst.Raise))


def _leaves_otherwise(other: cst.If | cst.Else) -> bool:
    return _leaves([other])
