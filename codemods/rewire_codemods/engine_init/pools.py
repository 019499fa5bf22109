"""Pools that other libraries make at import: not engines, so they are named and left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rewire.codemod import Span
from rewire.codemod.cst import dotted_name
from rewire_codemods.applications.obstacle import Obstacle
from rewire_codemods.applications.reading import Moment, called, calls, moment_of
from rewire_codemods.engine_init.roles import is_own

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rewire.codemod.cst import Tree
    from rewire_codemods.applications.reading import Shelf
    from rewire_codemods.engine_init.facts import FileFacts

_MAKERS = frozenset({"create_pool", "create_engine", "Database"})
_PACKAGES = frozenset({"asyncpg", "aiopg", "aiomysql", "databases", "psycopg_pool", "psycopg2", "mysql"})


def pools_at_import(tree: Tree) -> tuple[tuple[str, int, int], ...]:
    """Dotted name and span of each call that makes a pool while the module is imported."""
    found = []
    for call in calls(tree):
        last = (dotted_name(call.func) or "").rpartition(".")[2]
        if last not in _MAKERS and not last.endswith("Pool"):
            continue
        name = called(tree, call)
        if name.partition(".")[0] in _PACKAGES and moment_of(tree, call) is Moment.IMPORT:
            span = tree.span(call)
            found.append((name, span.start, span.end))
    return tuple(found)


def pools_left(shelf: Shelf, facts: Mapping[str, FileFacts]) -> Iterator[tuple[str, Obstacle]]:
    """The file and the obstacle for each such pool that belongs to the application."""
    for path, found in facts.items():
        if not found.pools or is_own(shelf.project, path, shelf.source(path).text, found.application):
            continue
        for name, start, end in found.pools:
            span = Span(start, end)
            opens = "; it opens nothing before it is connected" if name.endswith("Database") else ""
            reason = f"{path}:{shelf.line(path, span)} makes a pool of its own at import: {name}{opens}"
            yield path, Obstacle("pool-at-import", path, span, reason)
