"""The facts of all files together, read when first asked for: names followed to their definitions across modules."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from rewire.codemod import ImportedName, NotLossless, NotPython, Project
from rewire_codemods.applications.origins import through

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rewire_codemods.shared_pool.facts import Class, Constant, Expression, FileFacts, Function

_HOPS = 5


class Atlas:
    """Questions about definitions. Files that ``locate`` did not look at are read here, when a name leads there."""

    def __init__(self, project: Project, facts: Mapping[str, FileFacts]) -> None:
        self.project = project
        self._facts: dict[str, FileFacts | None] = dict(facts)

    def file(self, path: str) -> FileFacts | None:
        """The facts of a file; None if it cannot be read."""
        if path not in self._facts:
            self._facts[path] = self._read(path)
        return self._facts[path]

    def _read(self, path: str) -> FileFacts | None:
        from rewire_codemods.shared_pool.reading import read

        source = self.project.source(path)
        if source is None:
            return None
        try:
            return read(source)
        except (NotPython, NotLossless):
            return None

    @cached_property
    def files_with_asyncpg(self) -> Sequence[FileFacts]:
        """Every file of the project, selected or not, that mentions asyncpg."""
        found = []
        for path in self.project.paths:
            known = self._facts.get(path)
            if known is None:
                source = self.project.source(path) if path not in self._facts else None
                known = self.file(path) if source and "asyncpg" in source.text else None
            if known is not None:
                found.append(known)
        return found

    def locate_name(self, path: str, dotted: str, hops: int = _HOPS) -> tuple[str, str, str] | None:
        """Where a dotted name that ``path`` reads at module level is defined: file, name there, what follows it.

        None if it comes from outside the project, or nothing defines it.
        """
        facts = self.file(path)
        if facts is None or hops == 0:
            return None
        first, _, rest = dotted.partition(".")
        for entry in self._imports(path).get(first, ()):
            found = self._through(entry, dotted, hops)
            if found is not None:
                return found
        if first in self._imports(path):
            return None
        return (path, first, rest) if first in facts.bound else None

    def _through(self, entry: ImportedName, dotted: str, hops: int) -> tuple[str, str, str] | None:
        step = through(self.project, entry, dotted.split("."))
        if step is None or step.path is None or not step.rest:
            return None
        return self.locate_name(step.path, ".".join(step.rest), hops - 1)

    def _imports(self, path: str) -> Mapping[str, Sequence[ImportedName]]:
        cache = self.__dict__.setdefault("_by_bound", {})
        if path not in cache:
            known: dict[str, list[ImportedName]] = {}
            for entry in self.project.imports(path):
                known.setdefault(entry.bound, []).append(entry)
            cache[path] = known
        found: Mapping[str, Sequence[ImportedName]] = cache[path]
        return found

    def constant(self, path: str, name: str) -> Constant | None:
        """The module-level constant ``name`` of a file."""
        facts = self.file(path)
        return next((entry for entry in facts.constants if entry.name == name), None) if facts else None

    def function(self, path: str, name: str) -> Function | None:
        """A function of a file by qualified name."""
        facts = self.file(path)
        return next((entry for entry in facts.functions if entry.name == name), None) if facts else None

    def class_named(self, path: str, name: str) -> Class | None:
        """A class of a file."""
        facts = self.file(path)
        last = name.rpartition(".")[2]
        return next((entry for entry in facts.classes if entry.name == last), None) if facts else None

    def class_value(self, path: str, owner: str, attribute: str) -> Expression | None:
        """What ``self.<attribute>`` is assigned in a class, where that is always the same."""
        known = self.class_named(path, owner)
        return dict(known.values).get(attribute) if known else None
