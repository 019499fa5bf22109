"""The user's own word on how the project is started: ``--launch`` and ``[[tool.rewire.launch]]``."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rewire.errors import ConfigError, UsageError
from rewire.project.boot.tree import HOME, under
from rewire.project.launch.command import read_command

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rewire.model.project import Launch
    from rewire.project.launch.command import Evidence

_KEYS = ("name", "command", "workdir", "pythonpath", "role")


def read_arguments(texts: Sequence[str], evidence: Evidence) -> list[Launch]:
    """The contexts of ``--launch`` arguments. Raises UsageError for a command that starts no Python."""
    found: list[Launch] = []
    for number, text in enumerate(texts, 1):
        launches = read_command(text, replace(evidence, source="--launch", name=_named(text), line=number))
        if not launches:
            raise UsageError(
                f"--launch {text!r} starts no Python program that rewire knows",
                advice="write the command as a shell would run it from the repository root: "
                '"cd backend && uvicorn main:app"',
            )
        found += launches
    return found


def _named(text: str) -> str:
    """A short name for a command of the user's."""
    return text if len(text) <= 60 else text[:57] + "..."


def read_entries(entries: Sequence[Any], evidence: Evidence) -> list[Launch]:
    """The contexts of ``[[tool.rewire.launch]]`` tables (keys: name, command, workdir, pythonpath, role).

    Raises ConfigError for a table without a command that starts a Python program.
    """
    found: list[Launch] = []
    for number, entry in enumerate(entries, 1):
        table = entry if isinstance(entry, Mapping) else {key: getattr(entry, key, None) for key in _KEYS}
        command = table.get("command")
        if not isinstance(command, str):
            raise ConfigError(f"tool.rewire.launch[{number - 1}]: command: expected a text")
        paths = table.get("pythonpath") or ()
        paths = re.split("[:;]", paths) if isinstance(paths, str) else list(paths)
        cwd = under(HOME, str(table.get("workdir") or ""))
        variables = {"PYTHONPATH": ":".join(posixpath.join(HOME, path) for path in paths)} if paths else {}
        name = str(table.get("name") or _named(command))
        inside = replace(evidence, source="configuration", name=name, cwd=cwd, variables=variables, line=number)
        launches = read_command(command, inside)
        if not launches:
            raise ConfigError(
                f"tool.rewire.launch[{number - 1}]: command: {command!r} starts no Python program that rewire knows"
            )
        role = table.get("role")
        found += [replace(launch, role=role) for launch in launches] if role else launches
    return found
