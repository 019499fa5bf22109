"""Where a changed file differs, as its changes say: the old and the new text of each region."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rewire.model.site import Change
    from rewire.model.workspace import FileChange


@dataclass(slots=True)
class Splice:
    """One region: ``old`` from ``start`` to ``end`` of the old text became ``new`` there in the new one."""

    start: int
    end: int
    new_start: int
    new_end: int
    old: str
    new: str
    changes: list[Change]


_latest: tuple[FileChange, list[Splice]] | None = None


def splices(file: FileChange) -> list[Splice]:
    """The regions of ``file`` in order, each once however many changes it holds. Whether they are true is not asked.

    Those of the latest file are remembered: several checks look at one file before anybody looks at the next.
    """
    global _latest
    latest = _latest
    if latest is None or latest[0] is not file:
        _latest = latest = file, _splices(file)
    return latest[1]


def _splices(file: FileChange) -> list[Splice]:
    assert file.before is not None
    assert file.after is not None
    old, new = file.before.text, file.after.text
    regions: dict[tuple[int, int, int, int], Splice] = {}
    for change in file.changes:
        before, after = change.before, change.after
        key = (before.start, before.end, after.start, after.end)
        known = regions.get(key)
        if known is None:
            regions[key] = Splice(*key, old[key[0] : key[1]], new[key[2] : key[3]], [change])
        else:
            known.changes.append(change)
    return [regions[key] for key in sorted(regions)]
