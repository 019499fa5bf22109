"""Whether a Python file starts processes by itself: asked of its text, then of its tree."""

from __future__ import annotations

import ast
import re
import warnings
from bisect import bisect_left
from functools import lru_cache
from typing import TypeGuard

_CALLS = frozenset(
    {
        "run", "Popen", "call", "check_call", "check_output", "system", "getoutput", "create_subprocess_exec",
        "create_subprocess_shell", "execvp", "execv",
    }
)  # fmt: skip


_CALLED = re.compile(rf"\b(?:{'|'.join(sorted(_CALLS))})\b\s*[(\\#]")
"""What every text with a call of these names matches: white space may follow the name, a joined line, a comment."""


@lru_cache(maxsize=1)
def find_starts(text: str) -> ast.Module | None:
    """The tree of a file with a call that starts a process; None where there is no such call, or no tree."""
    if not _CALLED.search(text):
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    inside = (node for statement in _telling(tree, text) for node in ast.walk(statement))
    return tree if any(is_start(node) for node in inside) else None


def _telling(tree: ast.Module, text: str) -> list[ast.stmt]:
    """The statements of the module in whose lines a name stands that starts processes."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    lines, line, seen = [], 1, 0
    for match in _CALLED.finditer(text):
        line += text.count("\n", seen, match.start())
        seen = match.start()
        lines.append(line)
    found = []
    for statement in tree.body:
        first = min([statement.lineno, *(one.lineno for one in getattr(statement, "decorator_list", ()))])
        place = bisect_left(lines, first)
        if place < len(lines) and lines[place] <= (statement.end_lineno or lines[place]):
            found.append(statement)
    return found


def is_start(node: ast.AST) -> TypeGuard[ast.Call]:
    """True for a call that starts a process: by the last part of the name that is called."""
    return isinstance(node, ast.Call) and bool(node.args) and _called(node) in _CALLS


def _called(node: ast.Call) -> str:
    """The last part of the dotted name that is called; empty where something else is."""
    function = root = node.func
    while isinstance(root, ast.Attribute):
        root = root.value
    if not isinstance(root, ast.Name):
        return ""
    return function.attr if isinstance(function, ast.Attribute) else root.id
