"""``import a.b`` binds ``a``: which uses there are, and whether all of them can follow to ``from . import b``."""

from __future__ import annotations

import builtins
import re
from typing import TYPE_CHECKING, NamedTuple

from rewire.codemod import NotLossless, NotPython

if TYPE_CHECKING:
    from collections.abc import Sequence

    import libcst as cst

    from rewire.codemod import ImportStatement
    from rewire.codemod.cst import Tree

_INTROSPECTION = frozenset({"globals", "locals", "vars", "eval", "exec"})
_TYPE_CALLS = frozenset({"cast", "TypeVar", "NewType", "ForwardRef"})


class DottedUse(NamedTuple):
    """One use ``a.b.c`` of the module ``dotted``, at these offsets (the dotted name alone)."""

    dotted: str
    start: int
    end: int


class DottedImports(NamedTuple):
    """Every ``import top.x`` without alias in one file, and its uses.

    ``problem`` says why the uses cannot follow (empty: they can).
    """

    top: str
    statements: tuple[int, ...]
    uses: tuple[DottedUse, ...]
    problem: str


def read_dotted(text: str, statements: Sequence[ImportStatement]) -> tuple[DottedImports, ...]:
    """The uses of each top-level name that an ``import a.b`` without alias binds; needs a parse of the whole file."""
    wanted: dict[str, list[ImportStatement]] = {}
    for statement in statements:
        if not statement.is_from and any("." in name and not alias for name, alias in statement.names):
            for name, alias in statement.names:
                if not alias:
                    wanted.setdefault(name.partition(".")[0], []).append(statement)
    if not wanted:
        return ()
    from rewire.codemod.cst import parse

    try:
        tree = parse(text)
    except (NotPython, NotLossless):
        return tuple(_stuck(top, found, "the file cannot be parsed") for top, found in sorted(wanted.items()))
    return tuple(_read_one(tree, top, found) for top, found in sorted(wanted.items()))


def _stuck(top: str, found: Sequence[ImportStatement], problem: str) -> DottedImports:
    return DottedImports(top, tuple(entry.start for entry in found), (), problem)


def _read_one(tree: Tree, top: str, found: Sequence[ImportStatement]) -> DottedImports:
    problem = _plain_problem(top, found)
    if problem:
        return _stuck(top, found, problem)
    modules = {name for entry in found for name, _ in entry.names}
    try:
        uses = _uses(tree, top, modules)
        _check_new_names(tree, modules)
    except _Stuck as reason:
        return _stuck(top, found, str(reason))
    return DottedImports(top, tuple(entry.start for entry in found), tuple(uses), "")


class _Stuck(Exception):
    """The uses cannot follow; says why."""


def _plain_problem(top: str, found: Sequence[ImportStatement]) -> str:
    for entry in found:
        if len(entry.names) > 1:
            return "one statement imports several modules"
        if entry.names[0] == (top, ""):
            return f"`import {top}` binds {top} as well"
        if entry.guards:
            return f"`import {entry.names[0][0]}` stands in a block"
    last = [name.rpartition(".")[2] for name in {entry.names[0][0] for entry in found}]
    if len(set(last)) < len(last):
        return f"two of the modules are called {min(name for name in last if last.count(name) > 1)}"
    return ""


def _uses(tree: Tree, top: str, modules: set[str]) -> list[DottedUse]:
    """Every name ``top`` in the file, whatever its scope: each must be the start of a use, or nothing can follow."""
    import libcst as cst

    uses = []
    stack: list[cst.CSTNode] = [tree.module]
    while stack:
        node = stack.pop()
        if isinstance(node, (cst.Import, cst.ImportFrom)):
            if top in _bound_by(node):
                raise _Stuck(f"line {tree.line(node)} binds {top} as well")
            continue
        if isinstance(node, cst.Name) and node.value == top and _is_a_name(tree, node):
            uses.append(_use_of(tree, node, top, modules))
        elif isinstance(node, cst.SimpleString) and _names_it(tree, node, top):
            raise _Stuck(f"line {tree.line(node)} uses {top} in a string")
        stack.extend(reversed(node.children))
    return uses


