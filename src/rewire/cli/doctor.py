"""``rewire doctor``: the ways in which the project is started, and whether each of them gets that far."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import argparse

    from rewire.discover import Discovered
    from rewire.project.doctor.findings import Examination
    from rewire.project.index import ProjectIndex

EPILOG = """\
examples:
  rewire doctor                                          every launch context, started on paper
  rewire doctor --launch "cd backend && uvicorn main:app"    the way it is really started
  rewire doctor --error "No module named 'backend'"      which context says that
  rewire doctor --format json                            the same for a program
  rewire doctor --fix-packages                           add the __init__.py files, as one commit

exit codes: 0 every context boots, 1 one does not, 2 usage or configuration, 4 git refused
"""


def add(commands: Any) -> None:
    """Put the command into the parser."""
    parser = commands.add_parser(
        "doctor",
        help="does it start? launch contexts, imports, and what is wrong",
        usage="rewire doctor [PATHS ...] [OPTIONS]",
        description="Start every launch context of the project on paper, and say where its imports fail. Runs nothing.",
        epilog=EPILOG,
    )
    parser.add_argument("paths", metavar="PATHS", nargs="*", help="the project; default: the current folder")
    parser.add_argument(
        "--launch", metavar="COMMAND", action="append", default=[], help="how the project is started; repeatable"
    )
    parser.add_argument("--error", metavar="TEXT", default="", help="an error message: which contexts does it fit?")
    parser.add_argument("--fix-packages", action="store_true", help="make missing __init__.py files, as one commit")
    parser.add_argument("-n", "--dry-run", action="store_true", help="with --fix-packages: only say what would be made")
    parser.add_argument("--no-commit", action="store_true", help="with --fix-packages: write the files, no commit")
    parser.add_argument("--exclude", metavar="PATTERN", action="append", default=[], help="files to leave out")
    parser.add_argument("--config", metavar="FILE", help="this configuration, and no search for one")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="text (default) or json")
    parser.add_argument("-v", "--verbose", action="store_true", help="every finding, tracebacks")
    parser.set_defaults(run=run)


add_parser = add


def run(args: argparse.Namespace) -> int:
    """Examine the project; exit 1 if a context does not boot."""
    import sys

    from rewire.errors import UsageError
    from rewire.project.doctor.examine import examine
    from rewire.report.doctor import render_json, render_text

    if (args.dry_run or args.no_commit) and not args.fix_packages:
        raise UsageError("--dry-run and --no-commit belong to --fix-packages", advice="doctor alone writes nothing")
    project, given, discovered = _project(args)
    examination = examine(project, given, args.error)
    if args.format == "json":
        sys.stdout.write(render_json(examination))
    else:
        sys.stdout.write(render_text(examination, everything=args.verbose))
    if args.fix_packages:
        _fix_packages(args, project, examination, discovered)
    return 0 if examination.healthy else 1


def _project(args: argparse.Namespace) -> tuple[ProjectIndex, tuple[Any, ...], Discovered]:
    """The project's index, the user's own launches, and what was discovered."""
    from rewire import config
    from rewire.cli.request import project_settings, start_of
    from rewire.discover import discover
    from rewire.model.workspace import Workspace
    from rewire.project.index import ProjectIndex

    paths = [Path(path) for path in args.paths] or [Path()]
    settings = config.load(start_of(paths), Path(args.config) if args.config else None)
    found = discover(
        paths, exclude=(*settings.exclude, *args.exclude), root=settings.directory if settings.source else None
    )
    extra = project_settings(settings, args.launch, found)
    project = ProjectIndex(Workspace(found.root, found.selected, found.context), found.others, **extra)
    return project, tuple(extra.get("launches", ())), found


def _fix_packages(
    args: argparse.Namespace, project: ProjectIndex, examination: Examination, discovered: Discovered
) -> None:
    """Make the missing files: as a commit of its own, on disk, or only in words. Raises UsageError or GitError."""
    import sys

    from rewire.deliver import disk
    from rewire.deliver.commit import CommitOptions, commit
    from rewire.errors import UsageError
    from rewire.project.doctor.repair import as_result, plan_packages

    files = plan_packages(project, examination)
    if not files:
        sys.stderr.write("no package file is missing\n")
        return
    listed = "".join(f"  {one.path}\n" for one in files)
    if args.dry_run:
        sys.stderr.write(f"would make\n{listed}")
        return
    result = as_result(project.workspace, files)
    if args.no_commit:
        disk.write(result)
        sys.stderr.write(f"made\n{listed}")
        return
    if discovered.repository is None:
        raise UsageError(
            f"{discovered.root} is not in a git repository, so there is nothing to commit to",
            advice="--no-commit writes the files, --dry-run lists them",
        )
    report = commit(result, CommitOptions(allow_dirty=True, command="rewire doctor --fix-packages"))
    for made in report.commits:
        sys.stderr.write(f"committed {made.sha[:10]} {made.subject}\n{listed}")
