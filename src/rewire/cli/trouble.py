"""What went wrong, on stderr: one line, what to do about it, and the exit code that goes with it."""

from __future__ import annotations

import sys

from rewire.errors import RewireError
from rewire.model.result import EXIT_FAULT
from rewire.report.escape import visible

ISSUES = "the project's issue tracker"


def tell(error: Exception, *, verbose: bool) -> int:
    """Say what is wrong and what to do; the traceback too where that is wanted and the fault may be ours."""
    if isinstance(error, RewireError):
        message, advice, code = error.message, error.advice, error.exit_code
    else:
        message, code = f"internal error: {type(error).__name__}: {error}", EXIT_FAULT
        advice = f"this is a fault in rewire; please report it at {ISSUES}"
        advice += " with the traceback above" if verbose else " with what --verbose prints"
    if verbose and code == EXIT_FAULT:
        import traceback

        sys.stderr.write(visible("".join(traceback.format_exception(error))))
    sys.stderr.write(f"rewire: {visible(message)}\n")
    if advice:
        sys.stderr.write(f"  -> {visible(advice)}\n")
    return code
