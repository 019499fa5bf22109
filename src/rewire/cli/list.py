"""``rewire list``: the codemods that are installed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import argparse


def add(commands: Any) -> None:
    """Put the command into the parser."""
    parser = commands.add_parser(
        "list",
        help="the codemods that are installed",
        usage="rewire list [OPTIONS]",
        description="The codemods that are installed, in the order in which a run applies them.",
    )
    parser.add_argument("--format", choices=("text", "json"), default="text", help="text (default) or json")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print a line for each codemod: name, promise, summary; broken plug-ins after them."""
    import sys

    from rewire import registry
    from rewire.report.escape import one_line

    loaded = registry.load()
    if args.format == "json":
        import json

        rows = [
            {
                "name": codemod.name,
                "summary": codemod.summary,
                "promise": str(codemod.promise),
                "default": codemod.default,
                "package": type(codemod).__module__.rpartition(".")[0],
            }
            for codemod in loaded.codemods.values()
        ]
        broken = [{"name": one.name, "reason": one.reason} for one in loaded.broken]
        sys.stdout.write(json.dumps({"schema_version": 1, "codemods": rows, "broken": broken}, indent=2) + "\n")
        return 0
    width = max((len(name) for name in loaded.codemods), default=0)
    for codemod in loaded.codemods.values():
        only = "" if codemod.default else " (only when selected by name)"
        sys.stdout.write(f"{codemod.name:{width}}  {codemod.promise:8}  {codemod.summary}{only}\n")
    if not loaded.codemods:
        sys.stderr.write("no codemod is installed\n")
    for one in loaded.broken:
        sys.stderr.write(f"{one_line(one.name)}: cannot be loaded: {one_line(one.reason)}\n")
    return 0
