"""The one moment in which the work tree moves: git's own fast-forward, in a process that outlives us.

git refuses by itself to write over anybody's work. It runs in a session of its own, so that neither Ctrl-C nor the
end of this process, however sudden, stops it half-way. What git would not keep is put right afterwards: permission
bits, hard links, and bytes that its conversions would write in another way than the run showed.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING
from uuid import uuid4

from rewire.deliver.commit.git import listed
from rewire.deliver.commit.preconditions import LANDING, SECOND_NAME
from rewire.deliver.commit.standing import Found, inspect, take_back
from rewire.deliver.disk import overwrite
from rewire.deliver.undisturbed import undisturbed
from rewire.errors import DeliveryError, GitError
from rewire.model.source import digest_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from rewire.deliver.commit.preconditions import Ground
    from rewire.model.workspace import FileChange

BASE = "refs/rewire/base"
TIP = "refs/rewire/tip"
"""The last run: the commit it began on, and the last one it made. They keep the commits if the landing fails."""

DELIVERED = "the commits are made, and the work tree is whole"
"""Where Ctrl-C had to wait until the work tree had moved."""


def land(ground: Ground, root: Path, tip: str, branch: str | None, files: Sequence[FileChange]) -> None:
    """Move HEAD, index and work tree to ``tip``, or make ``branch`` there and switch to it.

    Raises GitError, with everything as it was and the commits kept as ``TIP``, where git or the disk say no; and
    KeyboardInterrupt, saying what was done where it came too late.
    """
    git = ground.git
    moved = False
    _keep(ground, tip)
    try:
        found = inspect(root, files)
        _require_head(ground)
        _link(ground, found)
        try:
            with undisturbed():
                _move(ground, tip, branch, root, found, files)
                _put_right(ground, root, found, files)
                moved = True
        except KeyboardInterrupt:
            raise (KeyboardInterrupt(DELIVERED) if moved else KeyboardInterrupt) from None
        finally:
            for one in found:
                if one.second is not None:
                    one.second.unlink(missing_ok=True)
    except GitError as error:
        advice = f"nothing was changed; the commits are kept as {TIP} ({tip[:12]})"
        raise GitError(error.message, advice=f"{error.advice}; {advice}" if error.advice else advice) from error
    finally:
        git.attempt("update-ref", "-d", LANDING)


def _keep(ground: Ground, tip: str) -> None:
    lines = (f"update {BASE} {ground.head}", f"update {TIP} {tip}", f"update {LANDING} {tip}")
    ground.git.run("update-ref", "--stdin", stdin="".join(f"{line}\n" for line in lines).encode())


def _require_head(ground: Ground) -> None:
    head = ground.git.answer("rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    branch = ground.git.answer("symbolic-ref", "--quiet", "HEAD")
    if (head, branch) != (ground.head, ground.branch):
        raise GitError("HEAD has moved while rewire was at work", advice="run rewire again")


def _move(
    ground: Ground, tip: str, branch: str | None, root: Path, found: Sequence[Found], files: Sequence[FileChange]
) -> None:
    command = _command(tip, branch)
    status, _, words = ground.git.attempt(*command, env={"GIT_REFLOG_ACTION": "rewire apply"})
    if status < 0 and ground.git.answer("rev-parse", "--verify", "--quiet", "HEAD") != tip:
        take_back(ground, root, found, files)
        raise GitError(
            f"git was killed (signal {-status}) while it moved the work tree; the files are as they were",
            advice=f"if {ground.directory / 'index.lock'} is there and no other git is at work, remove it; run again",
        )
    if status > 0:
        raise ground.git.complaint(command[0], status, words)


def _command(tip: str, branch: str | None) -> Sequence[str]:
    if branch is not None:
        return (
            "checkout",
            "-q",
            "--no-track",
            "--no-overwrite-ignore",
            "--no-recurse-submodules",
            "-b",
            branch,
            tip,
            "--",
        )
    return (
        "merge", "--quiet", "--ff-only", "--no-stat", "--no-autostash", "--no-verify-signatures",
        "--no-overwrite-ignore", tip,
    )  # fmt: skip


def _link(ground: Ground, found: Sequence[Found]) -> None:
    """A second name in the git directory for each file with several: git makes a new file, and the old one is lost."""
    for one in found:
        if one.status.st_nlink < 2 or one.file.after is None:
            continue
        second = ground.directory / f"{SECOND_NAME}{os.getpid()}-{uuid4().hex}"
        try:
            os.link(ground.git.root / one.file.path, second)
        except OSError as error:
            raise GitError(
                f"{one.file.path} has several names (hard links), and they could not be kept: {error.strerror}",
                advice="leave it out (--exclude), or use --no-commit",
            ) from error
        one.second = second


def _put_right(ground: Ground, root: Path, found: Sequence[Found], files: Sequence[FileChange]) -> None:
    try:
        rewritten = _settle(root, found, files)
    except OSError as error:
        raise DeliveryError(
            f"the commits are made, but {error.filename} could not be put right: {error.strerror}",
            advice="git status shows what differs; git restore on that file gives the committed text",
        ) from error
    if rewritten:
        # The same content for git, but not the size it has noted: without this it would take them for modified.
        ground.git.attempt("update-index", "-z", "--stdin", stdin=listed(rewritten))


def _settle(root: Path, found: Sequence[Found], files: Sequence[FileChange]) -> list[str]:
    """Make every changed file what the run showed: bytes, permission bits, owner, hard links; those written anew."""
    rewritten: list[str] = []
    for one in found:
        if one.file.after is None:
            continue
        place = root / one.file.path
        if one.second is not None:
            overwrite(one.second, one.file.after.to_bytes())
            one.second.replace(place)
            one.second = None
            rewritten.append(one.file.path)
        now = place.lstat()
        if (now.st_uid, now.st_gid) != (one.status.st_uid, one.status.st_gid):
            _give_back(place, one.status)
        if stat.S_IMODE(now.st_mode) != stat.S_IMODE(one.status.st_mode):
            place.chmod(stat.S_IMODE(one.status.st_mode))
    for file in files:
        place = root / file.path
        # A new file outside a sparse checkout is in the commit and not in the work tree.
        if file.after is not None and place.exists() and digest_of(place.read_bytes()) != file.after.digest:
            overwrite(place, file.after.to_bytes())
            rewritten.append(file.path)
    return rewritten


def _give_back(place: Path, status: os.stat_result) -> None:
    try:
        os.chown(place, status.st_uid, status.st_gid, follow_symlinks=False)
    except OSError:
        return  # only root may; the file is the user's own in any case
