"""Which files say how programs are started, and how each kind is read; a reader is imported for the first such file."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from rewire.model.project import Launch, Tier
    from rewire.project.boot.tree import Files
    from rewire.project.launch.command import Evidence

Fits = Callable[[str, str], bool]
Reader = Callable[[str, str, "Files", "Evidence"], "list[Launch]"]
"""From the path and the text of a file, the project's files, and where it stands in them, to what it starts."""


class Format(NamedTuple):
    """A kind of launch file: is a path (with its last part) one, what its evidence is worth, how it is read."""

    fits: Fits
    tier: Tier
    read: Reader


PLATFORM_FILES = frozenset(
    {
        "render.yaml", "render.yml", "fly.toml", "railway.toml", "railway.json", "app.yaml", "app.yml", "heroku.yml",
        "nixpacks.toml", ".replit",
    }
)  # fmt: skip
"""What ``platforms.READERS`` reads."""

PYTEST_FILES = ("pytest.ini", ".pytest.ini", "pyproject.toml", "tox.ini", "setup.cfg")
"""Where pytest looks for its settings."""

INTEGRATION_FILE = (
    r"^\.(?:circleci/[^/]+|(?:woodpecker|azure-?pipelines|azuredevops)/.+)\.ya?ml$"
    r"|(?:^|/)(?:azure-?pipelines?[\w.-]*|buildspec|\.woodpecker|\.pre-commit-config)\.ya?ml$"
    r"|(?:^|/)(?:\.travis|bitbucket-pipelines|\.drone|\.?appveyor)\.yml$|(?:^|/)Jenkinsfile(?:[._-][^/]*)?$"
)
"""What ``integration`` reads."""

DOCKERFILE = re.compile(r"(?:^|/)(?:[^/]*\.)?(?:Docker|Container)file(?:[._-][^/]*)?$", re.I)
GUNICORN_FILE = re.compile(r"(?:^|/)gunicorn[\w.-]*\.py$")
"""gunicorn's settings, as they are called by itself and by its users."""

_NOT_OURS = re.compile(r"(?:^|/)(?:node_modules|site-packages|\.?venv|vendor|__pycache__)/")
_TELLING_FOLDERS = re.compile(r"docs?/|\.(?:github|idea|circleci|woodpecker|azure-?pipelines|azuredevops)/", re.I)
"""Where the folder, too, decides on the format; everywhere else the file's name does alone."""

_TELLING_FIRST = (".", "do", "Do", "DO", "dO")
"""What the paths begin with that ``_TELLING_FOLDERS`` matches."""


class Formats:
    """The formats of files. What a name alone decides is worked out once a name."""

    def __init__(self) -> None:
        self._by_name: dict[str, tuple[Format, ...]] = {}

    def of_all(self, paths: Iterable[str]) -> Iterator[tuple[str, tuple[Format, ...]]]:
        """Those of ``paths`` that have a format, with theirs: as ``of`` of each, at less cost for the others."""
        by_name = self._by_name
        others: dict[str, bool] = {}
        for path in paths:
            cut = path.rfind("/") + 1
            formats = by_name.get(path[cut:])
            if formats is None or path.startswith(_TELLING_FIRST):
                formats = self.of(path)
            elif formats:
                folder = path[:cut]
                if folder not in others:
                    others[folder] = _NOT_OURS.search(folder) is not None
                formats = () if others[folder] else formats
            if formats:
                yield path, formats

    def of(self, path: str) -> tuple[Format, ...]:
        """The formats of the file at ``path``, most often none."""
        name = path[path.rfind("/") + 1 :]
        formats = self._by_name.get(name)
        if formats is None:
            formats = self._by_name[name] = tuple(entry for entry in FORMATS if entry.fits(name, name))
        if path.startswith(_TELLING_FIRST) and _TELLING_FOLDERS.match(path):
            formats = tuple(entry for entry in FORMATS if entry.fits(path, name))
        return () if formats and _NOT_OURS.search(path) else formats


def _named(*names: str) -> Fits:
    return lambda path, name: name in names


def _like(pattern: str, flags: int = 0) -> Fits:
    compiled = re.compile(pattern, flags)
    return lambda path, name: compiled.search(path) is not None


