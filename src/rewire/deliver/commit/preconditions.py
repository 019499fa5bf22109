"""Is the repository in a state in which commits can be made, and is nobody's work in their way?

Called before a run for what can be known then, and again, with the paths that change, before anything is written.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rewire.deliver.commit.git import Git, only_this_repository
from rewire.deliver.commit.safety import (
    Programs,
    is_safe_branch_name,
    read_programs,
    refuse_distrusted_filters,
    wants_signature,
)
from rewire.deliver.commit.values import CommitOptions
from rewire.errors import GitError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

SHOWN = 10
"""How many file names an error lists."""

LANDING = "refs/worktree/rewire/landing"
"""Names the new tip while git moves this work tree to it: what is left of it tells of a run that was killed then."""

SECOND_NAME = "rewire-second-name-"
"""How the names begin that keep hard-linked files while git moves the work tree; in the git directory."""

_UNDER_WAY = (
    ("MERGE_HEAD", "a merge", "git merge --continue, or git merge --abort"),
    ("rebase-merge", "a rebase", "git rebase --continue, or git rebase --abort"),
    ("rebase-apply", "a rebase or git am", "git rebase --continue, or git rebase --abort"),
    ("CHERRY_PICK_HEAD", "a cherry-pick", "git cherry-pick --continue, or git cherry-pick --abort"),
    ("REVERT_HEAD", "a revert", "git revert --continue, or git revert --abort"),
    ("sequencer", "a series of cherry-picks or reverts", "git cherry-pick --continue, or git cherry-pick --quit"),
    ("BISECT_LOG", "a bisection", "git bisect reset"),
)


@dataclass(frozen=True, slots=True)
class Ground:
    """The repository as it was found: what every later step builds on.

    ``head`` is the commit that HEAD names, ``branch`` the full name of the ref it stands on (None: detached),
    ``directory`` this work tree's git directory, ``sign`` whether commits are to be signed.
    """

    git: Git
    head: str
    branch: str | None
    directory: Path
    programs: Programs
    sign: bool


@dataclass(frozen=True, slots=True)
class Entry:
    """A file in the index: its mode (``100644``, ``100755``) and ``ls-files -v``'s tag (``H``: nothing special)."""

    mode: str
    tag: str


def preflight(root: Path, paths: Sequence[str] | None = None, options: CommitOptions | None = None) -> None:
    """Raise GitError, naming the way out, if a run over ``root`` could not be committed.

    ``root`` is the work tree's top level. ``paths`` are the files that the run would change or delete, None before
    they are known.
    """
    options = options or CommitOptions()
    with only_this_repository():
        ground = survey(root, options)
        refuse_dirty(ground, None if paths is None else tuple(paths), options)
        if paths:
            index_entries(ground, tuple(paths))


