"""Every launch file of the project, read into launch contexts, best evidence first."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from rewire.project.boot.finder import entry_file
from rewire.project.boot.outside import Ownership
from rewire.project.boot.tree import HOME, Files, Tree, files_of, under
from rewire.project.launch.formats import DOCKERFILE, GUNICORN_FILE, STARTER, Formats

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rewire.model.project import Launch, Project, Tier
    from rewire.project.launch.command import Evidence
    from rewire.project.launch.formats import Format

TIERS: tuple[Tier, ...] = ("user", "deploy", "script", "process", "document")
"""Evidence, best first. A lower tier never vetoes a higher one."""

ReadText = Callable[[str], "str | None"]
_IMPLIED = ("alembic.ini", "pytest.ini", "pyproject.toml", "tox.ini", "setup.cfg")
_SERVES = re.compile(
    r"\b(?:uvicorn\.run|hypercorn|app\.run\(|socketio\.run|web\.run_app|serve_forever|run_simple|Granian|waitress)\b"
)
_WORKS = re.compile(
    r"start_polling|run_polling|infinity_polling|\b(?:bot|client)\.run\(|BlockingScheduler|while True:|run_forever"
)


class Early(NamedTuple):
    """What can be read of launches before it is known which Python files may start processes.

    ``listed``: the launch files by their names, with their formats, sorted by path; ``read``: what is in those that are
    no Python files.
    """

    listed: Sequence[tuple[str, tuple[Format, ...]]]
    read: Mapping[str, Sequence[Launch]]


def read_early(project: Project) -> Early:
    """The launch files of the project that are so by their names alone."""
    listed = list(Formats().of_all(project.files()))
    telling = [(path, formats) for path, formats in listed if formats != STARTER]
    if not telling:
        return Early(listed, {})
    files, evidence = _evidence(project)
    return Early(
        listed, {path: _read_file(path, formats, files, project.read_text, evidence) for path, formats in telling}
    )


def read_launches(
    project: Project,
    entries: Sequence[Any] = (),
    launch_arguments: Sequence[str] = (),
    starts: Callable[[str], bool] | None = None,
    early: Early | None = None,
    jobs: int = 1,
) -> tuple[Launch, ...]:
    """The launch contexts whose entry exists, best evidence first, each once.

    ``entries`` are the tables of ``[[tool.rewire.launch]]``, ``launch_arguments`` the texts of ``--launch``; what they
    say is kept even where its entry does not exist. Raises UsageError or ConfigError for a word of the user's that
    starts no Python program. ``starts`` and ``early`` are as for ``read_all``; ``jobs`` processes try
    what documents say.
    """
    found = read_all(project, entries, launch_arguments, starts, early)
    files = files_of(tuple(project.files()))
    kept = [launch for launch in found if launch.tier == "user" or entry_exists(launch, files)]
    documents = [launch for launch in kept if launch.tier == "document"]
    if not documents:
        return tuple(kept)
    from rewire.project.boot.load import boots_of

    booted = boots_of(project).of(documents, jobs)
    wrong = {launch for launch, boot in zip(documents, booted, strict=True) if not boot.boots}
    return tuple(launch for launch in kept if launch not in wrong)


def read_all(
    project: Project,
    entries: Sequence[Any] = (),
    launch_arguments: Sequence[str] = (),
    starts: Callable[[str], bool] | None = None,
    early: Early | None = None,
) -> tuple[Launch, ...]:
    """As ``read_launches``, with the commands whose target does not exist.

    ``starts`` says of a Python file whether it may start processes, at less cost than by its text (None: there is
    no such way). ``early`` is what ``read_early`` has found in this project, if it was asked.
    """
    listed = early.listed if early else Formats().of_all(project.files())
    telling = [(path, formats) for path, formats in listed if starts is None or formats != STARTER or starts(path)]
    if not (telling or entries or launch_arguments):
        return ()
    files, evidence = _evidence(project)
    found = _given(entries, launch_arguments, evidence)
    known = early.read if early else {}
    for path, formats in telling:
        found += known[path] if path in known else _read_file(path, formats, files, project.read_text, evidence)
    if not found:
        return ()
    own = Ownership(files, frozenset())
    found = [launch for launch in found if _is_ours(launch, files, own)]
    found = [launch for launch in found if not _is_built_elsewhere(launch, found, files)]
    found = _without_scripts(_without_named(found), project.read_text)
    return _in_order([_with_role(launch, project.read_text, files) for launch in found])


def _evidence(project: Project) -> tuple[Files, Evidence]:
    """The project's files, and what every command in a launch file is read with."""
    from rewire.project.launch.command import Evidence

    files = files_of(tuple(project.files()))
    return files, Evidence("", "", "user", Tree(files), read_text=project.read_text)


def _given(entries: Sequence[Any], launch_arguments: Sequence[str], evidence: Evidence) -> list[Launch]:
    """The user's own launch contexts."""
    if not (entries or launch_arguments):
        return []
    from rewire.project.launch.user import read_arguments, read_entries

    return [*read_arguments(launch_arguments, evidence), *read_entries(entries, evidence)]


