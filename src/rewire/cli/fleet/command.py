"""``rewire fleet``: one configuration over many repositories, a branch and a patch series for each, one summary."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rewire.cli.fleet.orders import DRY_RUN, TIME_LIMIT, read_orders

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from rewire.fleet.summary import Summary
    from rewire.fleet.values import Record
    from rewire.fleet.visit import Orders, Visited

EPILOG = """\
REPOS.txt holds one path a line, relative to itself; lines that begin with # are comments. Every repository
is there already: nothing is cloned or fetched. HEAD, index and work tree of each stay as they are; files that
git does not track are not looked at. An interrupted fleet goes on with the same command: what is done is not
done again, and what failed, or took too long, is tried again.

examples:
  rewire fleet repos.txt --output out --dry-run                        what would change, and why not
  rewire fleet repos.txt --output out --branch rewire/imports          commits on a branch, patches in out
  rewire fleet repos.txt --output out --branch b --config fleet.toml   with these codemods and options

exit codes: 0 every repository is done or has nothing to change, 2 usage or configuration, 3 some repository
failed or is incomplete (the others are done), 4 our own fault, or no output can be written, 130 interrupted
"""


def add(commands: Any) -> None:
    """Put the command into the parser."""
    parser = commands.add_parser(
        "fleet",
        help="apply codemods to many repositories, a branch and patches for each",
        usage="rewire fleet REPOS.txt --output DIR --branch NAME [OPTIONS]",
        description="Apply one configuration to many repositories: a branch, a patch series and a report for each.",
        epilog=EPILOG,
    )
    parser.add_argument("repos", metavar="REPOS.txt", help="the list of repositories; - for stdin")
    what = parser.add_argument_group("what to apply")
    what.add_argument("--config", metavar="FILE", help="the fleet's configuration; default: every default codemod")
    what.add_argument("--select", metavar="CODEMOD", action="append", default=[], help="only this one; repeatable")
    what.add_argument("--ignore", metavar="CODEMOD", action="append", default=[], help="all but this one; repeatable")
    what.add_argument(
        "--set", metavar="CODEMOD.OPTION=VALUE", dest="sets", action="append", default=[], help="an option of a codemod"
    )
    what.add_argument(
        "--exclude", metavar="PATTERN", action="append", default=[], help="leave files alone, as .gitignore writes it"
    )
    how = parser.add_argument_group("what to do with it")
    how.add_argument("--output", metavar="DIR", help="folder for patches, reports, summary and state; required")
    how.add_argument("--branch", metavar="NAME", help="make the commits on this branch; required but for --dry-run")
    how.add_argument("-n", "--dry-run", action="store_true", help=f"write to no repository; results in DIR/{DRY_RUN}")
    how.add_argument("--commit-per", choices=("codemod", "file", "site"), help="size of a commit; default: codemod")
    again = how.add_mutually_exclusive_group()
    again.add_argument("--resume", action="store_true", help="go on where an earlier run stopped; the default")
    again.add_argument("--restart", action="store_true", help="do every repository again")
    how.add_argument("--jobs", metavar="N", help="worker processes; default: one a processor")
    how.add_argument(
        "--time-limit",
        metavar="TIME",
        default=TIME_LIMIT,
        help=f"what a repository may take: 90s, 30m, 2h, none; default: {TIME_LIMIT}. One that takes longer is failed",
    )
    how.add_argument("--no-cache", action="store_true", help="neither use nor keep what other runs learned")
    show = parser.add_argument_group("what to show")
    show.add_argument("--format", choices=("text", "json", "markdown"), default="text", help="default: text")
    show.add_argument("-q", "--quiet", action="store_true", help="no line for each repository that is through")
    show.add_argument("-v", "--verbose", action="store_true", help="every repository by name; tracebacks")
    show.add_argument("--color", choices=("auto", "always", "never"), default="auto", help="default: auto")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Visit every repository of the list that has not been done yet, and sum up all of them."""
    from rewire.cli.screen import hush
    from rewire.fleet import state

    orders, jobs = read_orders(args)
    with state.alone(orders.output):
        records = _visit_all(args, orders, jobs)
        summary = _sum_up(args, orders, records)
    try:
        _show(args, summary)
        sys.stdout.flush()
    except BrokenPipeError:
        hush()
    return summary.exit_code


