"""Find the configuration file, read it, and refuse whatever in it is not known, by its exact place."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rewire.config.convert import Misfit, convert
from rewire.config.place import dotted, line_of_key
from rewire.config.values import Config, Grain, LaunchEntry
from rewire.errors import ConfigError, did_you_mean
from rewire.model.project import Role

if TYPE_CHECKING:
    from collections.abc import Mapping

KEYS: Mapping[str, tuple[Any, str]] = {
    "select": (tuple[str, ...], "the codemods to run; every default one if absent"),
    "ignore": (tuple[str, ...], "codemods to leave out"),
    "exclude": (tuple[str, ...], "gitignore-style patterns of files to leave alone"),
    "jobs": (int, "worker processes; as many as there are processors if absent"),
    "commit-per": (Grain, "how much goes into one commit"),
    "roots": (tuple[str, ...], "import roots: directories from which module names are counted"),
}
"""Key -> type and the row in the documentation. Further keys: ``launch``, and one table a codemod."""

LAUNCH_KEYS: Mapping[str, tuple[Any, str]] = {
    "command": (str, "the command as a shell would take it; required"),
    "name": (str, "what to call it in reports"),
    "workdir": (str, "the directory it is run in, relative to this file"),
    "pythonpath": (tuple[str, ...], "PYTHONPATH entries, relative to this file"),
    "role": (Role, "what kind of process it is, where the command does not say"),
}


def load(start: Path, explicit: Path | None = None) -> Config:
    """The configuration for a run on ``start``: ``explicit`` if given, else the nearest one upwards.

    A directory's ``rewire.toml`` wins over its ``pyproject.toml``; a ``pyproject.toml`` without ``[tool.rewire]`` does
    not end the search, the top of a git repository does. Raises ConfigError.
    """
    if explicit is not None:
        if not explicit.is_file():
            raise ConfigError(f"{explicit}: no such configuration file")
        return _read(explicit, required=True) or Config(source=explicit, directory=explicit.parent)
    here = Path(os.path.abspath(start))  # noqa: PTH100 - resolve() would follow links out of the project
    for directory in (here, *here.parents):
        for name in ("rewire.toml", "pyproject.toml"):
            candidate = directory / name
            if candidate.is_file():
                config = _read(candidate, required=False)
                if config is not None:
                    return config
        if (directory / ".git").exists():
            break
    return Config(directory=here if here.is_dir() else here.parent)


def _read(path: Path, *, required: bool) -> Config | None:
    """The configuration in ``path``; None for a pyproject.toml that says nothing about rewire."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    of_project = path.name == "pyproject.toml"
    if of_project and not required and b"rewire" not in data:
        return None
    import tomllib  # 3 ms, where there is a file to read

    try:
        text = data.decode("utf-8")
        document = tomllib.loads(text)
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not UTF-8 at byte {error.start}") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(_syntax_message(path, str(error)), advice="correct the TOML and run again") from error
    prefix: tuple[str, ...] = ("tool", "rewire") if of_project else ()
    table: Any = document
    for part in prefix:
        table = table.get(part) if isinstance(table, dict) else None
    if table is None:
        if required:
            raise ConfigError(f"{path}: has no [tool.rewire] table")
        return None
    return _Validator(path, text, prefix).config(table)


def _syntax_message(path: Path, message: str) -> str:
    """tomllib's ``... (at line 3, column 5)`` with the place in front, as editors like it."""
    place = re.search(r"\s*\(at line (\d+), column (\d+)\)$", message)
    if place is None:
        return f"{path}: not valid TOML: {message}"
    return f"{path}:{place[1]}:{place[2]}: not valid TOML: {message[: place.start()]}"


class _Validator:
    """Checks one file's table; every complaint names file, line and key."""

    def __init__(self, path: Path, text: str, prefix: tuple[str, ...]) -> None:
        self.path = path
        self.text = text
        self.prefix = prefix

    def config(self, table: Any) -> Config:
        """The validated configuration. Raises ConfigError at the first thing that is wrong."""
        if not isinstance(table, dict):
            raise self.error((), f"expected a table, got {type(table).__name__}")
        known: dict[str, Any] = {}
        codemods: dict[str, Mapping[str, Any]] = {}
        launch: tuple[LaunchEntry, ...] = ()
        for key, value in table.items():
            if key in KEYS:
                known[key.replace("-", "_")] = self.value((key,), value, KEYS[key][0])
            elif key == "launch":
                launch = self.launches(value)
            elif isinstance(value, dict):
                codemods[key] = value
            else:
                known_keys = [*KEYS, "launch"]
                hint = did_you_mean(key, known_keys) or f" (known: {', '.join(known_keys)})"
                raise self.error((key,), f"unknown key{hint}")
        if known.get("jobs", 1) < 1:
            raise self.error(("jobs",), f"expected a positive number, got {known['jobs']}")
        return Config(
            source=self.path,
            directory=Path(os.path.abspath(self.path)).parent,  # noqa: PTH100
            table=dotted(self.prefix),
            launch=launch,
            codemods=codemods,
            **known,
        )

    def launches(self, value: Any) -> tuple[LaunchEntry, ...]:
        """The ``[[launch]]`` tables."""
        if not isinstance(value, list):
            raise self.error(("launch",), "expected an array of tables: [[launch]]")
        entries = []
        for number, table in enumerate(value):
            place = ("launch", number)
            if not isinstance(table, dict):
                raise self.error(place, f"expected a table, got {type(table).__name__}")
            for key in table:
                if key not in LAUNCH_KEYS:
                    hint = did_you_mean(key, LAUNCH_KEYS) or f" (known: {', '.join(LAUNCH_KEYS)})"
                    raise self.error((*place, key), f"unknown key{hint}")
            if not table.get("command"):
                raise self.error((*place, "command"), "a launch needs a command")
            fields = {key: self.value((*place, key), item, LAUNCH_KEYS[key][0]) for key, item in table.items()}
            entries.append(LaunchEntry(**fields))
        return tuple(entries)

    def value(self, place: tuple[str | int, ...], value: Any, wanted: Any) -> Any:
        """``value`` as ``wanted``. Raises ConfigError."""
        converted = convert(value, wanted)
        if isinstance(converted, Misfit):
            raise self.error((*place, *converted.path), converted.message)
        return converted

    def error(self, place: tuple[str | int, ...], message: str) -> ConfigError:
        """A complaint about the key at ``place`` below the file's own table."""
        return place_error(self.path, self.text, (*self.prefix, *place), message)


def place_error(path: Path, text: str, place: tuple[str | int, ...], message: str) -> ConfigError:
    """``file:line: key.path: message``."""
    line = line_of_key(text, place)
    where = f"{path}:{line}" if line else str(path)
    return ConfigError(f"{where}: {dotted(place) or 'the file'}: {message}")
