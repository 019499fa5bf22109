"""The files of a git repository, as git lists them, with every program switched off that its settings could name."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from rewire.discover.folders import Disk
from rewire.discover.listing import Listing, closed
from rewire.errors import GitError

if TYPE_CHECKING:
    from collections.abc import Mapping


GIT_SETTINGS: Mapping[str, str] = {
    "core.fsmonitor": "false",
    "core.hooksPath": os.devnull,
    "core.quotePath": "true",
    "core.safecrlf": "false",
    "gc.auto": "0",
    "maintenance.auto": "false",
    "submodule.recurse": "false",
}
"""Laid over the repository's own settings for every git command, so that it starts no program that they name."""

GIT_SECONDS = 600.0
"""What a question to git may take: in the largest repositories seconds, but for a disk that does not answer."""

GIT_PLACES = (
    "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR", "GIT_NAMESPACE", "GIT_PREFIX", "GIT_INTERNAL_SUPER_PREFIX", "GIT_SHALLOW_FILE",
    "GIT_GRAFT_FILE", "GIT_REPLACE_REF_BASE", "GIT_IMPLICIT_WORK_TREE", "GIT_EXTERNAL_DIFF", "GIT_LITERAL_PATHSPECS",
    "GIT_GLOB_PATHSPECS", "GIT_NOGLOB_PATHSPECS", "GIT_ICASE_PATHSPECS", "GIT_ATTR_SOURCE",
)  # fmt: skip
"""Variables a hook or an alias of another repository may have left; the path alone says which repository is meant."""


def git_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment for a git command: no foreign repository, no programs, no network, no prompts, English.

    ``extra`` settings are laid over ``GIT_SETTINGS``. Settings travel by ``GIT_CONFIG_COUNT``, so that a name or
    value with ``=`` in it is no trouble; those already there (``git -c`` of a caller) are kept, ours win.
    """
    environment = {name: value for name, value in os.environ.items() if name not in GIT_PLACES}
    try:
        count = int(environment.get("GIT_CONFIG_COUNT", "") or 0)
    except ValueError:
        count = 0
    settings = {**GIT_SETTINGS, **(extra or {})}
    for number, (key, value) in enumerate(settings.items(), count):
        environment[f"GIT_CONFIG_KEY_{number}"] = key
        environment[f"GIT_CONFIG_VALUE_{number}"] = value
    environment.update(
        GIT_CONFIG_COUNT=str(count + len(settings)),
        GIT_OPTIONAL_LOCKS="0",
        GIT_TERMINAL_PROMPT="0",
        GIT_NO_LAZY_FETCH="1",
        # Older gits do not know GIT_NO_LAZY_FETCH; no allowed transport has the same effect.
        GIT_ALLOW_PROTOCOL="none",
        LC_ALL="C.UTF-8",
        LANGUAGE="C",
    )
    return environment


def find_repository(directory: Path, *, limit: float = GIT_SECONDS) -> Path | None:
    """Top level of the work tree that holds ``directory``; None outside git, or where there is no git at all.

    Raises GitError where there is a repository that git refuses to work in, and where it does not answer within
    ``limit`` seconds.
    """
    try:
        done = run_git(directory, "rev-parse", "--show-toplevel", limit=limit)
    except FileNotFoundError:
        return None
    if done.returncode == 0:
        return Path(os.fsdecode(done.stdout.removesuffix(b"\n")))
    words = os.fsdecode(done.stderr).strip()
    if re.search(r"not a git repository \(or any", words):
        return None
    raise explain_git_refusal(directory, words)


def explain_git_refusal(directory: Path, words: str) -> GitError:
    """git's complaint about a whole repository as an error with a way out."""
    if "dubious ownership" in words:
        owned = re.search(r"repository at '(.*)'", words)
        place = owned.group(1) if owned else str(directory)
        return GitError(
            f"git refuses {place}: it belongs to another user (dubious ownership)",
            advice=f"if you trust it: git config --global --add safe.directory '{place}'",
        )
    if "must be run in a work tree" in words:
        return GitError(
            f"{directory} is in a bare repository or in .git: there are no files to change",
            advice="run rewire in a work tree (git worktree add PATH)",
        )
    words = words or "it ended without a word, as one does that was killed or had no memory"
    return GitError(f"git cannot read the repository of {directory}: {words}", advice="git fsck may say more")


def run_git(
    directory: Path, *arguments: str, settings: Mapping[str, str] | None = None, limit: float = GIT_SECONDS
) -> subprocess.CompletedProcess[bytes]:
    """A git command that only asks, with ``settings`` laid over the repository's own. It may fail.

    Raises GitError where it has not answered after ``limit`` seconds; it is killed.
    """
    try:
        return subprocess.run(
            ["git", *arguments],
            cwd=directory,
            env=git_environment(settings),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=limit,
        )
    except subprocess.TimeoutExpired:
        import shlex

        raise GitError(
            f"git {arguments[0]} has not answered for {limit:g} s in {directory}",
            advice=f"try it by hand (git -C {shlex.quote(str(directory))} status): "
            "its disk may be gone, or a file in .git be none",
        ) from None


def list_repository(top: Path) -> Listing:
    """Tracked files, and untracked ones that git does not ignore: regular files on disk, no others.

    git is asked for untracked files as soon as a look at the tracked ones meets anything that is not tracked; in a
    fresh checkout it never is.
    """
    disk = Disk(str(top))
    tracked = _names(top, run_git(top, "ls-files", "-z", "--cached"))
    with _Untracked(top) as untracked:
        present = disk.regular(tracked, strange=untracked.ask)
        names, words = untracked.answer()
    unopened = [match.group(1).rstrip("/") for match in re.finditer(r"could not open directory '(.*)': ", words)]
    present = [*present, *disk.regular(names)] if names else present
    failures = {folder: closed(folder) for folder in unopened}
    for folder in disk.closed:
        failures.setdefault(folder, closed(folder))
    # git's order is kept, in which the names are sorted but for a seam or two: sorting them again costs little.
    return Listing(list(dict.fromkeys(present)), tuple(failures.values()))


class _Untracked:
    """git's search for untracked files, at work beside this process once it was asked for."""

    def __init__(self, top: Path) -> None:
        self._top = top
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> _Untracked:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process and self._process.returncode is None:  # on the way out with an error
            self._process.kill()
            self._process.communicate()

    def ask(self) -> None:
        """Let git begin."""
        self._process = subprocess.Popen(
            ["git", "ls-files", "-z", "--others", "--exclude-standard"],
            cwd=self._top,
            env=git_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def answer(self) -> tuple[list[str], str]:
        """The untracked files, and git's complaints; nothing if git was not asked. Raises GitError."""
        if self._process is None:
            return [], ""
        said, complaints = self._process.communicate()
        done = subprocess.CompletedProcess(self._process.args, self._process.returncode, said, complaints)
        return _names(self._top, done), os.fsdecode(complaints)


def _names(top: Path, done: subprocess.CompletedProcess[bytes]) -> list[str]:
    """What git has listed. Raises GitError where it could not."""
    if done.returncode != 0:
        raise explain_git_refusal(top, os.fsdecode(done.stderr).strip())
    names = os.fsdecode(done.stdout).split("\0")
    names.pop()  # what follows the last terminator
    return [name for name in names if not name.endswith("/")] if b"/\0" in done.stdout else names
