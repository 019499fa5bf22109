"""What an import statement loads, under the roots that the project has at the moment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rewire.model.project import Target
from rewire.project.modules import STANDARD, folder_of, package_of
from rewire.syntax.bindings import may_bind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rewire.model.project import ImportedName
    from rewire.project.answers import Answers


class Resolver:
    """The answers of one project, and what its modules have to give. Absolute imports are resolved once a directory."""

    def __init__(self, index: Answers) -> None:
        self._index = index
        self._known: dict[tuple[str, str, str | None], Target | None] = {}
        self._provided: dict[tuple[str, str], bool] = {}

    def resolve(self, name: ImportedName, *, remember: bool) -> Target | None:
        """What an import loads; None where nothing in the project or outside it answers to that name.

        ``remember``: the roots are those that stay.
        """
        if name.level:
            return self._relative(name)
        if not remember:
            return self._absolute(name)
        key = (folder_of(name.path), name.module, name.name)
        if key not in self._known:
            self._known[key] = self._absolute(name)
        return self._known[key]

    def find_module(self, dotted: str, importer: str | None) -> str | None:
        """The project file that ``import dotted`` loads for a file ``importer``, as ``Project.find_module`` says."""
        table = self._index.table
        if dotted.partition(".")[0] in STANDARD:
            return None
        found = table.find(dotted, self._index.found_roots.for_importer(importer))
        if found is None and importer is not None:
            folder = folder_of(importer)
            while folder and found is None and not table.is_package(folder):
                found = table.find(dotted, (folder,))
                folder = folder_of(folder)
        return found

    def provides(self, place: str, name: str) -> bool:
        """True if ``from M import name`` finds something in the module at ``place`` (a directory's ends in ``/``)."""
        key = (place, name)
        found = self._provided.get(key)
        if found is None:
            found = self._provided[key] = self._provides(place, name)
        return found

    def _provides(self, place: str, name: str) -> bool:
        if name == "*":
            return True
        file = place.rpartition("/")[2]
        if not file or file.startswith("__init__."):
            below = f"{place[: len(place) - len(file)]}{name}"
            if self._index.table.at(below) is not None or below in self._index.table.folders:
                return True
        if not file:
            return False
        source = self._index.source(place)
        return source is None or may_bind(source.text, name, is_stub=place.endswith(".pyi"))

    def _absolute(self, name: ImportedName) -> Target | None:
        roots = self._index.found_roots.for_importer(name.path)
        path = self.find_module(name.module, name.path)
        if path is not None:
            return self._taken_from(name.module, path, name.name)
        top = name.module.partition(".")[0]
        if top in STANDARD:
            return Target(name.module, None, None if name.name in (None, "*") else name.name)
        if self._index.table.folder(name.module, roots):
            return self._from_folder(name, roots)
        if self.find_module(top, name.path) is not None or self._index.table.folder(top, roots):
            return None
        return Target(name.module, None, None if name.name in (None, "*") else name.name)

    def _from_folder(self, name: ImportedName, roots: Sequence[str]) -> Target | None:
        """From a directory without ``__init__.py``: a module below it, or the directory itself."""
        if name.name in (None, "*"):
            return Target(name.module, None, None)
        dotted = f"{name.module}.{name.name}"
        path = self._index.table.find(dotted, roots)
        if path is not None or self._index.table.folder(dotted, roots):
            return Target(dotted, path, None)
        return None

    def _relative(self, name: ImportedName) -> Target | None:
        """By directories alone: a relative import does not depend on the roots, once there is a parent package."""
        folder = folder_of(name.path)
        packages = [package_of(known, name.path) for known in self._index.module_names(name.path)]
        package = next((known for known in packages if known.count(".") + 1 >= name.level and known), "")
        if not package:
            return None
        for _ in range(name.level - 1):
            if "." not in package:
                return None
            folder, package = folder_of(folder), package.rpartition(".")[0]
        place = "/".join(part for part in (folder, name.module.replace(".", "/")) if part)
        dotted = f"{package}.{name.module}" if name.module else package
        path = self._index.table.at(place)
        if path is not None:
            return self._taken_from(dotted, path, name.name)
        if place not in self._index.table.folders:
            return None
        if name.name in (None, "*"):
            return Target(dotted, None, None)
        below = self._index.table.at(f"{place}/{name.name}")
        if below is not None or f"{place}/{name.name}" in self._index.table.folders:
            return Target(f"{dotted}.{name.name}", below, None)
        return None

    def _taken_from(self, module: str, path: str, name: str | None) -> Target | None:
        """``name`` of the module at ``path``: what the module binds wins, then a submodule; None if neither."""
        if name is None or name == "*":
            return Target(module, path, None)
        source = self._index.source(path)
        below = None
        if path.rpartition("/")[2].startswith("__init__."):
            below = self._index.table.at(f"{folder_of(path)}/{name}")
            folder = f"{folder_of(path)}/{name}" in self._index.table.folders
            if below is not None or folder:
                if self._index.binds_over_submodule(path, name):
                    return Target(module, path, name)
                return Target(f"{module}.{name}", below, None)
        if source is None or may_bind(source.text, name, is_stub=path.endswith(".pyi")):
            return Target(module, path, name)
        return None
