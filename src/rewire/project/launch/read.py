"""Every launch file of the project, read into launch contexts, best evidence first."""

from __future__ import annotations

import posixpath
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rewire.project.boot.tree import Files, Tree, under
from rewire.project.launch.command import Evidence
from rewire.project.launch.compose import read_compose
from rewire.project.launch.docker import Build, read_dockerfile
from rewire.project.launch.dockerignore import ignored_files
from rewire.project.launch.packaging import read_packaging
from rewire.project.launch.procfile import read_procfile
from rewire.project.launch.user import read_arguments, read_entries

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from rewire.model.project import Launch, Project, Tier

TIERS: tuple[Tier, ...] = ("user", "deploy", "script", "process", "document")
"""Evidence, best first. A lower tier never vetoes a higher one."""

_DOCKERFILE = re.compile(r"^(?:.*\.)?(?:Dockerfile|Containerfile)(?:[.\-_].*)?$", re.IGNORECASE)
_COMPOSE = re.compile(r"^(?:docker-)?compose[\w.-]*\.ya?ml$")


def read_launches(
    project: Project, entries: Sequence[Any] = (), launch_arguments: Sequence[str] = ()
) -> tuple[Launch, ...]:
    """The launch contexts whose entry exists, best evidence first, each once.

    ``entries`` are the tables of ``[[tool.rewire.launch]]``, ``launch_arguments`` the texts of ``--launch``; what they
    say is kept even where its entry does not exist. Raises UsageError or ConfigError for a word of the user's that
    starts no Python program.
    """
    found = read_all(project, entries, launch_arguments)
    files = Files(project.files())
    return tuple(launch for launch in found if launch.tier == "user" or entry_exists(launch, files))


def read_all(project: Project, entries: Sequence[Any] = (), launch_arguments: Sequence[str] = ()) -> tuple[Launch, ...]:
    """As ``read_launches``, with the commands whose target does not exist."""
    files = Files(project.files())
    evidence = Evidence("", "", "user", Tree(files), read_text=project.read_text)
    found = [*read_arguments(launch_arguments, evidence), *read_entries(entries, evidence)]
    for path in sorted(files.files):
        found += _read_file(path, files, project.read_text, evidence)
    return _in_order(found)


def _in_order(found: Sequence[Launch]) -> tuple[Launch, ...]:
    """Best tier first, otherwise as found; one that says the same as a better one is left out."""
    ordered = sorted(found, key=lambda launch: TIERS.index(launch.tier))
    kept: dict[object, Launch] = {}
    for launch in ordered:
        same = (launch.workdir, launch.roots, launch.entry, launch.entry_kind, launch.attribute, launch.installed)
        key: object = same if launch.tier == "document" else (*same, launch.source, launch.image, launch.role)
        kept.setdefault(key, launch)
    return tuple(kept.values())


def _read_file(path: str, files: Files, read_text: Callable[[str], str | None], evidence: Evidence) -> list[Launch]:
    """The launch contexts of one file, if it is a launch file."""
    name = posixpath.basename(path)
    at_file = replace(evidence, source=path, name=name, tier="deploy", cwd=under("/@", posixpath.dirname(path)))
    for matches, reader in _readers(path, files, read_text):
        if matches(name):
            text = read_text(path)
            return [] if text is None else reader(text, at_file)
    return []


def _readers(
    path: str, files: Files, read_text: Callable[[str], str | None]
) -> Iterator[tuple[Callable[[str], object], Callable[[str, Evidence], list[Launch]]]]:
    """(is this its file name, read it) of every format."""

    def dockerfile(text: str, evidence: Evidence) -> list[Launch]:
        here = posixpath.dirname(path)
        try:
            return read_dockerfile(
                text, Build(path, here, None, ignored_files(here, path, files, read_text)), files, read_text
            )
        except ValueError:
            return []

    yield _DOCKERFILE.match, dockerfile
    yield _COMPOSE.match, lambda text, evidence: read_compose(path, text, files, read_text)
    yield re.compile(r"^Procfile(?:\.\w+)?$").match, lambda text, evidence: read_procfile(path, text, evidence)
    yield (
        re.compile(r"^(?:pyproject\.toml|setup\.cfg|setup\.py)$").match,
        lambda text, evidence: read_packaging(path, text, replace(evidence, tier="script")),
    )


def entry_exists(launch: Launch, files: Files) -> bool:
    """True if the project holds what the launch starts."""
    from rewire.project.boot.finder import entry_file

    return entry_file(launch, files) is not None
