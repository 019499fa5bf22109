"""Collect what one conversion does to statements and nodes, as sites."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import libcst as cst

from rewire.codemod import BLOCK, INSERT, Site, Span
from rewire_codemods.applications.obstacle import Obstacle
from rewire_codemods.engine_init.importing import end_of_line
from rewire_codemods.engine_init.payloads import Drop, Remove, Statements, Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rewire_codemods.applications.reading import Shelf
    from rewire_codemods.engine_init.payloads import Prepend, Wrap

NAME = "engine-init"


class SiteEdits:
    """The sites of one conversion. ``group`` ties them together; a file outside this run is an Obstacle."""

    def __init__(self, shelf: Shelf, group: str) -> None:
        self.shelf = shelf
        self.group = group
        self.alone: frozenset[str] = frozenset()
        """Files that the application never loads: their edits may follow in commits of their own."""
        self._sites: list[Site] = []

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
        """The statement before, if it is a simple one and free to be part of a block site.

        None, too, where comments stand apart from ``node``: they are not about it, and would go with it.
        """
        tree = self.shelf.tree(path)
        holder = tree.parent(node)
        body: Sequence[cst.CSTNode] = getattr(holder, "body", ())
        index = next(position for position, found in enumerate(body) if found is node)
        before = body[index - 1] if index else None
        last = index + 1 == len(body) and isinstance(before, cst.FunctionDef) and not before.decorators
        if before is None or not (last or isinstance(before, cst.SimpleStatementLine)):
            return None
        if sum(line.comment is not None for line in getattr(node, "leading_lines", ())) > len(self._attached(node)):
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

    def covers(self, path: str, offset: int) -> bool:
        """True if ``offset`` lies inside statements that are rebuilt, where nothing can be inserted."""
        return any(
            site.path == path and site.kind != INSERT and site.span.start < offset < site.span.end
            for site in self._sites
        )

    def _merged(self) -> list[Site]:
        """Lines that would be put between two statements of which one goes become part of that edit.

        So does the edit that takes the first of the two away.
        """
        kept: list[Site] = []
        drops = {index: site for index, site in enumerate(self._sites) if isinstance(site.payload, Drop)}
        for site in self._sites:
            offset = site.span.start
            first = [index for index, drop in drops.items() if _takes_the_first(site, drop)]
            if first:
                drop = drops[first[0]]
                drops[first[0]] = replace(drop, payload=replace(drop.payload, keep=0))
                kept.append(site)
                continue
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


def _takes_the_first(site: Site, drop: Site) -> bool:
    """True if ``site`` does away with the statement that ``drop`` keeps."""
    ours = site.path == drop.path and site.support and site.payload == Statements("")
    return ours and site.span.start == drop.span.start and site.span.end < drop.span.end


def _trailing(node: cst.BaseStatement) -> list[str]:
    """The comment behind a one-line statement."""
    comment = node.trailing_whitespace.comment if isinstance(node, cst.SimpleStatementLine) else None
    return [comment.value] if comment is not None else []


def _lf(text: str) -> str:
    """Planned text has ``\\n`` newlines; the engine writes the file's own."""
    return text.replace("\r\n", "\n").replace("\r", "\n")
