"""Where new lines go between the statements of a file: offsets of line starts and ends, blank lines."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rewire_codemods.applications.reading import top_statement

if TYPE_CHECKING:
    import libcst as cst

    from rewire.codemod.cst import Tree

_REST = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|$)")


def lead_offset(tree: Tree, node: cst.CSTNode) -> int:
    """The start of the lines of the module's own statement around ``node``: decorators and comments right above too."""
    statement = top_statement(tree, node)
    starts = [tree.span(statement).start]
    starts += [tree.span(decorator).start for decorator in getattr(statement, "decorators", ())]
    start = start_of_line(tree.text, min(starts))
    while start:
        above = start_of_line(tree.text, start - 1)
        if not tree.text[above:start].lstrip().startswith("#"):
            break
        start = above
    return start


def start_of_line(text: str, offset: int) -> int:
    """Where the line that holds ``offset`` starts."""
    if text[offset - 1 : offset + 1] == "\r\n":
        offset -= 1
    return max(text.rfind("\n", 0, offset), text.rfind("\r", 0, offset)) + 1


def end_of_line(text: str, offset: int) -> int:
    """Where the line behind the one that holds ``offset`` starts."""
    found = _REST.match(text, offset)
    return found.end() if found else offset


def missing_blanks(text: str, wanted: int = 2) -> int:
    """How many blank lines are wanting before a definition that follows ``text``."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")[:-1]
    blank = 0
    while blank < len(lines) and not lines[-1 - blank].strip():
        blank += 1
    return max(0, wanted - blank) if blank < len(lines) else 0
