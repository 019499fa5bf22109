"""From the command line and the configuration to what the pipeline runs: which files, which codemods, which options."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from rewire.errors import ConfigError, UsageError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator, Sequence

    from rewire.config import Config
    from rewire.config.values import Grain
    from rewire.discover import Discovered
    from rewire.discover.changes import Since
    from rewire.forks import Aside
    from rewire.model.project import Launch
    from rewire.pipeline import Request, Selected
    from rewire.registry import Registry
    from rewire.workers import Executor


class Asked(NamedTuple):
    """A request with what delivery and report need to know besides. ``command`` does the same again.

    ``since`` says from which commit on a file counts as changed; None: the run is not limited to changed files.
    ``configuration`` is the file that was read, None if there is none.
    """

    request: Request
    commit_per: Grain
    command: str
    since: Since | None = None
    configuration: Path | None = None


def read_request(args: argparse.Namespace, progress: Callable[[str, int, int], None] | None) -> Asked:
    """Everything that is asked for, checked. Raises UsageError, ConfigError, and GitError where git refuses to list."""
    from rewire import config
    from rewire.discover import discover
    from rewire.forks import Aside

    paths = [Path(path) for path in args.paths]
    settings = config.load(start_of(paths), Path(args.config) if args.config else None)
    jobs = read_jobs(args.jobs) or settings.jobs or _default_jobs()
    exclude = (*settings.exclude, *args.exclude)
    root = settings.directory if settings.source else None
    with Aside(partial(discover, paths, exclude=exclude, root=root), jobs) as listing:
        selected = _read_codemods(args, settings)
        _import_soon(listing)
        discovered = listing.result()
    since = _changes(discovered, args.since)
    if since:
        discovered = discovered.narrowed_to(since.paths)
    from rewire.cli.product import wants_patch
    from rewire.pipeline import Request

    request = Request(
        discovered=discovered,
        codemods=selected,
        jobs=jobs,
        rendered=wants_patch(args),
        progress=progress,
        settings=project_settings(settings, args.launch, discovered),
        cache=None if args.no_cache else _cache(),
        executor=_executor(args, jobs),
    )
    grain = args.commit_per or settings.commit_per or "codemod"
    return Asked(request, grain, reproduce(args, since), since, settings.source)


def _read_codemods(args: argparse.Namespace, settings: Config) -> tuple[Selected, ...]:
    """The codemods of the run, checked against what is installed."""
    from rewire import config, registry

    installed = registry.load()
    config.check_tables(settings, installed.codemods, [one.name for one in installed.broken])
    return select_codemods(args, settings, installed)


def _import_soon(listing: Aside[Discovered]) -> None:
    """Import what most runs come to need, for as long as this process would wait for the list of files."""
    for _ in _imports():
        if listing.is_ready:
            return


def _imports() -> Iterator[None]:
    """The larger modules of a run, in the order in which it would import them."""
    import rewire.pipeline.line

    yield
    import rewire.project.launch.read

    yield
    import rewire.project.launch.command

    yield
    import rewire.project.launch.processes

    yield
    import rewire.pipeline.locating
    import rewire.report.console  # noqa: F401

    yield


def _cache() -> Path | None:
    from rewire.cache.store import default_path  # and sqlite3

    return default_path()


def _changes(discovered: Discovered, revision: str | None) -> Since | None:
    """What ``--since`` leaves of the project. Raises UsageError."""
    if revision is None:
        return None
    if discovered.repository is None:
        raise UsageError(
            f"--since {revision}: {discovered.root} is not in a git repository, so nothing says what changed",
            advice="name the files instead: rewire apply PATHS",
        )
    from rewire.discover.changes import changed_since

    return changed_since(discovered.repository, revision)


def select_codemods(args: argparse.Namespace, settings: Config, installed: Registry) -> tuple[Selected, ...]:
    """The codemods of the run with their options; the command line's ``--select`` takes the file's ``ignore`` away."""
    from rewire import config
    from rewire.pipeline import Selected

    select = words(args.select)
    ignore = words(args.ignore)
    if not select:
        ignore += settings.ignore
    codemods = installed.select(select or settings.select, ignore)
    if not codemods:
        raise UsageError("no codemod is left to run", advice="rewire list shows the codemods that are installed")
    running = [codemod.name for codemod in codemods]
    for text in args.sets:
        name = installed.get(config.parse_setting(text).codemod).name
        if name not in running:
            raise UsageError(f"--set {text}: {name} is not part of this run", advice=f"add --select {name}")
    return tuple(Selected(codemod, *config.options_for(codemod, settings, args.sets)) for codemod in codemods)


def words(given: Sequence[str]) -> tuple[str, ...]:
    """The names in repeated and comma separated options."""
    return tuple(word.strip() for text in given for word in text.split(",") if word.strip())


def start_of(paths: Sequence[Path]) -> Path:
    """Where the search for a configuration begins: the directory that all paths have in common."""
    import os

    if not paths:
        return Path()
    common = Path(os.path.commonpath([os.path.abspath(path) for path in paths]))  # noqa: PTH100 - keeps links
    return common if common.is_dir() else common.parent


def read_jobs(text: str | None) -> int | None:
    """The value of ``--jobs``. Raises UsageError."""
    if text is None:
        return None
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise UsageError(f"--jobs {text}: expected a positive number")
    return int(text)


def _executor(args: argparse.Namespace, jobs: int) -> Executor | None:
    """Who works on the files where that is not this machine's own processes. Raises UsageError, ClusterError."""
    if args.executor == "dask":
        from rewire.distributed.executor import Dask

        return Dask(args.scheduler, jobs)
    if args.scheduler is not None:
        raise UsageError(f"--scheduler {args.scheduler} says where a dask cluster is", advice="add --executor dask")
    return None


