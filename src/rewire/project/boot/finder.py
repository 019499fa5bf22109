"""Where Python's import machinery finds a module, over a tree of files.

``importlib.machinery.FileFinder``, entry by entry: a regular package wins over a module, a module over a namespace
portion, an earlier entry over a later one, and portions are gathered only where no entry holds anything better.
"""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rewire.project.boot.tree import HOME, tree_of, under

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rewire.model.project import Launch
    from rewire.project.boot.tree import Files, Tree

COMPILED = ".so"
"""How the file of a compiled module is taken to end; nothing in it is read, every name is taken to be there."""


@dataclass(frozen=True, slots=True)
class Spec:
    """A module that was found: its file (None for a namespace package) and where its submodules are looked for."""

    name: str
    file: str | None
    locations: tuple[str, ...] | None

    @property
    def is_package(self) -> bool:
        """True if it can have submodules."""
        return self.locations is not None


def find(tree: Tree, name: str, places: Sequence[str]) -> Spec | None:
    """The module ``name`` (dotted; its last part is looked for) in ``places``, in order."""
    tail = name.rpartition(".")[2]
    portions: list[str] = []
    for place in places:
        base = posixpath.join(place, tail)
        init = base + "/__init__.py"
        if tree.is_file(init):
            return Spec(name, init, (base,))
        if tree.is_file(base + ".py"):
            return Spec(name, base + ".py", None)
        if tree.is_compiled(base):
            return Spec(name, base + COMPILED, None)
        if tree.is_dir(base):
            portions.append(base)
    return Spec(name, None, tuple(portions)) if portions else None


def find_dotted(tree: Tree, name: str, places: Sequence[str]) -> Spec | None:
    """The module ``name`` from the top, each parent's own locations followed, ``__path__`` edits aside."""
    spec: Spec | None = None
    locations: Sequence[str] | None = places
    parts = name.split(".")
    for end in range(1, len(parts) + 1):
        if locations is None:
            return None
        spec = find(tree, ".".join(parts[:end]), locations)
        if spec is None:
            return None
        locations = spec.locations
    return spec


def launch_places(launch: Launch, tree: Tree) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(entries before the standard library, entries after it) of ``sys.path``, as places of the tree."""
    if launch.image is not None:
        return launch.image.roots, launch.image.installed
    before = tuple(under(HOME, root) for root in launch.roots if root not in launch.installed)
    return before, tuple(under(HOME, root) for root in launch.installed)


def workdir_place(launch: Launch) -> str:
    """The working directory as a place of the launch's tree."""
    return launch.image.workdir if launch.image is not None else under(HOME, launch.workdir)


def entry_file(launch: Launch, files: Files) -> str | None:
    """The project file that ``launch`` starts; None if there is none. For tests: the first path, file or folder."""
    tree = tree_of(files, launch.image)
    if launch.entry_kind == "script":
        return launch.entry if launch.entry in files.files and tree.place(launch.entry) else None
    if launch.entry_kind == "tests":
        paths = launch.entry.split() or [""]
        return next((path for path in paths if path in files.files or files.is_dir(path)), None)
    before, after = launch_places(launch, tree)
    spec = find_dotted(tree, launch.entry, (*before, *after))
    if spec is None:
        return None
    if launch.entry_kind == "main-module" and spec.is_package:
        spec = find(tree, launch.entry + ".__main__", spec.locations or ())
    if spec is None or spec.file is None:
        return None
    return tree.real(spec.file)
