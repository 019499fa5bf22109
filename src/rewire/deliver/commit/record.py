"""The run recorded as commits: look, cut, build, land, and say what was made."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from rewire.deliver.commit.git import only_this_repository
from rewire.deliver.commit.landing import land
from rewire.deliver.commit.objects import build
from rewire.deliver.commit.preconditions import index_entries, refuse_dirty, survey
from rewire.deliver.commit.series import cut
from rewire.deliver.commit.standing import inspect
from rewire.deliver.commit.values import CommitOptions, CommitReport
from rewire.errors import DeliveryError

if TYPE_CHECKING:
    from rewire.deliver.commit.preconditions import Ground
    from rewire.model.result import RunResult


def commit(result: RunResult, options: CommitOptions | None = None) -> CommitReport:
    """Commit ``result`` and move the work tree to it. Raises GitError with the repository as it was."""
    options = options or CommitOptions()
    root = result.before.root
    files = result.net_changes()
    touched = {file.path for outcome in result.outcomes for file in outcome.changeset.files}
    with only_this_repository():
        ground = survey(root, options)
        here = options.branch or _short(ground.branch)
        if not touched:
            return CommitReport((), _short(ground.branch), "")
        born = {file.path for outcome in result.outcomes for file in outcome.changeset.files if file.before is None}
        refuse_dirty(ground, tuple(sorted(touched)), options)
        entries = index_entries(ground, tuple(sorted(touched - born)))
        inspect(root, files)
        try:
            commits = build(ground, root, list(cut(result, options.per)), entries, options.command)
        except OSError as error:
            raise DeliveryError(
                f"could not build the commits: {error.filename}: {error.strerror}; nothing was changed",
                advice="the temporary directory (TMPDIR) needs room for the changed files",
            ) from error
        if not commits:
            return CommitReport((), _short(ground.branch), "")
        land(ground, root, commits[-1].sha, options.branch, files)
    return CommitReport(tuple(commits), here, _undo(ground, options))


def _short(branch: str | None) -> str | None:
    return branch.removeprefix("refs/heads/") if branch else None


def _undo(ground: Ground, options: CommitOptions) -> str:
    if options.branch is None:
        return f"git reset --keep {ground.head[:12]}"
    old = _short(ground.branch)
    back = shlex.quote(old) if old else f"--detach {ground.head[:12]}"
    return f"git switch {back} && git branch -D {shlex.quote(options.branch)}"
