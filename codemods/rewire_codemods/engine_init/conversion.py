"""The state of one conversion: the engine's module, the edits so far, and how each file names that module."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rewire.codemod import Span
from rewire_codemods.applications.obstacle import Obstacle
from rewire_codemods.applications.reading import identifiers

if TYPE_CHECKING:
    from rewire.codemod import ImportedName, Note
    from rewire_codemods.applications.application import Application
    from rewire_codemods.applications.reading import Shelf
    from rewire_codemods.engine_init.definition import Definition
    from rewire_codemods.engine_init.editing import Edits
    from rewire_codemods.engine_init.options import EngineInitOptions
    from rewire_codemods.engine_init.style import Style

_TAKEN_WORDS = frozenset({"db", "session", "engine", "base", "database", "main", "app"})


@dataclass(slots=True)
class Conversion:
    """One engine on its way into functions.

    ``known`` are the paths that hold facts of this run, ``served`` the files that are loaded before the lifespan runs,
    ``factories`` (file, name) of every session factory over it, ``excused`` the ids of nodes that move away and touch
    nothing where they stand.
    """

    shelf: Shelf
    definition: Definition
    application: Application | None
    options: EngineInitOptions
    style: Style
    edits: Edits
    known: tuple[str, ...]
    served: frozenset[str] = frozenset()
    notes: list[Note] = field(default_factory=list)
    excused: set[int] = field(default_factory=set)
    factories: set[tuple[str, str]] = field(default_factory=set)
    wired: list[str] = field(default_factory=list)
    importers: list[str] = field(default_factory=list)
    _aliases: dict[str, str] = field(default_factory=dict)

    @property
    def path(self) -> str:
        """The engine's module."""
        return self.definition.path

    def alias(self, path: str, after: ImportedName | None = None) -> str:
        """The name under which the file ``path`` has the engine's module; its import is added where it is missing.

        ``after``: the import statement whose place (or the line below it) the new import takes.
        """
        if path not in self._aliases:
            self._aliases[path] = self._bound_module(path) or self._import_module(path, after)
        return self._aliases[path]

    def alias_again(self, imported: ImportedName) -> None:
        """The other arm of a try that imports the engine gets the module under the same name."""
        name = self._aliases.get(imported.path)
        line = _same_form(imported, name) if name is not None else None
        if line is not None:
            self.edits.follow(imported, line)

    def engine_in(self, path: str, after: ImportedName | None = None) -> str:
        """The expression that means the engine in the file ``path`` when a function runs."""
        if path == self.path:
            return self.definition.engine
        return f"{self.alias(path, after)}.{self.definition.engine}"

    def _bound_module(self, path: str) -> str | None:
        """The module's name where the file imports it already, at its top."""
        project = self.shelf.project
        for imported in project.importers_of(self.path):
            target = project.resolve(imported)
            if imported.path != path or imported.scope != "module" or imported.guards or imported.name == "*":
                continue
            if target is None or target.attribute is not None:
                continue
            if imported.name is None and imported.bound != imported.module:
                return imported.module if imported.bound == imported.module.partition(".")[0] else imported.bound
            return imported.bound
        return None

    def _import_module(self, path: str, after: ImportedName | None) -> str:
        name = self._free_name(path)
        if after is not None and after.guards:
            line = _same_form(after, name)
        else:
            line = self.shelf.project.import_line(path, self.path, None, name)
        if line is None:
            raise Obstacle(
                "no-import-form",
                path,
                Span(0, 0),
                f"no import statement reaches {self.path} from {path} in every start",
            )
        line = line.replace(f" as {name}", "") if line.endswith(f"import {name} as {name}") else line
        if after is not None:
            self.edits.follow(after, line)
        else:
            self.edits.add_line(path, line)
        return name

    def _free_name(self, path: str) -> str:
        """A name for the module that nothing in the file has: its own last name, or one made from it."""
        stem = self.path.removesuffix(".py").removesuffix("/__init__").rpartition("/")[2]
        taken = identifiers(self.shelf.tree(path))
        made = [f"db_{stem}", f"{stem}_module"] if stem in ("session", "engine", "base") else [f"{stem}_module"]
        wanted = made if stem in _TAKEN_WORDS - {"database"} else [stem, *made]
        return next(name for name in (*wanted, f"{stem}_of_engine", f"{stem}_with_engine") if name not in taken)


def _same_form(imported: ImportedName, name: str) -> str | None:
    """``from a.b import engine`` as an import of the module ``a.b`` itself, absolute or relative as it stands."""
    dots = "." * imported.level
    package, _, last = imported.module.rpartition(".")
    if not last:
        return None
    if not package and not dots:
        return f"import {last} as {name}"
    return f"from {dots}{package} import {last} as {name}"
