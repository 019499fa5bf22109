"""Which files load which: backwards from a module, forwards from an entry."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rewire.codemod import Launch, Project


def dependents(project: Project, path: str) -> frozenset[str]:
    """Every file that imports ``path``, directly or through others, inside functions too; ``path`` itself as well."""
    found = {path}
    pending = [path]
    while pending:
        for imported in project.importers_of(pending.pop()):
            if imported.path not in found and "type_checking" not in imported.guards:
                found.add(imported.path)
                pending.append(imported.path)
    return frozenset(found)


def loaded_by(project: Project, path: str, before: int | None = None) -> frozenset[str]:
    """Every project file loaded while ``path`` is imported, packages included, up to the offset ``before`` in it."""
    found = {path}
    pending = [path]
    while pending:
        current = pending.pop()
        for imported in project.imports(current):
            if imported.scope == "function" or "type_checking" in imported.guards or "main" in imported.guards:
                continue
            if current == path and before is not None and imported.span.start >= before:
                continue
            target = project.resolve(imported)
            if target is None or target.path is None:
                continue
            for loaded in (*_packages(project, target.path), target.path):
                if loaded not in found:
                    found.add(loaded)
                    pending.append(loaded)
    return frozenset(found)


def _packages(project: Project, path: str) -> list[str]:
    known = set(project.paths)
    folders = path.split("/")[:-1]
    inits = ["/".join([*folders[: depth + 1], "__init__.py"]) for depth in range(len(folders))]
    return [init for init in inits if init in known]


def entry_path(project: Project, launch: Launch) -> str | None:
    """The file that a launch command starts; None if it is not found."""
    known = set(project.paths)
    if launch.entry_kind not in ("module", "main-module"):
        return launch.entry if launch.entry in known else None
    place = launch.entry.replace(".", "/")
    for root in launch.roots:
        stem = f"{root}/{place}" if root else place
        for path in (f"{stem}.py", f"{stem}/__init__.py"):
            if path in known:
                return path
    return project.find_module(launch.entry)
