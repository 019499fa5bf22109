"""The argument parser as a whole, put together from the commands; light, so that ``--help`` is instant."""

from __future__ import annotations

import argparse
import re
from typing import TYPE_CHECKING, Any, NoReturn

from rewire import __version__
from rewire.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType

COMMANDS = ("apply", "fleet", "doctor", "list", "explain", "cache", "completion")

EPILOG = """\
examples:
  rewire apply --dry-run                    show what every codemod would change
  rewire apply --select relative-imports    one codemod, one commit
  rewire apply --check src                  exit 1 if there is anything to do
  rewire apply --dry-run > changes.patch    a patch that git apply takes
  rewire explain connect-timeout            what a codemod does and leaves alone
  rewire doctor                             does the project start, and if not, why

exit codes: 0 done or nothing to do, 1 --check found work, 2 usage or configuration,
3 some files failed or were rejected, 4 our own fault or git refused, 130 interrupted
"""


class Parser(argparse.ArgumentParser):
    """An argument parser whose complaints are ``UsageError`` and whose help is coloured on a terminal."""

    def __init__(self, **settings: Any) -> None:
        settings.setdefault("formatter_class", _formatter)
        settings.setdefault("allow_abbrev", False)
        super().__init__(**settings)

    def error(self, message: str) -> NoReturn:
        """Raise UsageError, with the words that come close where one is unknown."""
        unknown = re.search(r"invalid choice: '([^']*)' \(choose from (.*)\)", message)
        if unknown:
            known = re.findall(r"[\w-]+", unknown[2])
            what = "unknown command" if "argument COMMAND" in message else "invalid choice"
            hint = did_you_mean(unknown[1], known) or f" (choose from {', '.join(known)})"
            message = f"{what} {unknown[1]!r}{hint}"
        raise UsageError(message, advice=f"{self.prog} --help shows what there is")

    def parse(self, words: Sequence[str]) -> argparse.Namespace:
        """Parse a command line. Raises UsageError; exits 0 after ``--help`` or ``--version``."""
        args, extra = self.parse_known_args(words)
        if extra:
            word = extra[0]
            hint = did_you_mean(word.partition("=")[0], _option_strings(self, args.command))
            raise UsageError(f"unknown argument {word!r}{hint}", advice=f"rewire {args.command} --help shows all")
        return args


def build(only: str | None = None) -> Parser:
    """The parser of ``rewire``, with one command of ``COMMANDS`` or (None) with all.

    ``run`` in its answer is the function of the command, ``parser`` the parser itself.
    """
    parser = Parser(
        prog="rewire",
        usage="rewire COMMAND [OPTIONS]",
        description="Codemods for Python backends: planned, verified, delivered as git commits.",
        epilog=EPILOG,
    )
    parser.add_argument("-V", "--version", action="version", version=f"rewire {__version__}", help="print the version")
    commands = parser.add_subparsers(
        title="commands", metavar="COMMAND", dest="command", required=True, prog="rewire", parser_class=Parser
    )
    for name in COMMANDS:
        if only in (None, name):
            _command(name).add(commands)
    parser.set_defaults(parser=parser)
    return parser


def _command(name: str) -> ModuleType:
    """The module of a command: the others are not imported for it."""
    match name:
        case "apply":
            from rewire.cli import apply

            return apply
        case "fleet":
            from rewire.cli.fleet import command

            return command
        case "doctor":
            from rewire.cli import doctor

            return doctor
        case "list":
            from rewire.cli import list as listing

            return listing
        case "explain":
            from rewire.cli import explain

            return explain
        case "cache":
            from rewire.cli import cache

            return cache
        case _:
            from rewire.cli import completion

            return completion


def _option_strings(parser: argparse.ArgumentParser, command: str) -> Sequence[str]:
    """Every option of ``command``."""
    for action in parser._actions:  # argparse has no public way to list them
        if isinstance(action, argparse._SubParsersAction):
            return [*action.choices[command]._option_string_actions]
    return []


def _formatter(prog: str) -> argparse.HelpFormatter:
    """A formatter that keeps examples as they are written; rich's only where colours are wanted."""
    import os
    import sys

    width = min(int(os.environ.get("COLUMNS", 0)) or _terminal_width(), 110)
    if sys.stdout.isatty() or os.environ.get("FORCE_COLOR"):
        from rich_argparse import RawDescriptionRichHelpFormatter

        return RawDescriptionRichHelpFormatter(prog, max_help_position=34, width=width)
    return argparse.RawDescriptionHelpFormatter(prog, max_help_position=34, width=width)


def _terminal_width() -> int:
    """Columns of the terminal; 100 where there is none. (As ``shutil`` tells them, which brings three compressors.)"""
    import os
    import sys

    try:
        return os.get_terminal_size(sys.__stdout__.fileno()).columns or 100  # type: ignore[union-attr]
    except (AttributeError, ValueError, OSError):
        return 100
