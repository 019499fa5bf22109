"""docker-compose files: services that are built from the project, and what they run."""

from __future__ import annotations

import posixpath
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rewire.project.boot.tree import under
from rewire.project.launch.docker import Build, Stage, in_image, stages, start_image
from rewire.project.launch.place import line_holding, load_yaml

if TYPE_CHECKING:
    from collections.abc import Callable

    from rewire.model.project import Launch, Role
    from rewire.project.boot.tree import Files


def read_compose(path: str, text: str, files: Files, read_text: Callable[[str], str | None]) -> list[Launch]:
    """The launch contexts of every service that is built from a Dockerfile of the project or mounts its code."""
    data = load_yaml(text)
    services = data.get("services", {}) if isinstance(data, dict) else {}
    found: list[Launch] = []
    for name, service in services.items() if isinstance(services, dict) else ():
        if isinstance(service, dict):
            line = line_holding(text, f"{name}:")
            found += _service(str(name), service, path, line, files, read_text)
    return found


def _service(
    name: str, service: dict[str, Any], path: str, line: int, files: Files, read_text: Callable[[str], str | None]
) -> list[Launch]:
    """The launch contexts of one service."""
    here = posixpath.dirname(path)
    build = build_of(service.get("build"), here, files)
    stage = Stage("")
    if build is not None:
        text = read_text(build.dockerfile)
        try:
            known = stages(text, build, files) if text is not None else []
        except ValueError:
            known = []
        if known:
            stage = next((one for one in known if one.name and one.name == build.target), known[-1])
    elif "volumes" not in service:
        return []
    for source, target in volumes(service.get("volumes"), here, files):
        stage.mounts.append((target, source))
    if isinstance(service.get("working_dir"), str):
        stage.workdir = under(stage.workdir, service["working_dir"])
    stage.variables.update(environment(service.get("environment")))
    evidence = in_image(stage, build or Build("", here), files, read_text, path, f"{posixpath.basename(path)}: {name}")
    evidence = replace(evidence, line=line, role=role_of(name))
    launches = start_image(stage, evidence, _command(service.get("command")), _command(service.get("entrypoint")))
    return [replace(launch, source=path, line=line) for launch in launches]


def build_of(build: object, here: str, files: Files) -> Build | None:
    """The ``build`` key of a service."""
    if isinstance(build, str):
        build = {"context": build}
    if not isinstance(build, dict) or not isinstance(build.get("context", "."), str):
        return None
    context = posixpath.normpath(posixpath.join(here, build.get("context", ".")))
    context = "" if context == "." else context
    dockerfile = posixpath.normpath(posixpath.join(context, str(build.get("dockerfile", "Dockerfile"))))
    target = build.get("target")
    return Build(dockerfile, context, target if isinstance(target, str) else None)


def volumes(value: object, here: str, files: Files) -> list[tuple[str, str]]:
    """(workspace path, place in the container) of each bind mount of the project's own folders."""
    found: list[tuple[str, str]] = []
    for volume in value if isinstance(value, list) else ():
        if isinstance(volume, str):
            source, _, target = volume.partition(":")
            target = target.partition(":")[0]
        elif isinstance(volume, dict) and volume.get("type", "bind") == "bind":
            source, target = str(volume.get("source", "")), str(volume.get("target", ""))
        else:
            continue
        if not source.startswith(".") or not target.startswith("/"):
            continue
        path = posixpath.normpath(posixpath.join(here, source))
        path = "" if path == "." else path
        if path in files.files or files.is_dir(path):
            found.append((path, posixpath.normpath(target)))
    return found


def environment(value: object) -> dict[str, str]:
    """The ``environment`` key: a mapping or a list of ``NAME=value``."""
    if isinstance(value, dict):
        return {str(name): str(text) for name, text in value.items() if text is not None}
    pairs = [str(item).partition("=") for item in value] if isinstance(value, list) else []
    return {name: text for name, separator, text in pairs if separator}


def role_of(name: str) -> Role:
    """What a process is, by the name that its owner gave it."""
    lowered = name.lower()
    if "migrat" in lowered or lowered == "release":
        return "migration"
    if "test" in lowered:
        return "test"
    if any(word in lowered for word in ("web", "api", "server", "backend", "app")):
        return "server"
    return "worker"


def _command(value: object) -> tuple[str, ...] | str | None:
    """``command`` and ``entrypoint``: a list of words, or text that compose splits as a shell would."""
    if isinstance(value, list):
        return tuple(str(word).replace("$$", "$") for word in value)
    return value.replace("$$", "$") if isinstance(value, str) else None
