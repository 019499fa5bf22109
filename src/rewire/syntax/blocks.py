"""Blocks of a Python text, in any version's syntax: what surrounds a statement, clauses, main guards, path edits."""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import NamedTuple

from rewire.syntax.lexical import Layout, scan, width

_HEADER = re.compile(r"(?:async[ \t]+)?(def|class|if|elif|else|try|except|finally|for|while|with|match|case)\b")
CONTINUES = frozenset({"elif", "else", "except", "finally"})
"""Clauses that go on with a statement that an earlier line opened."""

_TYPE_CHECKING = re.compile(r"if[ \t(]+(?:[A-Za-z_]\w*\.)?TYPE_CHECKING[ \t)]*:")
_MAIN = re.compile(
    r"""if[ \t(]+(?:__name__[ \t]*==[ \t]*(['"])__main__\1|(['"])__main__\2[ \t]*==[ \t]*__name__)[ \t)]*:"""
)
_MAYBE_MAIN = re.compile(r"""if\b[^#\r\n]*\b__name__\b""")
_PATH_EDIT = re.compile(r"\bsys\.path\b[ \t]*(?:\.[ \t]*(?:insert|append|extend)\b|\+=|\[|=(?!=))|\baddsitedir\b")


class Guard(NamedTuple):
    """A block that surrounds a statement.

    ``kind``: ``def``, ``class``, ``if``, ``elif``, ``else``, ``try``, ``except``, ``finally``, ``for``, ``while``,
    ``with``, ``match``, ``case``; ``if TYPE_CHECKING`` is ``type_checking``, ``if __name__ == "__main__"`` is ``main``.
    ``start`` is the offset of the clause's header, ``opener`` of the whole compound statement; ``header`` is the text
    of an ``except`` line (empty for the others).
    """

    kind: str
    start: int
    opener: int
    header: str = ""


def read_guard(text: str, code: int, end: int, opener: int) -> Guard | None:
    """The block that the logical line at ``code`` opens, ``opener`` being where its statement began; None if none."""
    match = _HEADER.match(text, code)
    if match is None:
        return None
    kind = match[1]
    if kind in ("match", "case") and not re.compile(r"\s*[^=.,)\s]").match(text, match.end()):
        return None
    if kind == "if":
        kind = "type_checking" if _TYPE_CHECKING.match(text, code) else "main" if _MAIN.match(text, code) else "if"
    header = text[code:end].strip() if kind == "except" else ""
    return Guard(kind, code, opener if kind in CONTINUES and opener >= 0 else code, header)


def is_commented(layout: Layout, offset: int) -> bool:
    """True if ``offset`` lies within a comment."""
    index = bisect_right(layout.comments, offset, key=lambda comment: comment.start) - 1
    return index >= 0 and offset < layout.comments[index].end


def has_main_guard(text: str) -> bool:
    """True if an ``if`` statement compares ``__name__`` with ``"__main__"``: in code, not in a string or comment."""
    if "__main__" not in text:
        return False
    layout = scan(text)
    for string in layout.strings:
        if string.of(text).strip("'\"") == "__main__":
            index = layout.line_at(string.start)
            if index is not None and _MAYBE_MAIN.match(text, layout.lines[index].code):
                return True
    return False


class PathEdit(NamedTuple):
    """A statement that edits ``sys.path``: its offset, and that of the innermost ``def`` it is in (-1: none)."""

    start: int
    function: int


def path_edits(text: str) -> tuple[PathEdit, ...]:
    """The statements that edit ``sys.path``, in code."""
    if "sys.path" not in text and "addsitedir" not in text:
        return ()
    layout = scan(text)
    found = []
    for match in _PATH_EDIT.finditer(text):
        index = layout.line_at(match.start())
        if index is None or is_commented(layout, match.start()):
            continue
        position = bisect_right(layout.strings, match.start(), key=lambda span: span.start) - 1
        if position < 0 or layout.strings[position].end <= match.start():
            found.append(PathEdit(layout.lines[index].code, _function_around(layout, index)))
    return tuple(dict.fromkeys(found))


def _function_around(layout: Layout, index: int) -> int:
    """The offset of the header of the innermost function that holds a logical line; -1 if there is none."""
    column = width(layout.indent(index))
    for above in range(index - 1, -1, -1):
        at = width(layout.indent(above))
        if at < column:
            column = at
            match = _HEADER.match(layout.text, layout.lines[above].code)
            if match and match[1] == "def":
                return layout.lines[above].code
    return -1


class Clause(NamedTuple):
    """One clause of a compound statement: its header's span (without the newline) and where its block ends."""

    kind: str
    start: int
    header_end: int
    end: int


def read_clauses(text: str, opener: int) -> tuple[Clause, ...]:
    """The clauses of the compound statement whose first header starts at ``opener``."""
    layout = scan(text)
    first = layout.line_at(opener)
    if first is None:
        return ()
    column = width(layout.indent(first))
    found: list[Clause] = []
    for line in layout.lines[first:]:
        at = width(text[line.start : line.code])
        match = _HEADER.match(text, line.code)
        if at < column or (at == column and line.code != opener and not (match and match[1] in CONTINUES)):
            break
        if at == column and match:
            header = text[line.code : line.end].rstrip("\r\n")
            found.append(Clause(match[1], line.code, line.code + len(header), line.end))
        elif found:
            found[-1] = found[-1]._replace(end=line.end)
    return tuple(found)
