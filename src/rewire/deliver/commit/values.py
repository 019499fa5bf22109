"""What a user may ask of the commits, and what they get to know about them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Grain = Literal["codemod", "file", "site"]


@dataclass(frozen=True, slots=True)
class CommitOptions:
    """How to commit a run.

    ``per``: one commit a codemod, a file or a site. Changes that stand or fall together (a ``group``, a shared
    statement) stay in one commit whatever ``per`` says. ``branch``: make this branch at the new commits and switch to
    it, None: move the current one. ``allow_dirty``: uncommitted changes in files that the run does not touch are
    fine. ``command``: the command line of the run, for the commit message.
    """

    per: Grain = "codemod"
    branch: str | None = None
    allow_dirty: bool = False
    command: str = ""


@dataclass(frozen=True, slots=True)
class CommitInfo:
    """One commit that was made. ``sha`` is its full name, ``paths`` what it touches, sorted."""

    sha: str
    subject: str
    codemod: str
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CommitReport:
    """The commits of a run, oldest first; none where nothing changed.

    ``branch`` is the branch that holds them, None on a detached HEAD. ``undo_command`` takes all of them back and
    keeps uncommitted work; empty where there is nothing to take back.
    """

    commits: tuple[CommitInfo, ...]
    branch: str | None
    undo_command: str