def _dockerfile(path: str, text: str, files: Files, evidence: Evidence) -> list[Launch]:
    """A Dockerfile that no other file says how to build."""
    from rewire.project.launch.docker import Build, guess_context, read_dockerfile
    from rewire.project.launch.dockerignore import ignored_files

    context = guess_context(text, path, files)
    ignored = ignored_files(context, path, files, evidence.read_text)
    try:
        return read_dockerfile(text, Build(path, context, None, ignored), files, evidence.read_text)
    except ValueError:
        return []


def _compose(path: str, text: str, files: Files, evidence: Evidence) -> list[Launch]:
    from rewire.project.launch.compose import read_compose

    return read_compose(path, text, files, evidence.read_text)


def _procfile(path: str, text: str, files: Files, evidence: Evidence) -> list[Launch]:
    from rewire.project.launch.procfile import read_procfile

    return read_procfile(path, text, evidence)


def _platform(path: str, text: str, files: Files, evidence: Evidence) -> list[Launch]:
    from rewire.project.launch.platforms import read_platform

    return read_platform(path, text, files, evidence.read_text, evidence)


def _vercel(path: str, text: str, files: Files, evidence: Evidence) -> list[Launch]:
    from rewire.project.launch.platforms import read_vercel

    return read_vercel(path, text, files, evidence)


def _machine(path: str, text: str, files: Files, evidence: Evidence) -> list[Launch]:
    """The settings of what keeps processes running on a machine, by the sections that they have."""
    if path.endswith(".service") or "[program:" in text or "[watcher:" in text:
        from rewire.project.launch import services

        read = services.read_supervisor if "[program:" in text else services.read_circus
        return (services.read_unit if path.endswith(".service") else read)(path, text, files, evidence)
    if "WSGIScript" in text or "[uwsgi]" in text:
        from rewire.project.launch import webservers

        read = webservers.read_apache if "WSGIScript" in text else webservers.read_uwsgi
        return read(path, text, files, evidence)
    return []


def _manifest(path: str, text: str, files: Files, evidence: Evidence) -> list[Launch]:
    if "command:" not in text and "args:" not in text:
        return []
    from rewire.project.launch.kubernetes import read_manifest

    return read_manifest(path, text, files, evidence, sorted(filter(DOCKERFILE.search, files.files)))


def _task_runner(path: str, text: str, files: Files, evidence: Evidence) -> list[Launch]:
    from rewire.project.launch import taskrunners

    name = path.rpartition("/")[2].lower()
    if name == ".gitlab-ci.yml":
        return taskrunners.read_gitlab(path, text, evidence)
    read = taskrunners.read_taskfile if name.startswith("taskfile") else taskrunners.read_justfile
    return read(path, text, evidence)


def _editor(path: str, text: str, files: Files, evidence: Evidence) -> list[Launch]:
    from rewire.project.launch import editors

    if path.endswith(".xml"):
        return editors.read_run_configuration(path, text, evidence)
    read = editors.read_launch_json if path.endswith("launch.json") else editors.read_devcontainer
    return read(path, text, evidence)


def _packaging(path: str, text: str, files: Files, evidence: Evidence) -> list[Launch]:
    from rewire.project.launch.packaging import read_packaging

    return read_packaging(path, text, evidence)


def _workflow(path: str, text: str, files: Files, evidence: Evidence) -> list[Launch]:
    from rewire.project.launch.workflows import read_workflow

    return read_workflow(path, text, evidence)


def _automation(path: str, text: str, files: Files, evidence: Evidence) -> list[Launch]:
    """The files of task runners, by name."""
    from rewire.project.launch import automation

    name = path.rpartition("/")[2]
    if name == "noxfile.py":
        return automation.read_noxfile(path, text, evidence)
    if name == "package.json":
        return automation.read_package_json(path, text, evidence)
    return automation.read_makefile(path, text, evidence)


def _tasks(path: str, text: str, files: Files, evidence: Evidence) -> list[Launch]:
    from rewire.project.launch.tasktables import read_tasks

    return read_tasks(path, text, evidence)


def _tox(path: str, text: str, files: Files, evidence: Evidence) -> list[Launch]:
    if "tox" not in text and not path.endswith(("tox.ini", "tox.toml")):
        return []
    from rewire.project.launch import tox

    read = tox.read_tox_toml if path.endswith(".toml") else tox.read_tox
    return read(path, text, evidence)


def _integration(path: str, text: str, files: Files, evidence: Evidence) -> list[Launch]:
    from rewire.project.launch.integration import read_integration

    return read_integration(path, text, evidence)


