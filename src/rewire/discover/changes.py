"""Which files changed since a commit: committed, staged, in the work tree, or new.

A revision stands for the place where ``HEAD`` and it parted (git's merge base), as in ``git diff --merge-base`` and
in a pull request: what others did on ``main`` meanwhile is not what this branch changed. Of a commit that ``HEAD``
already holds (``HEAD``, ``HEAD~3``, the last tag) it stands for that commit itself.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rewire.discover.repository import run_git
from rewire.errors import GitError, UsageError, did_you_mean

if TYPE_CHECKING:
    from pathlib import Path

HASH_SHOWN = 12
"""Characters of a commit's name that tell it apart in any repository that we know of."""


@dataclass(frozen=True, slots=True)
class Since:
    """``revision`` as the user named it, the ``commit`` (a whole hash) it stands for, and the ``paths`` that differ.

    ``paths`` are relative to the repository's top level; those of deleted files are among them.
    """

    revision: str
    commit: str
    paths: frozenset[str]

    @property
    def shown(self) -> str:
        """The commit's name as people read it, and as git takes it."""
        return self.commit[:HASH_SHOWN]


def changed_since(top: Path, revision: str) -> Since:
    """What differs between ``revision`` and the work tree of ``top``, staged or not, and every untracked file.

    A renamed file counts under its new name. ``revision`` may end in ``...``, git's own spelling of the same question.
    Raises UsageError for a revision that git does not know or that has no history in common with ``HEAD``.
    """
    commit = _find_base(top, _find_commit(top, revision), revision)
    committed = _paths(
        top, "diff-index", "-z", "--cached", "--name-only", "--no-renames", "--ignore-submodules", commit, "--"
    )
    # ls-files compares contents where the file times say nothing, and would start the filters of .gitattributes.
    present = _paths(top, "ls-files", "-z", "--modified", "--others", "--exclude-standard", settings=_no_filters(top))
    return Since(revision, commit, committed | present)


def _find_commit(top: Path, revision: str) -> str:
    """The commit's whole hash. Raises UsageError."""
    name = revision.removesuffix("...")
    if ".." in name:
        raise UsageError(
            f"--since {revision}: a range, where one commit is expected",
            advice="name the commit to compare with: the other side is always the work tree",
        )
    why = ""
    if name and not name.startswith(("-", "^")):  # git would take it for an option, or for its opposite
        done = run_git(top, "rev-parse", "--verify", name)
        if done.returncode == 0:  # a second step: in ``:/words^{commit}`` all would be words to search for
            done = run_git(top, "rev-parse", "--verify", f"{os.fsdecode(done.stdout).strip()}^{{commit}}")
        if done.returncode == 0:
            return os.fsdecode(done.stdout).strip()
        why = _reason(os.fsdecode(done.stderr))
    names = os.fsdecode(run_git(top, "for-each-ref", "--format=%(refname:short)").stdout).split()
    raise UsageError(
        f"--since {revision}: git knows no commit of that name{why}{did_you_mean(name, names)}",
        advice=_fetch_advice(top) or "git log and git branch --all show what there is",
    )


def _reason(words: str) -> str:
    """What git has to say besides that it knows no such commit: an ambiguous hash, a branch without upstream."""
    lines = [line.partition(": ")[2] or line for line in words.splitlines()]
    telling = [line for line in lines if line and "Needed a single revision" not in line]
    return f" ({telling[0]})" if telling else ""


def _find_base(top: Path, commit: str, revision: str) -> str:
    """Where ``HEAD`` and ``commit`` parted. Raises UsageError where they have nothing in common."""
    done = run_git(top, "merge-base", "HEAD", commit)
    if done.returncode == 0:
        return os.fsdecode(done.stdout).split()[0]
    words = os.fsdecode(done.stderr).strip()
    raise UsageError(
        f"--since {revision}: it has no commit in common with HEAD{f' ({words})' if words else ''}",
        advice=_fetch_advice(top) or "name a commit of this branch's own history",
    )


def _fetch_advice(top: Path) -> str:
    """The way out of a clone that holds only part of the history; empty for a whole one."""
    if run_git(top, "rev-parse", "--is-shallow-repository").stdout.strip() != b"true":
        return ""
    return (
        "this clone is shallow: git fetch --unshallow brings the whole history (in CI, a checkout of full depth: "
        "fetch-depth: 0 for actions/checkout, GIT_DEPTH: 0 for GitLab), and git fetch origin BRANCH the branch"
    )


def _no_filters(top: Path) -> dict[str, str]:
    """Settings that switch off every filter that any configuration defines: which files changed needs no program."""
    done = run_git(top, "config", "-z", "--name-only", "--get-regexp", r"^filter\..*\.(clean|smudge|process|required)$")
    keys = os.fsdecode(done.stdout).split("\0")[:-1]
    return {key: "false" if key.endswith(".required") else "" for key in keys}


def _paths(top: Path, *arguments: str, settings: dict[str, str] | None = None) -> frozenset[str]:
    """A ``-z`` list of paths. Raises GitError."""
    done = run_git(top, *arguments, settings=settings)
    if done.returncode:
        words = os.fsdecode(done.stderr).strip()
        raise GitError(
            f"git {arguments[0]} failed: {words}",
            advice="a partial clone lacks what it must compare with: git fetch it first" if "promisor" in words else "",
        )
    return frozenset(os.fsdecode(done.stdout).split("\0")[:-1])
