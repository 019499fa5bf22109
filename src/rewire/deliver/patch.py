"""The run as one patch that ``git apply`` takes as it is.

A patch is bytes: files may hold any encoding, and a line ends at ``\\n`` and nowhere else (``splitlines`` would cut at
form feeds and lone carriage returns, which git does not, and the patch would be rejected).
"""

from __future__ import annotations

import os
import re
import stat
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from rewire.model.result import Outcome, RunResult
    from rewire.model.workspace import FileChange

CONTEXT = 3
"""Unchanged lines shown around a change, as git does."""

_ESCAPES = {7: "\\a", 8: "\\b", 9: "\\t", 10: "\\n", 11: "\\v", 12: "\\f", 13: "\\r", 34: '\\"', 92: "\\\\"}
_PLAIN = re.compile(r'[^\x00-\x1f"\\\x7f-\U0010ffff]*')


def render(result: RunResult) -> bytes:
    """The whole run, net: every file as it was before the first codemod against how the last one left it."""
    return render_files(result.net_changes(), result.before.root)


def render_outcome(outcome: Outcome, root: Path) -> bytes:
    """One codemod's part: against the files as the codemods before it left them."""
    return render_files(outcome.changeset.files, root)


def render_files(files: Iterable[FileChange], root: Path) -> bytes:
    """``files`` as one patch, in the order given. ``root`` is asked only for the mode of files that are deleted."""
    return b"".join(part for file in files for part in _render_file(file, root))


def quote_path(path: str) -> str:
    """``path`` as git writes it (``core.quotePath``): unusual names in double quotes with C escapes. Always ASCII."""
    if _PLAIN.fullmatch(path):
        return path
    return f'"{_escape(path)}"'


def _escape(path: str) -> str:
    return "".join(
        _ESCAPES.get(byte) or (chr(byte) if 32 <= byte < 127 else f"\\{byte:03o}") for byte in os.fsencode(path)
    )


def _render_file(file: FileChange, root: Path) -> Iterator[bytes]:
    before = file.before.to_bytes() if file.before else b""
    after = file.after.to_bytes() if file.after else b""
    if before == after and file.before and file.after:
        return
    old, new = quote_path(f"a/{file.path}"), quote_path(f"b/{file.path}")
    yield f"diff --git {old} {new}\n".encode()
    if file.before is None:
        yield b"new file mode 100644\n"
    if file.after is None:
        yield f"deleted file mode {_mode(root / file.path)}\n".encode()
    hunks = b"".join(_hunks(before, after))
    if hunks:
        # A name with a blank in it ends at a tab: git's own way to tell where the name ends.
        end = "\t\n" if " " in file.path else "\n"
        yield b"--- /dev/null\n" if file.before is None else f"--- {old}{end}".encode()
        yield b"+++ /dev/null\n" if file.after is None else f"+++ {new}{end}".encode()
        yield hunks


def _mode(path: Path) -> str:
    try:
        return "100755" if path.lstat().st_mode & stat.S_IXUSR else "100644"
    except OSError:
        return "100644"


def _hunks(before: bytes, after: bytes) -> Iterator[bytes]:
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
