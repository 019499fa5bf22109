"""Names that other files of the project define, resolved through the project's own imports."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

from rewire.codemod import SourceError
from rewire_codemods.connect_timeout.examine import Examined
from rewire_codemods.connect_timeout.literals import canonical

if TYPE_CHECKING:
    from rewire.codemod import Project
    from rewire_codemods.connect_timeout.origins import Origins


class Views:
    """Examined files of the project, each parsed at most once, and only when a question leads there."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.definitions: dict[str, tuple[Origins, cst.CSTNode]] = {}
        self._views: dict[str, Examined | None] = {}
        self._asked: set[tuple[str, str]] = set()

    def view(self, path: str) -> Examined | None:
        """The file at ``path``, examined; None if it cannot be read or parsed."""
        if path not in self._views:
            source = self.project.source(path)
            try:
                self._views[path] = Examined(source, FromFile(self, path)) if source else None
            except SourceError:
                self._views[path] = None
        return self._views[path]

    def find(self, dotted: str, importer: str) -> tuple[str, tuple[str, ...]] | None:
        """The project file that the longest part of ``dotted`` names, and the rest; None if there is none."""
        absolute = self._absolute(dotted, importer)
        if not absolute:
            return None
        parts = absolute.split(".")
        for size in range(len(parts), 0, -1):
            path = self.project.find_module(".".join(parts[:size]), importer=importer)
            if path is not None:
                return path, tuple(parts[size:])
        return None

    def _absolute(self, dotted: str, importer: str) -> str:
        rest = dotted.lstrip(".")
        level = len(dotted) - len(rest)
        if not level:
            return rest
        names = self.project.module_names(importer)
        if not names:
            return ""
        parts = names[0].split(".")
        if not importer.rpartition("/")[2].startswith("__init__."):
            parts = parts[:-1]
        base = parts[: len(parts) - (level - 1)]
        return ".".join([*base, rest]) if base and rest else ""

    def origin(self, dotted: str, importer: str) -> str | None:
        """See ``Elsewhere.origin``."""
        found = self.find(dotted, importer)
        if found is None:
            return None
        path, rest = found
        mark = (path, ".".join(rest))
        view = self.view(path)
        if not rest or view is None or mark in self._asked:
            return None if not rest else ""
        self._asked.add(mark)
        try:
            origin = view.origins.of_bindings(view.names.module.bindings.get(rest[0], ()))
            for name in rest[1:]:
                home, node = self.definitions.get(origin.removesuffix("()"), (None, None))
                if home is not None and isinstance(node, cst.ClassDef):
                    origin = home.of_member(node, name)
                else:
                    origin = f"{origin}.{name}" if origin else ""
            return canonical(origin)
        finally:
            self._asked.discard(mark)

    def expression(self, dotted: str, importer: str) -> tuple[Origins, cst.CSTNode] | None:
        """See ``Elsewhere.expression``."""
        found = self.find(dotted, importer)
        if found is None or len(found[1]) != 1:
            return None
        path, (name,) = found
        view = self.view(path)
        bindings = view.names.module.bindings.get(name, []) if view else []
        mark = (path, f"={name}")
        if view is None or len(bindings) != 1 or mark in self._asked:
            return None
        if bindings[0].kind == "import":
            self._asked.add(mark)
            try:
                return self.expression(bindings[0].dotted, path)
            finally:
                self._asked.discard(mark)
        value = bindings[0].value
        return (view.origins, value) if bindings[0].kind == "value" and value is not None else None


class FromFile:
    """The same answers as one importing file sees them (``Elsewhere``)."""

    def __init__(self, views: Views, path: str) -> None:
        self.views = views
        self.path = path
        self.definitions = views.definitions

    def origin(self, dotted: str) -> str | None:
        """The origin of what ``dotted`` names."""
        return self.views.origin(dotted, self.path)

    def expression(self, dotted: str) -> tuple[Origins, cst.CSTNode] | None:
        """The one expression bound to ``dotted``."""
        return self.views.expression(dotted, self.path)
