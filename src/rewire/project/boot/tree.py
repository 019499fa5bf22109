"""The file tree that a launch sees: the workspace itself, or what a container image holds of it.

Paths here are absolute and ``/``-separated. The workspace lies at ``HOME``, so that a launch's own absolute paths
(``/app``, ``/usr/lib``) are never taken for folders of the project.
"""

from __future__ import annotations

import posixpath
import re
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence, Set

    from rewire.model.project import Image

HOME = "/@"
"""Where the workspace root lies in a tree that is the workspace itself."""


_METADATA = frozenset({"pyproject.toml", "setup.py", "setup.cfg"})


class Files:
    """The project's files and the directories above them, relative to the workspace root (``""``: the root)."""

    def __init__(self, files: Iterable[str]) -> None:
        self.files = frozenset(files)
        self.generated: frozenset[str] = frozenset()
        """Modules that a build writes (``generated_modules``), as far as somebody has read what says so."""

    @cached_property
    def folders(self) -> frozenset[str]:
        """Every directory that a file lies in or below."""
        found = {""}
        for folder in {file.rpartition("/")[0] for file in self.files}:
            while folder not in found:
                found.add(folder)
                folder = folder.rpartition("/")[0]
        return frozenset(found)

    @cached_property
    def children(self) -> Mapping[str, Set[str]]:
        """Per directory, the names of what lies directly in it."""
        names: dict[str, set[str]] = {folder: set() for folder in self.folders}
        for path in (*self.files, *self.folders):
            folder, _, name = path.rpartition("/")
            if name:
                names[folder].add(name)
        return names

    @cached_property
    def metadata(self) -> tuple[str, ...]:
        """The files that make a folder a project that can be installed, sorted."""
        return tuple(sorted(file for file in self.files if file.rpartition("/")[2] in _METADATA))

    @cached_property
    def compiled(self) -> frozenset[str]:
        """Paths without suffix of modules that are, or will be, compiled: extensions, their stubs and sources."""
        suffixes = (".so", ".pyd", ".pyi", ".pyx")
        return frozenset(re.sub(r"\.[^/]*$", "", file) for file in self.files if file.endswith(suffixes))

    def is_dir(self, path: str) -> bool:
        """True if a file lies in or below ``path``."""
        return path in self.folders


@lru_cache(maxsize=2)
def files_of(paths: tuple[str, ...]) -> Files:
    """``Files(paths)``; every question about one state of a project shares them."""
    return Files(paths)


class Tree:
    """Files and directories as one launch sees them."""

    def __init__(
        self, files: Files, mounts: Sequence[tuple[str, str]] = ((HOME, ""),), ignored: Sequence[str] = ()
    ) -> None:
        self._files = files
        self._mounts = tuple((posixpath.normpath(place), path) for place, path in reversed(mounts))
        self._ignored = frozenset(ignored)
        self._real: dict[str, str | None] = {}
        self._above = {"/"}
        for place, _ in mounts:
            while place not in ("/", ""):
                place = posixpath.dirname(place)
                self._above.add(place)

    @property
    def files(self) -> Files:
        """The workspace's files, wherever they lie in this tree."""
        return self._files

    def real(self, place: str) -> str | None:
        """The file or directory of the workspace that lies at ``place``; None if none does."""
        known = self._real.get(place, "?")
        if known != "?":
            return known
        found = self._real[place] = self._find_real(place)
        return found

    def _find_real(self, place: str) -> str | None:
        for mount, path in self._mounts:
            if place == mount:
                found = path
            elif place.startswith(mount if mount == "/" else mount + "/"):
                rest = place[len(mount) :].lstrip("/")
                found = f"{path}/{rest}" if path else rest
            else:
                continue
            if (found in self._files.files or found in self._files.folders) and found not in self._ignored:
                return found
        return None

    def is_file(self, place: str) -> bool:
        """True if a file of the project lies at ``place``."""
        return (self.real(place) or "") in self._files.files

    def is_dir(self, place: str) -> bool:
        """True if ``place`` is a directory that holds something of the project, or lies above one that does."""
        found = self.real(place)
        return (found is not None and found in self._files.folders) or place in self._above

    def is_compiled(self, place: str) -> bool:
        """True if the module that would lie at ``place`` (without suffix) is a compiled one, or one that is written."""
        compiled, generated = self._files.compiled, self._files.generated
        folder = self.real(posixpath.dirname(place)) if compiled or generated else None
        name = posixpath.basename(place)
        path = posixpath.join(folder or "", name)
        return folder is not None and (path in compiled or path in generated or f"*/{name}" in generated)

    def names(self, place: str) -> list[str]:
        """What the workspace holds in directory ``place``, sorted."""
        found = self.real(place)
        return sorted(self._files.children.get(found, ())) if found is not None else []

    def place(self, path: str) -> str | None:
        """Where the workspace's ``path`` lies in this tree (the place copied last); None if it is not there."""
        for mount, mounted in self._mounts:
            if path == mounted:
                spot = mount
            elif not mounted or path.startswith(mounted + "/"):
                spot = posixpath.join(mount, path[len(mounted) :].lstrip("/"))
            else:
                continue
            if self.real(spot) == path:
                return spot
        return None

    def directory(self, place: str) -> str | None:
        """The workspace directory that stands for ``place``.

        Where only a subfolder was copied (``backend`` to ``/app/backend``), ``/app`` stands for the directory above
        ``backend``; None where the names do not match.
        """
        found = self.real(place)
        if found is not None:
            return found if found in self._files.folders else None
        prefix = place.rstrip("/") + "/"
        for mount, path in self._mounts:
            if mount.startswith(prefix):
                rest = mount[len(prefix) :]
                if path == rest:
                    return ""
                if path.endswith("/" + rest):
                    return path[: -len(rest) - 1]
        return None


def tree_of(files: Files, image: Image | None) -> Tree:
    """The tree that a launch with this ``image`` sees."""
    if image is None:
        return Tree(files)
    return Tree(files, image.mounts, image.ignored)


def under(base: str, path: str) -> str:
    """``path`` as seen from directory ``base``, normalised; absolute paths stay what they are."""
    return posixpath.normpath(posixpath.join(base, path))
