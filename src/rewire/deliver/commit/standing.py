"""The files as they lay there before they are moved: seen to be what the run read, and put back if git is killed."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rewire.deliver.commit.git import listed
from rewire.errors import DeliveryError, GitError
from rewire.model.source import digest_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from rewire.deliver.commit.preconditions import Ground
    from rewire.model.workspace import FileChange


@dataclass(slots=True)
class Found:
    """A file as it lay there before: its status, and a second name for it where it has several (hard links)."""

    file: FileChange
    status: os.stat_result
    second: Path | None = None


def inspect(root: Path, files: Sequence[FileChange]) -> list[Found]:
    """The files to be changed or deleted. Raises GitError where one is not, byte for byte, what the run read."""
    found: list[Found] = []
    for file in files:
        place = root / file.path
        if file.before is None:
            if os.path.lexists(place):
                raise GitError(
                    f"{file.path} was to be created, and something is there",
                    advice="move it away, or leave it to git to track it (git add)",
                )
            continue
        try:
            status = place.lstat()
            same = stat.S_ISREG(status.st_mode) and digest_of(place.read_bytes()) == file.before.digest
        except OSError:
            same = False
        if not same:
            raise GitError(f"{file.path} has changed since the run read it", advice="run rewire again")
        found.append(Found(file, status))
    return found


def take_back(ground: Ground, root: Path, found: Sequence[Found], files: Sequence[FileChange]) -> None:
    """Undo a move that stopped half-way: what is missing, or holds a beginning of its new text, was git's doing.

    Raises DeliveryError where the disk does not let us.
    """
    try:
        for file in files:
            place = root / file.path
            if file.before is None and file.after is not None and _is_begun(place, file.after.to_bytes()):
                place.unlink(missing_ok=True)
        for one in found:
            if _is_begun(root / one.file.path, one.file.after.to_bytes() if one.file.after else b""):
                _restore(root / one.file.path, one)
    except OSError as error:
        raise DeliveryError(
            f"git was killed while it moved the work tree; {error.filename} could not be restored: {error.strerror}",
            advice="git status shows what differs; git restore on those files gives the committed text",
        ) from error
    if not (ground.directory / "index.lock").exists():
        # The lock is gone, so the index may be the new one already; while it is there, the index is the old one.
        paths = [file.path for file in files]
        ground.git.attempt("reset", "-q", "--pathspec-from-file=-", "--pathspec-file-nul", "HEAD", stdin=listed(paths))


def _is_begun(place: Path, after: bytes) -> bool:
    try:
        return after.startswith(place.read_bytes())
    except FileNotFoundError:
        return True


def _restore(place: Path, one: Found) -> None:
    if one.second is not None:
        one.second.replace(place)
        one.second = None
    elif one.file.before is not None:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(one.file.before.to_bytes())
        place.chmod(stat.S_IMODE(one.status.st_mode))
