"""Procfiles: one process type a line."""

from __future__ import annotations

import posixpath
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from rewire.project.launch.command import read_command
from rewire.project.launch.compose import role_of

if TYPE_CHECKING:
    from rewire.model.project import Launch
    from rewire.project.launch.command import Evidence

_PROCESS = re.compile(r"^([\w-]+):\s*(\S.*)$")


def read_procfile(path: str, text: str, evidence: Evidence) -> list[Launch]:
    """The launch contexts of a Procfile; commands run where the file lies (https://devcenter.heroku.com/articles/procfile)."""
    found: list[Launch] = []
    for number, line in enumerate(text.splitlines(), 1):
        process = _PROCESS.match(line)
        if process:
            name = f"{posixpath.basename(path)}: {process[1]}"
            found += read_command(process[2], replace(evidence, name=name, line=number, role=role_of(process[1])))
    return found
