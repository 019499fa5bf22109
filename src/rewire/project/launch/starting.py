"""Whether a Python file starts processes by itself: asked of its text, then of its tree."""

from __future__ import annotations

import ast
import re
import warnings
from bisect import bisect_left
from collections import deque
from functools import lru_cache
from typing import TYPE_CHECKING, TypeGuard

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_CALLS = frozenset(
    {
        "run", "Popen", "call", "check_call", "check_output", "system", "getoutput", "create_subprocess_exec",
        "create_subprocess_shell", "execvp", "execv",
    }
)  # fmt: skip


_CALLED = re.compile(rf"\b(?:{'|'.join(sorted(_CALLS))})\b\s*[(\\#]")
"""What every text with a call of these names matches: white space may follow the name, a joined line, a comment."""


@lru_cache(maxsize=1)
def find_starts(text: str) -> tuple[ast.Module, tuple[ast.Call, ...]] | None:
    """The tree of a file and its calls that start a process, outer ones first; None where there is no such call."""
    if not _CALLED.search(text):
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    calls = tuple(node for node in _near(tree, _lines(text)) if is_start(node))
    return (tree, calls) if calls else None


def _lines(text: str) -> list[int]:
    """The lines on which a name stands that starts processes, in order."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    lines, line, seen = [], 1, 0
    for match in _CALLED.finditer(text):
        line += text.count("\n", seen, match.start())
        seen = match.start()
        lines.append(line)
    return lines


def _near(tree: ast.Module, lines: Sequence[int]) -> Iterator[ast.AST]:
    """The nodes that reach over one of ``lines``, in the order of ``ast.walk``."""
    pending: deque[tuple[ast.AST, bool]] = deque([(tree, False)])
    while pending:
        node, everything = pending.popleft()
        yield node
        everything = everything or isinstance(node, ast.JoinedStr)  # whose parts do not know their lines before 3.12
        for child in ast.iter_child_nodes(node):
            if everything or _reaches(child, lines):
                pending.append((child, everything))


def _reaches(node: ast.AST, lines: Sequence[int]) -> bool:
    """True if ``node`` reaches over one of ``lines``, or has no place of its own."""
    last = getattr(node, "end_lineno", None)
    if last is None:
        return True
    first = min([node.lineno, *(one.lineno for one in getattr(node, "decorator_list", ()))])  # type: ignore[attr-defined]
    place = bisect_left(lines, first)
    return place < len(lines) and lines[place] <= last


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
