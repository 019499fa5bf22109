"""Kubernetes manifests and the values of Helm charts: containers with a command, in an image of the project."""

from __future__ import annotations

import posixpath
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rewire.project.boot.finder import entry_file
from rewire.project.boot.tree import HOME
from rewire.project.launch.command import read_words
from rewire.project.launch.compose import environment, role_of
from rewire.project.launch.docker import Build, Stage, guess_context, in_image, stages, start_image
from rewire.project.launch.dockerignore import ignored_files
from rewire.project.launch.place import line_holding, load_yamls

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rewire.model.project import Launch
    from rewire.project.boot.tree import Files
    from rewire.project.launch.command import Evidence

_COMMAND = re.compile(r"^[\s-]*(?:command|args):", re.M)
_ALONE = re.compile(r"^\s*\{\{.*\}\}\s*$", re.M)
_WITHIN = re.compile(r"\{\{[^}\n]*\}\}")


def read_manifest(path: str, text: str, files: Files, evidence: Evidence, dockerfiles: Sequence[str]) -> list[Launch]:
    """The launch contexts of every container that says what it runs; ``dockerfiles`` are all of the project's."""
    if not _COMMAND.search(text):
        return []
    if "{{" in text:
        text = _WITHIN.sub("value", _ALONE.sub("", text))
    found: list[Launch] = []
    for document in load_yamls(text):
        for name, container in _containers(document, posixpath.basename(path)):
            image = container.get("image")
            dockerfile = _dockerfile(image if isinstance(image, str) else "", dockerfiles)
            found += _started(name, container, replace(evidence, source=path), text, files, dockerfile)
    return found


def _containers(value: Any, name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every table with a ``command`` or ``args`` that is a list of words, with the nearest name."""
    if isinstance(value, list):
        for part in value:
            yield from _containers(part, name)
    if not isinstance(value, dict):
        return
    metadata = value.get("metadata")
    given = value.get("name") or (metadata.get("name") if isinstance(metadata, dict) else None)
    name = given if isinstance(given, str) else name
    if _words(value.get("command")) or _words(value.get("args")):
        yield name, value
        return
    for key, part in value.items():
        if key not in ("livenessProbe", "readinessProbe", "startupProbe", "lifecycle"):
            yield from _containers(part, name if isinstance(given, str) else str(key))


def _words(value: object) -> tuple[str, ...]:
    return (
        tuple(map(str, value)) if isinstance(value, list) and all(isinstance(word, str | int) for word in value) else ()
    )


def _started(
    name: str, container: dict[str, Any], evidence: Evidence, text: str, files: Files, dockerfile: str | None
) -> list[Launch]:
    """What one container runs: ``command`` replaces the image's entry point, ``args`` its command."""
    entry, words = _words(container.get("command")), _words(container.get("args"))
    line = line_holding(text, (entry or words)[0], line_holding(text, f"name: {name}"))
    values = container.get("env")
    pairs = [one for one in values if isinstance(one, dict)] if isinstance(values, list) else []
    variables = environment({str(one.get("name")): one.get("value") for one in pairs})
    at = replace(evidence, name=f"{posixpath.basename(evidence.source)}: {name}", line=line, role=role_of(name))
    if dockerfile is None:
        launches = read_words((*entry, *words), replace(at, cwd=HOME, variables=variables))
        return [launch for launch in launches if entry_file(launch, files) is not None]  # else: some image's own
    content = evidence.read_text(dockerfile) or ""
    context = guess_context(content, dockerfile, files)
    build = Build(dockerfile, context, None, ignored_files(context, dockerfile, files, evidence.read_text))
    try:
        known = stages(content, build, files)
    except ValueError:
        known = []
    stage = known[-1] if known else Stage("")
    inside = in_image(stage, build, files, evidence.read_text, at.source, at.name)
    inside = replace(inside, line=line, role=at.role, variables={**inside.variables, **variables})
    launches = start_image(stage, inside, words or None, (*entry, *words) if entry else None)
    return [replace(launch, source=at.source, line=line) for launch in launches]


def _dockerfile(image: str, known: Sequence[str]) -> str | None:
    """The Dockerfile that an image is built from: the only one there is, or the one whose folder has its name."""
    name = image.partition("@")[0].rpartition("/")[2].partition(":")[0]
    named = [path for path in known if name and posixpath.basename(posixpath.dirname(path)) == name]
    named = named or [path for path in known if posixpath.basename(posixpath.dirname(path)) in name.split("-")]
    return known[0] if len(known) == 1 else named[0] if len(named) == 1 else None
