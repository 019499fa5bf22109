"""Who imports a module: found by the last word of what an import names, so that few imports need to be resolved."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Literal

from rewire.model.project import ImportedName
from rewire.model.source import Span
from rewire.project.modules import folder_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from rewire.project.answers import Answers
    from rewire.syntax.import_statement import ImportStatement

    Statements = Callable[[str], Sequence[ImportStatement]]

_SCOPES: Mapping[str, Literal["function", "class"]] = {"def": "function", "class": "class"}

Taken = tuple[ImportedName, "str | None"]
"""An import, and the attribute that it takes: a name, ``*``, or None for the module itself."""


class Importers:
    """The importers of one project. ``statements`` gives the import statements of a file."""

    def __init__(self, index: Answers, statements: Statements) -> None:
        self._index = index
        self._statements = statements
        self._known: dict[str, tuple[Taken, ...]] = {}
        self._named: dict[str, Mapping[str, list[ImportedName]]] = {}

    def of(self, path: str, name: str | None) -> tuple[ImportedName, ...]:
        """Who imports ``path`` (or ``name`` from it, star imports included), re-exports not followed."""
        if name is None or "_by_word" in self.__dict__:
            return tuple(entry for entry, taken in self._all_of(path) if name is None or taken in (name, "*"))
        if name not in self._named:
            self._named[name] = self._by_name(name)
        return tuple(self._named[name].get(path, ()))

    def _all_of(self, path: str) -> tuple[Taken, ...]:
        """Every import that loads ``path``, by the importer's path and its place there."""
        found = self._known.get(path)
        if found is None:
            found = self._known[path] = tuple(self._resolved(path))
        return found

    def _resolved(self, path: str) -> list[Taken]:
        word = path.rpartition(".")[0].removesuffix("/__init__").rpartition("/")[2]
        found: list[Taken] = []
        for importer, statement in self._by_word.get(word, ()):
            for imported in names_of(importer, statement):
                target = self._index.resolve(imported)
                if target is not None and target.path == path:
                    found.append((imported, "*" if imported.name == "*" else target.attribute))
        return found

    @cached_property
    def _by_word(self) -> Mapping[str, list[tuple[str, ImportStatement]]]:
        """Per last word of a module, the statements that may load a module of that name, in order."""
        found: dict[str, list[tuple[str, ImportStatement]]] = {}
        for path in self._index.paths:
            for statement in self._statements(path):
                for word in _words(path, statement):
                    found.setdefault(word, []).append((path, statement))
        return found

    def _by_name(self, name: str) -> Mapping[str, list[ImportedName]]:
        """Per loaded file, who takes ``name`` or a star from it: read from the few files that may."""
        index = self._index
        found: dict[str, list[ImportedName]] = {}
        for importer in index.mentions.of_listed(name.encode()):
            for imported in index.imports(importer):
                if imported.name not in (name, "*"):
                    continue
                target = index.resolve(imported)
                taken = None if imported.name == "*" else name
                if target is not None and target.path is not None and target.attribute == taken:
                    found.setdefault(target.path, []).append(imported)
        return found


def _words(path: str, statement: ImportStatement) -> set[str]:
    """The last words of all modules that a statement of ``path`` may load."""
    if not statement.is_from:
        return {name.rpartition(".")[2] for name, _ in statement.names}
    words = {name for name, _ in statement.names}
    folder = folder_of(path)
    if statement.module:
        words.add(statement.module.rpartition(".")[2])
    else:
        for _ in range(statement.level - 1):
            folder = folder_of(folder)
        words.add(folder.rpartition("/")[2])
    return words


def names_of(path: str, statement: ImportStatement) -> list[ImportedName]:
    """The names that one import statement of ``path`` imports, in order."""
    span = Span(statement.start, statement.end)
    around = [_SCOPES[guard.kind] for guard in statement.guards if guard.kind in _SCOPES]
    scope: Literal["module", "class", "function"] = "class" if around else "module"
    if "function" in around:
        scope = "function"
    guards = tuple(guard.kind for guard in statement.guards if guard.kind not in _SCOPES)
    if statement.is_from:
        return [
            ImportedName(path, span, statement.level, statement.module, name, alias or name, scope, guards)
            for name, alias in statement.names
        ]
    return [
        ImportedName(path, span, 0, name, None, alias or name.partition(".")[0], scope, guards)
        for name, alias in statement.names
    ]
