"""Every exception that rewire raises on purpose.

    RewireError                 exit code 4 unless a subclass says otherwise
    ├── UsageError              exit code 2: the command line asks for something that does not exist
    │   └── ConfigError         exit code 2: a configuration file is wrong, with the exact place
    ├── GitError                exit code 4: git refused, or the repository is in no state to commit
    ├── DeliveryError           exit code 4: the disk refused, nothing (or everything) was written
    ├── ClusterError            exit code 4: a dask cluster that is not there, runs other code, or lost its workers
    └── SourceError             one file; becomes a ``Failure`` value, never ends a run
        ├── NotPython           the text is not Python that LibCST reads
        │   └── NestedTooDeeply it may be Python, but nested deeper than a parser goes
        └── NotLossless         LibCST would not give the file's own bytes back

Expected trouble with *one file* is a value (``rewire.model.Failure``), not an exception that crosses a station;
``SourceError`` exists so that a parser's complaint can travel from the syntax rooms to the station that turns it
into that value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class RewireError(Exception):
    """Root of the tree. ``advice`` tells the user the way out; ``exit_code`` is the process's exit code."""

    exit_code = 4

    def __init__(self, message: str, *, advice: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice


class UsageError(RewireError):
    """The command line names a codemod, option, path or value that does not exist."""

    exit_code = 2


class ConfigError(UsageError):
    """A configuration file is malformed; the message holds file, key path and what was expected."""


class GitError(RewireError):
    """git refused, or the repository's state (merge in progress, no commit yet, ...) forbids a commit."""


class DeliveryError(RewireError):
    """Writing failed; the message says what is on disk now."""


class ClusterError(RewireError):
    """A dask.distributed cluster cannot be reached, would give other bytes, or has no worker left."""


class SourceError(RewireError):
    """One file cannot be worked on. Caught by the stations and turned into a ``Failure``."""

    code = "unreadable"

    def __init__(self, message: str, *, line: int = 0, advice: str = "") -> None:
        super().__init__(message, advice=advice)
        self.line = line


class NotPython(SourceError):
    """The text is not Python as LibCST reads it; ``line`` is 1-based (0: unknown)."""

    code = "unparsable"


class NestedTooDeeply(NotPython):
    """Brackets, operators or blocks are nested deeper than a parser can go, whichever Python they are meant for."""


class NotLossless(SourceError):
    """LibCST parses the text but would not print the same characters again."""

    code = "not-lossless"


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The tail of a message about an unknown ``word``: ``; did you mean 'x'?``, or empty if nothing comes close."""
    from difflib import get_close_matches

    close = get_close_matches(word, sorted(known), n=2, cutoff=0.6)
    return f"; did you mean {' or '.join(repr(candidate) for candidate in close)}?" if close else ""
