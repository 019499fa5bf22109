"""Parse what the analysis asks for, once, and answer questions about one tree: when code runs, who uses a name."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

import libcst as cst

from rewire.codemod import NotLossless, NotPython, Project, SourceFile, Span
from rewire.codemod.cst import Tree, parse
from rewire_codemods.applications.obstacle import Obstacle

if TYPE_CHECKING:
    from collections.abc import Iterable


class Moment(Enum):
    """When a piece of code runs."""

    IMPORT = "while the module is imported"
    DEFAULT = "while the module is imported, as a default argument"
    GUARDED = "when the file is started as a script"
    LATER = "when a function is called"


class Shelf:
    """The parsed files of one plan. Every answer is computed once."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self._trees: dict[str, Tree] = {}

    def source(self, path: str) -> SourceFile:
        """The file's text; an Obstacle if it cannot be read."""
        source = self.project.source(path)
        if source is None:
            raise Obstacle("unreadable", path, Span(0, 0), f"{path} cannot be read")
        return source

    def tree(self, path: str) -> Tree:
        """The file's tree; an Obstacle if it cannot be parsed."""
        if path not in self._trees:
            try:
                self._trees[path] = parse(self.source(path).text)
            except (NotPython, NotLossless) as error:
                raise Obstacle("unreadable", path, Span(0, 0), f"{path} cannot be parsed: {error}") from None
        return self._trees[path]

    def line(self, path: str, span: Span) -> int:
        """1-based line of a span."""
        return self.source(path).line_of(span.start)


def moment_of(tree: Tree, node: cst.CSTNode) -> Moment:
    """When ``node`` is evaluated."""
    answer = Moment.IMPORT
    child = node
    for above in tree.ancestors(node):
        if isinstance(above, (cst.FunctionDef, cst.Lambda)):
            if child is above.body:
                return Moment.LATER
            if child is above.params:
                answer = Moment.DEFAULT
        elif isinstance(above, cst.If) and child is above.body and is_main_guard(above):
            answer = Moment.GUARDED
        child = above
    return answer


def is_main_guard(node: cst.CSTNode) -> bool:
    """True for ``if __name__ == "__main__":``, either way round."""
    if not isinstance(node, cst.If) or not isinstance(node.test, cst.Comparison) or len(node.test.comparisons) != 1:
        return False
    sides = (node.test.left, node.test.comparisons[0].comparator)
    names = [side.value for side in sides if isinstance(side, cst.Name)]
    strings = [side.evaluated_value for side in sides if isinstance(side, cst.SimpleString)]
    return (
        names == ["__name__"]
        and strings == ["__main__"]
        and isinstance(node.test.comparisons[0].operator, (cst.Equal, cst.Is))
    )


def main_guard(tree: Tree) -> cst.If | None:
    """The module's main guard; None if it has none."""
    return next((node for node in tree.module.body if isinstance(node, cst.If) and is_main_guard(node)), None)


def top_statement(tree: Tree, node: cst.CSTNode) -> cst.CSTNode:
    """The statement of the module's own body that holds ``node``."""
    child = node
    for above in tree.ancestors(node):
        if isinstance(above, cst.Module):
            return child
        child = above
    return child


def statement_of(tree: Tree, node: cst.CSTNode) -> cst.BaseStatement:
    """The innermost whole statement (line or compound) that holds ``node``."""
    if isinstance(node, cst.BaseStatement):
        return node
    return next(above for above in tree.ancestors(node) if isinstance(above, cst.BaseStatement))


def references(tree: Tree, name: str) -> list[cst.Name]:
    """Every place where the module-level binding ``name`` is read, in source order."""
    scope = tree.scope(tree.module.body[0]) if tree.module.body else None
    if scope is None:
        return []
    found: dict[int, cst.Name] = {}
    for assignment in scope.globals[name]:
        for access in assignment.references:
            node = access.node
            while isinstance(node, cst.Attribute) and not isinstance(node.value, cst.Name):
                node = node.value  # type: ignore[assignment]
            if isinstance(node, cst.Attribute):
                node = node.value  # type: ignore[assignment]
            if isinstance(node, cst.Name) and node.value == name:
                found[id(node)] = node
    return sorted(found.values(), key=lambda node: tree.span(node).start)


def bindings(tree: Tree, name: str) -> list[cst.CSTNode]:
    """The nodes that bind ``name`` at module level (``global`` statements in functions included), in source order."""
    scope = tree.scope(tree.module.body[0]) if tree.module.body else None
    if scope is None:
        return []
    nodes = [getattr(assignment, "node", None) for assignment in scope.globals[name]]
    found = {id(node): node for node in nodes if isinstance(node, cst.CSTNode)}
    return sorted(found.values(), key=lambda node: tree.span(node).start)


def identifiers(tree: Tree) -> frozenset[str]:
    """Every name that occurs in the file, in whatever role, so that a new one can be chosen apart from all."""
    return frozenset(node.value for node in tree.walk() if isinstance(node, cst.Name))


def plain_names(tree: Tree) -> frozenset[str]:
    """Every name that is read or bound as such: no attributes, no keywords of calls."""
    found = set()
    for node in tree.walk():
        if isinstance(node, cst.Name):
            above = tree.parent(node)
            attribute = isinstance(above, cst.Attribute) and above.attr is node
            if not attribute and not (isinstance(above, cst.Arg) and above.keyword is node):
                found.add(node.value)
    return frozenset(found)


def called(tree: Tree, call: cst.Call) -> str:
    """The dotted name that a call goes to, imports followed where there are any; empty if it is not a name."""
    names = list(tree.qualified_names(call.func))
    if names:
        return names[0]
    from rewire.codemod.cst import dotted_name

    return dotted_name(call.func) or ""


def functions(tree: Tree) -> dict[str, cst.FunctionDef]:
    """The functions of the module's own body, the last of each name."""
    return {node.name.value: node for node in tree.module.body if isinstance(node, cst.FunctionDef)}


def calls(tree: Tree, node: cst.CSTNode | None = None) -> Iterable[cst.Call]:
    """Every call below ``node``."""
    return (found for found in tree.walk(node) if isinstance(found, cst.Call))


def argument(call: cst.Call, position: int, *names: str) -> cst.Arg | None:
    """The argument that a parameter gets, by position or by keyword; None if it is not given plainly."""
    for arg in call.args:
        if arg.keyword is not None and arg.keyword.value in names:
            return arg
    plain = []
    for arg in call.args:
        if arg.star or arg.keyword is not None:
            break
        plain.append(arg)
    return plain[position] if position < len(plain) else None
