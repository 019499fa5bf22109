"""No new unresolved import: what each changed file imported from something, it still imports from something.

What an import finds hangs on the files there are, on the roots that modules are counted from, and on the names that
the module binds. Where a run has moved neither of the first two, only those imports can have broken that it wrote
itself, or that take a name which a changed module has lost: the files that may hold such a one are looked into.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from rewire.model.result import Rejected
from rewire.model.splices import splices
from rewire.syntax.bindings import bound_names, is_dynamic, plainly_bound
from rewire.verify.compare import compare, statements_parse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rewire.model.project import Project
    from rewire.model.workspace import FileChange
    from rewire.project.index import ProjectIndex

_FEW = 16
"""So many lost names are looked for in every text; with more of them every file is looked into."""


def newly_unresolved(
    before: ProjectIndex, after: ProjectIndex, files: Sequence[FileChange], codemod: str
) -> list[Rejected]:
    """One rejection for each of ``files`` with an import that nothing answers to and that was not there before."""
    complaints = []
    for path in _to_look_into(before, after, files):
        broken = _unresolved(after, path) - _unresolved(before, path)
        if broken:
            detail = f"nothing answers to the import of {min(broken)}"
            complaints.append(Rejected(path, "imports", detail, codemod))
    return complaints


def _to_look_into(before: ProjectIndex, after: ProjectIndex, files: Sequence[FileChange]) -> list[str]:
    """The paths of the files in which an import may have broken."""
    everything = [file.path for file in files]
    if before.paths != after.paths or before.found_roots != after.found_roots:
        return everything
    writing: set[str] = set()
    lost: set[str] = set()
    for file in files:
        if file.before is None or file.after is None:
            return everything
        taken, writes = _taken_away(file)
        if taken is None:
            return everything
        lost |= taken
        if writes:
            writing.add(file.path)
    if len(lost) > _FEW:
        return everything
    says = re.compile(rf"\b(?:{'|'.join(map(re.escape, sorted(lost)))})\b") if lost else None
    return [
        file.path for file in files if file.path in writing or (says and file.after and says.search(file.after.text))
    ]


def _taken_away(file: FileChange) -> tuple[frozenset[str] | None, bool]:
    """The names that the module may have lost, None: any; and whether the change may have written an import."""
    assert file.before is not None
    assert file.after is not None
    taken: frozenset[str] = frozenset()
    writes = False
    for region in splices(file):
        found = _of_region(region.old, region.new)
        if found is None:
            return _of_texts(file.before.text, file.after.text), True
        taken |= found[0]
        writes |= found[1]
    return taken, writes


@lru_cache(maxsize=16_384)
def _of_region(old: str, new: str) -> tuple[frozenset[str], bool] | None:
    """As ``_taken_away``, of one region; None where the whole texts have to be asked.

    Simple statements that take the place of others at the same indentation leave the reading of every other line as it
    is; so of all that ``rewire.syntax.bindings.may_bind`` goes by, no more has changed than what these statements bind.
    """
    found = compare(old, new)
    if not (found.simple and found.parses and statements_parse(old)) or "global" in old or is_dynamic(old):
        return None
    return (bound_names(old) | plainly_bound(f"\n{old}")) - bound_names(new), "import" in new


def _of_texts(old: str, new: str) -> frozenset[str] | None:
    if is_dynamic(old) and not is_dynamic(new):
        return None
    return (bound_names(old) | plainly_bound(old)) - (bound_names(new) | plainly_bound(new))


def _unresolved(project: Project, path: str) -> set[str]:
    if project.source(path) is None:
        return set()
    return {
        "." * name.level + name.module + (f" ({name.name})" if name.name else "")
        for name in project.imports(path)
        if project.resolve(name) is None
    }
