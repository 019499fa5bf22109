"""Run, show, wait, and again: until Ctrl-C, or until nobody reads any more."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

from rewire.cli.request import read_request
from rewire.cli.screen import hush
from rewire.cli.trouble import tell
from rewire.cli.watch.rounds import announce, make_round, say_waiting
from rewire.cli.watch.scope import Scope, own_files
from rewire.cli.watch.watcher import Watcher, require_watchfiles
from rewire.errors import RewireError, UsageError

if TYPE_CHECKING:
    import argparse

    from rewire.cli.request import Asked


def watch(args: argparse.Namespace) -> int:
    """Show the dry run that ``args`` ask for, and again after every change, until Ctrl-C or a closed pipe (0).

    What is wrong at the start is raised as in any run; later on it is shown, and watching goes on. Raises
    UsageError, also for a run that would write, and KeyboardInterrupt.
    """
    _require_live_dry_run(args)
    asked = read_request(args, None)
    with Watcher() as watcher:
        asked = _follow(args, asked, watcher)
        number = 0
        try:
            while True:
                number += 1
                looked_into = make_round(args, asked, number)
                gc.collect()  # seldom done in a run, for speed; here nobody waits, and rounds must not add up
                asked = _next(args, Scope(asked, own_files(args.output, asked.request.cache), looked_into), watcher)
        except BrokenPipeError:
            hush()
            return 0


def _require_live_dry_run(args: argparse.Namespace) -> None:
    """Raise UsageError for what cannot be watched."""
    if not (args.dry_run or args.check):
        raise UsageError("--watch never writes", advice="add --dry-run; to apply the changes, run without --watch")
    if args.executor != "local":
        raise UsageError(
            f"--watch and --executor {args.executor} do not go together", advice="leave one of the two out"
        )
    require_watchfiles()


def _follow(args: argparse.Namespace, asked: Asked, watcher: Watcher) -> Asked:
    """Watch the folders of ``asked``; what came into new ones before they were watched is read anew."""
    while watcher.follow(Scope(asked).folders):
        asked = read_request(args, None)
    return asked


def _next(args: argparse.Namespace, scope: Scope, watcher: Watcher) -> Asked:
    """Wait for a change that asks for another run. A request that is wrong is told, and has to be corrected first."""
    wrong = False
    while True:
        changed = watcher.wait()
        paths = None if changed is None else scope.concerns(changed)
        if paths is not None and not paths:
            continue
        if wrong or paths is None or scope.needs_reading(paths):
            try:
                fresh = _follow(args, read_request(args, None), watcher)
            except RewireError as error:
                wrong = True
                tell(error, verbose=args.verbose)
                say_waiting(args, "nothing is run until that is corrected")
                continue
        else:
            fresh = scope.asked
        reasons = scope.reasons(fresh, paths or ())
        if wrong or paths is None or reasons:
            announce(args, reasons or paths or ())
            return fresh
