"""The run written to disk: outside git, or where the user wants no commit. All or nothing, as far as disks allow.

Everything that can fail is done first: each file is compared with what the run read, and each new text lies complete
beside its place. What is left is one rename a file; if one fails, or on Ctrl-C, those before it are taken back. A kill
between two renames leaves some files new and some old, every one of them whole.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import uuid4

from rewire.deliver.undisturbed import undisturbed
from rewire.errors import DeliveryError
from rewire.model.source import digest_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from rewire.model.result import RunResult
    from rewire.model.workspace import FileChange

SYNC_AT_ONCE = 256
"""From this many files on, one ``sync`` of the system costs less than an ``fsync`` each."""


def write(result: RunResult) -> tuple[str, ...]:
    """Write the net outcome of the run; the paths that were written, deleted or created, sorted.

    Raises DeliveryError, with the disk as it was, where a file is not what the run read, or where writing fails, and
    KeyboardInterrupt, with the disk as it was.
    """
    files = result.net_changes()
    move = _Move(result.before.root.resolve())
    statuses = [move.inspect(file) for file in files]
    try:
        for file, status in zip(files, statuses, strict=True):
            move.prepare(file, status)
        move.flush()
        with undisturbed():
            for step in move.steps:
                move.place(step)
            move.finish()
    except OSError as error:
        move.take_back()
        raise DeliveryError(
            f"could not write {error.filename or result.before.root}: {error.strerror}; nothing was changed",
            advice="make room or set the permissions right, then run again",
        ) from error
    except BaseException:
        with undisturbed():  # a second Ctrl-C waits, too
            move.take_back()
        raise
    return tuple(file.path for file in files)


def overwrite(path: Path, data: bytes) -> None:
    """Give the file at ``path`` new bytes in its own inode, so that hard links, owner and mode stay. Follows no link.

    Writes first and cuts afterwards: at no instant is the file empty.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    with os.fdopen(descriptor, "wb", buffering=0) as file:
        rest = memoryview(data)
        while rest:
            rest = rest[file.write(rest) :]
        file.truncate(len(data))
        os.fsync(file.fileno())


@dataclass(slots=True)
class _Step:
    """One file on its way. ``beside`` is the complete new text, None where it is written in place or deleted."""

    file: FileChange
    status: os.stat_result | None
    beside: Path | None
    done: bool = False


