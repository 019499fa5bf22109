"""The streams of the process: the product goes to stdout, everything else to stderr, in colour where that is wanted."""

from __future__ import annotations

import os
import sys
from typing import IO


def wants_colour(choice: str, stream: IO[str]) -> bool:
    """``--color``, then NO_COLOR and FORCE_COLOR (unless empty), then whether ``stream`` is a terminal."""
    if choice != "auto":
        return choice == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return can_redraw(stream)


def can_redraw(stream: IO[str]) -> bool:
    """True if ``stream`` is a terminal that obeys escape sequences."""
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def write_bytes(data: bytes) -> None:
    """``data`` on stdout as it is."""
    sys.stdout.flush()
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def hush() -> None:
    """The reader of stdout went away, which is its right. Python writes again at exit: give that somewhere to go."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
