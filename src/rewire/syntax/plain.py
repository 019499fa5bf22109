"""Simple statements on lines of their own, found by regular expressions alone: three times as fast as the scanner.

Most files name what changes in plain text: no string that nests before it, brackets not deep. There an expression can
tell where a logical line starts and ends. What it cannot tell it leaves to the scanner (``rewire.syntax.lexical``):
every answer from here is the scanner's own, or None.
"""

from __future__ import annotations

import keyword
import re
from typing import NamedTuple

from rewire.syntax.lexical import OPENS_BLOCK, width
from rewire.syntax.literals import easy_string

_NEWLINE = r"(?:\r\n|\r|\n)"
_COMMENT = r"\#[^\r\n]*+"
_JOINED = rf"\\{_NEWLINE}"
_STRING = easy_string()
_DEEPEST = 4


def _bracketed(depth: int) -> str:
    inner = f"|{_bracketed(depth - 1)}" if depth > 1 else ""
    return rf"[(\[{{](?:[^'\"\#\\()\[\]{{}}]++|{_COMMENT}|{_STRING}|{_JOINED}{inner})*+[)\]}}]"


_WITHIN = rf"(?:[^\r\n'\"\#\\()\[\]{{}}]++|{_COMMENT}|{_STRING}|{_JOINED}|{_bracketed(_DEEPEST)})*+"
_LINES = re.compile(rf"(?:{_WITHIN}{_NEWLINE})*+([ \t]*+)")
_STATEMENT = re.compile(rf"(?!{OPENS_BLOCK.pattern})(?=[^\s\#\\]){_WITHIN}(?:{_NEWLINE}|\Z)")
_AFTER = re.compile(rf"(?:[ \t\f]*+(?:\#[^\r\n]*+)?{_NEWLINE})*+([ \t\f]*+)((?:else|elif|except|finally|case)\b)?")
_NAME = rf"(?!(?:{'|'.join(keyword.kwlist)})\b)[A-Za-z_][A-Za-z0-9_]*+"
_NAMED = rf"{_NAME}(?:[ \t]++as[ \t]++{_NAME})?+"
_PRINTED = r"\#[\t -~]*+"
_GAP = rf"(?:[ \t]++|{_PRINTED}{_NEWLINE}|{_NEWLINE})*+"
_IMPORT = re.compile(
    rf"[ \t]*+from[ \t]++(?:\.++(?:{_NAME}(?:\.{_NAME})*+)?+|{_NAME}(?:\.{_NAME})*+)[ \t]++import"
    rf"(?:[ \t]++\*|[ \t]++{_NAMED}(?:[ \t]*+,[ \t]*+{_NAMED})*+"
    rf"|[ \t]*+\({_GAP}{_NAMED}{_GAP}(?:,{_GAP}{_NAMED}{_GAP})*+(?:,{_GAP})?+\))"
    rf"[ \t]*+(?:{_PRINTED})?+{_NEWLINE}",
    re.ASCII,
)
_MARKS = re.compile(r"['\"#\\]")
_DECORATOR = re.compile(r"^[ \t\f]*+@", re.MULTILINE)
_DECORATED = re.compile(r"^[ \t\f]*+(?:def|class|async[ \t]++def)\b", re.MULTILINE)
_LONG = re.compile(r"\"{3}|'{3}|\\")
"""What may carry a string over more than one line."""
_INDENTED = re.compile(r"[ \t]*+")


class Lone(NamedTuple):
    """A simple statement that has its logical line to itself: where the line starts (indentation) and ends (newline).

    ``code`` is where the statement starts, after the indentation.
    """

    start: int
    code: int
    end: int


def find_lone(text: str, spans: list[tuple[int, int]]) -> list[Lone] | None:
    """The logical lines of statements, given by their ``spans`` in order, each alone on its line but for a comment.

    None where that is not so for all of them, or not plain to see. A line that is decorated, or followed by one that
    cannot follow a simple statement (deeper, or an ``else``), is none: there the text is no Python.
    """
    found: list[Lone] = []
    position = 0
    for code, stop in spans:
        start = _line_start(text, position, code)
        if start is None:
            return None
        is_next = found and start == position and text[start:code] == text[found[-1].start : found[-1].code]
        if found and not is_next and not _ends_well(text, found[-1]):
            return None
        line = _STATEMENT.match(text, code)
        if line is None or line.end() < stop:
            return None
        position = line.end()
        rest = text[stop:position]
        if rest != "\n" and rest.lstrip(" \t")[:1] not in ("", "#", "\r", "\n"):
            return None
        found.append(Lone(start, code, position))
    return found if not found or _ends_well(text, found[-1]) else None


def _line_start(text: str, position: int, code: int) -> int | None:
    """Where the line of ``code`` starts, if whole logical lines lie between ``position`` and it, none a decorator."""
    if code == position:
        return code
    before = _LINES.fullmatch(text, position, code)
    if before is None or _may_be_decorated(text, position, code):
        return None
    return before.start(1)


def _may_be_decorated(text: str, position: int, code: int) -> bool:
    """True unless it is plain to see that the last decorator before ``code`` is that of a function or class."""
    if text.find("@", position, code) < 0:
        return False
    if text.find("\r", position, code) >= 0:
        return True
    decorators = [match.end() for match in _DECORATOR.finditer(text, position, code)]
    if not decorators:
        return False
    decorated = _DECORATED.search(text, decorators[-1], code)
    return decorated is None or _LONG.search(text, decorators[-1], decorated.start()) is not None


def _ends_well(text: str, line: Lone) -> bool:
    """True if what follows may follow a simple statement."""
    after = _AFTER.match(text, line.end)
    assert after is not None
    if text.startswith("\\", after.end()):
        return False  # a joined line: the scanner knows where its code starts
    column, following = width(text[line.start : line.code]), width(after[1])
    if following == column:
        return after[2] is None
    return following < column or after.end() == len(text)


def lone_indent(text: str) -> str | None:
    """The indentation of ``text`` if it is one simple statement on lines of its own, newline included.

    None where it is not, or not plain to see.
    """
    indent = _INDENTED.match(text)
    assert indent is not None
    line = _STATEMENT.fullmatch(text, indent.end())
    return indent.group() if line and text[-1] in "\r\n" else None


def is_import(text: str) -> bool:
    """True if ``text`` is one ``from`` statement in plain ASCII, newline included, as Python's grammar has it.

    The part of the grammar that one expression can hold: words with no keyword among them, and spaces between.
    """
    return _IMPORT.fullmatch(text) is not None


def is_bare(text: str) -> bool:
    """True if ``text`` surely holds neither string nor comment."""
    return _MARKS.search(text) is None