def survey(root: Path, options: CommitOptions) -> Ground:
    """Look at the repository as a whole. Raises GitError where its state forbids a commit."""
    git = Git(root)
    directory = _git_directory(git, root)
    programs = read_programs(git)
    git.overlay(programs.overlay)
    _refuse_interrupted(git, directory)
    _refuse_unfinished(directory)
    head = git.answer("rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    if head is None:
        raise GitError("the repository has no commit yet", advice="commit your files first, or use --no-commit")
    branch = git.answer("symbolic-ref", "--quiet", "HEAD")
    if branch:
        # A branch may carry merge options of its own (--no-ff, --squash); they are not meant for this.
        git.overlay({f"branch.{branch.removeprefix('refs/heads/')}.mergeOptions": ""})
    for role in ("AUTHOR", "COMMITTER"):
        _require_identity(git, role)
    if options.branch is not None:
        _refuse_branch(git, options.branch)
    return Ground(git, head, branch, directory, programs, wants_signature(git, programs))


def refuse_dirty(ground: Ground, paths: tuple[str, ...] | None, options: CommitOptions) -> None:
    """Raise GitError for conflicts, for changes in ``paths``, and, unless allowed, for any change in a tracked file."""
    changed, conflicts = _changed_files(ground.git)
    if conflicts:
        raise GitError(f"files with conflicts: {_names(conflicts)}", advice="resolve and commit them first")
    in_the_way = sorted(set(changed).intersection(paths or ()))
    if in_the_way:
        raise GitError(
            f"uncommitted changes in files that the run would change: {_names(in_the_way)}",
            advice="commit or stash them, or leave the files out (--exclude)",
        )
    if changed and not options.allow_dirty:
        raise GitError(
            f"uncommitted changes: {_names(changed)}",
            advice="commit or stash them, or pass --allow-dirty: files that the run does not touch stay as they are",
        )


def index_entries(ground: Ground, paths: tuple[str, ...]) -> dict[str, Entry]:
    """The index entries of ``paths``, all of which must be ordinary tracked files. Raises GitError otherwise."""
    wanted = set(paths)
    entries: dict[str, Entry] = {}
    for record in ground.git.records("ls-files", "-z", "-v", "--stage"):
        head, _, path = record.partition("\t")
        if path in wanted:
            tag, mode, _, _ = head.split(" ")
            entries[path] = Entry(mode, tag)
    unknown = sorted(wanted - set(entries))
    if unknown:
        raise GitError(
            f"files that git does not track would change: {_names(unknown)}",
            advice="commit them first (git add), or leave them out (--exclude, .gitignore)",
        )
    hidden = sorted(path for path, entry in entries.items() if entry.tag != "H")
    if hidden:
        raise GitError(
            f"git is told not to look at files that would change: {_names(hidden)}",
            advice="git update-index --no-assume-unchanged --no-skip-worktree, or leave them out (--exclude)",
        )
    special = sorted(path for path, entry in entries.items() if entry.mode not in ("100644", "100755"))
    if special:
        raise GitError(f"not ordinary files for git: {_names(special)}", advice="leave them out (--exclude)")
    refuse_distrusted_filters(ground.git, ground.programs, paths)
    return entries


def _git_directory(git: Git, root: Path) -> Path:
    if git.line("rev-parse", "--is-bare-repository") == "true":
        raise GitError(f"{root} is a bare repository", advice="run rewire in a work tree (git worktree add PATH)")
    top = git.line("rev-parse", "--show-toplevel")
    if Path(top).resolve() != root.resolve():
        raise GitError(f"{root} is not the top level of its repository, {top}", advice="report this as our fault")
    return Path(git.line("rev-parse", "--absolute-git-dir"))


def _refuse_unfinished(directory: Path) -> None:
    for name, what, advice in _UNDER_WAY:
        if (directory / name).exists():
            raise GitError(f"{what} is in progress in this repository", advice=f"finish it first: {advice}")
    lock = directory / "index.lock"
    if lock.exists():
        raise GitError(
            f"the index is locked ({lock})",
            advice="another git command is at work, or died: wait, or remove that file if there is none",
        )


def _refuse_interrupted(git: Git, directory: Path) -> None:
    tip = git.answer("rev-parse", "--verify", "--quiet", f"{LANDING}^{{commit}}")
    if tip is None:
        return
    head = git.answer("rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    moving = set() if head is None else set(git.records("diff-tree", "-r", "-z", "--name-only", head, tip))
    changed, conflicts = _changed_files(git)
    if not moving.intersection(changed + conflicts):
        git.run("update-ref", "-d", LANDING, tip)
        _remove_second_names(directory)
        return
    raise GitError(
        "an earlier run was killed while git was moving the work tree",
        advice=f"git status shows the files in between (remove {directory / 'index.lock'} if no git is at work). To go "
        f"back: git restore --staged --worktree on those files; to go on, then: git merge --ff-only {tip[:12]}; "
        f"to leave all as it is: git update-ref -d {LANDING}",
    )


def _remove_second_names(directory: Path) -> None:
    for second in directory.glob(f"{SECOND_NAME}*"):
        owner = second.name.removeprefix(SECOND_NAME).partition("-")[0]
        try:
            os.kill(int(owner), 0)
        except ProcessLookupError:
            second.unlink(missing_ok=True)
        except (OSError, ValueError):
            continue


def _changed_files(git: Git) -> tuple[list[str], list[str]]:
    """Tracked files with uncommitted changes, and those with conflicts."""
    changed: list[str] = []
    conflicts: list[str] = []
    for record in git.records(
        "status", "--porcelain=v2", "-z", "--untracked-files=no", "--ignore-submodules=all", "--no-renames"
    ):
        kind, _, rest = record.partition(" ")
        if kind == "u":
            conflicts.append(rest.split(" ", 9)[9])
        elif kind == "1":
            changed.append(rest.split(" ", 7)[7])
    return changed, conflicts


def _require_identity(git: Git, role: str) -> None:
    status, _, words = git.attempt("var", f"GIT_{role}_IDENT")
    if status:
        reason = words.splitlines()[-1] if words else "unknown"
        raise GitError(
            f"git does not know who the {role.lower()} is: {reason.removeprefix('fatal: ')}",
            advice='git config --global user.name "Your Name"; git config --global user.email you@example.org',
        )


def _refuse_branch(git: Git, name: str) -> None:
    if not is_safe_branch_name(git, name):
        raise UsageError(f"{name!r} cannot be the name of a branch", advice="git help check-ref-format has the rules")
    for taken in branches_in_the_way(git, name):
        raise GitError(
            f"there is a branch {taken} already",
            advice="choose another name for --branch, or delete that one",
        )


def branches_in_the_way(git: Git, name: str) -> list[str]:
    """Branches that keep git from making one called ``name``: itself, one above it, those below it."""
    parts = name.split("/")
    above = {"/".join(parts[:count]) for count in range(1, len(parts) + 1)}
    found = git.run("for-each-ref", "--format=%(refname)", f"refs/heads/{parts[0]}")
    refs = found.decode("utf-8", "surrogateescape").splitlines()
    taken = [ref.removeprefix("refs/heads/") for ref in refs]
    return [one for one in taken if one in above or one.startswith(f"{name}/")]


def _names(paths: Iterable[str]) -> str:
    names = sorted(paths)
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
