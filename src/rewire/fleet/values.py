"""What is known of each repository of a fleet, and what became of it. Written to the state file as it stands here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Status = Literal["done", "unchanged", "failed", "duplicate", "pending"]
"""``done``: commits on the branch (or, in a dry run, changes shown); ``unchanged``: nothing to do; ``failed``: with a
reason, and nothing was written to the repository; ``duplicate``: an earlier line names the same repository;
``pending``: not reached yet."""


@dataclass(frozen=True, slots=True)
class Figures:
    """One codemod in one repository. ``found`` = ``changed`` + ``refused`` + ``suppressed``; ``files`` were changed."""

    codemod: str
    promise: str
    files: int
    found: int
    changed: int
    refused: int
    suppressed: int


@dataclass(frozen=True, slots=True)
class RefusedPlaces:
    """The places that one codemod left in one repository, by code. Empty words: they differ from place to place."""

    codemod: str
    code: str
    places: int
    reason: str
    advice: str


@dataclass(frozen=True, slots=True)
class CommitMade:
    """One commit of a branch, oldest first."""

    sha: str
    subject: str


@dataclass(frozen=True, slots=True)
class Record:
    """What became of one repository.

    ``path`` is its top level (or the line as it was written, where that leads to none), ``folder`` the name of its
    folder in the output. ``key`` is a digest of everything that the answer depends on, ``head`` the commit it began
    from, ``base`` the branch that was checked out (empty: a detached HEAD), ``tip`` the end of the branch that was
    made, ``written`` the names of the files in the folder, patches first. ``files_changed`` counts each file once,
    ``files_failed`` those that could not be read, ``files_rejected`` those whose rewriting a check turned down.
    """

    path: str
    line: int
    folder: str = ""
    status: Status = "pending"
    reason: str = ""
    advice: str = ""
    key: str = ""
    head: str = ""
    base: str = ""
    tip: str = ""
    commits: tuple[CommitMade, ...] = ()
    written: tuple[str, ...] = ()
    figures: tuple[Figures, ...] = ()
    refused: tuple[RefusedPlaces, ...] = ()
    files_seen: int = 0
    files_changed: int = 0
    files_failed: int = 0
    files_rejected: int = 0
    notes: tuple[str, ...] = ()
    seconds: float = 0.0

    @property
    def is_whole(self) -> bool:
        """True if this repository needs nobody's attention: done, all of it, or nothing to do."""
        if self.status == "duplicate":
            return True
        return self.status in ("done", "unchanged") and not (self.files_failed or self.files_rejected)