def _gunicorn(path: str, text: str, files: Files, evidence: Evidence) -> list[Launch]:
    from rewire.project.launch.webservers import read_gunicorn

    return read_gunicorn(path, text, files, evidence)


def _script(path: str, text: str, files: Files, evidence: Evidence) -> list[Launch]:
    from rewire.project.launch.scripts import read_script

    return read_script(path, text, files, evidence)


def _implied(path: str, text: str, files: Files, evidence: Evidence) -> list[Launch]:
    from rewire.project.launch import implied

    if path.endswith("alembic.ini"):
        return implied.read_alembic(path, text, evidence)
    return implied.read_pytest(path, text, files, evidence)


def _processes(path: str, text: str, files: Files, evidence: Evidence) -> list[Launch]:
    from rewire.project.launch.starting import find_starts
    from rewire.project.questions import may_start

    if not may_start(text.encode("utf-8", "replace")) or find_starts(text) is None:
        return []
    from rewire.project.launch.processes import read_processes

    return read_processes(path, text, files, evidence)


def _document(path: str, text: str, files: Files, evidence: Evidence) -> list[Launch]:
    from rewire.project.launch.documents import read_document

    return read_document(path, text, files, evidence)


STARTER = (Format(_like(r"\.py$"), "process", _processes),)
"""The one format of most Python files."""

FORMATS: tuple[Format, ...] = (
    Format(lambda path, name: DOCKERFILE.search(path) is not None, "deploy", _dockerfile),
    Format(_like(r"(?:^|/)(?:docker-)?compose[\w.-]*\.ya?ml$"), "deploy", _compose),
    Format(_like(r"(?:^|/)Procfile(?:\.\w+)?$"), "deploy", _procfile),
    Format(_named(*PLATFORM_FILES), "deploy", _platform),
    Format(_named("vercel.json"), "deploy", _vercel),
    Format(
        _like(
            r"\.(?:conf|vhost|service)$|(?:^|/)\.htaccess$"
            r"|(?:^|/)(?:supervisord?[\w.-]*|circus[\w.-]*|[^/]*wsgi[^/]*)\.ini$"
        ),
        "deploy",
        _machine,
    ),
    Format(
        _like(r"(?:^|/)(?:[^/]*(?:deployment|statefulset|daemonset|cronjob|job|k8s|kubernetes)|values)[\w.-]*\.ya?ml$"),
        "deploy",
        _manifest,
    ),
    Format(_named("pyproject.toml", "setup.cfg", "setup.py"), "script", _packaging),
    Format(_named("pyproject.toml", "hatch.toml", "pixi.toml", "poe_tasks.toml", "Pipfile"), "script", _tasks),
    Format(_like(r"^\.github/(?:workflows/[^/]+|actions/(?:[^/]+/)+action)\.ya?ml$"), "script", _workflow),
    Format(_like(INTEGRATION_FILE), "script", _integration),
    Format(_like(r"(?:^|/)(?:GNU)?[Mm]akefile$|\.mk$"), "script", _automation),
    Format(_named("noxfile.py", "package.json"), "script", _automation),
    Format(_named("tox.ini", "tox.toml", "setup.cfg", "pyproject.toml"), "script", _tox),
    Format(_like(GUNICORN_FILE.pattern), "script", _gunicorn),
    Format(_like(r"(?:^|/)\.?justfile$|\.just$|(?:^|/)taskfile(?:\.dist)?\.ya?ml$", re.I), "script", _task_runner),
    Format(_named(".gitlab-ci.yml"), "script", _task_runner),
    Format(_named("launch.json", "devcontainer.json", ".devcontainer.json"), "script", _editor),
    Format(_like(r"\.run\.xml$|^\.idea/runConfigurations/[^/]+\.xml$"), "script", _editor),
    Format(_like(r"\.(?:sh|bash|ps1|bat|cmd)$"), "script", _script),
    Format(_named(*PYTEST_FILES), "script", _implied),
    Format(_like(r"(?:^|/)alembic\.ini$"), "script", _implied),
    *STARTER,
    Format(
        _like(
            r"(?:^|/)(?:README|INSTALL|CONTRIBUTING|DEPLOY|QUICKSTART)[^/]*\.(?:md|rst|txt)$|^docs?/[^/]+\.(?:md|rst)$",
            re.I,
        ),
        "document",
        _document,
    ),
)
"""Every format, in the order in which they are read."""
