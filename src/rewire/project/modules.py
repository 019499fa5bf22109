"""Dotted names and paths: which file a module name stands for under a set of import roots, and the other way round."""

from __future__ import annotations

import posixpath
import sys
from functools import cached_property
from keyword import iskeyword
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

STANDARD = sys.stdlib_module_names
"""Top-level names of the standard library of the Python that runs rewire."""

SUFFIXES = (".py", ".pyi")


def module_name(path: str, root: str) -> str | None:
    """The dotted name of ``path`` counted from ``root``; None if it lies elsewhere or holds what is no identifier.

    ``""`` for the ``__init__.py`` of the root itself, which no import can name.
    """
    prefix = f"{root}/" if root else ""
    if not path.startswith(prefix):
        return None
    stem, suffix = posixpath.splitext(path[len(prefix) :])
    if suffix not in SUFFIXES:
        return None
    if stem == "__init__":
        return ""
    dotted = stem.removesuffix("/__init__").replace("/", ".")
    if dotted.isascii() and dotted.replace(".", "").replace("_", "").isalnum() and not _has_keyword_or_digit(dotted):
        return dotted
    parts = stem.removesuffix("/__init__").split("/")
    return dotted if all(part.isidentifier() and not iskeyword(part) for part in parts) else None


def _has_keyword_or_digit(dotted: str) -> bool:
    return any(iskeyword(part) or not part or part[0].isdigit() for part in dotted.split("."))


def folder_of(path: str) -> str:
    """The directory that holds ``path``, ``""`` for the workspace root."""
    return path.rpartition("/")[0]


def package_of(name: str, path: str) -> str:
    """``__package__`` of the module ``name`` at ``path``; empty for a top-level module."""
    return name if path.rpartition("/")[2].startswith("__init__.") else name.rpartition(".")[0]


class ModuleTable:
    """Modules by name, for one set of Python paths. Roots are given with each question: they differ by importer."""

    def __init__(self, paths: Iterable[str]) -> None:
        self.paths = frozenset(paths)
        self._found: dict[tuple[str, str], str | None] = {}

    @cached_property
    def by_folder(self) -> Mapping[str, Sequence[str]]:
        """The names of the Python files that lie directly in each directory that holds any."""
        files: dict[str, list[str]] = {}
        for path in self.paths:
            folder, _, file = path.rpartition("/")
            known = files.get(folder)
            if known is None:
                files[folder] = [file]
            else:
                known.append(file)
        return files

    @cached_property
    def folders(self) -> frozenset[str]:
        """Every directory that holds a Python file, at any depth."""
        found: set[str] = set()
        for folder in self.by_folder:
            while folder and folder not in found:
                found.add(folder)
                folder = folder_of(folder)
        return frozenset(found)

    @cached_property
    def tops(self) -> Mapping[str, frozenset[str]]:
        """Per directory, the module and package names that lie directly in it."""
        names: dict[str, set[str]] = {}
        for folder, files in self.by_folder.items():
            stems = {file.rpartition(".")[0] or file for file in files} - {"__init__"}
            if stems := {stem for stem in stems if stem.isidentifier()}:
                names[folder] = stems
        for folder in self.folders:
            parent, _, name = folder.rpartition("/")
            if name.isidentifier() and not iskeyword(name):
                names.setdefault(parent, set()).add(name)
        return {folder: frozenset(found) for folder, found in names.items()}

    def is_package(self, folder: str) -> bool:
        """True if ``folder`` holds an ``__init__.py``."""
        prefix = f"{folder}/" if folder else ""
        return f"{prefix}__init__.py" in self.paths

    def at(self, place: str) -> str | None:
        """The file of the module or regular package that lies at ``place`` (a path without suffix)."""
        for candidate in (f"{place}/__init__.py", f"{place}.py", f"{place}/__init__.pyi", f"{place}.pyi"):
            if candidate in self.paths:
                return candidate
        return None

    def find(self, dotted: str, roots: Sequence[str]) -> str | None:
        """The file that ``import dotted`` loads with ``roots`` on the path; None if none does.

        As at run time, the first root with a regular package or module of the top-level name hides that name in the
        others; directories without ``__init__.py`` come after all of those and are joined.
        """
        top, _, rest = dotted.partition(".")
        for root in roots:
            key = (root, dotted)
            if key not in self._found:
                self._found[key] = self._find_below(root, dotted)
            found = self._found[key]
            if found is not None:
                return found
            if rest and self.at(f"{root}/{top}" if root else top) is not None:
                return None
        return None

    def _find_below(self, root: str, dotted: str) -> str | None:
        """``dotted`` below one root: nothing on the way may be a module, which hides a directory of its name."""
        parent = dotted.rpartition(".")[0]
        while parent:
            above = self.at("/".join(([root] if root else []) + parent.split(".")))
            if above is not None:
                if not above.rpartition("/")[2].startswith("__init__."):
                    return None
                break
            parent = parent.rpartition(".")[0]
        return self.at("/".join(([root] if root else []) + dotted.split(".")))

    def folder(self, dotted: str, roots: Sequence[str]) -> str | None:
        """The directory without ``__init__.py`` (ends in ``/``) that ``import dotted`` finds: a namespace package."""
        below = dotted.replace(".", "/")
        for root in roots:
            place = f"{root}/{below}" if root else below
            if place in self.folders and self.at(place) is None:
                return f"{place}/"
        return None
