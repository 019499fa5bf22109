"""From words to an exit code: parse, run the command, and turn every exception into a line and a number."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING

from rewire.cli.trouble import tell

if TYPE_CHECKING:
    from collections.abc import Sequence


def dispatch(words: Sequence[str]) -> int:
    """Run the command that ``words`` name. Never raises, but for SystemExit (``--help``) and KeyboardInterrupt."""
    from rewire.cli.parser import COMMANDS, build

    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a terminal that lacks a character still shows the rest
    try:
        # Only completion looks at the parsers of other commands.
        only = words[0] if words and words[0] in COMMANDS and words[0] != "completion" else None
        args = build(only).parse(words)
        code: int = args.run(args)
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        from rewire.cli.screen import hush

        hush()
        return 0
    except Exception as error:
        return tell(error, verbose="--verbose" in words or "-v" in words)
