"""Every launch file of the project, read into launch contexts, best evidence first."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rewire.project.boot.finder import entry_file
from rewire.project.boot.outside import Ownership
from rewire.project.boot.tree import HOME, Files, Tree, files_of, under
from rewire.project.launch.automation import (
    read_makefile,
    read_noxfile,
    read_package_json,
    read_tasks,
    read_tox,
    read_workflow,
)
from rewire.project.launch.command import Evidence
from rewire.project.launch.compose import read_compose
from rewire.project.launch.docker import Build, guess_context, read_dockerfile
from rewire.project.launch.dockerignore import ignored_files
from rewire.project.launch.documents import read_document
from rewire.project.launch.implied import PYTEST_FILES, read_alembic, read_pytest
from rewire.project.launch.packaging import read_packaging
from rewire.project.launch.platforms import READERS, read_platform, read_vercel
from rewire.project.launch.processes import may_start, read_processes
from rewire.project.launch.procfile import read_procfile
from rewire.project.launch.scripts import read_script
from rewire.project.launch.services import read_supervisor, read_unit
from rewire.project.launch.user import read_arguments, read_entries

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rewire.model.project import Launch, Project, Tier

TIERS: tuple[Tier, ...] = ("user", "deploy", "script", "process", "document")
"""Evidence, best first. A lower tier never vetoes a higher one."""

ReadText = Callable[[str], "str | None"]
Fits = Callable[[str, str], bool]
Reader = Callable[[str, str, Files, Evidence], "list[Launch]"]
_Format = tuple[Fits, "Tier", Reader]

_IMPLIED = ("alembic.ini", "pytest.ini", "pyproject.toml", "tox.ini", "setup.cfg")
_DOCKERFILE = re.compile(r"(?:^|/)(?:[^/]*\.)?(?:Docker|Container)file(?:[._-][^/]*)?$", re.I)
_NOT_OURS = re.compile(r"(?:^|/)(?:node_modules|site-packages|\.?venv|vendor|__pycache__)/")
_SERVES = re.compile(
    r"\b(?:uvicorn\.run|hypercorn|app\.run\(|socketio\.run|web\.run_app|serve_forever|run_simple|Granian|waitress)\b"
)
_WORKS = re.compile(
    r"start_polling|run_polling|infinity_polling|\b(?:bot|client)\.run\(|BlockingScheduler|while True:|run_forever"
)


def read_launches(
    project: Project,
    entries: Sequence[Any] = (),
    launch_arguments: Sequence[str] = (),
    starts: Callable[[str], bool] | None = None,
) -> tuple[Launch, ...]:
    """The launch contexts whose entry exists, best evidence first, each once.

    ``entries`` are the tables of ``[[tool.rewire.launch]]``, ``launch_arguments`` the texts of ``--launch``; what they
    say is kept even where its entry does not exist. Raises UsageError or ConfigError for a word of the user's that
    starts no Python program. ``starts`` is as for ``read_all``.
    """
    found = read_all(project, entries, launch_arguments, starts)
    files = files_of(tuple(project.files()))
    kept = [launch for launch in found if launch.tier == "user" or entry_exists(launch, files)]
    documents = [launch for launch in kept if launch.tier == "document"]
    if not documents:
        return tuple(kept)
    from rewire.project.boot.simulate import Simulator

    simulator = Simulator(project)
    wrong = {launch for launch in documents if not simulator.boot(launch).boots}
    return tuple(launch for launch in kept if launch not in wrong)


def read_all(
    project: Project,
    entries: Sequence[Any] = (),
    launch_arguments: Sequence[str] = (),
    starts: Callable[[str], bool] | None = None,
) -> tuple[Launch, ...]:
    """As ``read_launches``, with the commands whose target does not exist.

    ``starts`` says of a Python file whether it may start processes, at less cost than by its text (None: there is
    no such way).
    """
    paths = tuple(project.files())
    files = files_of(paths)
    evidence = Evidence("", "", "user", Tree(files), read_text=project.read_text)
    found = [*read_arguments(launch_arguments, evidence), *read_entries(entries, evidence)]
    by_name: dict[str, tuple[_Format, ...]] = {}
    for path in sorted(paths):
        formats = _formats_of(path, by_name)
        if not formats or (formats == _STARTER and starts is not None and not starts(path)):
            continue
        found += _read_file(path, formats, files, project.read_text, evidence)
    if not found:
        return ()
    own = Ownership(files, frozenset())
    found = [launch for launch in found if _is_ours(launch, files, own)]
    found = [launch for launch in found if not _is_built_elsewhere(launch, found, files)]
    return _in_order([_with_role(launch, project.read_text, files) for launch in found])


def _is_built_elsewhere(launch: Launch, found: Sequence[Launch], files: Files) -> bool:
    """True for a Dockerfile read with a guessed context whose command another file, which names one, starts."""
    if launch.image is None or entry_file(launch, files) is not None or not _DOCKERFILE.search(launch.source):
        return False
    return any(
        other.image is not None and other.source != launch.source and other.command == launch.command
        and entry_file(other, files) is not None
        for other in found
    )  # fmt: skip


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


def _formats_of(path: str, by_name: dict[str, tuple[_Format, ...]]) -> tuple[_Format, ...]:
    """The formats of a file, most often none. What its name alone decides is kept in ``by_name``."""
    name = path.rpartition("/")[2]
    formats = by_name.get(name)
    if formats is None:
        formats = by_name[name] = tuple(entry for entry in _FORMATS if entry[0](name, name))
    if _TELLING_FOLDERS.match(path):
        formats = tuple(entry for entry in _FORMATS if entry[0](path, name))
    return formats if not formats or not _NOT_OURS.search(path) else ()


def _read_file(
    path: str, formats: Sequence[_Format], files: Files, read_text: ReadText, evidence: Evidence
) -> list[Launch]:
    """The launch contexts of one launch file."""
    text = read_text(path)
    if text is None:
        return []
    folder, _, name = path.rpartition("/")
    found: list[Launch] = []
    for _, tier, reader in formats:
        here = HOME if tier == "script" and path.startswith(".github/") else under(HOME, folder)
        at_file = replace(evidence, source=path, name=name, tier=tier, cwd=here)
        found += reader(path, text, files, at_file)
    return found


def _dockerfile(path: str, text: str, files: Files, evidence: Evidence) -> list[Launch]:
    """A Dockerfile that no other file says how to build."""
    context = guess_context(text, path, files)
    ignored = ignored_files(context, path, files, evidence.read_text)
    try:
        return read_dockerfile(text, Build(path, context, None, ignored), files, evidence.read_text)
    except ValueError:
        return []


def _python_file(path: str, text: str, files: Files, evidence: Evidence) -> list[Launch]:
    return read_processes(path, text, files, evidence) if may_start(text.encode("utf-8", "replace")) else []


def _named(*names: str) -> Fits:
    return lambda path, name: name in names


def _like(pattern: str, flags: int = 0) -> Fits:
    compiled = re.compile(pattern, flags)
    return lambda path, name: compiled.search(path) is not None


_STARTER: tuple[_Format, ...] = ((_like(r"\.py$"), "process", _python_file),)
"""The one format of most Python files."""

_TELLING_FOLDERS = re.compile(r"docs?/|\.github/", re.I)
"""Where the folder, too, decides on the format; everywhere else the file's name does alone."""

