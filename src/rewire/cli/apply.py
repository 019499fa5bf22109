"""``rewire apply``: plan, rewrite, verify, and deliver as commits, files or a patch."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from rewire.errors import DeliveryError, UsageError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from rewire.cli.request import Asked
    from rewire.deliver.commit import CommitOptions
    from rewire.model.result import RunResult
    from rewire.report.about import About, Mode

EPILOG = """\
examples:
  rewire apply --dry-run                              what would change, and what would not and why
  rewire apply                                        one git commit for each codemod
  rewire apply src --select connect-timeout           one codemod, on one folder
  rewire apply --check --since origin/main            only what this branch changed
  rewire apply --dry-run --watch                      a dry run on every save
  rewire apply --set connect-timeout.replace=strip    an option of a codemod
  rewire apply --dry-run --format markdown            the body of a pull request
  rewire apply --branch rewire/imports                commits on a new branch
"""

ROOM = "make room, or send it elsewhere with --output FILE"


def add(commands: Any) -> None:
    """Put the command into the parser."""
    parser = commands.add_parser(
        "apply",
        help="apply codemods, one commit each",
        usage="rewire apply [PATHS ...] [OPTIONS]",
        description="Apply codemods to the Python files under PATHS (default: here), one git commit for each.",
        epilog=EPILOG,
    )
    parser.add_argument("paths", metavar="PATHS", nargs="*", help="files and folders; default: the current one")
    _add_what(parser.add_argument_group("what to apply"))
    _add_delivery(parser.add_argument_group("what to do with it"))
    _add_output(parser.add_argument_group("what to show"))
    parser.set_defaults(run=run)


def _add_what(group: Any) -> None:
    """The options that say what is applied, and to what."""
    group.add_argument("--select", metavar="CODEMOD", action="append", default=[], help="only this one; repeatable")
    group.add_argument("--ignore", metavar="CODEMOD", action="append", default=[], help="all but this one; repeatable")
    group.add_argument(
        "--set", metavar="CODEMOD.OPTION=VALUE", dest="sets", action="append", default=[], help="an option of a codemod"
    )
    group.add_argument(
        "--exclude", metavar="PATTERN", action="append", default=[], help="leave files alone, as .gitignore writes it"
    )
    group.add_argument("--since", metavar="REV", help="only files that changed since REV, committed or not")
    group.add_argument(
        "--launch", metavar="COMMAND", action="append", default=[], help="how the project is started; repeatable"
    )
    group.add_argument("--config", metavar="FILE", help="this configuration, and no search for one")
    group.add_argument("--jobs", metavar="N", help="worker processes; default: one a processor")
    group.add_argument(
        "--executor", choices=("local", "dask"), default="local", help="where files are worked on; default: local"
    )
    group.add_argument("--scheduler", metavar="ADDRESS", help="of a dask cluster: tcp://HOST:PORT; default: one here")
    group.add_argument("--no-cache", action="store_true", help="neither use nor keep what other runs learned")


def _add_delivery(group: Any) -> None:
    """The options that say where the changes go."""
    group.add_argument("-n", "--dry-run", action="store_true", help="write nothing; show the changes")
    group.add_argument("--check", action="store_true", help="a dry run that exits 1 if there is anything to do")
    group.add_argument("--watch", action="store_true", help="a dry run that is made again whenever the project changes")
    group.add_argument("--commit-per", choices=("codemod", "file", "site"), help="size of a commit; default: codemod")
    group.add_argument("--branch", metavar="NAME", help="make the commits on a new branch of this name")
    group.add_argument("--no-commit", action="store_true", help="write the files, make no commit")
    group.add_argument("--allow-dirty", action="store_true", help="other files may hold work that is not committed")


def _add_output(group: Any) -> None:
    """The options that say what is printed."""
    group.add_argument("--format", choices=("diff", "json", "markdown"), help="what a dry run prints; default: diff")
    group.add_argument("--output", metavar="FILE", help="write that to FILE instead of stdout")
    group.add_argument("-q", "--quiet", action="store_true", help="no summary")
    group.add_argument("-v", "--verbose", action="store_true", help="every refusal, timings, tracebacks")
    group.add_argument("--color", choices=("auto", "always", "never"), default="auto", help="default: auto")


def run(args: argparse.Namespace) -> int:
    """Apply the codemods that the command line and the configuration ask for."""
    if args.watch:
        from rewire.cli.watch.loop import watch

        return watch(args)
    import sys

    from rewire.cli.request import read_request
    from rewire.cli.screen import can_redraw, hush, wants_colour
    from rewire.report.progress import ProgressBar

    with ProgressBar(sys.stderr, colour=wants_colour(args.color, sys.stderr)) as bar, ExitStack() as ending:
        asked = read_request(args, bar if can_redraw(sys.stderr) and not args.quiet else None)
        if asked.request.executor:
            ending.callback(asked.request.executor.close)
        if not (args.dry_run or args.check):
            _require_delivery(args, asked)
        from rewire.pipeline import run as run_pipeline

        result = run_pipeline(asked.request)
    from rewire.cli.product import show

    with _interrupted("in the middle of writing: git log and git status show whether the run was delivered"):
        about = _deliver(args, asked, result)
    done = "nothing was written" if about.mode != "apply" else "the run had been delivered"
    with _interrupted(done):
        try:
            show(args, result, about)
            sys.stdout.flush()
        except BrokenPipeError:
            hush()
        except OSError as error:
            raise DeliveryError(f"what was to be shown could not be: {error.strerror}; {done}", advice=ROOM) from error
        except DeliveryError as error:
            raise DeliveryError(f"{error.message}; {done}", advice=error.advice) from error
    return about.exit_code


@contextmanager
def _interrupted(words: str) -> Iterator[None]:
    """Let Ctrl-C say how far the run had come, where nobody has said so already."""
    try:
        yield
    except KeyboardInterrupt as error:
        raise KeyboardInterrupt(str(error) or words) from None


def _require_delivery(args: argparse.Namespace, asked: Asked) -> None:
    """Refuse early what could not be delivered in the end. Raises UsageError or GitError."""
    from pathlib import Path

    if args.output and not Path(args.output).parent.is_dir():
        raise UsageError(f"--output {args.output}: there is no such folder", advice="make it first")
    if args.no_commit:
        if args.branch:
            raise UsageError("--branch and --no-commit do not go together", advice="leave one of the two out")
        return
    discovered = asked.request.discovered
    if discovered.repository is None:
        raise UsageError(
            f"{discovered.root} is not in a git repository, so there is nothing to commit to",
            advice="--dry-run shows the changes, --no-commit writes the files",
        )
    from rewire.deliver.commit import preflight

    preflight(discovered.repository, options=_commit_options(args, asked))


def _commit_options(args: argparse.Namespace, asked: Asked) -> CommitOptions:
    """How the run is to be committed."""
    from rewire.deliver.commit import CommitOptions

    return CommitOptions(asked.commit_per, args.branch, args.allow_dirty, asked.command)


def _deliver(args: argparse.Namespace, asked: Asked, result: RunResult) -> About:
    """Write the result where it belongs, and say what was written."""
    from rewire import __version__
    from rewire.report.about import About, Delivered

    mode: Mode = "check" if args.check else "dry-run" if args.dry_run else "apply"
    about = About(__version__, mode, asked.command, result.exit_code(check=args.check), since=asked.since)
    if mode != "apply" or not result.has_changes:
        return about
    if args.no_commit:
        from rewire.deliver import disk

        with _interrupted("nothing was written"):
            disk.write(result)
        return about
    from rewire.deliver.commit import commit

    report = commit(result, _commit_options(args, asked))
    return about._replace(
        commits=tuple(Delivered(made.sha, made.subject) for made in report.commits),
        branch=report.branch or "",
        undo=report.undo_command,
    )
