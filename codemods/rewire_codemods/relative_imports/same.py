"""The proof across files: the multiset of (file loaded, name taken, name bound) of each changed file is the same."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from rewire_codemods.relative_imports.forms import absolute_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rewire.codemod import ImportedName, Project, Target

Loaded = tuple[str, str, str]


def find_differences(before: Project, after: Project, changed: Sequence[str]) -> dict[str, str]:
    """Path -> what is not the same any more; empty if the proof holds."""
    found = {}
    for path in changed:
        old, new = loaded(before, path), loaded(after, path)
        if old != new:
            lost, gained = old - new, new - old
            found[path] = f"loaded {_shown(lost)} before, loads {_shown(gained)} now"
    return found


def find_losses(before: Project, after: Project, changed: Sequence[str], *, gains: bool) -> dict[str, str]:
    """Path -> which launch does not load it as before; ``gains``: that a launch loads more is what was wanted.

    A launch that gets no further than before loads fewer files, or the same ones under other names.
    """
    found = {}
    for path in changed if before.launches else ():
        old = Counter((entry.launch, entry.name) for entry in before.loadings(path))
        new = Counter((entry.launch, entry.name) for entry in after.loadings(path))
        lost = old - new if gains else (old - new) + (new - old)
        if lost:
            launch, name = min(lost, key=lambda key: (key[0].command, key[1]))
            found[path] = f"`{launch.command}` does not load it as {name} as before"
    return found


def loaded(project: Project, path: str) -> Counter[Loaded]:
    """What a file's imports load of the project, in the first context that finds it, or beside the file."""
    found: Counter[Loaded] = Counter()
    folder = path.rpartition("/")[0]
    for name in project.imports(path):
        target = project.resolve(name)
        if target is None and name.level:
            target = _resolve_in_its_packages(project, name)
        place, attribute = (None, None) if target is None else (target.path, target.attribute)
        if place is None and not name.level:
            place = project.place_of(name.module, (folder,))
            attribute = name.name
        if place is not None:
            found[place, attribute or "", name.bound] += 1
    return found


def _resolve_in_its_packages(project: Project, name: ImportedName) -> Target | None:
    """What a relative import means in a file that no import can name: ``0001_initial.py``, loaded by its name."""
    for context in project.contexts(name.path):
        full = absolute_name(context.package, name.level, name.module) if context.package else None
        target = project.resolve(replace(name, level=0, module=full)) if full else None
        if target is not None:
            return target
    return None


def _shown(names: Counter[Loaded]) -> str:
    listed = [f"{attribute or 'the module'} of {place}" for place, attribute, _ in sorted(names)]
    return ", ".join(listed[:3]) or "nothing"
