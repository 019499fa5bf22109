"""What a report says about the run besides its result: how it was asked for, and what was delivered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from rewire.discover.changes import Since

Mode = Literal["dry-run", "check", "apply"]


class Delivered(NamedTuple):
    """One commit that a run made."""

    sha: str
    subject: str


class About(NamedTuple):
    """``command`` is a command line that does the same again, ``undo`` one that takes the run back (empty: none).

    ``since``: the run looked only at files that changed since a commit.
    """

    version: str
    mode: Mode
    command: str
    exit_code: int
    commits: tuple[Delivered, ...] = ()
    branch: str = ""
    undo: str = ""
    since: Since | None = None
