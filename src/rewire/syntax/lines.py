"""Where the logical lines of a Python text start and end, in any version's syntax, without a parser.

Most of them are matched whole by one pattern, ten times as fast as token by token; the few that it does not know
(f-strings that nest, brackets six deep, text that is not Python) are read token by token, from their start.
"""

from __future__ import annotations

import re
from functools import cache

from rewire.syntax.literals import OPENER, easy_string, string_end

_INDENT = re.compile(r"[ \t\f]*")
_LEVELS = 5


class Starts:
    """The logical lines of one text, each as three offsets: its line's start, its first token, after its newline."""

    __slots__ = ("codes", "ends", "starts")

    def __init__(self) -> None:
        self.starts: list[int] = []
        self.codes: list[int] = []
        self.ends: list[int] = []


@cache
def _easy_line() -> re.Pattern[str]:
    """Blank lines and comments, then one logical line; groups: its start, its first token."""
    string = easy_string()
    bracket = ""
    for _ in range(_LEVELS):
        bracket = rf"[(\[{{](?:[^'\"\#()\[\]{{}}]++|{string}|\#[^\r\n]*+{bracket and '|' + bracket})*+[)\]}}]"
    blank = r"(?:[ \t\f]*+(?:\#[^\r\n]*+)?(?:\r\n|\r|\n))*+"
    code = rf"(?:[^\r\n'\"\#()\[\]{{}}\\]++|{string}|{bracket}|\\(?:\r\n|\r|\n)?|[)\]}}])++"
    return re.compile(rf"{blank}()[ \t\f]*+(?!\\)(){code}(?:\#[^\r\n]*+)?(?:\r\n|\r|\n|\Z)")


def split(text: str, stop: int) -> Starts:
    """The logical lines of ``text``, no further than the one that holds the offset ``stop``; linear in the length."""
    found = Starts()
    add_start, add_code, add_end = found.starts.append, found.codes.append, found.ends.append
    match = _easy_line().match
    position = 0
    size = len(text)
    while position < size and position <= stop:
        easy = match(text, position)
        if easy is not None:
            start, code, end = easy.start(1), easy.start(2), easy.end()
        else:
            hard = _read_line(text, position)
            if hard is None:
                break
            start, code, end = hard
        if start > stop:
            break
        add_start(start)
        add_code(code)
        add_end(end)
        position = end
    return found


def _read_line(text: str, start: int) -> tuple[int, int, int] | None:  # noqa: C901 - one branch a kind of token
    """The first logical line from ``start`` on, token by token; None if nothing but blanks and comments is left."""
    position = start
    depth = 0
    code = -1
    size = len(text)
    while True:
        if code < 0 and depth == 0:
            match = _INDENT.match(text, start)
            assert match is not None
            if match.end() >= size:
                return None
            if text[match.end()] not in "#\r\n" and not _joined_at(text, match.end()):
                code = match.end()
                position = max(position, code)
        found = OPENER.search(text, position)
        if found is None:
            break
        kind = found.lastgroup
        position = found.end()
        if kind == "string":
            if code < 0:
                code = found.start()
            position = string_end(text, found)
        elif kind == "open":
            depth += 1
        elif kind == "close":
            depth = max(0, depth - 1)
        elif kind == "joined":
            if code < 0:
                after = _INDENT.match(text, position)
                assert after is not None
                if text[after.end() : after.end() + 1] not in ("", "#", "\\", "\r", "\n"):
                    code = after.end()
        elif kind == "newline" and depth == 0:
            if code >= 0:
                return start, code, position
            start = position
    return (start, code, size) if code >= 0 else None


def _joined_at(text: str, offset: int) -> bool:
    return text[offset] == "\\" and text[offset + 1 : offset + 2] in ("\r", "\n")
