"""Cheap guesses, by path and text alone, at which files may have to do with one another.

Import roots cost far more to find than these answers do (``Project.find_module`` reads what launches the project), and
most files that mention ``connect_timeout`` have nothing to do with asyncpg.
"""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING

from rewire_codemods.connect_timeout import tables

if TYPE_CHECKING:
    from collections.abc import Collection

    from rewire.codemod import ImportedName, Project

_HOPS = 6
_KIN = 2
"""Through how many files that define a name by another one of theirs (a class by its base) it is followed."""

_WORDS = re.compile(r"\w+")
_DEFINED = (
    r"^(?:class[ \t]+{0}\b[ \t]*(?:\((?P<bases>[^)]*)\))?"
    r"|(?:async[ \t]+)?def[ \t]+{0}\b|(?P<value>{0}[ \t]*(?::[^=\n]*)?=))"
)
_NEXT = re.compile(r"\n(?=[^\s)\]}])")
"""Where the next statement of the module begins."""


class Links:
    """``reaching`` are the files that speak of asyncpg."""

    def __init__(self, project: Project, reaching: Collection[str]) -> None:
        self.project = project
        self.reaching = frozenset(reaching)
        self._answers: dict[tuple[str, int, int], bool] = {}

    @cached_property
    def _by_last(self) -> dict[str, list[str]]:
        """Project files by the last part of their module name."""
        found: dict[str, list[str]] = {}
        for path in self.project.paths:
            found.setdefault(_parts(path)[-1:][0] if _parts(path) else "", []).append(path)
        return found

    @cached_property
    def _names(self) -> frozenset[str]:
        """Last parts of the module names of the files that speak of asyncpg, and of their packages."""
        return frozenset(part for path in self.reaching for part in _parts(path)[-2:])

    def is_near(self, path: str) -> bool:
        """True if a file names the module, or the package, of one that speaks of asyncpg, or imports from its kin."""
        source = self.project.source(path)
        if source is None:
            return False
        if not self._names.isdisjoint(_WORDS.findall(source.text)):
            return True
        return any(self.may_reach(_onward(entry)) for entry in self.project.imports(path))

    def may_reach(self, dotted: str, hops: int = _HOPS, kin: int = _KIN) -> bool:
        """True if a file that may define the imported name ``dotted`` speaks of asyncpg; re-exports are followed."""
        mark = (dotted, hops, kin)
        if mark not in self._answers:
            self._answers[mark] = self._reaches(dotted, hops, kin)
        return self._answers[mark]

    def _reaches(self, dotted: str, hops: int, kin: int) -> bool:
        parts = [part for part in dotted.split(".") if part]
        for size in range(len(parts), 0, -1):
            homes = [path for path in self._by_last.get(parts[size - 1], ()) if _ends(path, parts[:size])]
            if any(self._speaks(path) for path in homes):
                return True
            if homes:
                return hops > 0 and any(self._passes_on(path, parts[size:], hops, kin) for path in homes)
        return dotted.startswith(".") and any(self._speaks(path) for path in self._by_last.get("", ()))

    def _speaks(self, path: str) -> bool:
        source = self.project.source(path)
        return source is not None and any(word in source.text for word in tables.REACHES)

    def _passes_on(self, path: str, rest: list[str], hops: int, kin: int) -> bool:
        """True if the file imports the name from another one that may define it, or defines it by what it imports."""
        made_of = self._made_of(path, rest[0]) if kin > 0 and rest else frozenset()
        for entry in self.project.imports(path):
            if entry.bound in made_of and self.may_reach(_onward(entry), hops - 1, kin - 1):
                return True
            named = entry.bound == "*" or (rest and entry.bound == rest[0])
            if named and self.may_reach(_onward(entry), hops - 1, kin):
                return True
        return False

    def _made_of(self, path: str, name: str) -> frozenset[str]:
        """The names by which a file defines ``name``: bases of a class, what a function with ``**`` hands on to."""
        source = self.project.source(path)
        found = re.search(_DEFINED.format(re.escape(name)), source.text, re.MULTILINE) if source is not None else None
        if source is None or found is None:
            return frozenset()
        if found["bases"] is not None:
            return frozenset(_WORDS.findall(found["bases"]))
        following = _NEXT.search(source.text, found.end())
        body = source.text[found.start() : following.start() if following else None]
        return frozenset(_WORDS.findall(body)) if "**" in body or found["value"] else frozenset()


def _onward(entry: ImportedName) -> str:
    """What an import names, dotted."""
    return ".".join(part for part in (entry.module, entry.name) if part and part != "*")


def _parts(path: str) -> list[str]:
    """The parts of a path as those of a module name, from the project's top."""
    parts = path.rpartition(".")[0].split("/")
    return parts[:-1] if parts[-1] == "__init__" else parts


def _ends(path: str, wanted: list[str]) -> bool:
    """True if the module name may end in (or be the end of) the parts ``wanted``."""
    parts = _parts(path)
    size = min(len(parts), len(wanted))
    return parts[len(parts) - size :] == wanted[len(wanted) - size :]
