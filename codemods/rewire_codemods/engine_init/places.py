"""Offsets: where a function's body starts, where a statement's lines begin, where the generated functions go."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

from rewire.codemod import Span
from rewire_codemods.engine_init.importing import end_of_line, line_above, start_of_line

if TYPE_CHECKING:
    from rewire.codemod.cst import Tree


def whole_span(tree: Tree, node: cst.CSTNode) -> Span:
    """The span of a statement; of a compound one with the comment behind its last line."""
    span = tree.span(node)
    if not isinstance(node, cst.BaseCompoundStatement):
        return span
    end = end_of_line(tree.text, span.end)
    return Span(span.start, span.start + len(tree.text[span.start : end].rstrip()))


def lead_offset(tree: Tree, node: cst.BaseStatement) -> int:
    """The start of the first line of a statement, decorators and the comment lines right above it included."""
    start = tree.span(node).start
    for decorator in getattr(node, "decorators", ()):
        start = min(start, tree.span(decorator).start)
    offset = start_of_line(tree.text, start)
    for line in reversed(getattr(node, "leading_lines", ())):
        if line.comment is None:
            break
        offset = line_above(tree.text, offset)
    return offset


def after_offset(tree: Tree, node: cst.BaseStatement) -> int:
    """The start of the line after a statement."""
    return end_of_line(tree.text, tree.span(node).end)


def indent_of(tree: Tree, node: cst.CSTNode) -> str:
    """The white space before the line on which a node starts."""
    start = tree.span(node).start
    return tree.text[start_of_line(tree.text, start) : start]


def body_start(tree: Tree, node: cst.FunctionDef) -> tuple[int, str]:
    """Where a statement goes that runs first: the offset below the docstring, and the indentation."""
    statements = list(node.body.body)
    first = statements[0]
    assert isinstance(first, cst.BaseStatement)
    indent = indent_of(tree, first)
    if is_docstring(first) and len(statements) > 1:
        following = statements[1]
        assert isinstance(following, cst.BaseStatement)
        return lead_offset(tree, following), indent
    return lead_offset(tree, first), indent


def is_docstring(node: cst.CSTNode) -> bool:
    """True for a statement that is nothing but a string."""
    if not isinstance(node, cst.SimpleStatementLine) or len(node.body) != 1:
        return False
    small = node.body[0]
    return isinstance(small, cst.Expr) and isinstance(small.value, (cst.SimpleString, cst.ConcatenatedString))


def blank_lines_before(text: str, offset: int) -> int:
    """How many blank lines stand right above ``offset``, the start of a line."""
    count = 0
    lines = text[:offset].splitlines()
    while lines and not lines[-1].strip():
        lines.pop()
        count += 1
    return count


def spaced(text: str, offset: int, definition: str) -> str:
    """A top-level definition for the line start ``offset``: two blank lines above it, two below where code follows."""
    above = "\n" * max(0, 2 - blank_lines_before(text, offset)) if text[:offset].strip() else ""
    rest = text[offset:]
    if not rest.strip():
        return above + definition
    below = len(rest) - len(rest.lstrip("\r\n"))
    blank = rest[:below].count("\n")
    return above + definition + "\n" * max(0, 2 - blank)
