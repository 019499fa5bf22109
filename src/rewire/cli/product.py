"""What ``apply`` prints: the product (patch, JSON, Markdown) on stdout or in a file, the summary beside it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from rewire.errors import DeliveryError

if TYPE_CHECKING:
    import argparse

    from rewire.model.result import RunResult
    from rewire.report.about import About

Format = Literal["diff", "json", "markdown"]


def wants_patch(args: argparse.Namespace) -> bool:
    """True if the product is the net change as a patch."""
    shown = args.output or not sys.stdout.isatty()
    return bool(_wanted(args, real=not (args.dry_run or args.check)) == "diff" and shown and not _is_silent(args))


def _wanted(args: argparse.Namespace, *, real: bool) -> Format | None:
    wanted: Format | None = args.format
    return wanted or ("diff" if args.output or not real else None)


def _is_silent(args: argparse.Namespace) -> bool:
    """True if only the exit code is wanted."""
    return bool(args.quiet and args.check and not args.format and not args.output)


def show(args: argparse.Namespace, result: RunResult, about: About) -> None:
    """Print what was asked for.

    A dry run's product is a diff: coloured and by codemod on a terminal, else a patch for ``git apply``. A real run has
    none unless a format is named. The summary shares stdout with a diff on a terminal and goes to stderr otherwise.
    """
    from rewire.cli.screen import wants_colour, write_bytes
    from rewire.report.console import Summary, open_console

    wanted = _wanted(args, real=about.mode == "apply")
    summary = sys.stdout
    if wanted and args.output:
        _write(Path(args.output), _render(wanted, result, about))
    elif wanted == "diff" and sys.stdout.isatty():
        from rewire.report import diff

        colour = wants_colour(args.color, sys.stdout)
        for piece in diff.render(result, colour=colour):
            sys.stdout.write(piece)
    elif wanted and not _is_silent(args):
        write_bytes(_render(wanted, result, about))
        summary = sys.stderr
    if not args.quiet:
        console = open_console(summary, colour=wants_colour(args.color, summary))
        Summary(console, everything=args.verbose).show(result, about)


def _render(wanted: Format, result: RunResult, about: About) -> bytes:
    """The product's bytes."""
    if wanted == "json":
        from rewire.report import ledger

        return ledger.render(result, about).encode()
    if wanted == "markdown":
        from rewire.report import markdown

        return markdown.render(result, about).encode()
    if result.rendered:
        return result.rendered.patch
    from rewire.deliver import patch

    return patch.render(result)


def _write(path: Path, data: bytes) -> None:
    """Write the product. Raises DeliveryError."""
    try:
        path.write_bytes(data)
    except OSError as error:
        raise DeliveryError(f"{path}: cannot be written: {error.strerror}") from error