def _is_built_elsewhere(launch: Launch, found: Sequence[Launch], files: Files) -> bool:
    """True for a Dockerfile read with a guessed context whose command another file, which names one, starts."""
    if launch.image is None or entry_file(launch, files) is not None or not DOCKERFILE.search(launch.source):
        return False
    return any(
        other.image is not None and other.source != launch.source and other.command == launch.command
        and entry_file(other, files) is not None
        for other in found
    )  # fmt: skip


def _without_named(found: Sequence[Launch]) -> list[Launch]:
    """``found`` without what uwsgi's and gunicorn's settings start by themselves where a command says the same.

    That one says from where, and in which image.
    """
    files = {launch.source for launch in found if launch.command.startswith("uwsgi --ini") and _is_ini(launch.source)}
    words = {word for launch in found if launch.source not in files for word in launch.command.split() if _is_ini(word)}
    named = {max(sorted(files), key=lambda path: _common_end(path, word)) for word in words if files}
    named = {path for path in named if any(_common_end(path, word) for word in words)}
    said = {
        (launch.entry, launch.attribute)
        for launch in found
        if "gunicorn" in launch.command and not _is_gunicorns(launch.source)
    }
    named |= {
        launch.source for launch in found if _is_gunicorns(launch.source) and (launch.entry, launch.attribute) in said
    }
    return [launch for launch in found if launch.source not in named]


def _without_scripts(found: Sequence[Launch], read_text: ReadText) -> list[Launch]:
    """``found`` without what a shell script starts from its own folder, where a file that deploys runs it elsewhere."""
    scripts = {launch.source for launch in found if launch.source.endswith((".sh", ".bash"))}
    deployed = [launch for launch in found if launch.tier == "deploy" and launch.source not in scripts]
    kept = list(found)
    for path in sorted(scripts):
        name = path.rpartition("/")[2]
        places: dict[str, set[str]] = {}
        for launch in deployed:
            if name in (read_text(launch.source) or ""):
                places.setdefault(launch.command, set()).add(launch.workdir)
        own = [launch for launch in found if launch.source == path and launch.tier == "script"]
        known = all(launch.command in places for launch in own)
        if known and any(launch.workdir not in places[launch.command] for launch in own):
            kept = [launch for launch in kept if launch not in own]
    return kept


def _is_ini(path: str) -> bool:
    return path.endswith(".ini")


def _is_gunicorns(path: str) -> bool:
    return GUNICORN_FILE.search(path) is not None


def _common_end(path: str, other: str) -> int:
    """How many of their last parts two paths have in common."""
    pairs = zip(reversed(path.split("/")), reversed(other.split("/")), strict=False)
    return next((index for index, (one, two) in enumerate(pairs) if one != two), len(path))


def _is_ours(launch: Launch, files: Files, own: Ownership) -> bool:
    """False for a module that is a library's (``python -m venv``): nothing of the project is started by it."""
    if launch.tier in ("user", "deploy") or launch.entry_kind not in ("module", "main-module"):
        return True
    return entry_file(launch, files) is not None or own.owns(launch.entry)


def _with_role(launch: Launch, read_text: ReadText, files: Files) -> Launch:
    """``launch``, a script taken for what its text shows it to be: a server, or a worker that never ends."""
    if launch.role not in ("script", "worker") or launch.entry_kind not in ("script", "main-module"):
        return launch
    path = entry_file(launch, files)
    text = read_text(path) or "" if path is not None else ""
    if _SERVES.search(text):
        return replace(launch, role="server")
    return replace(launch, role="worker") if _WORKS.search(text) else launch


def _in_order(found: Sequence[Launch]) -> tuple[Launch, ...]:
    """Best tier first, otherwise as found; one that says the same as a better one is left out.

    A script that a better source runs (a container's entry point) counts there, and a test run or migration that
    a configuration file only implies gives way to a command.
    """
    ordered = sorted(found, key=lambda launch: (TIERS.index(launch.tier), launch.source.endswith(_IMPLIED)))
    deployed = {launch.source for launch in found if launch.tier == "deploy"}
    kept: dict[object, Launch] = {}
    said: set[object] = set()
    for launch in ordered:
        if launch.tier == "script" and launch.source in deployed:
            continue
        same = (launch.workdir, launch.roots, launch.entry, launch.entry_kind, launch.attribute, launch.installed)
        if same in said and (launch.tier == "document" or launch.source.endswith(_IMPLIED)):
            continue
        said.add(same)
        kept.setdefault((*same, launch.source, launch.image, launch.role), launch)
    return tuple(kept.values())


def _read_file(
    path: str, formats: Sequence[Format], files: Files, read_text: ReadText, evidence: Evidence
) -> list[Launch]:
    """The launch contexts of one launch file."""
    text = read_text(path)
    if text is None:
        return []
    folder, _, name = path.rpartition("/")
    found: list[Launch] = []
    for _, tier, read in formats:
        here = HOME if tier == "script" and path.startswith(".github/") else under(HOME, folder)
        at_file = replace(evidence, source=path, name=name, tier=tier, cwd=here)
        found += read(path, text, files, at_file)
    return found


def entry_exists(launch: Launch, files: Files) -> bool:
    """True if the project holds what the launch starts."""
    return entry_file(launch, files) is not None
