"""Console scripts and entry points of the project's own packaging."""

from __future__ import annotations

import ast
import posixpath
import re
from typing import TYPE_CHECKING, Any

from rewire.project.boot.tree import HOME, under
from rewire.project.launch.command import launch_of
from rewire.project.launch.installation import with_siblings
from rewire.project.launch.place import line_holding, load_ini, load_toml
from rewire.project.launch.running import Start

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rewire.model.project import Launch
    from rewire.project.launch.command import Evidence

_REFERENCE = re.compile(r"^\s*([A-Za-z_][\w.]*)\s*(?::\s*([\w.]+))?\s*(?:\[[^\]]*\])?\s*$")


def read_packaging(path: str, text: str, evidence: Evidence) -> list[Launch]:
    """The launch contexts of ``pyproject.toml``, ``setup.cfg`` or ``setup.py``: what an installation makes runnable."""
    name = posixpath.basename(path)
    if name == "pyproject.toml":
        references = list(_pyproject(load_toml(text)))
    elif name == "setup.cfg":
        references = list(_setup_cfg(text))
    else:
        references = list(_setup_py(text))
    if not references:
        return []
    folder = under(HOME, posixpath.dirname(path))
    places = with_siblings(evidence.tree, folder, evidence.read_text) or [folder]
    found: list[Launch] = []
    for script, reference in references:
        match = _REFERENCE.match(reference)
        if match:
            start = Start(match[1], "module", (), "script", match[2] or "")
            where = line_holding(text, reference.strip())
            found.append(launch_of(start, script, _at(evidence, f"{name}: {script}", where, tuple(places))))
    return found


def _at(evidence: Evidence, name: str, line: int, places: tuple[str, ...]) -> Evidence:
    """``evidence`` for one script of an installation."""
    from dataclasses import replace

    return replace(evidence, name=name, line=line, installed=places)


def _pyproject(data: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """(name, ``module:attribute``) of every script and entry point; poetry's own table too."""
    project = _table(data, "project")
    poetry = _table(_table(data, "tool"), "poetry")
    tables = [project.get("scripts"), project.get("gui-scripts"), poetry.get("scripts")]
    for groups in (project.get("entry-points"), poetry.get("plugins")):
        tables += list(groups.values()) if isinstance(groups, dict) else []
    for table in tables:
        for name, reference in table.items() if isinstance(table, dict) else ():
            if isinstance(reference, dict):
                reference = reference.get("callable") or reference.get("reference") or ""
            if isinstance(reference, str):
                yield str(name), reference


def _table(data: dict[str, Any], name: str) -> dict[str, Any]:
    """The table of that name; an empty one where something else stands there."""
    found = data.get(name)
    return found if isinstance(found, dict) else {}


def _setup_cfg(text: str) -> Iterator[tuple[str, str]]:
    """The ``[options.entry_points]`` section."""
    settings = load_ini(text)
    if settings.has_section("options.entry_points"):
        for _, value in settings.items("options.entry_points"):
            yield from _assignments((value or "").splitlines())


def _assignments(lines: list[str]) -> Iterator[tuple[str, str]]:
    """``name = module:attribute`` lines."""
    for line in lines:
        name, separator, reference = line.partition("=")
        if separator:
            yield name.strip(), reference.strip()


def _setup_py(text: str) -> Iterator[tuple[str, str]]:
    """The ``entry_points`` argument of ``setup()`` where it is written out."""
    if "entry_points" not in text:
        return
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg == "entry_points":
            try:
                groups = ast.literal_eval(node.value)
            except (ValueError, TypeError, RecursionError):
                continue
            for lines in groups.values() if isinstance(groups, dict) else ():
                if isinstance(lines, str):
                    lines = lines.splitlines()
                yield from _assignments([line for line in lines if isinstance(line, str)])
