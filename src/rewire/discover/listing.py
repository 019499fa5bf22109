"""What a look at the disk gives: files, and directories that would not be looked into."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rewire.model.result import Failure

if TYPE_CHECKING:
    from collections.abc import Sequence


class Listing(NamedTuple):
    """Files under one directory, relative to it, in any order, and the directories that could not be read."""

    files: Sequence[str]
    failures: Sequence[Failure] = ()


def closed(folder: str) -> Failure:
    """A directory that the operating system does not let rewire list."""
    return Failure(
        folder or ".",
        "unreadable",
        "permission denied: the directory could not be listed",
        "make it readable, or leave it out (--exclude, .gitignore)",
    )
