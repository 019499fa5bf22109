"""The run cut into steps, one a commit: by codemod, by file or by site, and never through what belongs together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rewire.errors import RewireError

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator, Sequence

    from rewire.deliver.commit.values import Grain
    from rewire.model.result import Outcome, RunResult
    from rewire.model.site import Change
    from rewire.model.source import Span
    from rewire.model.workspace import FileChange


@dataclass(frozen=True, slots=True)
class Step:
    """One commit to be: the bytes that the files have after it (None: deleted), and the changes that make it up."""

    outcome: Outcome
    grain: Grain
    files: Mapping[str, bytes | None]
    changes: tuple[Change, ...]


def cut(result: RunResult, per: Grain) -> Iterator[Step]:
    """The steps of a run in order; carried out one after the other they give exactly ``result.after``."""
    for outcome in result.outcomes:
        if not outcome.changeset:
            continue
        if per == "codemod":
            yield Step(outcome, per, _Contents(outcome.changeset.files), outcome.changes)
        else:
            yield from _cut_outcome(outcome, per)


class _Contents(Mapping[str, "bytes | None"]):
    """The bytes of files as one codemod leaves them, made when they are asked for: a run's texts are held once."""

    def __init__(self, files: Iterable[FileChange]) -> None:
        self._files = {file.path: file for file in files}

    def __getitem__(self, path: str) -> bytes | None:
        return _bytes(self._files[path])

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)


@dataclass(slots=True)
class _Region:
    """What is spliced as one: a run of statements of one file, or a file that is created or deleted."""

    path: str
    before: Span | None
    after: Span | None
    changes: list[Change] = field(default_factory=list)

    @property
    def place(self) -> tuple[str, int]:
        return self.path, self.before.start if self.before else -1


def _cut_outcome(outcome: Outcome, per: Grain) -> Iterator[Step]:
    by_path = {file.path: file for file in outcome.changeset.files}
    regions = {path: _regions(file) for path, file in by_path.items()}
    ties = _Ties()
    for path, ones in regions.items():
        for region in ones:
            ties.join(id(region), *((path,) if per == "file" or _is_one(ones) else ()))
            for change in region.changes:
                if change.group:
                    ties.join(id(region), ("group", change.group, path if change.follows else ""))
    applied: dict[str, list[_Region]] = {path: [] for path in by_path}
    for together in ties.sets([region for ones in regions.values() for region in ones]):
        files: dict[str, bytes | None] = {}
        for region in together:
            applied[region.path].append(region)
        for path in sorted({region.path for region in together}):
            files[path] = _render(by_path[path], regions[path], applied[path])
        yield Step(outcome, per, files, tuple(change for region in together for change in region.changes))
    _require_whole(outcome, by_path, regions, applied)


def _is_one(regions: Sequence[_Region]) -> bool:
    """True if the file cannot be cut: it holds an edit that others need and that does not say which ones."""
    return any(change.support and not change.group for region in regions for change in region.changes)


def _regions(file: FileChange) -> list[_Region]:
    if file.before is None or file.after is None:
        return [_Region(file.path, None, None, list(file.changes))]
    found: dict[tuple[Span, Span], _Region] = {}
    for change in file.changes:
        key = (change.before, change.after)
        found.setdefault(key, _Region(file.path, *key)).changes.append(change)
    regions = [found[key] for key in sorted(found)]
    whole = _splice(file, regions, regions)
    if whole != file.after.text:
        # The spans do not tell the regions apart (they touch or nest): the file stays in one piece.
        return [_Region(file.path, None, None, list(file.changes))]
    return regions


def _render(file: FileChange, regions: Sequence[_Region], applied: Sequence[_Region]) -> bytes | None:
    if file.before is None or file.after is None or regions[0].before is None:
        return _bytes(file)
    return file.before.with_text(_splice(file, regions, applied)).to_bytes()


def _splice(file: FileChange, regions: Sequence[_Region], applied: Sequence[_Region]) -> str:
    assert file.before is not None
    assert file.after is not None
    chosen = {id(region) for region in applied}
    pieces: list[str] = []
    position = 0
    for region in regions:
        if region.before is None or region.after is None:
            continue
        pieces.append(file.before.text[position : region.before.start])
        is_new = id(region) in chosen
        pieces.append(region.after.of(file.after.text) if is_new else region.before.of(file.before.text))
        position = region.before.end
    pieces.append(file.before.text[position:])
    return "".join(pieces)


def _bytes(file: FileChange) -> bytes | None:
    return file.after.to_bytes() if file.after else None


def _require_whole(
    outcome: Outcome,
    files: Mapping[str, FileChange],
    regions: Mapping[str, Sequence[_Region]],
    applied: Mapping[str, Sequence[_Region]],
) -> None:
    for path, file in files.items():
        if _render(file, regions[path], applied[path]) != _bytes(file):
            raise RewireError(f"{outcome.codemod}: the commits of {path} do not add up to its change")


class _Ties:
    """Which regions belong together: a union of everything that was ever joined."""

    def __init__(self) -> None:
        self._parents: dict[Hashable, Hashable] = {}

    def join(self, first: Hashable, *others: Hashable) -> None:
        root = self._root(first)
        for other in others:
            self._parents[self._root(other)] = root

    def sets(self, regions: Iterable[_Region]) -> list[list[_Region]]:
        """The sets, each in place order, ordered by the first place of each; sets that only follow come last."""
        found: dict[Hashable, list[_Region]] = {}
        for region in sorted(regions, key=lambda one: one.place):
            found.setdefault(self._root(id(region)), []).append(region)
        return sorted(found.values(), key=lambda ones: all(change.follows for one in ones for change in one.changes))

    def _root(self, item: Hashable) -> Hashable:
        self._parents.setdefault(item, item)
        while self._parents[item] != item:
            self._parents[item] = self._parents[self._parents[item]]
            item = self._parents[item]
        return item