def _default_jobs() -> int:
    from rewire.cpus import default_jobs

    return default_jobs()


def project_settings(settings: Config, launch: Sequence[str], discovered: Discovered) -> dict[str, Any]:
    """What the project's index takes from the user, with paths relative to the workspace's root."""
    found: dict[str, Any] = {}
    if settings.roots:
        found["roots"] = tuple(_relative(settings.directory, path, discovered.root) for path in settings.roots)
    if settings.launch or launch:
        found["launches"] = _launches(settings, launch, discovered)
    return found


def _launches(settings: Config, launch: Sequence[str], discovered: Discovered) -> tuple[Launch, ...]:
    """The user's own launch contexts. Raises UsageError or ConfigError for one that starts no Python program."""
    from rewire.model.workspace import Workspace
    from rewire.project.boot.tree import Files, Tree
    from rewire.project.index import ProjectIndex
    from rewire.project.launch.command import Evidence
    from rewire.project.launch.user import read_arguments, read_entries

    root = discovered.root
    project = ProjectIndex(Workspace(root, discovered.selected, discovered.context), discovered.others)
    evidence = Evidence("", "", "user", Tree(Files(project.files())), read_text=project.read_text)
    entries = [
        replace(
            entry,
            workdir=_relative(settings.directory, entry.workdir, root),
            pythonpath=tuple(_relative(settings.directory, path, root) for path in entry.pythonpath),
        )
        for entry in settings.launch
    ]
    return (*read_arguments(launch, evidence), *read_entries(entries, evidence))


def _relative(directory: Path, path: str, root: Path) -> str:
    """``path``, written relative to ``directory``, as seen from ``root``; ``""`` for the root itself."""
    import os

    moved = os.path.relpath(os.path.realpath(directory / path), os.path.realpath(root))
    if moved == os.pardir or moved.startswith(os.pardir + os.sep):
        raise ConfigError(f"{path!r} in the configuration lies outside {root}")
    return "" if moved == os.curdir else moved.replace(os.sep, "/")


def reproduce(args: argparse.Namespace, since: Since | None = None) -> str:
    """A command line that does the same again; a revision that moves on is named by the commit that it stood for."""
    import shlex

    line = ["rewire", "apply", *args.paths]
    for option, values in (
        ("--select", args.select),
        ("--ignore", args.ignore),
        ("--set", args.sets),
        ("--exclude", args.exclude),
        ("--launch", args.launch),
        ("--config", [args.config] if args.config else []),
        ("--since", [since.shown] if since else []),
    ):
        for value in values:
            line += [option, value]
    return shlex.join(line)
