"""Follow a name through imports to the module that defines it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rewire.codemod import ImportedName, Project


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a dotted expression comes from: a project file (or None and a dotted module outside), and the name there.

    ``rest`` is what follows the name: ``("metadata",)`` for ``Base.metadata``.
    """

    path: str | None
    module: str
    name: str
    rest: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """Where one import leads: a project file (or None and a dotted module outside), and what is left to look up there.

    Nothing is left where the name means the module itself.
    """

    path: str | None
    module: str
    rest: tuple[str, ...]


def through(project: Project, imported: ImportedName, parts: Sequence[str]) -> Step | None:
    """Where a dotted name leads whose first part is what ``imported`` binds; None where that cannot be followed.

    After ``import a.b`` the longest part of ``a.b.c.d`` that is a module of the project's holds the rest: ``a.b.c`` may
    have been imported by anybody.
    """
    target = project.resolve(imported)
    if target is None:
        return None
    rest = tuple(parts[1:])
    if imported.name is None and imported.bound == imported.module.partition(".")[0]:
        if target.path is not None and "." in imported.module:
            return _longest(project, imported.path, parts)
        whole = tuple(imported.module.split("."))
        if tuple(parts[: len(whole)]) != whole:
            return None
        rest = tuple(parts[len(whole) :])
    if target.attribute is not None:
        rest = (target.attribute, *rest)
    return Step(target.path, target.module, rest)


def _longest(project: Project, importer: str, parts: Sequence[str]) -> Step | None:
    for size in range(len(parts), 0, -1):
        module = ".".join(parts[:size])
        home = project.find_module(module, importer=importer)
        if home is not None:
            return Step(home, module, tuple(parts[size:]))
    return None


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
        step = through(project, imported, parts)
        if step is None:
            continue
        if step.path is None:
            return Origin(None, step.module, step.rest[0] if step.rest else "", step.rest[1:])
        return step.path, step.rest
    for imported in project.imports(path):
        if imported.name == "*" and imported.scope == "module":
            target = project.resolve(imported)
            if target is not None and target.path is not None and target.path != path:
                source = project.source(target.path)
                if source is not None and parts[0] in source.text:
                    return target.path, parts
    return None
