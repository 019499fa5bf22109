"""Imports that spell a module of the project by a name that leads nowhere: their writer counts from another root."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rewire.codemod import ImportedName, Project


class Stranger(NamedTuple):
    """An import that resolves to nothing of the project, the file that it spells, and the root it would count from."""

    imported: ImportedName
    path: str
    root: str

    def reason(self, line: int) -> str:
        """What is said of it, ``line`` being the import's."""
        return (
            f"{self.imported.path}:{line} imports {self.imported.module}, which no import root of this project leads "
            f"to; counted from {self.root or '.'} it would be {self.path}"
        )


def strangers_to(project: Project, path: str) -> list[Stranger]:
    """Every such import that spells the module ``path``, or a package that hands its names on.

    A library may have a module of the same name: an import by a single name counts only if it takes a name that the
    file holds.
    """
    packages = {one.path for one in project.importers_of(path) if one.path.endswith("/__init__.py")}
    return [found for place in (path, *sorted(packages - {path})) for found in _spelling(project, place)]


def _spelling(project: Project, path: str) -> Iterator[Stranger]:
    parts = path.removesuffix(".py").removesuffix("/__init__").split("/")
    roots = {".".join(parts[cut:]): "/".join(parts[:cut]) for cut in range(len(parts))}
    source = project.source(path)
    if source is None:
        return
    for user in project.mentioning(parts[-1]):
        if user == path:
            continue
        for imported in project.imports(user):
            if imported.level or "type_checking" in imported.guards:
                continue
            module = imported.module if imported.module in roots else f"{imported.module}.{imported.name}"
            if module not in roots or not _takes(project, imported, module, source.text):
                continue
            target = project.resolve(imported)
            if target is None or target.path is None:
                yield Stranger(imported, path, roots[module])


def _takes(project: Project, imported: ImportedName, module: str, text: str) -> bool:
    """True for an import that can mean the project's module: by several names, or of something that its text makes."""
    if "." in module:
        name = imported.name if module == imported.module else None
        return name in (None, "*") or re.search(rf"\b{re.escape(name or '')}\b", text) is not None
    if imported.name is not None:
        return _makes(text, imported.name)
    user = project.source(imported.path)
    taken = set(re.findall(rf"\b{re.escape(imported.bound)}\.(\w+)", user.text)) if user is not None else set()
    return any(_makes(text, name) for name in taken)


def _makes(text: str, name: str) -> bool:
    """True if a module's own statements, not its imports, bind ``name`` at its top level."""
    return re.search(rf"^(?:(?:async )?def |class )?{re.escape(name)}\b", text, re.M) is not None
