"""A verified file on its way from the process that rewrote it: without what the receiver knows, and can put together.

The sites stay where the plan is, the new text is the old one with its regions replaced (the ledger has made sure of
that), and what remains are strings and numbers: a tenth of the time that pickling all objects would take.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rewire.model.site import change_of
from rewire.model.source import SourceFile, Span
from rewire.model.workspace import FileChange

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from rewire.model.site import Change, Site
    from rewire.model.splices import Splice


class Verified(NamedTuple):
    """A file that every check accepted. Pickled it becomes a ``Parcel``; within one process it stays what it is.

    ``regions``: where it differs. ``carried``: the receiver has the old text.
    """

    file: FileChange
    regions: Sequence[Splice]
    carried: bool

    def opened(self, path: str, sites: Sequence[Site], carried: SourceFile | None) -> FileChange:
        """The file, whose ``sites`` these were."""
        return self.file

    def packed(self) -> Parcel:
        """The file for somebody who has the old text."""
        return _packed(self.file, self.regions, carried=True)

    def __reduce__(self) -> tuple[Any, ...]:
        """See the class."""
        return Parcel, tuple(_packed(self.file, self.regions, carried=self.carried))


class Parcel(NamedTuple):
    """``before``: text, encoding, mark, newline, digest of the old file; None where the receiver has it.

    ``regions``: start, end and new text of each, one after the other. ``changes``: line and region number of the change
    of each site, in the order of ``place``.
    """

    before: tuple[Any, ...] | None
    digest: str
    regions: tuple[Any, ...]
    changes: tuple[int, ...]

    def packed(self) -> Parcel:
        """The file for somebody who has the old text."""
        return self._replace(before=None)

    def opened(self, path: str, sites: Sequence[Site], carried: SourceFile | None) -> FileChange:
        """The file as the worker saw it."""
        before = SourceFile(path, *self.before) if self.before else carried
        assert before is not None
        text, spans = _spliced(before.text, self.regions)
        after = SourceFile(path, text, before.encoding, before.bom, before.newline, self.digest)
        lines, numbers = self.changes[::2], self.changes[1::2]
        ordered = sorted(sites, key=place)
        changes = [change_of(site, line, *spans[at]) for site, line, at in zip(ordered, lines, numbers, strict=True)]
        return FileChange(path, before, after, tuple(changes))


def place(entry: Site | Change) -> tuple[int, int, str]:
    """What the changes of a file are sorted by."""
    return entry.span.start, entry.span.end, entry.summary


def _packed(file: FileChange, splices: Sequence[Splice], *, carried: bool) -> Parcel:
    old, new = file.before, file.after
    assert old is not None
    assert new is not None
    regions: list[Any] = []
    numbers: dict[int, int] = {}
    for number, region in enumerate(splices):
        regions += (region.start, region.end, region.new)
        numbers.update((id(change), number) for change in region.changes)
    return Parcel(
        None if carried else (old.text, old.encoding, old.bom, old.newline, old.noted),
        new.noted,
        tuple(regions),
        tuple(number for change in file.changes for number in (change.line, numbers[id(change)])),
    )


def _spliced(text: str, regions: Sequence[Any]) -> tuple[str, list[tuple[Span, Span]]]:
    """The new text, and where each region lies in the old one and in it."""
    pieces: list[str] = []
    spans: list[tuple[Span, Span]] = []
    position = length = 0
    for at in range(0, len(regions), 3):
        start, end, new = regions[at : at + 3]
        first = length + start - position
        length = first + len(new)
        pieces += (text[position:start], new)
        spans.append((Span(start, end), Span(first, length)))
        position = end
    return "".join([*pieces, text[position:]]), spans
