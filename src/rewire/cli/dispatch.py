"""From words to an exit code: parse, run the command, and turn every exception into a line and a number."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING

from rewire.errors import RewireError
from rewire.model.result import EXIT_FAULT
from rewire.report.escape import visible

if TYPE_CHECKING:
    from collections.abc import Sequence

ISSUES = "the project's issue tracker"


def dispatch(words: Sequence[str]) -> int:
    """Run the command that ``words`` name. Never raises, but for SystemExit (``--help``) and KeyboardInterrupt."""
    from rewire.cli.parser import build

    verbose = "--verbose" in words or "-v" in words
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a terminal that lacks a character still shows the rest
    try:
        args = build().parse(words)
        code: int = args.run(args)
        sys.stdout.flush()
        return code
    except RewireError as error:
        if verbose and error.exit_code == EXIT_FAULT:
            _print_traceback()
        return _complain(error.message, error.advice, error.exit_code)
    except BrokenPipeError:
        from rewire.cli.screen import hush

        hush()
        return 0
    except Exception as error:
        if verbose:
            _print_traceback()
        return _complain(
            f"internal error: {type(error).__name__}: {error}",
            f"this is a fault in rewire; please report it at {ISSUES}"
            + (" with the traceback above" if verbose else " with what --verbose prints"),
            EXIT_FAULT,
        )


def _complain(message: str, advice: str, code: int) -> int:
    """Say on stderr what is wrong and what to do; return ``code``."""
    sys.stderr.write(f"rewire: {visible(message)}\n")
    if advice:
        sys.stderr.write(f"  -> {visible(advice)}\n")
    return code


def _print_traceback() -> None:
    """The traceback of the exception in flight, on stderr."""
    import traceback

    sys.stderr.write(visible(traceback.format_exc()))