_FORMATS: tuple[_Format, ...] = (
    (lambda path, name: _DOCKERFILE.search(path) is not None, "deploy", _dockerfile),
    (
        _like(r"(?:^|/)(?:docker-)?compose[\w.-]*\.ya?ml$"),
        "deploy",
        lambda p, t, f, e: read_compose(p, t, f, e.read_text),
    ),
    (_like(r"(?:^|/)Procfile(?:\.\w+)?$"), "deploy", lambda p, t, f, e: read_procfile(p, t, e)),
    (_named(*READERS), "deploy", lambda p, t, f, e: read_platform(p, t, f, e.read_text, e)),
    (_named("vercel.json"), "deploy", lambda p, t, f, e: read_vercel(p, t, f, e)),
    (_like(r"\.service$"), "deploy", lambda p, t, f, e: read_unit(p, t, f, e)),
    (_like(r"(?:^|/)supervisord?[\w.-]*\.(?:conf|ini)$"), "deploy", lambda p, t, f, e: read_supervisor(p, t, f, e)),
    (_named("pyproject.toml", "setup.cfg", "setup.py"), "script", lambda p, t, f, e: read_packaging(p, t, e)),
    (_named("pyproject.toml"), "script", lambda p, t, f, e: read_tasks(p, t, e)),
    (_like(r"^\.github/workflows/[^/]+\.ya?ml$"), "script", lambda p, t, f, e: read_workflow(p, t, e)),
    (_like(r"(?:^|/)(?:GNU)?[Mm]akefile$|\.mk$"), "script", lambda p, t, f, e: read_makefile(p, t, e)),
    (_named("tox.ini"), "script", lambda p, t, f, e: read_tox(p, t, e)),
    (_named("noxfile.py"), "script", lambda p, t, f, e: read_noxfile(p, t, e)),
    (_named("package.json"), "script", lambda p, t, f, e: read_package_json(p, t, e)),
    (_like(r"\.(?:sh|bash|ps1|bat|cmd)$"), "script", lambda p, t, f, e: read_script(p, t, f, e)),
    (_named(*PYTEST_FILES), "script", lambda p, t, f, e: read_pytest(p, t, f, e)),
    (_like(r"(?:^|/)alembic\.ini$"), "script", lambda p, t, f, e: read_alembic(p, t, e)),
    *_STARTER,
    (
        _like(
            r"(?:^|/)(?:README|INSTALL|CONTRIBUTING|DEPLOY|QUICKSTART)[^/]*\.(?:md|rst|txt)$|^docs?/[^/]+\.(?:md|rst)$",
            re.I,
        ),
        "document",
        lambda p, t, f, e: read_document(p, t, f, e),
    ),
)
"""(is it such a file, what its evidence is worth, how it is read) of every format."""


def entry_exists(launch: Launch, files: Files) -> bool:
    """True if the project holds what the launch starts."""
    return entry_file(launch, files) is not None
