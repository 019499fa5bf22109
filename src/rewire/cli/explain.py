"""``rewire explain``: what a codemod does, its options, its refusal codes and its promise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import argparse


def add(commands: Any) -> None:
    """Put the command into the parser."""
    parser = commands.add_parser(
        "explain",
        help="what a codemod does, and what it leaves alone",
        usage="rewire explain CODEMOD [OPTIONS]",
        description="What a codemod does, before and after, its options, its refusal codes and its promise.",
    )
    parser.add_argument("codemod", metavar="CODEMOD", help="a name that rewire list shows")
    parser.add_argument("--format", choices=("text", "markdown"), default="text", help="text (default) or markdown")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the codemod's page."""
    import shutil
    import sys

    from rewire import registry
    from rewire.config.convert import describe
    from rewire.config.options import option_types
    from rewire.report import page

    loaded = registry.load()
    codemod = loaded.get(args.codemod)
    rows = page.option_rows(codemod, {name: describe(kind) for name, kind in option_types(codemod).items()})
    body = loaded.page(codemod)
    if args.format == "markdown":
        sys.stdout.write(page.markdown(codemod, body, rows))
    else:
        sys.stdout.write(page.text(codemod, body, rows, min(shutil.get_terminal_size((100, 24)).columns, 110)))
    return 0
