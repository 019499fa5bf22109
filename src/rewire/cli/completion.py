"""``rewire completion``: a completion script for the user's shell, made by shtab from the parser itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import argparse

SHELLS = ("bash", "zsh", "tcsh")

EPILOG = """\
examples:
  rewire completion bash > ~/.local/share/bash-completion/completions/rewire
  rewire completion zsh > ~/.zfunc/_rewire
"""


def add(commands: Any) -> None:
    """Put the command into the parser."""
    parser = commands.add_parser(
        "completion",
        help="print a completion script for a shell",
        usage="rewire completion SHELL",
        description="Print a script that completes rewire's commands, options and the installed codemods' names.",
        epilog=EPILOG,
    )
    parser.add_argument("shell", metavar="SHELL", choices=SHELLS, help="bash, zsh or tcsh")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the script."""
    import sys

    import shtab

    from rewire import registry

    _offer_names(args.parser, sorted(registry.load().codemods))
    sys.stdout.write(shtab.complete(args.parser, args.shell) + "\n")
    return 0


def _offer_names(parser: Any, names: list[str]) -> None:
    """Let the parser, which completes and does not parse here, know the codemods' names and what a path is."""
    for action in parser._actions:
        for subparser in (getattr(action, "choices", None) or {}).values() if action.dest == "command" else ():
            _offer_names(subparser, names)
        if action.dest in {"select", "ignore", "codemod"}:
            action.choices = names
        if action.dest in {"paths", "config", "output"}:
            action.complete = {"bash": "_shtab_compgen_files", "zsh": "_files", "tcsh": "f"}
