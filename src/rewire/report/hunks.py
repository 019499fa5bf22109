"""One file's changes as hunks of lines, for people to read; git's patch is made by ``rewire.deliver.patch``.

The changes say where the text differs, so only those lines are compared: linear in the size of the file.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import accumulate
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rewire.model.site import Change
    from rewire.model.source import Span
    from rewire.model.workspace import FileChange

CONTEXT = 3

Sign = Literal[" ", "-", "+"]


@dataclass(frozen=True, slots=True)
class Hunk:
    """Lines with their sign, without their newline. Line numbers are 1-based, as in a unified diff."""

    old_start: int
    old_count: int
    new_start: int
    new_count: int
    lines: tuple[tuple[Sign, str], ...]


@dataclass(frozen=True, slots=True)
class _Edit:
    """Lines ``old[a:b]`` become ``new[c:d]``."""

    a: int
    b: int
    c: int
    d: int


def hunks(file: FileChange, context: int = CONTEXT) -> tuple[Hunk, ...]:
    """The hunks of one file, in order."""
    old = _lines(file.before.text if file.before else "")
    new = _lines(file.after.text if file.after else "")
    edits = [edit for window in _windows(file, old, new) for edit in _edits(old, new, window)]
    return tuple(_hunk(old, new, group, context) for group in _grouped(edits, context))


def excerpt(file: FileChange, change: Change, context: int = 1) -> tuple[tuple[Sign, str], ...]:
    """The lines of one change alone, whatever else was changed in its file."""
    old = _lines(file.before.text if file.before else "")
    new = _lines(file.after.text if file.after else "")
    a, b = _line_range(_starts(old), change.before)
    c, d = _line_range(_starts(new), change.after)
    edits = list(_edits(old, new, _Edit(a, b, c, d)))
    groups = _grouped(edits, context)
    return tuple(line for group in groups for line in _hunk(old, new, group, context).lines)


def _lines(text: str) -> list[str]:
    """Lines split on ``\\n`` only, each with its newline, so that offsets add up."""
    parts = text.split("\n")
    lines = [f"{part}\n" for part in parts[:-1]]
    return [*lines, parts[-1]] if parts[-1] else lines


def _windows(file: FileChange, old: Sequence[str], new: Sequence[str]) -> list[_Edit]:
    """The line ranges that the changes touch; one window over everything where they do not account for the file."""
    whole = [_Edit(0, len(old), 0, len(new))]
    if not file.before or not file.after or not file.changes:
        return whole
    old_starts, new_starts = _starts(old), _starts(new)
    touched = sorted({(change.before, change.after) for change in file.changes})
    windows: list[_Edit] = []
    for before, after in touched:
        a, b = _line_range(old_starts, before)
        c, d = _line_range(new_starts, after)
        if windows and (a <= windows[-1].b or c <= windows[-1].d):
            last = windows.pop()
            a, b, c, d = min(a, last.a), max(b, last.b), min(c, last.c), max(d, last.d)
        windows.append(_Edit(a, b, c, d))
    position_old = position_new = 0
    for window in [*windows, _Edit(len(old), len(old), len(new), len(new))]:
        if old[position_old : window.a] != new[position_new : window.c]:
            return whole
        position_old, position_new = window.b, window.d
    return windows


def _starts(lines: Sequence[str]) -> list[int]:
    """Offset of the first character of each line, and of the end."""
    return [0, *accumulate(map(len, lines))]


def _line_range(starts: Sequence[int], span: Span) -> tuple[int, int]:
    """The half-open range of lines that hold a character of ``span``; an empty range for an empty span."""
    first = min(bisect_right(starts, span.start) - 1, len(starts) - 1)
    if span.end == span.start:
        at_start = starts[first] == span.start
        return (first, first) if at_start else (first, first + 1)
    return first, bisect_right(starts, span.end - 1)


def _edits(old: Sequence[str], new: Sequence[str], window: _Edit) -> Iterator[_Edit]:
    """The differing line ranges within one window."""
    matcher = SequenceMatcher(None, old[window.a : window.b], new[window.c : window.d], autojunk=False)
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag != "equal":
            yield _Edit(window.a + a, window.a + b, window.c + c, window.c + d)


def _grouped(edits: Sequence[_Edit], context: int) -> list[list[_Edit]]:
    """Edits whose surrounding lines meet share a hunk."""
    groups: list[list[_Edit]] = []
    for edit in edits:
        if groups and edit.a - groups[-1][-1].b <= 2 * context:
            groups[-1].append(edit)
        else:
            groups.append([edit])
    return groups


def _hunk(old: Sequence[str], new: Sequence[str], edits: Sequence[_Edit], context: int) -> Hunk:
    """One hunk with its surrounding lines."""
    first, last = edits[0], edits[-1]
    start, stop = max(first.a - context, 0), min(last.b + context, len(old))
    new_start = first.c - (first.a - start)
    lines: list[tuple[Sign, str]] = []
    position = start
    for edit in edits:
        lines += [(" ", line) for line in old[position : edit.a]]
        lines += [("-", line) for line in old[edit.a : edit.b]]
        lines += [("+", line) for line in new[edit.c : edit.d]]
        position = edit.b
    lines += [(" ", line) for line in old[position:stop]]
    new_count = sum(sign != "-" for sign, _ in lines)
    shown = tuple((sign, line.removesuffix("\n").removesuffix("\r")) for sign, line in lines)
    return Hunk(start + 1, stop - start, new_start + 1, new_count, shown)