@dataclass(slots=True)
class _Move:
    root: Path
    steps: list[_Step] = field(default_factory=list)
    folders: list[Path] = field(default_factory=list)

    def inspect(self, file: FileChange) -> os.stat_result | None:
        """The status of the file to be replaced, None for a new one. Raises DeliveryError where it is not as read."""
        place = self.root / file.path
        if not _is_reached_without_links(self.root, place.parent):
            raise _refuse(file.path, "a directory on the way to it is a symbolic link")
        try:
            status = place.lstat()
        except FileNotFoundError:
            if file.before is None:
                return None
            raise _refuse(file.path, "it is gone since the run read it") from None
        except OSError as error:
            raise _refuse(file.path, error.strerror or str(error)) from error
        if file.before is None:
            raise _refuse(file.path, "something exists where a new file was to be created")
        if not stat.S_ISREG(status.st_mode):
            raise _refuse(file.path, "it is not a regular file any more")
        if not os.access(place, os.R_OK | os.W_OK, effective_ids=os.access in os.supports_effective_ids):
            raise _refuse(file.path, "it is not writable")
        if digest_of(place.read_bytes()) != file.before.digest:
            raise _refuse(file.path, "it has changed since the run read it")
        return status

    def prepare(self, file: FileChange, status: os.stat_result | None) -> None:
        """Put the complete new text beside its place, with the mode of the old one."""
        place = self.root / file.path
        step = _Step(file, status, None)
        self.steps.append(step)
        if file.after is None or (status and status.st_nlink > 1):
            return
        self._make_folder(place.parent)
        step.beside = place.parent / f".{uuid4().hex}.rewire"
        _write_beside(step, file.after.to_bytes())
        if status and not _is_like(step.beside, place, status):
            step.beside.unlink()
            step.beside = None

    def flush(self) -> None:
        """Make sure that the new texts are on the disk before any of them takes its place."""
        beside = [step.beside for step in self.steps if step.beside]
        if len(beside) >= SYNC_AT_ONCE:
            os.sync()
            return
        for path in beside:
            _sync(path)

    def place(self, step: _Step) -> None:
        """The moment of one file. Its status tells whether somebody wrote to it since it was inspected."""
        place = self.root / step.file.path
        if step.status is not None and _marks(place.lstat()) != _marks(step.status):
            raise _refuse(step.file.path, "it was written to while rewire was at work")
        if step.beside is not None:
            if step.status is None and os.path.lexists(place):
                raise _refuse(step.file.path, "something has appeared where a new file was to be created")
            step.beside.replace(place)
        else:
            step.done = True  # a write that stops half-way must be taken back, too
            if step.file.after is None:
                place.unlink()
            else:
                overwrite(place, step.file.after.to_bytes())
        step.done = True

    def finish(self) -> None:
        """Make sure that the renames are on the disk."""
        for folder in {(self.root / step.file.path).parent for step in self.steps}:
            _sync(folder)

    def take_back(self) -> None:
        """Give every file that was written its old bytes again, and remove what lies beside.

        Raises DeliveryError naming the files for which that failed as well; the others are as they were.
        """
        lost: list[str] = []
        for step in reversed(self.steps):
            try:
                if step.done:
                    self._restore(step)
                if step.beside is not None:
                    step.beside.unlink(missing_ok=True)
            except OSError as error:
                lost.append(f"{step.file.path} ({error.strerror})")
        for folder in reversed(self.folders):
            with suppress(OSError):
                folder.rmdir()
        if lost:
            raise DeliveryError(
                f"writing failed, and so did taking it back: {', '.join(lost)}",
                advice="every other file is as it was; get these back from your own copy",
            )

    def _make_folder(self, folder: Path) -> None:
        missing = []
        while not folder.exists():
            missing.append(folder)
            folder = folder.parent
        for new in reversed(missing):
            new.mkdir()
            self.folders.append(new)

    def _restore(self, step: _Step) -> None:
        place = self.root / step.file.path
        if step.file.before is None or step.status is None:
            place.unlink(missing_ok=True)
            return
        before = step.file.before.to_bytes()
        if step.file.after is not None and step.beside is None:
            if digest_of(place.read_bytes()) != step.file.before.digest:
                overwrite(place, before)
            return
        back = _Step(step.file, step.status, place.parent / f".{uuid4().hex}.rewire")
        _write_beside(back, before).replace(place)


def _write_beside(step: _Step, data: bytes) -> Path:
    assert step.beside is not None
    descriptor = os.open(step.beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
    with os.fdopen(descriptor, "wb") as file:
        if step.status is not None:
            os.fchmod(file.fileno(), stat.S_IMODE(step.status.st_mode))
        file.write(data)
    return step.beside


def _is_like(new: Path, old: Path, status: os.stat_result) -> bool:
    """False if the new file in the old one's place could be told apart: by its owner or by extended attributes."""
    made = new.lstat()
    if (made.st_uid, made.st_gid) != (status.st_uid, status.st_gid):
        return False
    return not hasattr(os, "listxattr") or os.listxattr(new) == os.listxattr(old)


def _marks(status: os.stat_result) -> Sequence[int]:
    return status.st_ino, status.st_size, status.st_mtime_ns, stat.S_IFMT(status.st_mode)


def _is_reached_without_links(root: Path, folder: Path) -> bool:
    while folder != root:
        if folder.is_symlink() or not folder.is_relative_to(root):
            return False
        folder = folder.parent
    return True


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _refuse(path: str, why: str) -> DeliveryError:
    return DeliveryError(f"{path}: {why}; nothing was written", advice="run rewire again to plan on what is there now")
