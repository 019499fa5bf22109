"""Who needs the top-level name that ``import pkg.tool`` binds in a module: others that take it, or reach through."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rewire.codemod import Project


def find_taker(project: Project, path: str, top: str) -> str:
    """A file that takes the top-level name ``top`` from the one at ``path``: by its name, or with a star and then uses
    it; empty for none.
    """
    uses = re.compile(rf"^(?![ \t]*(?:from|import)\b).*(?<![\w.]){re.escape(top)}[ \t]*\.", re.M)
    pending, seen = [path], {path}
    while pending:
        for importer in project.importers_of(pending.pop(), top):
            source = project.source(importer.path)
            if importer.name == top or (source is not None and uses.search(source.text)):
                return importer.path
            if importer.path not in seen:
                seen.add(importer.path)
                pending.append(importer.path)
    return ""


class Reachers:
    """Who uses a top-level name as an attribute of a module of the project (``module.top.x``): gathered once a name,
    for every file that binds it asks.
    """

    def __init__(self, project: Project) -> None:
        self._project = project
        self._by_top: dict[str, dict[str, list[str]]] = {}

    def find(self, path: str, top: str) -> str:
        """Another file that reaches through the module at ``path``; empty for none."""
        if top not in self._by_top:
            self._by_top[top] = self._gather(top)
        return next((other for other in self._by_top[top].get(path, ()) if other != path), "")

    def _gather(self, top: str) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for other in self._project.mentioning(f".{top}."):
            source = self._project.source(other)
            holders = frozenset(_words_before(source.text, f".{top}.")) if source else frozenset()
            for name in self._project.imports(other) if holders else ():
                if holders.isdisjoint((name.bound, (name.name or name.module).rpartition(".")[2])):
                    continue
                target = self._project.resolve(name)
                if target is not None and target.path is not None and target.attribute is None:
                    found.setdefault(target.path, []).append(other)
        return found


def _words_before(text: str, what: str) -> Iterator[str]:
    """The word that stands directly before each occurrence of ``what``; empty where none does."""
    place = text.find(what)
    while place >= 0:
        start = place
        while start and (text[start - 1].isalnum() or text[start - 1] == "_"):
            start -= 1
        yield text[start:place]
        place = text.find(what, place + 1)
