"""The configuration as frozen values."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rewire.model.project import Role

Grain = Literal["codemod", "file", "site"]


@dataclass(frozen=True, slots=True)
class LaunchEntry:
    """One way in which the user says the project is started; a ``[[tool.rewire.launch]]`` table or ``--launch``.

    ``command`` as a shell would take it (``cd backend && uvicorn main:app``); ``workdir`` and ``pythonpath`` are
    relative to the directory of the configuration file. ``role`` None: read it off the command.
    """

    command: str
    name: str = ""
    workdir: str = ""
    pythonpath: tuple[str, ...] = ()
    role: Role | None = None


@dataclass(frozen=True, slots=True)
class Config:
    """A validated configuration. ``source`` None: no file was found and everything is at its default.

    ``table`` is the dotted place of the settings in that file (``tool.rewire``, or empty for ``rewire.toml``).
    ``exclude`` are gitignore-style patterns, ``roots`` import roots, both relative to ``directory``.
    ``codemods`` holds the tables of single codemods as they stand in the file, keyed by the name written there.
    """

    source: Path | None = None
    directory: Path = Path()
    table: str = ""
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    jobs: int | None = None
    commit_per: Grain | None = None
    roots: tuple[str, ...] = ()
    launch: tuple[LaunchEntry, ...] = ()
    codemods: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
