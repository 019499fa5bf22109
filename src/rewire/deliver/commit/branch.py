"""A run as commits on a branch that nobody has checked out: objects and a ref, and nothing else in the repository.

HEAD, index and work tree stay as they are, to the last timestamp. A branch of that name is replaced only if it is,
commit for commit, what an earlier run made: refs of our own remember that.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from rewire.deliver.commit.git import Git, only_this_repository
from rewire.deliver.commit.objects import build
from rewire.deliver.commit.preconditions import (
    Ground,
    branches_in_the_way,
    index_entries,
    refuse_dirty,
    survey,
)
from rewire.deliver.commit.safety import is_safe_branch_name
from rewire.deliver.commit.series import cut
from rewire.deliver.commit.standing import inspect
from rewire.deliver.commit.values import CommitInfo, CommitOptions
from rewire.discover.repository import GIT_SECONDS, explain_git_refusal, run_git
from rewire.errors import DeliveryError, GitError, UsageError

if TYPE_CHECKING:
    from rewire.model.result import RunResult

OURS = "refs/rewire/fleet/"
"""Below it, for each branch that a run made: ``NAME/last``, its tip, and ``NAME/next``, the tip it is about to have.

A branch is ours and unmodified while it is at one of the two. ``next`` is there only while the branch is moved, so that
a run that is killed in between does not take its own work for somebody else's.
"""


@dataclass(frozen=True, slots=True)
class Place:
    """Where HEAD stands: the commit, and the full name of the branch (None: detached)."""

    head: str
    branch: str | None


@dataclass(frozen=True, slots=True)
class Draft:
    """Commits that exist as objects and that no branch names yet. ``earlier`` is the tip of our own branch so far."""

    ground: Ground
    branch: str
    earlier: str | None
    commits: tuple[CommitInfo, ...]

    @property
    def base(self) -> str:
        """The commit on which the first of them stands."""
        return self.ground.head

    @property
    def tip(self) -> str:
        """The last of them."""
        return self.commits[-1].sha


def require_branch_name(name: str) -> None:
    """Raise UsageError if no branch can be called ``name``. Asks git, but no repository."""
    if not is_safe_branch_name(Git(Path.cwd()), name):
        raise UsageError(f"{name!r} cannot be the name of a branch", advice="git help check-ref-format has the rules")


def shared_directory(root: Path, *, limit: float = GIT_SECONDS) -> Path:
    """The directory that holds the refs of the repository at ``root``: one for all of its work trees.

    Raises GitError, also where git has not said so after ``limit`` seconds.
    """
    done = run_git(root, "rev-parse", "--git-common-dir", limit=limit)
    if done.returncode:
        raise explain_git_refusal(root, os.fsdecode(done.stderr).strip())
    return (root / os.fsdecode(done.stdout.removesuffix(b"\n"))).resolve()


def find_place(root: Path) -> Place:
    """Where HEAD of the repository at ``root`` stands. Raises GitError where there is no commit yet."""
    with only_this_repository():
        git = Git(root)
        head = git.answer("rev-parse", "--verify", "--quiet", "HEAD^{commit}")
        if head is None:
            raise GitError("the repository has no commit yet", advice="commit its files first")
        return Place(head, git.answer("symbolic-ref", "--quiet", "HEAD"))


def find_branch(root: Path, name: str) -> str | None:
    """The tip of the branch ``name``; None if there is none."""
    with only_this_repository():
        return Git(root).answer("rev-parse", "--verify", "--quiet", f"refs/heads/{name}^{{commit}}")


def tracked_files(root: Path) -> frozenset[str]:
    """The files that git tracks: all that a branch can consist of."""
    with only_this_repository():
        return frozenset(Git(root).records("ls-files", "-z", "--cached"))


def preflight_branch(root: Path, branch: str | None) -> None:
    """Raise GitError if a run over ``root`` could not be committed to ``branch`` (None: to any)."""
    with only_this_repository():
        ground = survey(root, CommitOptions())
        if branch is not None:
            _claim(ground, branch)
        _require_clean(ground)


def draft(result: RunResult, options: CommitOptions) -> Draft | None:
    """Build the commits of ``result`` for ``options.branch``; None where nothing changes that git stores.

    Where an earlier run has made the same commits on the same base, they are taken as they are.
    """
    assert options.branch is not None
    root = result.before.root
    touched = {file.path for outcome in result.outcomes for file in outcome.changeset.files}
    born = {file.path for outcome in result.outcomes for file in outcome.changeset.files if file.before is None}
    if not touched:
        return None
    with only_this_repository():
        ground = survey(root, CommitOptions())
        earlier = _claim(ground, options.branch)
        _require_clean(ground)
        entries = index_entries(ground, tuple(sorted(touched - born)))
        inspect(root, result.net_changes())
        try:
            commits = build(ground, root, list(cut(result, options.per)), entries, options.command)
        except OSError as error:
            raise DeliveryError(
                f"could not build the commits: {error.filename}: {error.strerror}; nothing was changed",
                advice="the temporary directory (TMPDIR) needs room for the changed files",
            ) from error
        if not commits:
            return None
        if earlier is not None and _log(ground, earlier) == _log(ground, commits[-1].sha):
            names = ground.git.run("rev-list", "--reverse", f"{ground.head}..{earlier}").decode().split()
            commits = [
                CommitInfo(sha, made.subject, made.codemod, made.paths)
                for sha, made in zip(names, commits, strict=True)
            ]
        return Draft(ground, options.branch, earlier, tuple(commits))


def publish(made: Draft) -> None:
    """Let the branch name the commits. Raises GitError, with everything as it was, where git says no."""
    ref = f"refs/heads/{made.branch}"
    own = _own_refs(made.branch)
    with only_this_repository():
        git = made.ground.git
        now = Place(git.line("rev-parse", "--verify", "HEAD^{commit}"), git.answer("symbolic-ref", "--quiet", "HEAD"))
        if now != Place(made.ground.head, made.ground.branch):
            raise GitError("HEAD has moved while rewire was at work", advice="run rewire again")
        old = made.earlier or "0" * len(made.tip)
        git.run("update-ref", own.next, made.tip)
        git.run("update-ref", "--create-reflog", "-m", "rewire fleet", ref, made.tip, old)
        git.run("update-ref", own.last, made.tip)
        git.run("update-ref", "-d", own.next)


def _require_clean(ground: Ground) -> None:
    """Raise GitError where a tracked file is not as HEAD has it: what the run reads is what the commits begin from."""
    try:
        refuse_dirty(ground, None, CommitOptions())
    except GitError as error:
        raise GitError(error.message, advice="commit or stash them, and run again") from None


def _claim(ground: Ground, name: str) -> str | None:
    """The tip of our own, unmodified branch ``name``, None if there is none. Raises GitError for anybody else's."""
    git = ground.git
    if ground.branch == f"refs/heads/{name}":
        raise GitError(
            f"the branch {name} itself is checked out",
            advice="git switch to the branch that the work is to start from, or choose another --branch",
        )
    for taken in branches_in_the_way(git, name):
        if taken != name:
            raise GitError(f"there is a branch {taken} already", advice=f"git cannot hold {name} beside it: rename one")
    tip = git.answer("rev-parse", "--verify", "--quiet", f"refs/heads/{name}^{{commit}}")
    if tip is None:
        return None
    own = _own_refs(name)
    if tip not in {git.answer("rev-parse", "--verify", "--quiet", one) for one in (own.last, own.next)}:
        raise GitError(
            f"there is a branch {name} already, and it is not (or no longer) what rewire fleet made",
            advice="rename or delete it if you are done with it, or choose another --branch",
        )
    place = os.fsdecode(git.run("for-each-ref", "--format=%(worktreepath)", f"refs/heads/{name}")).strip("\n")
    if place:
        raise GitError(f"the branch {name} is checked out in {place}", advice="git switch to another branch there")
    return tip


@dataclass(frozen=True, slots=True)
class _OwnRefs:
    last: str
    next: str


def _own_refs(branch: str) -> _OwnRefs:
    """The refs that remember what we made of ``branch``: its slashes quoted, so that ``a/b`` can follow ``a``."""
    folder = OURS + quote(branch, safe="", errors="surrogateescape")
    return _OwnRefs(f"{folder}/last", f"{folder}/next")


def _log(ground: Ground, tip: str) -> bytes:
    """Trees and messages of the commits since HEAD; the name of ``tip`` where it does not come after HEAD."""
    git = ground.git
    if git.attempt("merge-base", "--is-ancestor", ground.head, tip)[0]:
        return tip.encode()
    return git.run("log", "--reverse", "--format=%T%x00%B%x00", f"{ground.head}..{tip}")
