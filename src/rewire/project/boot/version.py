"""The least Python version that a project says it runs on."""

from __future__ import annotations

import posixpath
import re
import tomllib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rewire.project.boot.tree import Files

Version = tuple[int, int]

_LOWER = re.compile(r"(?:>=?|==|~=?|\^|^)\s*(\d+)\.(\d+)")
_IMAGE = re.compile(r"^\s*FROM\s+(?:\S+/)?python:(\d+)\.(\d+)", re.I | re.M)
_CONTAINER = re.compile(r"(?:docker|container)file", re.I)


def declared_version(files: Files, read_text: Callable[[str], str | None]) -> Version | None:
    """The highest of the least versions that packaging, ``.python-version`` and images name; None for none.

    A workspace of several projects may say several things. The highest one is taken: what newer versions no longer do
    (evaluate annotations) fails nowhere then, instead of failing where it does not.
    """
    found: list[Version] = []
    for path in files.files:
        name = posixpath.basename(path)
        if name == "pyproject.toml" or name == ".python-version" or _CONTAINER.search(name):
            text = read_text(path)
            found += _versions(name, text) if text is not None else ()
    return max(found, default=None)


def _versions(name: str, text: str) -> Iterator[Version]:
    if name == "pyproject.toml":
        for said in _required(text):
            lowest = [(int(match[1]), int(match[2])) for match in _LOWER.finditer(said)]
            if lowest:
                yield max(lowest)
    else:
        pattern = re.compile(r"^\s*(\d+)\.(\d+)") if name == ".python-version" else _IMAGE
        for match in pattern.finditer(text):
            yield int(match[1]), int(match[2])


def _required(text: str) -> Iterator[str]:
    """``requires-python``, and poetry's own key for it."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    project = data.get("project", {})
    poetry = data.get("tool", {}).get("poetry", {})
    dependencies = poetry.get("dependencies", {}) if isinstance(poetry, dict) else {}
    values = [project.get("requires-python") if isinstance(project, dict) else None]
    values.append(dependencies.get("python") if isinstance(dependencies, dict) else None)
    yield from (value for value in values if isinstance(value, str))
