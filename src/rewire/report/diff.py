"""The changes of a dry run for a terminal: by codemod and file, coloured, with nothing that the terminal would obey."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rewire.report.escape import one_line, visible
from rewire.report.hunks import hunks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rewire.model.result import Outcome, RunResult
    from rewire.model.workspace import FileChange

_COLOURS = {"-": "\x1b[31m", "+": "\x1b[32m", "@": "\x1b[36m", "file": "\x1b[1m", "codemod": "\x1b[1;35m"}
_RESET = "\x1b[0m"


def render(result: RunResult, *, colour: bool) -> Iterator[str]:
    """The text in pieces, one a file."""
    for outcome in result.outcomes:
        yield from _outcome(outcome, colour=colour)


def _outcome(outcome: Outcome, *, colour: bool) -> Iterator[str]:
    """One codemod's files."""
    if outcome.changeset:
        yield _painted(f"=== {outcome.codemod}: {outcome.summary}", "codemod", colour=colour) + "\n\n"
    for file in outcome.changeset.files:
        yield "".join(f"{line}\n" for line in _file(file, colour=colour)) + "\n"


def _file(file: FileChange, *, colour: bool) -> Iterator[str]:
    """One file's hunks under its name."""
    status = " (new file)" if file.before is None else " (deleted)" if file.after is None else ""
    yield _painted(f"{one_line(file.path)}{status}", "file", colour=colour)
    for hunk in hunks(file):
        heading = f"@@ -{hunk.old_start},{hunk.old_count} +{hunk.new_start},{hunk.new_count} @@"
        yield _painted(heading, "@", colour=colour)
        for sign, line in hunk.lines:
            yield _painted(f"{sign}{visible(line)}", sign, colour=colour)


def _painted(text: str, kind: str, *, colour: bool) -> str:
    """``text`` in the colour of its kind. Escape codes are written here directly: rich takes 0.1 ms for each line."""
    start = _COLOURS.get(kind)
    return f"{start}{text}{_RESET}" if colour and start else text
