"""``rewire fleet``: one configuration over many repositories, a branch and a patch series for each, one summary."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import argparse
    from collections.abc import Container, Sequence

    from rewire.config.values import Config
    from rewire.discover import Discovered
    from rewire.fleet.summary import Summary
    from rewire.fleet.values import Record
    from rewire.fleet.visit import Orders, Visited
    from rewire.pipeline import Request, Selected

EPILOG = """\
REPOS.txt holds one path a line, relative to itself; lines that begin with # are comments. Every repository
is there already: nothing is cloned or fetched. HEAD, index and work tree of each stay as they are; files that
git does not track are not looked at. An interrupted fleet goes on with the same command: what is done is not
done again.

examples:
  rewire fleet repos.txt --output out --dry-run                        what would change, and why not
  rewire fleet repos.txt --output out --branch rewire/imports          commits on a branch, patches in out
  rewire fleet repos.txt --output out --branch b --config fleet.toml   with these codemods and options

exit codes: 0 every repository is done or has nothing to change, 2 usage or configuration, 3 some repository
failed or is incomplete (the others are done), 4 our own fault, or no output can be written, 130 interrupted
"""

DRY_RUN = "dry-run"
"""The folder of a dry run within the output: it is resumed by itself, and is nothing that a real run goes on with."""


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

    orders, jobs = _read_orders(args)
    with state.alone(orders.output):
        records = _visit_all(args, orders, jobs)
        summary = _sum_up(args, orders, records)
    try:
        _show(args, summary)
        sys.stdout.flush()
    except BrokenPipeError:
        hush()
    return summary.exit_code


def _read_orders(args: argparse.Namespace) -> tuple[Orders, int]:
    """What to do in every repository, and with how many processes. Raises UsageError and ConfigError."""
    from rewire import config, registry
    from rewire.cache.store import default_path
    from rewire.cli.request import read_jobs, select_codemods
    from rewire.config.values import Config
    from rewire.fleet.visit import Orders
    from rewire.workers import default_jobs

    settings = config.load(Path(), Path(args.config)) if args.config else Config()
    installed = registry.load()
    config.check_tables(settings, installed.codemods, [one.name for one in installed.broken])
    _require_fleet_settings(args, settings)
    selected = select_codemods(args, settings, installed)
    exclude = (*settings.exclude, *args.exclude)
    branch = None if args.dry_run else args.branch
    output = Path(args.output).absolute()
    orders = Orders(
        prepare=_Preparation(selected, exclude, None if args.no_cache else default_path()),
        output=output / DRY_RUN if args.dry_run else output,
        branch=branch,
        per=args.commit_per or settings.commit_per or "codemod",
        command=_reproduce(selected, exclude, branch),
        digest=_digest(selected, exclude),
        packages=("rewire", "libcst", *_packages(selected)),
    )
    return orders, read_jobs(args.jobs) or settings.jobs or default_jobs()


def _require_fleet_settings(args: argparse.Namespace, settings: Config) -> None:
    """Raise UsageError or ConfigError for what is missing, or cannot hold for many repositories."""
    from rewire.deliver.commit.branch import require_branch_name
    from rewire.errors import ConfigError, UsageError

    if not args.output:
        raise UsageError("--output DIR is missing", advice="name the folder for patches, reports and the summary")
    if not args.dry_run:
        if not args.branch:
            raise UsageError("--branch NAME is missing", advice="name the branch that the commits go to, or --dry-run")
        require_branch_name(args.branch)
    for key, value in (("roots", settings.roots), ("launch", settings.launch)):
        if value:
            raise ConfigError(
                f"{settings.source}: {key} is a fact about one repository, and no setting of a fleet",
                advice="put it into the configuration of that repository, where the fleet will read it",
            )


@dataclass(frozen=True, slots=True)
class _Preparation:
    """The fleet's codemods on one repository's own facts: its roots, launches, and what it keeps from being changed."""

    selected: tuple[Selected, ...]
    exclude: tuple[str, ...]
    cache: Path | None

    def __call__(self, top: Path, own: Config, tracked: Container[str], jobs: int) -> Request:
        from rewire.cli.request import project_settings
        from rewire.discover import discover
        from rewire.pipeline import Request

        discovered = _limit(discover([top], exclude=(*self.exclude, *own.exclude)), tracked)
        return Request(
            discovered=discovered,
            codemods=self.selected,
            jobs=jobs,
            settings=project_settings(own, (), discovered),
            cache=self.cache,
        )


def _limit(discovered: Discovered, tracked: Container[str]) -> Discovered:
    """The project as the branch holds it: files that git does not track are neither changed nor looked at."""
    return replace(
        discovered,
        selected=tuple(path for path in discovered.selected if path in tracked),
        context=tuple(path for path in discovered.context if path in tracked),
        others=tuple(path for path in discovered.others if path in tracked),
    )


def _reproduce(selected: Sequence[Selected], exclude: Sequence[str], branch: str | None) -> str:
    """A command line that does the same in one repository, with everything that the fleet's configuration says."""
    import json
    import shlex

    line = ["rewire", "apply"]
    for one in selected:
        line += ["--select", one.codemod.name]
    for one in selected:
        for name, value in one.explicit_options.items():
            shown = value if isinstance(value, str) else json.dumps(value)
            line += ["--set", f"{one.codemod.name}.{name.replace('_', '-')}={shown}"]
    for pattern in exclude:
        line += ["--exclude", pattern]
    return shlex.join([*line, *(["--branch", branch] if branch else ["--dry-run"])])


def _packages(selected: Sequence[Selected]) -> list[str]:
    """The packages that the codemods come from."""
    return sorted({type(one.codemod).__module__.partition(".")[0] for one in selected})


def _digest(selected: Sequence[Selected], exclude: Sequence[str]) -> str:
    """A digest of the configuration and of the code that carries it out."""
    import json

    from rewire import __version__
    from rewire.cache.store import key_of
    from rewire.cache.values import fingerprint

    options = [one.codemod.describe_options(one.options) for one in selected]
    codemods = [(one.codemod.name, one.codemod.version) for one in selected]
    settings = json.dumps([codemods, options, list(exclude)], sort_keys=True, default=str)
    return key_of("fleet", __version__, fingerprint("rewire", *_packages(selected)), settings).hex()


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
