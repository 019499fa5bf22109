"""Blocks of a Python text, in any version's syntax: what surrounds a statement, clauses, main guards, path edits."""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import TYPE_CHECKING, NamedTuple

from rewire.syntax.lexical import Layout, scan

if TYPE_CHECKING:
    from collections.abc import Collection

_HEADER = re.compile(r"(?:async[ \t]+)?(def|class|if|elif|else|try|except|finally|for|while|with|match|case)\b")
_CLAUSES = ("elif", "else", "except", "finally")
CONTINUES = frozenset(_CLAUSES)
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


class Surrounded(NamedTuple):
    """The blocks around one logical line, outermost first, and the one that it opens itself (None: none)."""

    around: tuple[Guard, ...]
    own: Guard | None


def read_blocks(layout: Layout, wanted: Collection[int]) -> dict[int, Surrounded]:
    """What surrounds the logical lines of these indices; one pass over the lines up to the last of them."""
    codes = layout.offsets.codes
    text = layout.text
    columns = layout.columns()
    openers: dict[int, int] = {}
    found: dict[int, Surrounded] = {}
    guards: dict[int, Guard | None] = {}

    def guard_of(index: int) -> Guard | None:
        if index not in guards:
            guards[index] = read_guard(text, codes[index], layout.offsets.ends[index], openers.get(index, -1))
        return guards[index]

    above: list[int] = []
    for index in range(max(wanted, default=-1) + 1):
        column = columns[index]
        before = -1
        while above and columns[above[-1]] >= column:
            before = above.pop()
        if before >= 0 and columns[before] == column and text.startswith(_CLAUSES, codes[index]):
            previous = guard_of(before)
            if previous is not None:
                openers[index] = openers.get(before, -1) if previous.kind in CONTINUES else codes[before]
        if index in wanted:
            around = tuple(guard for line in above if (guard := guard_of(line)) is not None)
            found[index] = Surrounded(around, guard_of(index))
        above.append(index)
    return found


def is_commented(layout: Layout, offset: int) -> bool:
    """True if ``offset`` lies within a comment."""
    index = bisect_right(layout.comments, offset, key=lambda comment: comment.start) - 1
    return index >= 0 and offset < layout.comments[index].end


def has_main_guard(text: str) -> bool:
    """True if an ``if`` statement compares ``__name__`` with ``"__main__"``: in code, not in a string or comment."""
    if "__main__" not in text or "__name__" not in text or not _MAYBE_MAIN.search(text):
        return False
    layout = scan(text)
    for string in layout.strings:
        if string.of(text).strip("'\"") == "__main__":
            index = layout.line_at(string.start)
            if index is not None and _MAYBE_MAIN.match(text, layout.offsets.codes[index]):
                return True
    return False


class PathEdit(NamedTuple):
    """A statement that edits ``sys.path``: its offset, and that of the innermost ``def`` it is in (-1: none)."""

    start: int
    function: int


def path_edits(text: str) -> tuple[PathEdit, ...]:
    """The statements that edit ``sys.path``, in code."""
    matches = list(_PATH_EDIT.finditer(text)) if "sys.path" in text or "addsitedir" in text else ()
    if not matches:
        return ()
    layout = scan(text)
    found = []
    for match in matches:
        index = layout.line_at(match.start())
        if index is None or is_commented(layout, match.start()):
            continue
        position = bisect_right(layout.strings, match.start(), key=lambda span: span.start) - 1
        if position < 0 or layout.strings[position].end <= match.start():
            found.append(PathEdit(layout.offsets.codes[index], _function_around(layout, index)))
    return tuple(dict.fromkeys(found))


def _function_around(layout: Layout, index: int) -> int:
    """The offset of the header of the innermost function that holds a logical line; -1 if there is none."""
    codes = layout.offsets.codes
    column = layout.column(index)
    for above in range(index - 1, -1, -1):
        at = layout.column(above)
        if at < column:
            column = at
            match = _HEADER.match(layout.text, codes[above])
            if match and match[1] == "def":
                return codes[above]
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
    codes, ends = layout.offsets.codes, layout.offsets.ends
    column = layout.column(first)
    found: list[Clause] = []
    for index in range(first, len(codes)):
        at = layout.column(index)
        match = _HEADER.match(text, codes[index]) if at <= column else None
        if at < column or (at == column and codes[index] != opener and not (match and match[1] in CONTINUES)):
            break
        if at == column and match:
            header = text[codes[index] : ends[index]].rstrip("\r\n")
            found.append(Clause(match[1], codes[index], codes[index] + len(header), ends[index]))
        elif found:
            found[-1] = found[-1]._replace(end=ends[index])
    return tuple(found)
