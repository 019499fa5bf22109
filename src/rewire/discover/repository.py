"""The files of a git repository, as git lists them, with every program switched off that its settings could name."""

from __future__ import annotations

import os
import re
import stat
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from rewire.discover.listing import Listing, closed
from rewire.errors import GitError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rewire.model.result import Failure

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


def find_repository(directory: Path) -> Path | None:
    """Top level of the work tree that holds ``directory``; None outside git, or where there is no git at all.

    Raises GitError where there is a repository that git refuses to work in.
    """
    try:
        done = run_git(directory, "rev-parse", "--show-toplevel")
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
    return GitError(f"git cannot read the repository of {directory}: {words}", advice="git fsck may say more")


def run_git(
    directory: Path, *arguments: str, settings: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    """A git command that only asks, with ``settings`` laid over the repository's own. It may fail."""
    return subprocess.run(
        ["git", *arguments],
        cwd=directory,
        env=git_environment(settings),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )


def list_repository(top: Path) -> Listing:
    """Tracked files, and untracked ones that git does not ignore: regular files on disk, no others."""
    done = run_git(top, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    words = os.fsdecode(done.stderr)
    if done.returncode != 0:
        raise explain_git_refusal(top, words.strip())
    # git's order is kept, in which the names are sorted but for a seam or two: sorting them again costs little.
    names = dict.fromkeys(name for name in os.fsdecode(done.stdout).split("\0") if name and not name.endswith("/"))
    unopened = [match.group(1).rstrip("/") for match in re.finditer(r"could not open directory '(.*)': ", words)]
    failures = {folder: closed(folder) for folder in unopened}
    return _keep_real_files(top, names, failures)


def _keep_real_files(top: Path, names: Iterable[str], failures: dict[str, Failure]) -> Listing:
    """Those of ``names`` that are regular files on disk, reached without a symbolic link."""
    base = str(top)
    real: dict[str, bool] = {"": True}
    present: set[str] = set()
    for folder in sorted({name.rpartition("/")[0] for name in names}):
        prefix = f"{folder}/" if folder else ""
        try:
            if not _is_real_folder(base, folder, real):
                continue
            with os.scandir(f"{base}/{folder}") as entries:
                for entry in entries:
                    if entry.is_file(follow_symlinks=False):
                        present.add(f"{prefix}{entry.name}")
                    else:
                        real[f"{prefix}{entry.name}"] = entry.is_dir(follow_symlinks=False)
        except OSError:
            failures.setdefault(folder, closed(folder))
    return Listing([name for name in names if name in present], tuple(failures.values()))


def _is_real_folder(base: str, folder: str, known: dict[str, bool]) -> bool:
    """True if ``folder`` is a directory, and all above it are; ``known`` holds those that were seen already.

    Raises OSError where the operating system does not say.
    """
    answer = known.get(folder)
    if answer is None:
        parent = folder.rpartition("/")[0]
        try:
            answer = _is_real_folder(base, parent, known) and stat.S_ISDIR(os.lstat(f"{base}/{folder}").st_mode)
        except FileNotFoundError:
            answer = False
        known[folder] = answer
    return answer
