"""Collect the edits of one conversion and turn them into sites: statements, nodes, insertions, import statements."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

import libcst as cst

from rewire.codemod import BLOCK, INSERT, Site, Span
from rewire.codemod.cst import dotted_name
from rewire_codemods.applications.obstacle import Obstacle
from rewire_codemods.engine_init.importing import Anchor, Ranks, edit_names, end_of_line, import_anchor, rank_of
from rewire_codemods.engine_init.payloads import Drop, Remove, Statements, Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from rewire.codemod import ImportedName
    from rewire_codemods.applications.reading import Shelf
    from rewire_codemods.engine_init.payloads import Prepend, Wrap

NAME = "engine-init"


@dataclass(slots=True)
class _ImportEdit:
    """What happens to one import statement: names that go, names that come, a line that follows or replaces it."""

    drops: set[str] = field(default_factory=set)
    adds: set[str] = field(default_factory=set)
    line: str = ""
    counted: str = ""


class Edits:
    """The edits of one conversion. ``group`` ties them together; a file outside this run is an Obstacle."""

    def __init__(self, shelf: Shelf, group: str) -> None:
        self.shelf = shelf
        self.group = group
        self.alone: frozenset[str] = frozenset()
        """Files that the application never loads: their edits may follow in commits of their own."""
        self._sites: list[Site] = []
        self._imports: dict[tuple[str, int], _ImportEdit] = {}
        self._lines: dict[tuple[str, int], dict[str, Anchor]] = {}

    def node(
        self,
        path: str,
        node: cst.CSTNode,
        text: str | None,
        summary: str,
        *,
        counted: bool = False,
        strings: bool = False,
    ) -> None:
        """One node becomes ``text``, or goes. ``strings``: a string literal goes with it."""
        payload = Remove() if text is None else Text(_lf(text))
        span = self.shelf.tree(path).span(node)
        self._add(path, span, type(node).__name__, payload, summary, counted, strings=strings)

    def statement(self, path: str, node: cst.BaseStatement, text: str, summary: str, *, counted: bool = False) -> None:
        """One whole statement becomes ``text``."""
        self._add(path, self.shelf.tree(path).span(node), BLOCK, Statements(_lf(text)), summary, counted)

    def drop(self, path: str, node: cst.BaseStatement, summary: str, *, counted: bool = False) -> None:
        """One whole statement goes, and with it the blank and comment lines above it, where a simple one precedes it.

        What moves those comments elsewhere is the caller's business (``comments_of``).
        """
        tree = self.shelf.tree(path)
        span = tree.span(node)
        before = self._above(path, node)
        if before is None:
            self._add(path, span, BLOCK, Statements(""), summary, counted)
        else:
            self._add(path, Span(tree.span(before).start, span.end), BLOCK, Drop(), summary, counted)

    def comments_of(self, path: str, node: cst.BaseStatement) -> list[str]:
        """The comments that ``drop`` takes along with a statement, as lines without indentation."""
        above = self._attached(node) if self._above(path, node) is not None else []
        return [*above, *_trailing(node)]

    def drop_in_place(self, path: str, node: cst.BaseStatement, summary: str, *, counted: bool = False) -> None:
        """One whole statement goes; its comments stay where they are."""
        self.statement(path, node, "", summary, counted=counted)
        tree = self.shelf.tree(path)
        for comment in _trailing(node):
            self.insert(path, end_of_line(tree.text, tree.span(node).end), f"{comment}\n", summary)

    def _above(self, path: str, node: cst.BaseStatement) -> cst.BaseStatement | None:
        """The statement before, if it is a simple one and free to be part of a block site."""
        tree = self.shelf.tree(path)
        holder = tree.parent(node)
        body: Sequence[cst.CSTNode] = getattr(holder, "body", ())
        index = next(position for position, found in enumerate(body) if found is node)
        before = body[index - 1] if index else None
        last = index + 1 == len(body) and isinstance(before, cst.FunctionDef) and not before.decorators
        if before is None or not (last or isinstance(before, cst.SimpleStatementLine)):
            return None
        assert isinstance(before, cst.BaseStatement)
        taken = tree.span(before)
        busy = any(site.path == path and site.span.overlaps(taken) and site.kind == BLOCK for site in self._sites)
        return None if busy else before

    @staticmethod
    def _attached(node: cst.BaseStatement) -> list[str]:
        lines: list[str] = []
        for line in reversed(getattr(node, "leading_lines", ())):
            if line.comment is None:
                break
            lines.insert(0, line.comment.value)
        return lines

    def block(self, path: str, span: Span, payload: Wrap | Prepend, summary: str, *, counted: bool = False) -> None:
        """A run of statements is rebuilt."""
        self._add(path, span, BLOCK, payload, summary, counted)

    def insert(self, path: str, offset: int, text: str, summary: str, *, counted: bool = False) -> None:
        """Whole lines are put at the start of a line."""
        self._add(path, Span(offset, offset), INSERT, _lf(text), summary, counted)

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

    def _merged(self) -> list[Site]:
        """Lines that would be put between two statements of which one goes become part of that edit."""
        kept: list[Site] = []
        drops = {index: site for index, site in enumerate(self._sites) if isinstance(site.payload, Drop)}
        for site in self._sites:
            offset = site.span.start
            around = [
                index
                for index, drop in drops.items()
                if site.kind == INSERT and drop.path == site.path and drop.span.start < offset < drop.span.end
            ]
            if not around:
                continue
            drop = drops[around[0]]
            payload = replace(drop.payload, text=drop.payload.text + str(site.payload))
            drops[around[0]] = replace(drop, payload=payload)
            kept.append(site)
        merged = [drops.get(index, site) for index, site in enumerate(self._sites)]
        gone = {id(site) for site in kept}
        return [site for site in merged if id(site) not in gone]

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

    def covers(self, path: str, offset: int) -> bool:
        """True if ``offset`` lies inside statements that are rebuilt, where nothing can be inserted."""
        return any(
            site.path == path and site.kind != INSERT and site.span.start < offset < site.span.end
            for site in self._sites
        )

    def _add(
        self, path: str, span: Span, kind: str, payload: object, summary: str, counted: bool, *, strings: bool = False
    ) -> None:
        if not self.shelf.project.is_selected(path):
            raise Obstacle("not-selected", path, span, f"{path} would have to change and is not part of this run")
        self._sites.append(
            Site(
                codemod=NAME,
                path=path,
                span=span,
                kind=kind,
                payload=payload,
                summary=summary,
                shape=summary,
                group=self.group,
                follows=path in self.alone,
                support=not counted,
                edits_strings=strings or kind == BLOCK,
            )
        )


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


def _trailing(node: cst.BaseStatement) -> list[str]:
    """The comment behind a one-line statement."""
    comment = node.trailing_whitespace.comment if isinstance(node, cst.SimpleStatementLine) else None
    return [comment.value] if comment is not None else []


def _lf(text: str) -> str:
    """Planned text has ``\\n`` newlines; the engine writes the file's own."""
    return text.replace("\r\n", "\n").replace("\r", "\n")
