"""Write the arguments of one file's connect in another file, with the imports that they need there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rewire_codemods.applications.reach import loaded_by
from rewire_codemods.shared_pool.provider import stand_in

if TYPE_CHECKING:
    from collections.abc import Sequence, Set

    from rewire.codemod import Project
    from rewire_codemods.shared_pool.atlas import Atlas
    from rewire_codemods.shared_pool.decisions import Decision
    from rewire_codemods.shared_pool.facts import Arguments, Atom, Expression


@dataclass(frozen=True)
class Database:
    """How a module writes the arguments that name the database, and the imports for that.

    ``taken`` are the names of the project's own that it imports (file, name): they have to stay where they are.
    """

    written: str
    imports: tuple[str, ...] = ()
    taken: tuple[tuple[str, str], ...] = ()


def source_of_database(project: Project, atlas: Atlas, decisions: Sequence[Decision], target: str) -> Database | None:
    """The arguments of a converted opening in terms that work in ``target``; None if none of them does."""
    waiting = {target} if target in project.paths else {decision.path for decision in decisions}
    for decision in decisions:
        if decision.caller_of or decision.opening.shape == "dependency":
            continue
        found = express(project, atlas, decision.path, decision.opening.arguments, target, waiting)
        if found is not None:
            return found
    return None


def express(
    project: Project, atlas: Atlas, path: str, arguments: Arguments, target: str, waiting: Set[str]
) -> Database | None:
    """Arguments of ``path`` as ``target`` can write them: names imported from where they are defined.

    ``waiting`` are the files that import ``target``: what loads one of them cannot be imported there.
    """
    pen = _Pen(project, atlas, path, target, waiting)
    parts = []
    for key, value in arguments.database:
        text = pen.written(value) if value.pure and key != "*" else None
        if text is None:
            return None
        parts.append(text if key == "dsn" else f"**{text}" if key == "**" else f"{key}={text}")
    return Database(", ".join(parts), tuple(dict.fromkeys(pen.imports)), tuple(dict.fromkeys(pen.taken)))


class _Pen:
    """Writes expressions of one file in another one. ``taken`` are the names of the project's that it imports."""

    def __init__(self, project: Project, atlas: Atlas, path: str, target: str, waiting: Set[str]) -> None:
        self._project = project
        self._atlas = atlas
        self._path = path
        self._target = target
        self._waiting = waiting
        folder = target.rpartition("/")[0]
        self._importer = target if target in project.paths else stand_in(project, folder, but=path)
        self.imports: list[str] = []
        self.taken: list[tuple[str, str]] = []

    def written(self, value: Expression) -> str | None:
        """The whole expression, without a line break of its own; None if the target cannot write it."""
        text = ""
        for piece in value.code:
            part = piece if isinstance(piece, str) else self._name(piece, quotes=not value.formatted)
            if part is None:
                return None
            text += part
        return None if "\n" in text or "\r" in text else text

    def _name(self, atom: Atom, *, quotes: bool) -> str | None:
        if atom.kind != "name":
            return None
        place = self._atlas.locate_name(self._path, atom.value)
        if place is None:
            return self._foreign(atom.value)
        inline = _inline(self._atlas, place) if quotes else ""
        if inline:
            return inline if self._import("import os", "os", "os") else None
        home, name, rest = place
        if home != self._target:
            line = self._project.import_line(self._importer, home, name) if self._importer else None
            if line is None or self._waiting & loaded_by(self._project, home) or not self._is_free(name, place):
                return None
            self.imports.append(line.strip())
            self.taken.append((home, name))
        return name + (f".{rest}" if rest else "")

    def _foreign(self, dotted: str) -> str | None:
        """A name that an import brings from outside the project."""
        facts = self._atlas.file(self._path)
        first = dotted.partition(".")[0]
        origin = dict(facts.imports).get(first) if facts else None
        if origin is None:
            return None
        module, _, name = origin.rpartition(".")
        if origin == first:
            line = f"import {first}"
        elif module and not origin.startswith("."):
            line = f"from {module} import {name}" + (f" as {first}" if name != first else "")
        else:
            return None
        return dotted if self._import(line, first, origin) else None

    def _import(self, line: str, name: str, origin: str) -> bool:
        """Note an import of something foreign; False where the target calls something else by that name."""
        facts = self._atlas.file(self._target)
        if facts is not None and name in facts.bound and dict(facts.imports).get(name) != origin:
            return False
        self.imports.append(line)
        return True

    def _is_free(self, name: str, place: tuple[str, str, str]) -> bool:
        """False where the target calls something else by that name."""
        facts = self._atlas.file(self._target)
        if facts is None or name not in facts.bound:
            return True
        return self._atlas.locate_name(self._target, name) == (place[0], place[1], "")


def _inline(atlas: Atlas, place: tuple[str, str, str] | None) -> str:
    """The value of a constant that only reads the environment, written out: its own file may lose it."""
    constant = atlas.constant(place[0], place[1]) if place and not place[2] else None
    value = constant.value if constant else None
    if value is None or not value.pure or [atom.kind for atom in value.atoms] != ["env"]:
        return ""
    return value.text if value.text.startswith("os.") else ""
