"""One round of watching: the run, what it shows, and where it ends for a reader behind a pipe."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from rewire import __version__
from rewire.cli.product import show, wants_patch
from rewire.cli.screen import can_redraw, wants_colour, write_bytes
from rewire.cli.trouble import tell
from rewire.report.about import About
from rewire.report.console import open_console, shorten
from rewire.report.progress import ProgressBar
from rewire.report.tally import count

if TYPE_CHECKING:
    import argparse
    from collections.abc import Collection

    from rewire.cli.request import Asked
    from rewire.model.result import RunResult

ENDS = {"diff": "# rewire: end of run {}\n", "markdown": "<!-- rewire: end of run {} -->\n"}
"""What stands after each run's product on a pipe: ``git apply`` and Markdown take no notice. JSON tells its own end."""


def make_round(args: argparse.Namespace, asked: Asked, number: int) -> frozenset[str] | None:
    """One run, shown. Whatever goes wrong in it is shown in its place. Raises BrokenPipeError.

    Returns the files that are not Python on which the answer depends; None if there was no answer.
    """
    told = ""
    looked_into: frozenset[str] | None = None
    try:
        result = _run(args, asked)
        _clear()
        about = About(
            __version__,
            "check" if args.check else "dry-run",
            asked.command,
            result.exit_code(check=args.check),
            since=asked.since,
        )
        show(args, result, about)
        looked_into = result.asked
    except BrokenPipeError:
        raise
    except Exception as error:  # a run that meets half-written files may fail in any way; the next finds them whole
        tell(error, verbose=args.verbose)
        told = " (failed)"
    end = ENDS.get(_product_on_a_pipe(args))
    if end:
        write_bytes(end.format(f"{number}{told}").encode())
    found = asked.request.discovered
    say_waiting(args, f"watching {count(len(found.selected) + len(found.context), 'Python file')}; Ctrl-C ends")
    _get_ready()
    return looked_into


def announce(args: argparse.Namespace, paths: Collection[str]) -> None:
    """Say what changed, before the run that follows from it."""
    what = shorten(sorted(paths)) if paths else "something"
    say_waiting(args, f"{what} changed; looking again")


def say_waiting(args: argparse.Namespace, words: str) -> None:
    """A line about the watching itself, beside the summary."""
    stream = sys.stdout if sys.stdout.isatty() else sys.stderr
    if not args.quiet:
        open_console(stream, colour=wants_colour(args.color, stream)).print(words, style="dim")
    sys.stdout.flush()
    sys.stderr.flush()


def _run(args: argparse.Namespace, asked: Asked) -> RunResult:
    """The run itself, with a progress bar where there is a terminal."""
    from rewire.pipeline import run

    with ProgressBar(sys.stderr, colour=wants_colour(args.color, sys.stderr)) as bar:
        listens = can_redraw(sys.stderr) and not args.quiet
        return run(replace(asked.request, progress=bar if listens else None))


def _get_ready() -> None:
    """While the next change is waited for: LibCST, which else a process of its own would load in every round."""
    from rewire.verify.accept import workshop

    workshop()


def _clear() -> None:
    """An empty screen, where there is one; what was on it can still be scrolled to."""
    if can_redraw(sys.stdout):
        from rich.console import Console

        Console(file=sys.stdout, force_terminal=True, legacy_windows=False).clear()


def _product_on_a_pipe(args: argparse.Namespace) -> str:
    """The format that a reader behind a pipe gets; empty if there is none."""
    if args.output or sys.stdout.isatty():
        return ""
    return args.format or ("diff" if wants_patch(args) else "")
