"""Launches that a configuration file implies without a command: pytest's settings, ``alembic.ini``."""

from __future__ import annotations

import posixpath
from dataclasses import replace
from typing import TYPE_CHECKING

from rewire.project.boot.pytest_settings import pytest_settings, section
from rewire.project.boot.tree import HOME, under
from rewire.project.launch.command import launch_of, read_command
from rewire.project.launch.installation import installed_folders
from rewire.project.launch.place import line_holding
from rewire.project.launch.running import Start

if TYPE_CHECKING:
    from rewire.model.project import Launch
    from rewire.project.boot.tree import Files
    from rewire.project.launch.command import Evidence


def read_pytest(path: str, text: str, files: Files, evidence: Evidence) -> list[Launch]:
    """``pytest`` started where its settings are: over ``testpaths``, or over everything."""
    name = posixpath.basename(path)
    if section(name, text) is None:
        return []
    folder = posixpath.dirname(path)
    settings = pytest_settings(files, evidence.read_text, folder)
    home = under(HOME, folder)
    roots = tuple(under(home, part) for part in settings.pythonpath)
    places = " ".join(under(home, part) for part in settings.testpaths)
    start = Start(places or home, "tests", roots, "test")
    at = replace(
        evidence,
        name=f"{name}: pytest",
        cwd=home,
        line=line_holding(text, "pytest"),
        installed=tuple(installed_folders(evidence.tree, home, evidence.read_text)),
    )
    return [launch_of(start, "pytest", at)]


def read_alembic(path: str, text: str, evidence: Evidence) -> list[Launch]:
    """``alembic upgrade head`` started where ``alembic.ini`` lies."""
    name = posixpath.basename(path)
    at = replace(evidence, name=name, line=line_holding(text, "script_location"))
    launches = read_command(f"alembic -c {name} upgrade head", at)
    return [replace(launch, line=at.line) for launch in launches]
