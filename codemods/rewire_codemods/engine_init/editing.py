"""Collect the edits of one conversion: names that come to and go from its import statements, beside its other sites."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

import libcst as cst

from rewire.codemod import INSERT, Site, Span
from rewire.codemod.cst import dotted_name
from rewire_codemods.applications.obstacle import Obstacle
from rewire_codemods.engine_init.importing import Anchor, Ranks, edit_names, end_of_line, import_anchor, rank_of
from rewire_codemods.engine_init.payloads import Drop
from rewire_codemods.engine_init.sites import SiteEdits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from rewire.codemod import ImportedName
    from rewire_codemods.applications.reading import Shelf


@dataclass(slots=True)
class _ImportEdit:
    """What happens to one import statement: names that go, names that come, a line that follows or replaces it."""

    drops: set[str] = field(default_factory=set)
    adds: set[str] = field(default_factory=set)
    line: str = ""
    counted: str = ""


class Edits(SiteEdits):
    """All edits of one conversion: its sites, and what it does to import statements, which are rewritten last."""

    def __init__(self, shelf: Shelf, group: str) -> None:
        super().__init__(shelf, group)
        self._imports: dict[tuple[str, int], _ImportEdit] = {}
        self._lines: dict[tuple[str, int], dict[str, Anchor]] = {}

    def drop_name(self, imported: ImportedName, *, counted: str = "") -> None:
        """An imported name goes from its statement; ``counted`` is a summary if this is a place of its own."""
        edit = self._import(imported.path, imported.span.start)
        edit.drops.add(imported.bound)
        edit.counted = edit.counted or counted

    def add_to(self, imported: ImportedName, name: str) -> None:
        """A name joins the statement of ``imported``."""
        self._import(imported.path, imported.span.start).adds.add(name)

    def follow(self, imported: ImportedName, line: str) -> None:
        """An import line follows the statement of ``imported``, or stands in its place when nothing is left of it."""
        self._import(imported.path, imported.span.start).line = line

    def add_names(self, path: str, target: str, names: Iterable[str], before: int | None = None) -> None:
        """Import ``names`` from ``target`` at the top of ``path``: into a statement that is there, or on a new line.

        ``before``: the statement has to stand before this offset.
        """
        wanted = sorted(set(names))
        project = self.shelf.project
        fallbacks = []
        for imported in project.imports(path):
            if imported.scope != "module" or imported.name in (None, "*"):
                continue
            if before is not None and imported.span.start >= before:
                continue
            found = project.resolve(imported)
            if found is None or found.path != target or found.attribute is None:
                continue
            if not imported.guards:
                self._import(path, imported.span.start).adds.update(wanted)
                return
            fallbacks.append(imported)
        if any({"try", "except"} & set(imported.guards) for imported in fallbacks):
            for imported in fallbacks:
                self._import(path, imported.span.start).adds.update(wanted)
            return
        line = project.import_line(path, target, wanted[0])
        if line is None:
            raise Obstacle("no-import-form", path, Span(0, 0), f"{path} has no single way to import {target}")
        self.add_line(path, line.replace(f"import {wanted[0]}", "import " + ", ".join(wanted)), before)

    def add_external(self, path: str, module: str, name: str) -> None:
        """Import ``name`` from a module that is not the project's, in the statement that is there or on a new line."""
        for imported in self.shelf.project.imports(path):
            plain = imported.scope == "module" and not imported.guards and imported.level == 0
            if plain and imported.module == module and imported.name not in (None, "*"):
                self.add_to(imported, name)
                return
        self.add_line(path, f"from {module} import {name}")

    def add_line(self, path: str, line: str, before: int | None = None) -> None:
        """An import line among the file's imports, in the group where PEP 8 wants it."""
        tree = self.shelf.tree(path)
        anchor = import_anchor(tree, line, self._rank_of_line(path, line), self.ranks(path), before)
        lines = self._lines.setdefault((path, anchor.offset), {})
        lines[line] = anchor

    def ranks(self, path: str) -> Ranks:
        """The group of each import statement of a file (see ``rank_of``)."""
        return partial(self._rank, path)

    def _rank_of_line(self, path: str, line: str) -> int:
        module = line.split()[1]
        return self._rank_module(path, module)

    def _rank(self, path: str, node: cst.Import | cst.ImportFrom) -> int:
        if isinstance(node, cst.ImportFrom):
            return self._rank_module(path, "." * len(node.relative) + (dotted_name(node.module) or ""))
        return self._rank_module(path, dotted_name(node.names[0].name) or "")

    def _rank_module(self, path: str, module: str) -> int:
        project = self.shelf.project
        top = module.partition(".")[0]
        local = module.startswith(".") or project.find_module(module, importer=path) is not None
        local = local or any(f"/{known}".find(f"/{top}/") >= 0 for known in project.paths)
        return rank_of(module, local=local)

    def finish(self) -> list[Site]:
        """Every site of the conversion, import statements last."""
        taken = {(site.path, site.span.start) for site in self._sites if site.kind == INSERT}
        for (path, start), edit in sorted(self._imports.items()):
            self._finish_import(path, start, edit)
        for place, lines in sorted(self._lines.items()):
            known, above = len(self._sites), place in taken
            for text in _grouped(lines, partial(self._rank_of_line, place[0]), apart=not above):
                self.insert(*place, text, "import what the change needs")
            if above:  # a definition goes to the same place: imports stand above it
                self._sites = [*self._sites[known:], *self._sites[:known]]
        return self._merged()

    def _import(self, path: str, start: int) -> _ImportEdit:
        return self._imports.setdefault((path, start), _ImportEdit())

    def _finish_import(self, path: str, start: int, edit: _ImportEdit) -> None:
        tree = self.shelf.tree(path)
        node = next(
            found
            for found in tree.walk()
            if isinstance(found, (cst.Import, cst.ImportFrom)) and tree.span(found).start == start
        )
        counted = bool(edit.counted)
        summary = edit.counted or "import what the change needs"
        left = edit_names(node, edit.drops, edit.adds)
        if left is None and edit.line:
            self.node(path, node, edit.line, summary, counted=counted)
            return
        if left is None:
            statement = tree.parent(node)
            assert isinstance(statement, cst.SimpleStatementLine)
            self._drop_line(path, statement, summary, counted=counted)
        elif left is not node:
            self.node(path, node, tree.module.code_for_node(left), summary, counted=counted)
        if edit.line:
            statement = tree.parent(node)
            assert statement is not None
            indent = tree.text[tree.text.rfind("\n", 0, start) + 1 : start]
            where = end_of_line(tree.text, tree.span(statement).end)
            self.insert(path, where, f"{indent}{edit.line}\n", "import the engine's module")

    def _drop_line(self, path: str, statement: cst.SimpleStatementLine, summary: str, *, counted: bool) -> None:
        """An import line goes, alone or together with the statement below it that goes already."""
        start = self.shelf.tree(path).span(statement).start
        for index, site in enumerate(self._sites):
            if site.path == path and isinstance(site.payload, Drop) and site.span.start == start:
                self._sites[index] = replace(site, payload=Drop(0), support=site.support and not counted)
                return
        self.statement(path, statement, "", summary, counted=counted)


def _grouped(lines: Mapping[str, Anchor], rank: Callable[[str], int], *, apart: bool) -> list[str]:
    """The lines for one place, sorted by group, with blank lines between the groups and where they are wanted.

    ``apart``: the text below is what stood there before, and no definition that brings its own blank lines.
    """
    ordered = sorted(lines, key=lambda line: (rank(line), line.startswith("from "), line))
    text = ""
    for index, line in enumerate(ordered):
        if index and rank(ordered[index - 1]) != rank(line):
            text += "\n"
        text += line + "\n"
    above = lines[ordered[0]].above
    below = apart and lines[ordered[-1]].below
    return [("\n" if above else "") + text + ("\n" if below else "")]
