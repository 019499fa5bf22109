"""Import roots: the user's word, packaging metadata, the src convention, then what the project's own imports show."""

from __future__ import annotations

import posixpath
import re
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from rewire.model.project import ImportRoot
from rewire.project.modules import STANDARD, ModuleTable, folder_of
from rewire.project.packaging import declared_roots, metadata_files

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

_STATEMENT = rb"[ \t]*+(?:from[ \t]++([A-Za-z_]\w*)|import[ \t]+([^\r\n#;(]+))"
_AT_START = re.compile(rb"(?:\xef\xbb\xbf)?" + _STATEMENT)
_AFTER = {lead: re.compile(lead + _STATEMENT) for lead in (b"\n", b"\r", b";", b":")}
"""One pattern for each byte that a statement may follow: the search for a fixed byte is five times as fast as the
search for any of a set.
"""
SHOWN = "the imports of"
Look = Callable[[str, Callable[["bytes | None"], frozenset[str]]], frozenset[str]]
"""Asks a question of the bytes of the file at a path."""

_SOURCE_FOLDERS = ("src", "lib", "python")


@dataclass(frozen=True)
class Roots:
    """``everywhere``: on the path of every file, best evidence first. ``local``: of the files below them first of all,
    because a launch starts there or because those files' imports count from there.

    ``imported`` are the top-level names that the project's files import, where the search had to look (else None);
    ``declared`` the roots that configuration or packaging metadata name.
    """

    everywhere: tuple[ImportRoot, ...]
    local: tuple[ImportRoot, ...] = ()
    imported: frozenset[str] | None = None
    declared: frozenset[str] = frozenset()

    @property
    def all(self) -> tuple[ImportRoot, ...]:
        """Every root once, best evidence first."""
        return _once((*self.everywhere, *self.local))

    def for_importer(self, importer: str | None) -> tuple[str, ...]:
        """The roots on the path for a file, in the order of the search: its own local ones, innermost first; those of
        launches elsewhere come last.
        """
        if not self.local:
            return self._everywhere
        own: list[str] = []
        if importer is not None:
            own = [root.path for root in self.local if holds(root.path, importer)]
            own.sort(key=lambda root: -len(root))
        others = [root.path for root in self.local if not root.why.startswith(SHOWN)]
        return tuple(dict.fromkeys([*own, *self._everywhere, *others]))

    @cached_property
    def _everywhere(self) -> tuple[str, ...]:
        return tuple(root.path for root in self.everywhere)

    @cached_property
    def _shared(self) -> tuple[str, ...]:
        """What is on the path beside a local root."""
        return tuple(path for path in self._everywhere if path in self.declared)

    @cached_property
    def _seen(self) -> dict[str, tuple[str, ...]]:
        return {}

    def seen_from(self, root: str) -> tuple[str, ...]:
        """The roots on the path where modules count from ``root``: itself, then the others."""
        seen = self._seen.get(root)
        if seen is None:
            others = self._everywhere if root in self._everywhere else self._shared
            seen = self._seen[root] = tuple(dict.fromkeys([root, *others]))
        return seen


def holds(folder: str, path: str) -> bool:
    """True if ``path`` lies below ``folder`` (``""``: the whole workspace)."""
    return not folder or path.startswith(f"{folder}/")


def find_roots(
    table: ModuleTable,
    files: Sequence[str],
    read_text: Callable[[str], str | None],
    look: Look,
    configured: Sequence[str] = (),
    launched: Iterable[ImportRoot] = (),
) -> Roots:
    """The import roots of a project. ``configured`` ones are the only ones (but for those that launches give)."""
    local = list(_once(launched))
    if configured:
        chosen = [ImportRoot("" if root in (".", "./") else root.strip("/"), "configuration") for root in configured]
        return Roots(_once(chosen), tuple(local), _all_imported(table, look) if local else None, _paths(chosen))
    metadata = metadata_files(files)
    declared = [root for root in declared_roots(metadata, read_text) if table.tops.get(root.path)]
    conventional = _by_convention(table, metadata, declared)
    known = list(_once([*declared, *conventional]))
    if table.tops.get("") and (not table.is_package("") or not (known or local)):
        known = list(_once([*known, ImportRoot("", "the directory itself")]))
    candidates = _plain_folders(table, {root.path for root in (*known, *local)})
    doubtful = [root for root in conventional if root.path in table.tops.get("", ())]
    local += _shown_by_imports(table, candidates, look)
    if not doubtful and not any(root.path for root in local):
        return Roots(tuple(known), tuple(local), None, _paths(declared))
    imported = _all_imported(table, look)
    known = [root for root in known if root not in doubtful or not _is_imported_itself(root.path, table, imported)]
    return Roots(tuple(known), tuple(local), imported, _paths(declared))


def _paths(roots: Iterable[ImportRoot]) -> frozenset[str]:
    return frozenset(root.path for root in roots)


def _all_imported(table: ModuleTable, look: Look) -> frozenset[str]:
    return frozenset().union(*(look(path, _imported_by) for path in table.paths))


