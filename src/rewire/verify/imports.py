"""No new unresolved import: what each changed file imported from something, it still imports from something."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rewire.model.result import Rejected

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rewire.model.project import Project


def newly_unresolved(before: Project, after: Project, paths: Sequence[str], codemod: str) -> list[Rejected]:
    """One rejection for each of ``paths`` with an import that nothing answers to and that was not there before."""
    complaints = []
    for path in paths:
        broken = _unresolved(after, path) - _unresolved(before, path)
        if broken:
            detail = f"nothing answers to the import of {min(broken)}"
            complaints.append(Rejected(path, "imports", detail, codemod))
    return complaints


def _unresolved(project: Project, path: str) -> set[str]:
    if project.source(path) is None:
        return set()
    return {
        "." * name.level + name.module + (f" ({name.name})" if name.name else "")
        for name in project.imports(path)
        if project.resolve(name) is None
    }
