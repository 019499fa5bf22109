"""The tree as rewire sees it: paths on disk, with the changes so far laid over them in memory."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from rewire.model.site import Change
    from rewire.model.source import SourceFile


@dataclass(frozen=True, slots=True)
class Workspace:
    """``paths``: the Python files under ``root`` that this run may change, sorted, ``/``-separated, relative.

    ``context`` are further Python files that exist but were not selected: seen by project-wide questions, never
    changed. ``overlay`` holds every file that a codemod changed or created so far.
    """

    root: Path
    paths: tuple[str, ...]
    context: tuple[str, ...] = ()
    overlay: Mapping[str, SourceFile] = field(default_factory=dict)

    def with_changes(self, changesets: Iterable[FileChange]) -> Workspace:
        """The workspace that the next codemod sees."""
        changesets = tuple(changesets)
        if not changesets:
            return self
        overlay = dict(self.overlay)
        paths = set(self.paths)
        for change in changesets:
            if change.after is None:
                overlay.pop(change.path, None)
                paths.discard(change.path)
            else:
                overlay[change.path] = change.after
                paths.add(change.path)
        return replace(self, overlay=overlay, paths=tuple(sorted(paths)))

    def on_disk(self, path: str) -> Path:
        """Where ``path`` lives on disk."""
        return self.root / path


@dataclass(frozen=True, slots=True)
class FileChange:
    """One file before and after one codemod. ``before`` is None where it is created, ``after`` where deleted."""

    path: str
    before: SourceFile | None
    after: SourceFile | None
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Changeset:
    """All files that one codemod changed, sorted by path. Becomes one commit unless the user asks for finer ones.

    ``changed`` is how many of the places found they change (support edits do not count); -1: count them.
    """

    codemod: str
    files: Sequence[FileChange]
    changed: int = -1

    def __post_init__(self) -> None:
        if self.changed < 0:
            counted = sum(not change.support for file in self.files for change in file.changes)
            object.__setattr__(self, "changed", counted)

    def __bool__(self) -> bool:
        return bool(self.files)
