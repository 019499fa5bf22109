"""The uses of ``import a.b`` by LibCST, which reads every version's syntax; the judge where ``ast`` is not sure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

from rewire_codemods.relative_imports.uses import (
    INTROSPECTION,
    TYPE_CALLS,
    DottedUse,
    Stuck,
    is_name,
    may_be_type,
    new_names,
)

if TYPE_CHECKING:
    from rewire.codemod.cst import Tree


def read_uses(tree: Tree, top: str, modules: set[str]) -> list[DottedUse]:
    """Every use of ``modules``, each of them below ``top``. Raises Stuck where not all of them can follow."""
    uses = _uses(tree, top, modules)
    _check_new_names(tree, modules)
    return uses


def _uses(tree: Tree, top: str, modules: set[str]) -> list[DottedUse]:
    """Every name ``top`` in the file, whatever its scope: each must be the start of a use, or nothing can follow."""
    uses = []
    stack: list[cst.CSTNode] = [tree.module]
    while stack:
        node = stack.pop()
        if isinstance(node, (cst.Import, cst.ImportFrom)):
            if top in _bound_by(node):
                raise Stuck(f"line {tree.line(node)} binds {top} as well")
            continue
        if isinstance(node, cst.Name) and node.value == top and _is_a_name(tree, node):
            uses.append(_use_of(tree, node, top, modules))
        elif isinstance(node, cst.SimpleString) and _names_it(tree, node, top):
            raise Stuck(f"line {tree.line(node)} uses {top} in a string")
        stack.extend(reversed(node.children))
    return uses


def _bound_by(node: cst.Import | cst.ImportFrom) -> list[str]:
    """The names that an import binds; ``import a.b`` without alias is left out, being what this is about."""
    if isinstance(node.names, cst.ImportStar):
        return []
    found = [alias.evaluated_alias for alias in node.names if alias.asname]
    if isinstance(node, cst.ImportFrom):
        found += [alias.evaluated_name for alias in node.names if not alias.asname]
    return [name for name in found if name]


def _is_a_name(tree: Tree, node: cst.Name) -> bool:
    """False for the attribute ``x.top`` and the keyword ``f(top=1)``."""
    above = tree.parent(node)
    if isinstance(above, cst.Attribute):
        return above.attr is not node
    return not (isinstance(above, cst.Arg) and above.keyword is node)


def _names_it(tree: Tree, node: cst.SimpleString, top: str) -> bool:
    """True for a string that is ``top``, and for a quoted annotation (or cast) that names it."""
    if is_name(node.value, top):
        return True
    if not may_be_type(node.value, top):
        return False
    if tree.enclosing(node, cst.Annotation) is not None:
        return True
    call = tree.enclosing(node, cst.Call)
    return isinstance(call, cst.Call) and tree.code(call.func).rpartition(".")[2] in TYPE_CALLS


def _use_of(tree: Tree, node: cst.Name, top: str, modules: set[str]) -> DottedUse:
    """The longest dotted name around a name that is one of ``modules``."""
    if tree.enclosing(node, cst.FormattedString) is not None:
        raise Stuck(f"line {tree.line(node)} uses {top} in an f-string")
    written = top
    best: tuple[cst.CSTNode, str] | None = None
    current: cst.CSTNode = node
    above = tree.parent(current)
    while isinstance(above, cst.Attribute) and above.value is current:
        written = f"{written}.{above.attr.value}"
        if written in modules:
            best = (above, written)
        current, above = above, tree.parent(above)
    if best is None:
        raise Stuck(f"line {tree.line(node)} uses {written}, which is none of the modules imported")
    if not isinstance(tree.parent(best[0]), cst.Attribute) and _is_target(tree, best[0]):
        raise Stuck(f"line {tree.line(node)} assigns to {best[1]}")
    span = tree.span(best[0])
    if tree.code(best[0]) != best[1]:
        raise Stuck(f"line {tree.line(node)} spells {best[1]} with spaces or over lines")
    return DottedUse(best[1], span.start, span.end)


def _is_target(tree: Tree, node: cst.CSTNode) -> bool:
    """True if ``node`` is assigned to, deleted or looped over: anything but read."""
    above = tree.parent(node)
    while isinstance(above, (cst.Element, cst.Tuple, cst.List, cst.StarredElement)):
        node, above = above, tree.parent(above)
    if isinstance(above, (cst.AssignTarget, cst.Del)):
        return True
    return isinstance(above, (cst.AugAssign, cst.AnnAssign, cst.For, cst.CompFor, cst.AsName)) and (
        getattr(above, "target", None) is node or isinstance(above, cst.AsName)
    )


def _check_new_names(tree: Tree, modules: set[str]) -> None:
    """Raise Stuck where a new name is taken anywhere in the file, or where names are looked up as strings."""
    new = new_names(modules)
    for node in tree.walk():
        if not isinstance(node, cst.Name) or node.value not in new | INTROSPECTION:
            continue
        if not _is_a_name(tree, node):
            continue
        if node.value in INTROSPECTION:
            raise Stuck(f"{node.value} may look the name up")
        raise Stuck(f"the name {node.value} is taken on line {tree.line(node)}")
