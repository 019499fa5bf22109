"""The changes of a run as rows of plain values, and back: thousands of changes cost milliseconds, and only if asked.

A new text is not stored: it is the old one with its regions replaced, which the ledger has made sure of. The old one
is read again and must have the digest that it had.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, overload

from rewire.cache.values import Unknown, dump, load
from rewire.errors import RewireError
from rewire.model.site import Change
from rewire.model.source import SourceFile, Span
from rewire.model.workspace import FileChange

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rewire.model.result import Outcome

Row = tuple[Any, ...]


def write_record(outcomes: Sequence[Outcome]) -> bytes:
    """The files of every outcome, in order."""
    rows = [[_file_row(file) for file in outcome.changeset.files] for outcome in outcomes]
    return zlib.compress(dump(rows), 1)


class Record:
    """The files of every outcome of a remembered run; decoded when the first of them is looked at.

    ``source`` reads a file as it lies on disk.
    """

    def __init__(self, data: bytes, source: Callable[[str], SourceFile | None]) -> None:
        self._data = data
        self._source = source
        self._outcomes: list[tuple[FileChange, ...]] | None = None

    def outcome(self, number: int) -> tuple[FileChange, ...]:
        """The files of one outcome. Raises RewireError if a file is no longer what it was."""
        if self._outcomes is None:
            latest: dict[str, SourceFile | None] = {}
            try:
                rows = load(zlib.decompress(self._data), ())
            except (zlib.error, Unknown) as error:
                raise RewireError(
                    f"the cache is damaged: {error}", advice="rewire cache clean, and run again"
                ) from None
            self._outcomes = [tuple(self._file(row, latest) for row in outcome) for outcome in rows]
        return self._outcomes[number]

    def _file(self, row: Row, latest: dict[str, SourceFile | None]) -> FileChange:
        path, digest, after_digest, whole, regions, changes = row
        before = (latest[path] if path in latest else self._source(path)) if digest else None
        if (before.digest if before else "") != digest:
            raise RewireError(f"{path} has changed while rewire was at work", advice="run again")
        after = SourceFile(path, *whole) if whole else None
        if before and regions is not None:
            after = replace(before, text=_replaced(before.text, regions), noted=after_digest)
        latest[path] = after
        return FileChange(path, before, after, tuple(_change(path, entry) for entry in changes))


class Files(Sequence[FileChange]):
    """The files of one outcome of a record. How many there are is known before any of them is."""

    def __init__(self, record: Record, number: int, count: int) -> None:
        self._record = record
        self._number = number
        self._count = count

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> FileChange: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[FileChange]: ...
    def __getitem__(self, index: int | slice) -> FileChange | Sequence[FileChange]:
        return self._record.outcome(self._number)[index]

    def __iter__(self) -> Iterator[FileChange]:
        return iter(self._record.outcome(self._number))


def _file_row(file: FileChange) -> Row:
    before, after = file.before, file.after
    whole = regions = None
    if after and not before:
        whole = (after.text, after.encoding, after.bom, after.newline, after.digest)
    elif after:
        spans = sorted({(change.before, change.after) for change in file.changes})
        regions = [(old.start, old.end, new.of(after.text)) for old, new in spans]
    changes = [_change_row(change) for change in file.changes]
    return file.path, before.digest if before else "", after.digest if after else "", whole, regions, changes


def _change_row(change: Change) -> Row:
    return (
        change.codemod,
        (change.span.start, change.span.end),
        change.line,
        change.summary,
        change.shape,
        change.support,
        (change.before.start, change.before.end),
        (change.after.start, change.after.end),
        change.group,
        change.follows,
    )


def _change(path: str, row: Row) -> Change:
    codemod, span, line, summary, shape, support, before, after, group, follows = row
    return Change(
        codemod, path, Span(*span), line, summary, shape, support, Span(*before), Span(*after), group, follows
    )


def _replaced(text: str, regions: Sequence[tuple[int, int, str]]) -> str:
    pieces = []
    end = 0
    for start, stop, new in regions:
        pieces += [text[end:start], new]
        end = stop
    return "".join([*pieces, text[end:]])
