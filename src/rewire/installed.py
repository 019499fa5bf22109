"""The entry points of a group, as importlib.metadata finds them; without it, where plain folders tell the whole story.

importlib.metadata brings the email, zip and socket libraries with it: 25 ms, a tenth of a run that has nothing to do.
Here the files it would parse are searched for the group's name. What is out of the ordinary is left to it: zip files
and eggs on the path, finders that know distributions of their own, two copies of one distribution, values with an
attribute or with extras.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class EntryPoint(Protocol):
    """What a distribution offers."""

    @property
    def name(self) -> str:
        """What it is called."""
        ...

    @property
    def value(self) -> str:
        """The module."""
        ...

    def load(self) -> Any:
        """Import it. Raises whatever its import raises."""
        ...


class Plain(NamedTuple):
    """An entry point whose value is the name of a module and no more."""

    name: str
    value: str

    def load(self) -> Any:
        """Import the module."""
        return import_module(self.value)


class Unusual(Exception):
    """Something that importlib.metadata must be asked about."""


def entry_points(group: str) -> Iterable[EntryPoint]:
    """Those of every installed distribution, in no particular order."""
    try:
        return read_plainly(group)
    except (OSError, UnicodeDecodeError, Unusual):
        from importlib import metadata

        return metadata.entry_points(group=group)


def read_plainly(group: str) -> list[Plain]:
    """The entry points of distributions that lie in plain folders. Raises Unusual, OSError, UnicodeDecodeError."""
    if any(hasattr(finder, "find_distributions") for finder in sys.meta_path if not _is_pythons_own(finder)):
        raise Unusual
    distributions: Counter[str] = Counter()
    offered: dict[str, list[Plain]] = {}
    for folder in dict.fromkeys(sys.path):
        for name, place in _distributions(folder or os.curdir):
            distributions[name] += 1
            found = _read(place, group)
            if found:
                offered[name] = found
    if any(distributions[name] > 1 for name in offered):
        raise Unusual
    return [point for points in offered.values() for point in points]


def _is_pythons_own(finder: object) -> bool:
    return getattr(finder, "__module__", "").startswith("_frozen_importlib")


def _distributions(folder: str) -> Iterator[tuple[str, str]]:
    """Name, as importlib.metadata compares it, and metadata folder of what is installed in a folder of the path."""
    if folder.lower().endswith(".egg"):
        raise Unusual
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in entries]
    except FileNotFoundError:
        return
    for name in names:
        if name.lower().endswith((".dist-info", ".egg-info")):
            stem = name.lower().rpartition(".")[0].partition("-")[0]
            yield stem.replace("-", "_").replace(".", "_"), f"{folder}/{name}"


def _read(place: str, group: str) -> list[Plain]:
    """What a distribution offers to ``group``."""
    try:
        data = Path(place, "entry_points.txt").read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return []
    if group.encode() not in data:
        return []
    found = []
    section = ""
    for line in map(str.strip, data.decode().splitlines()):
        if line.startswith("[") and line.endswith("]"):
            section = line[1:-1]
        elif section == group and line and not line.startswith("#"):
            name, _, value = (part.strip() for part in line.partition("="))
            if not all(part.isidentifier() for part in value.split(".")):
                raise Unusual
            found.append(Plain(name, value))
    return found
