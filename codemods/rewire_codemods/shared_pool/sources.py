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
    from rewire_codemods.shared_pool.facts import Arguments


@dataclass(frozen=True)
class Database:
    """How a module writes the arguments that name the database, and the imports for that."""

    written: str
    imports: tuple[str, ...] = ()


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
    imports: list[str] = []
    parts = []
    folder = target.rpartition("/")[0]
    importer = target if target in project.paths else stand_in(project, folder, but=path)
    for key, value in arguments.database:
        if not value.pure or any(atom.kind in {"parameter", "local", "self"} for atom in value.atoms) or key == "*":
            return None
        text = ""
        for piece in value.pieces:
            if isinstance(piece, str):
                text += piece
            elif piece.kind == "env":
                imports.append("import os")
                text += f'os.environ["{piece.value}"]'
            elif piece.kind == "literal":
                text += piece.value if piece.value.isdigit() or piece.value == "None" else _quoted(piece.value)
            else:
                place = atlas.locate_name(path, piece.value)
                inline = _inline(atlas, place)
                if inline:
                    imports.append("import os")
                    text += inline
                    continue
                line = project.import_line(importer, place[0], place[1]) if place and importer else None
                if place is None or (place[0] != target and line is None):
                    return None
                if place[0] != target and waiting & loaded_by(project, place[0]):
                    return None
                if place[0] != target and line is not None:
                    imports.append(line.strip())
                text += place[1] + (f".{place[2]}" if place[2] else "")
        parts.append(text if key == "dsn" else f"**{text}" if key == "**" else f"{key}={text}")
    return Database(", ".join(parts), tuple(dict.fromkeys(imports)))


def _inline(atlas: Atlas, place: tuple[str, str, str] | None) -> str:
    """The value of a constant that only reads the environment, written out: its own file may lose it."""
    constant = atlas.constant(place[0], place[1]) if place and not place[2] else None
    value = constant.value if constant else None
    if value is None or not value.pure or [atom.kind for atom in value.atoms] != ["env"]:
        return ""
    return value.text if value.text.startswith("os.") else ""


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
