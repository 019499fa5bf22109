"""Follow a name through imports to the module that defines it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rewire.codemod import Project


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a dotted expression comes from: a project file (or None and a dotted module outside), and the name there.

    ``rest`` is what follows the name: ``("metadata",)`` for ``Base.metadata``.
    """

    path: str | None
    module: str
    name: str
    rest: tuple[str, ...] = ()


def origin_of(project: Project, path: str, dotted: str) -> Origin | None:
    """The definition that ``dotted`` (an expression in ``path``) leads to; None if an import cannot be followed."""
    parts = tuple(dotted.split("."))
    for _ in range(20):
        step = _step(project, path, parts)
        if step is None:
            return Origin(path, "", parts[0], parts[1:])
        if isinstance(step, Origin):
            return step
        path, parts = step
        if not parts:
            return None
    return None


def _step(project: Project, path: str, parts: tuple[str, ...]) -> Origin | tuple[str, tuple[str, ...]] | None:
    """One import followed; None where ``path`` itself defines the first name."""
    for imported in reversed(project.imports(path)):
        if imported.scope != "module" or imported.bound != parts[0]:
            continue
        target = project.resolve(imported)
        if target is None:
            continue
        used = 1
        if imported.name is None and imported.bound == imported.module.partition(".")[0]:
            whole = tuple(imported.module.split("."))
            if parts[: len(whole)] != whole:
                continue
            used = len(whole)
        rest = parts[used:]
        if target.path is None:
            names = (target.attribute, *rest) if target.attribute else rest
            return Origin(None, target.module, names[0] if names else "", tuple(names[1:]))
        return target.path, ((target.attribute, *rest) if target.attribute else rest)
    for imported in project.imports(path):
        if imported.name == "*" and imported.scope == "module":
            target = project.resolve(imported)
            if target is not None and target.path is not None and target.path != path:
                source = project.source(target.path)
                if source is not None and parts[0] in source.text:
                    return target.path, parts
    return None
