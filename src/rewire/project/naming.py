"""Under which dotted names a file can be imported, and from which root each is counted: worked out once a directory."""

from __future__ import annotations

from functools import cached_property
from keyword import iskeyword
from typing import TYPE_CHECKING, NamedTuple

from rewire.project.modules import SUFFIXES, module_name
from rewire.project.roots import holds

if TYPE_CHECKING:
    from rewire.project.modules import ModuleTable
    from rewire.project.roots import Roots

RootedName = tuple[str, str]
"""A dotted name, and the root that it counts from."""


class _Above(NamedTuple):
    """A root above a directory: the directory's own dotted name counted from there (``""``: it is the root itself).

    ``prefix`` is None where a part of it is no identifier. ``kept`` says whether names from here count beside those
    from an inner root; None: each file's own name decides.
    """

    root: str
    prefix: str | None
    kept: bool | None


class Naming:
    """The names of files under one set of roots."""

    def __init__(self, table: ModuleTable, roots: Roots) -> None:
        self.table = table
        self.roots = roots
        self._above: dict[str, tuple[_Above, ...]] = {}
        self._names: dict[str, tuple[str, ...]] = {}
        self._rooted: dict[str, tuple[RootedName, ...]] = {}

    def names(self, path: str) -> tuple[str, ...]:
        """The names of ``path``, best evidence first; empty for none.

        A file below two roots, one within the other, is counted from the inner one; from the outer one too only
        where the project's imports use that name (``src.pkg`` in a src layout is nobody's module name).
        """
        found = self._names.get(path)
        if found is None:
            found = self._names[path] = tuple([name for name, _ in self.rooted(path)])
        return found

    def rooted(self, path: str) -> tuple[RootedName, ...]:
        """``names``, each with the root that it counts from."""
        found = self._rooted.get(path)
        if found is None:
            found = self._rooted[path] = self._count(path)
        return found

    @cached_property
    def tops(self) -> frozenset[str]:
        """First parts of the names of all files; most directories answer for all that lies below them."""
        files = self.table.by_folder
        roots = {root.path for root in (*self.roots.local, *self.roots.everywhere)}
        found: set[str] = set()
        alike: set[str] = set()
        for folder in sorted(files):
            if self._is_below(folder, alike, roots):
                continue
            above = self._of_folder(folder)
            for file in files[folder]:
                path = f"{folder}/{file}" if folder else file
                names = [name.partition(".")[0] for name, _ in self.rooted(path)]
                found.update(names)
                # Below its roots a directory's files share the first part of their names; at a root each has its own.
                if names and above[0].prefix and all(entry.prefix != "" for entry in above):
                    alike.add(folder)
                    break
        return frozenset(found)

    @staticmethod
    def _is_below(folder: str, alike: set[str], roots: set[str]) -> bool:
        """True if a directory above is one of ``alike``, with no root on the way: no name begins otherwise here."""
        while folder and folder not in roots:
            folder = folder.rpartition("/")[0]
            if folder in alike:
                return True
        return False

    def _of_folder(self, folder: str) -> tuple[_Above, ...]:
        above = self._above.get(folder)
        if above is None:
            above = self._above[folder] = self._roots_above(folder)
        return above

    def _count(self, path: str) -> tuple[RootedName, ...]:
        folder, _, file = path.rpartition("/")
        stem, _, suffix = file.rpartition(".")
        above = self._of_folder(folder)
        plain = stem.isidentifier() and not iskeyword(stem) and f".{suffix}" in SUFFIXES and "." not in folder
        found: list[RootedName] = []
        for entry in above:
            name = _join(entry.prefix, stem) if plain else module_name(path, entry.root)
            if name and (not found or (self._is_kept(entry.root, name) if entry.kept is None else entry.kept)):
                found.append((name, entry.root))
        return tuple(found)

    def _roots_above(self, folder: str) -> tuple[_Above, ...]:
        """The roots that files directly in ``folder`` count from, innermost first."""
        roots = self.roots
        inside = [root.path for root in (*roots.local, *roots.everywhere) if holds(root.path, f"{folder}/")]
        found = []
        for root in sorted(dict.fromkeys(inside), key=lambda root: -len(root)):
            if root and self.table.is_package(root):
                continue  # a launch starts within a package: only what it loads has names from there
            prefix = "" if root == folder else module_name(f"{folder}/__init__.py", root)
            found.append(_Above(root, prefix, self._is_kept(root, prefix) if prefix else None))
        return tuple(found)

    def _is_kept(self, root: str, name: str) -> bool:
        """True if ``name`` from ``root`` counts where an inner root gives a name, too."""
        roots = self.roots
        top = name.partition(".")[0]
        if roots.imported is not None and top in roots.imported:
            return True
        return root in roots.declared and self.table.folder(top, (root,)) is None


def _join(prefix: str | None, stem: str) -> str | None:
    """The name of the file ``stem`` in the directory ``prefix``; ``""`` for the root's own ``__init__``."""
    if prefix is None or stem == "__init__":
        return prefix
    return f"{prefix}.{stem}" if prefix else stem
