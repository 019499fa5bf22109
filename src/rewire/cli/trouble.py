"""What went wrong, on stderr: one line, what to do about it, and the exit code that goes with it."""

from __future__ import annotations

import errno
import os
import sys
from contextlib import suppress

from rewire.errors import RewireError
from rewire.model.result import EXIT_FAULT
from rewire.report.escape import visible

ISSUES = "the project's issue tracker"

SHORT_OF = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE, errno.EAGAIN, errno.ENOMEM, errno.EIO, errno.EROFS}
)
"""What a system says that has no more room, files, processes or memory: no fault of the program's."""


def tell(error: Exception, *, verbose: bool) -> int:
    """Say what is wrong and what to do; the traceback too where that is wanted and the fault may be ours."""
    if isinstance(error, RewireError):
        message, advice, code = error.message, error.advice, error.exit_code
    elif isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno in SHORT_OF):
        message, code = f"the system has no more to give: {_words(error)}", EXIT_FAULT
        advice = "make room (disk, memory, open files, processes: ulimit -a), or try --jobs 1; then run again"
    else:
        message, code = f"internal error: {type(error).__name__}: {error}", EXIT_FAULT
        advice = f"this is a fault in rewire; please report it at {ISSUES}"
        advice += " with the traceback above" if verbose else " with what --verbose prints"
    if verbose and code == EXIT_FAULT:
        import traceback

        _say(visible("".join(traceback.format_exception(error))))
    _say(f"rewire: {visible(message)}\n")
    if advice:
        _say(f"  -> {visible(advice)}\n")
    return code


def _words(error: Exception) -> str:
    """What the system says, and of which file."""
    if not isinstance(error, OSError):
        return "out of memory"
    return f"{error.strerror} ({os.fsdecode(error.filename)})" if error.filename else str(error.strerror)


def _say(text: str) -> None:
    """On stderr; where that is full or gone, the exit code has to do."""
    with suppress(OSError):
        sys.stderr.write(text)
        sys.stderr.flush()
