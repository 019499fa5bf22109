"""The running Python's own parser: twenty times as fast as LibCST, and never the judge of what is not Python.

It refuses every syntax newer than the Python that runs rewire, so its yes counts and its no is asked again of LibCST.
"""

from __future__ import annotations

import ast
import re
import warnings

_NEWLINE = re.compile(r"\r\n|\r|\n")
_HEADER = "if 1:\n"
_FORMATTED = tuple(getattr(ast, name) for name in ("JoinedStr", "TemplateStr") if hasattr(ast, name))


def parses(text: str) -> bool:
    """True if the running Python's grammar reads ``text``. Nothing is compiled to code, let alone run."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            compile(text.lstrip("\f"), "<text>", "exec", flags=ast.PyCF_ONLY_AST, dont_inherit=True)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return False
    return True


def overflows(text: str) -> bool:
    """True if the running Python's parser gives ``text`` up as nested too deeply."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            compile(text.lstrip("\f"), "<text>", "exec", flags=ast.PyCF_ONLY_AST, dont_inherit=True)
        except (RecursionError, MemoryError):
            return True
        except (SyntaxError, ValueError):
            return False
    return False


def names_in(statements: str) -> dict[tuple[int, int], str]:
    """Where the names and attributes stand in whole statements, indented or not: start and end -> ``Name`` or
    ``Attribute``. Those in formatted strings are left out, whose places are wrong before Python 3.12; so is everything
    where the place of a node is not plain (characters beyond ASCII, form feeds) or the text is not read.
    """
    if not statements.isascii() or "\f" in statements:
        return {}
    header = _HEADER if statements[:1] in (" ", "\t") else ""
    text = header + statements
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            tree = ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return {}
    starts = [-len(header), *(found.end() - len(header) for found in _NEWLINE.finditer(text))]
    found: dict[tuple[int, int], str] = {}
    stack: list[ast.AST] = [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, _FORMATTED):
            continue
        if isinstance(node, (ast.Name, ast.Attribute)) and node.end_lineno and node.end_col_offset is not None:
            span = starts[node.lineno - 1] + node.col_offset, starts[node.end_lineno - 1] + node.end_col_offset
            found[span] = type(node).__name__
        stack.extend(ast.iter_child_nodes(node))
    return found