def _visit_all(args: argparse.Namespace, orders: Orders, jobs: int) -> tuple[Record, ...]:
    """The records of the whole list. Raises KeyboardInterrupt, saying how far the fleet had come."""
    from rewire.errors import UsageError
    from rewire.fleet import listing
    from rewire.fleet.run import run_fleet

    lines = listing.read_list(*_read_list(args.repos))
    earlier = _earlier(args, orders)
    listed = listing.resolve(lines, earlier)
    for record in listed:
        if record.status == "pending" and orders.output.resolve().is_relative_to(record.path):
            raise UsageError(
                f"--output {args.output} lies inside {record.path}, which is in the list",
                advice="name a folder outside the repositories",
            )
    if args.restart:
        again = {record.path for record in listed}
        earlier = {path: record for path, record in earlier.items() if path not in again}
    through = 0

    def tell(visited: Visited, done: int, total: int) -> None:
        nonlocal through
        through = done
        if not args.quiet:
            from rewire.fleet.text import progress

            sys.stderr.write(f"{progress(visited, done, total)}\n")

    total = sum(record.status == "pending" for record in listed)
    try:
        return run_fleet(orders, listed, earlier, jobs=jobs, tell=tell)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"{through} of {total} repositories are through; the same command goes on") from None


def _earlier(args: argparse.Namespace, orders: Orders) -> dict[str, Record]:
    """The records of the state. A state that cannot be read is let go where all is to be done again."""
    from rewire.errors import UsageError
    from rewire.fleet import state

    try:
        return state.load(orders.output)
    except UsageError:
        if args.restart:
            return {}
        raise


def _read_list(name: str) -> tuple[bytes, Path]:
    """The list's bytes, and the directory that its paths are relative to. Raises UsageError."""
    from rewire.errors import UsageError

    if name == "-":
        return sys.stdin.buffer.read(), Path.cwd()
    path = Path(name).absolute()
    try:
        return path.read_bytes(), path.parent
    except OSError as error:
        raise UsageError(f"{name}: cannot be read: {error.strerror}", advice="name the list of repositories") from error


def _sum_up(args: argparse.Namespace, orders: Orders, records: Sequence[Record]) -> Summary:
    """The summary, kept in the output as JSON and Markdown."""
    from rewire import __version__
    from rewire.fleet import markdown
    from rewire.fleet.state import write_whole
    from rewire.fleet.summary import render_json, summarise

    output = str(Path(args.output) / DRY_RUN if args.dry_run else Path(args.output))
    summary = summarise(records, version=__version__, branch=orders.branch, output=output, command=_command(args))
    write_whole(orders.output / "summary.json", render_json(summary).encode())
    write_whole(orders.output / "summary.md", markdown.render(summary).encode())
    return summary


def _command(args: argparse.Namespace) -> str:
    """A command line that runs the same fleet."""
    import shlex

    line = ["rewire", "fleet", args.repos]
    for option, values in (
        ("--config", [args.config] if args.config else []),
        ("--select", args.select),
        ("--ignore", args.ignore),
        ("--set", args.sets),
        ("--exclude", args.exclude),
        ("--commit-per", [args.commit_per] if args.commit_per else []),
        ("--time-limit", [args.time_limit] if args.time_limit != TIME_LIMIT else []),
        ("--branch", [args.branch] if args.branch else []),
        ("--output", [args.output]),
    ):
        for value in values:
            line += [option, value]
    return shlex.join([*line, *(["--dry-run"] if args.dry_run else [])])


def _show(args: argparse.Namespace, summary: Summary) -> None:
    """The summary on stdout, in the format that was asked for."""
    from rewire.cli.screen import wants_colour

    if args.format == "json":
        from rewire.fleet.summary import render_json

        sys.stdout.write(render_json(summary))
    elif args.format == "markdown":
        from rewire.fleet import markdown

        sys.stdout.write(markdown.render(summary))
    else:
        from rewire.fleet.text import lines
        from rewire.report.console import open_console, print_line

        console = open_console(sys.stdout, colour=wants_colour(args.color, sys.stdout))
        for text, style in lines(summary, everything=args.verbose):
            print_line(console, text, style)
