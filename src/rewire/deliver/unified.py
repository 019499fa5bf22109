"""What differs between two texts, as the hunks of a unified diff.

A line ends at ``\\n`` and nowhere else: ``splitlines`` would cut at form feeds and lone carriage returns, git does not,
and the patch would be rejected.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rewire.model.splices import splices

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rewire.model.source import SourceFile
    from rewire.model.workspace import FileChange

CONTEXT = 3
"""Unchanged lines shown around a change, as git does."""


def hunks(file: FileChange) -> bytes:
    """The hunks of ``file``, which may be created or deleted; empty where nothing differs."""
    edits = _told(file)
    if edits is not None:
        assert file.before is not None
        return "".join(_as_told(file.before.text, edits)).encode()
    before = file.before.to_bytes() if file.before else b""
    after = file.after.to_bytes() if file.after else b""
    return b"".join(_as_compared(before, after))


@dataclass(slots=True)
class _Edit:
    """Lines from ``line`` on (0-based; their characters from ``start`` to ``end``) that became as many others."""

    line: int
    start: int
    end: int
    was: list[str]
    became: list[str]


def _told(file: FileChange) -> list[_Edit] | None:
    """The edits that the changes of ``file`` tell; None where these are not the whole difference, line for line.

    They are where every region has as many lines as it had and all around them is the same, which is looked at: then
    line n became line n, and nothing has to be found out. That holds for nearly every import.
    """
    if not file.before or not file.after or not file.changes:
        return None
    if any(
        source.bom or source.encoding != "utf-8" or source.text[-1:] != "\n" for source in (file.before, file.after)
    ):
        return None
    old, new = file.before.text, file.after.text
    edits: list[_Edit] = []
    line = behind = ahead = 0
    for region in splices(file):
        start = region.start
        if old[behind:start] != new[ahead : region.new_start] or (start and old[start - 1] != "\n"):
            return None
        was, became = region.old.split("\n"), region.new.split("\n")
        if len(was) != len(became) or was.pop() or became.pop():
            return None
        line += old.count("\n", behind, start)
        _add(edits, line, start, was, became)
        line += len(was)
        behind, ahead = region.end, region.new_end
    return edits if old[behind:] == new[ahead:] else None


def _is_plain(source: SourceFile) -> bool:
    """True if any part of the text makes that part of the bytes."""
    return source.encoding == "utf-8" and not source.bom


def _add(edits: list[_Edit], line: int, start: int, was: Sequence[str], became: Sequence[str]) -> None:
    """Put the lines that differ to ``edits``; what follows on the last edit becomes part of it."""
    for one, other in zip(was, became, strict=True):
        end = start + len(one) + 1
        if one != other:
            if edits and edits[-1].end == start:
                last = edits[-1]
                last.end = end
                last.was.append(one)
                last.became.append(other)
            else:
                edits.append(_Edit(line, start, end, [one], [other]))
        line, start = line + 1, end


def _as_told(old: str, edits: Sequence[_Edit]) -> Iterator[str]:
    """The hunks of edits after which every line keeps its number."""
    position = 0
    while position < len(edits):
        edit = edits[position]
        line, start = max(0, edit.line - CONTEXT), edit.start
        for _ in range(edit.line - line):
            start = old.rfind("\n", 0, start - 1) + 1
        body = [_unchanged(old, start, edit.start)]
        while True:
            body += ("-", "\n-".join(edit.was), "\n+", "\n+".join(edit.became), "\n")
            position += 1
            if position == len(edits) or edits[position].line - edit.line - len(edit.was) > 2 * CONTEXT:
                break
            body.append(_unchanged(old, edit.end, edits[position].start))
            edit = edits[position]
        end, below = edit.end, 0
        while below < CONTEXT and end < len(old):
            end, below = old.index("\n", end) + 1, below + 1
        body.append(_unchanged(old, edit.end, end))
        place = _range(line, edit.line + len(edit.was) + below)
        yield f"@@ -{place} +{place} @@\n"
        yield from body


def _unchanged(old: str, start: int, end: int) -> str:
    """Whole lines as context."""
    return f" {old[start : end - 1]}\n".replace("\n", "\n ")[:-1] if start < end else ""


def _as_compared(before: bytes, after: bytes) -> Iterator[bytes]:
    """The hunks that comparing the lines finds."""
    old, new = _lines(before), _lines(after)
    head = _shared(old, new)
    tail = _shared(old[head:][::-1], new[head:][::-1])
    # Only what differs goes to difflib, whose time grows faster than the number of lines. The lines around stand in as
    # numbers, which match nothing but themselves: paired with others, they would not close the hunk as context, and git
    # looks for such a hunk at the end of the file.
    lead, trail = min(head, CONTEXT), min(tail, CONTEXT)
    old_part = [*range(lead), *old[head : len(old) - tail], *range(-trail, 0)]
    new_part = [*range(lead), *new[head : len(new) - tail], *range(-trail, 0)]
    start = head - lead
    from difflib import SequenceMatcher  # few edits need it

    for group in SequenceMatcher(None, old_part, new_part).get_grouped_opcodes(CONTEXT):
        old_range = _range(start + group[0][1], start + group[-1][2])
        new_range = _range(start + group[0][3], start + group[-1][4])
        yield f"@@ -{old_range} +{new_range} @@\n".encode()
        for tag, old_from, old_to, new_from, new_to in group:
            if tag == "equal":
                yield from _marked(b" ", old[start + old_from : start + old_to])
                continue
            yield from _marked(b"-", old[start + old_from : start + old_to])
            yield from _marked(b"+", new[start + new_from : start + new_to])


def _lines(data: bytes) -> list[bytes]:
    lines = [line + b"\n" for line in data.split(b"\n")]
    last = lines.pop()[:-1]
    return [*lines, last] if last else lines


def _shared(one: Sequence[bytes], other: Sequence[bytes]) -> int:
    count = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        count += 1
    return count


def _range(start: int, end: int) -> str:
    """A range as unified diffs write it: 1-based, the line before where it is empty, no count where it is one."""
    length = end - start
    if length == 1:
        return str(start + 1)
    return f"{start + 1 if length else start},{length}"


def _marked(mark: bytes, lines: Iterable[bytes]) -> Iterator[bytes]:
    for line in lines:
        yield mark + line
        if not line.endswith(b"\n"):
            yield b"\n\\ No newline at end of file\n"
