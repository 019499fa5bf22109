"""``rewire cache``: where the remembered answers are kept, and how to be rid of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import argparse


def add(commands: Any) -> None:
    """Put the command into the parser."""
    parser = commands.add_parser(
        "cache",
        help="show or remove what runs remember",
        usage="rewire cache path|clean",
        description="The file in which runs keep facts about files by their content. It can be removed at any time.",
    )
    parser.add_argument("action", metavar="ACTION", choices=("path", "clean"), help="path: print it; clean: remove it")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the file's path, or remove it."""
    import sys

    from rewire.cache.store import default_path, remove
    from rewire.errors import DeliveryError, UsageError

    path = default_path()
    if path is None:
        raise UsageError("there is no home directory, and so no cache", advice="REWIRE_CACHE_DIR says where to keep it")
    if args.action == "path":
        sys.stdout.write(f"{path}\n")
        return 0
    try:
        removed = remove(path)
    except OSError as error:
        raise DeliveryError(f"{path}: cannot be removed: {error.strerror}") from error
    sys.stdout.write(f"removed {path}\n" if removed else f"nothing to remove at {path}\n")
    return 0