def _bound_by(node: cst.Import | cst.ImportFrom) -> list[str]:
    """The names that an import binds; ``import a.b`` without alias is left out, being what this is about."""
    import libcst as cst

    if isinstance(node.names, cst.ImportStar):
        return []
    found = [alias.evaluated_alias for alias in node.names if alias.asname]
    if isinstance(node, cst.ImportFrom):
        found += [alias.evaluated_name for alias in node.names if not alias.asname]
    return [name for name in found if name]


def _is_a_name(tree: Tree, node: cst.Name) -> bool:
    """False for the attribute ``x.top`` and the keyword ``f(top=1)``."""
    import libcst as cst

    above = tree.parent(node)
    if isinstance(above, cst.Attribute):
        return above.attr is not node
    return not (isinstance(above, cst.Arg) and above.keyword is node)


def _names_it(tree: Tree, node: cst.SimpleString, top: str) -> bool:
    """True for a string that is ``top``, and for a quoted annotation (or cast) that names it."""
    import libcst as cst

    if node.value.strip("rRbBuU'\"") == top:
        return True  # in __all__, or looked up by getattr
    if not re.search(rf"(?<![\w.]){top}\.\w", node.value):
        return False
    if tree.enclosing(node, cst.Annotation) is not None:
        return True
    call = tree.enclosing(node, cst.Call)
    return isinstance(call, cst.Call) and tree.code(call.func).rpartition(".")[2] in _TYPE_CALLS


def _use_of(tree: Tree, node: cst.Name, top: str, modules: set[str]) -> DottedUse:
    """The longest dotted name around a name that is one of ``modules``."""
    import libcst as cst

    if tree.enclosing(node, cst.FormattedString) is not None:
        raise _Stuck(f"line {tree.line(node)} uses {top} in an f-string")
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
        raise _Stuck(f"line {tree.line(node)} uses {written}, which is none of the modules imported")
    if not isinstance(tree.parent(best[0]), cst.Attribute) and _is_target(tree, best[0]):
        raise _Stuck(f"line {tree.line(node)} assigns to {best[1]}")
    span = tree.span(best[0])
    if tree.code(best[0]) != best[1]:
        raise _Stuck(f"line {tree.line(node)} spells {best[1]} with spaces or over lines")
    return DottedUse(best[1], span.start, span.end)


def _is_target(tree: Tree, node: cst.CSTNode) -> bool:
    """True if ``node`` is assigned to, deleted or looped over: anything but read."""
    import libcst as cst

    above = tree.parent(node)
    while isinstance(above, (cst.Element, cst.Tuple, cst.List, cst.StarredElement)):
        node, above = above, tree.parent(above)
    if isinstance(above, (cst.AssignTarget, cst.Del)):
        return True
    return isinstance(above, (cst.AugAssign, cst.AnnAssign, cst.For, cst.CompFor, cst.AsName)) and (
        getattr(above, "target", None) is node or isinstance(above, cst.AsName)
    )


def _check_new_names(tree: Tree, modules: set[str]) -> None:
    """Raise _Stuck where a new name is taken anywhere in the file, or where names are looked up as strings."""
    import libcst as cst

    new = {name.rpartition(".")[2] for name in modules}
    taken = new & frozenset(dir(builtins))
    if taken:
        raise _Stuck(f"{min(taken)} would hide a builtin")
    for node in tree.walk():
        if not isinstance(node, cst.Name) or node.value not in new | _INTROSPECTION:
            continue
        if not _is_a_name(tree, node):
            continue
        if node.value in _INTROSPECTION:
            raise _Stuck(f"{node.value} may look the name up")
        raise _Stuck(f"the name {node.value} is taken on line {tree.line(node)}")