def _once(roots: Iterable[ImportRoot]) -> tuple[ImportRoot, ...]:
    found: dict[str, ImportRoot] = {}
    for root in roots:
        found.setdefault(root.path, root)
    return tuple(found.values())


def _by_convention(table: ModuleTable, metadata: Sequence[str], declared: Sequence[ImportRoot]) -> list[ImportRoot]:
    """``src`` beside project metadata or at the top, where it is no package itself."""
    projects = {""} | {folder_of(path) for path in metadata}
    taken = {root.path for root in declared}
    found = []
    for project in sorted(projects):
        for name in _SOURCE_FOLDERS:
            folder = posixpath.join(project, name)
            named = name == "src" or any(table.is_package(f"{folder}/{top}") for top in table.tops.get(folder, ()))
            if folder not in taken and named and table.tops.get(folder) and not table.is_package(folder):
                found.append(ImportRoot(folder, f"the {name} layout"))
        if project and project not in taken and table.tops.get(project) and not table.is_package(project):
            found.append(ImportRoot(project, "the directory of a project"))
    return found


def _is_imported_itself(folder: str, table: ModuleTable, imported: frozenset[str]) -> bool:
    """True if imports go through the folder's own name (``from src.app import x``) and none name what lies in it."""
    return folder in imported and not (table.tops[folder] - STANDARD) & imported


def _plain_folders(table: ModuleTable, known: set[str]) -> list[str]:
    """Directories without ``__init__.py`` that hold modules or regular packages directly, and are no root yet."""
    return sorted(
        folder
        for folder in table.folders
        if folder not in known
        and not _is_in_a_package(table, folder)
        and any(table.at(f"{folder}/{top}") for top in table.tops.get(folder, ()))
    )


def _is_in_a_package(table: ModuleTable, folder: str) -> bool:
    """True if ``folder`` or a directory above it is a regular package: its modules have that package's name."""
    while folder:
        if table.is_package(folder):
            return True
        folder = folder.rpartition("/")[0]
    return False


def _imported_by(data: bytes | None) -> frozenset[str]:
    """First parts of the absolute imports in ``data``, near enough for evidence (strings are not told apart)."""
    names: set[bytes] = set()
    for match in _statements(data or b""):
        if match[1]:
            names.add(match[1])
        else:
            names.update(part.split()[0].partition(b".")[0] for part in match[2].split(b",") if part.split())
    return frozenset(name.decode("ascii", "replace") for name in names)


def _statements(data: bytes) -> Iterator[re.Match[bytes]]:
    """What looks like the head of an import statement, in order, none within another."""
    found = [match for lead, pattern in _AFTER.items() if lead in data for match in pattern.finditer(data)]
    first = _AT_START.match(data)
    if first:
        found.append(first)
    end = 0
    for match in sorted(found, key=re.Match.start):
        if match.start() >= end:
            end = match.end()
            yield match


def _shown_by_imports(table: ModuleTable, candidates: Sequence[str], look: Look) -> list[ImportRoot]:
    """The candidates whose modules a file below them, or beside them, imports by the name counted from there."""
    found = []
    paths = sorted(table.paths) if candidates else []
    users: dict[str, Mapping[str, Sequence[int]]] = {}
    for folder in candidates:
        tops = {top for top in table.tops[folder] - STANDARD if table.at(f"{folder}/{top}")}
        if not tops:
            continue
        inside = _below(paths, folder)
        place = next((place for place in inside if not tops.isdisjoint(look(paths[place], _imported_by))), None)
        above = folder_of(folder)
        if place is None and above:
            if above not in users:
                users[above] = _users_below(paths, above, look)
            place = _first_beside(users[above], tops, inside)
        if place is not None:
            shown = min(tops & look(paths[place], _imported_by))
            found.append(ImportRoot(folder, f"{SHOWN} {paths[place]}, which knows {shown} as a module"))
    return found


def _below(paths: Sequence[str], folder: str) -> range:
    """Where the files below ``folder`` stand in sorted ``paths``."""
    return range(bisect_left(paths, f"{folder}/"), bisect_left(paths, f"{folder}0"))  # 0 comes right after /


def _users_below(paths: Sequence[str], folder: str, look: Look) -> Mapping[str, Sequence[int]]:
    """Per top-level name, the places of the files below ``folder`` that import it, in order."""
    users: dict[str, list[int]] = {}
    for place in _below(paths, folder):
        for top in look(paths[place], _imported_by):
            users.setdefault(top, []).append(place)
    return users


def _first_beside(users: Mapping[str, Sequence[int]], tops: Iterable[str], inside: range) -> int | None:
    """The first place that uses one of ``tops`` and is not ``inside``."""
    first = None
    for top in tops:
        places = users.get(top, ())
        before = next(iter(places), inside.stop)
        after = bisect_left(places, inside.stop)
        place = before if before < inside.start else places[after] if after < len(places) else None
        if place is not None and (first is None or place < first):
            first = place
    return first
