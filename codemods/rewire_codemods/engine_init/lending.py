"""Makers that one module lends to another: ``engine = make_engine(url)`` where ``make_engine`` is imported.

What is lent is called in ``init_db`` as ``create_engine`` would be: the import stays, the call moves. So the name has
to mean that one function whenever it is read, and the function has to give an engine back, a new one for each call.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

from rewire_codemods.applications.reading import bindings
from rewire_codemods.engine_init.creation import made_at_import
from rewire_codemods.engine_init.facts import FileFacts
from rewire_codemods.engine_init.giving import assigned, flaw
from rewire_codemods.engine_init.makers import Lent, makers_of, read_makers
from rewire_codemods.engine_init.roles import is_own

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rewire_codemods.engine_init.elsewhere import Place, Search
    from rewire_codemods.engine_init.makers import Makers


class Library:
    """The makers of each module of a project, with those that other modules lend it."""

    def __init__(self, search: Search, facts: Mapping[str, FileFacts]) -> None:
        self._search = search
        self._shelf = search.shelf
        self._facts = facts
        self._makers: dict[str, Makers] = {}
        self._reading: set[str] = set()

    def makers(self, path: str) -> Makers:
        """The makers of a file. One that has an engine of its own is lent none: its own is what is converted."""
        if path not in self._makers:
            tree = self._shelf.tree(path)
            if self._facts.get(path, FileFacts()).engines or path in self._reading:
                return makers_of(tree)
            self._reading.add(path)
            self._makers[path] = read_makers(tree, self._lent(path))
            self._reading.discard(path)
        return self._makers[path]

    def borrowers(self) -> list[str]:
        """The files that keep an engine that a lent maker makes for them at import."""
        return [path for path in sorted(self._search.paths) if self._is_ours(path) and self._borrows(path)]

    def is_left_out(self, path: str) -> bool:
        """True for a file whose engines are its own business, or that this run is not about."""
        return not self._is_ours(path)

    def why_not(self, path: str, target: str, maker: Place) -> str:
        """What stands in the way of lending a maker to ``path``; empty if nothing does."""
        origin, name = maker
        if self._facts.get(path, FileFacts()).engines:
            return "beside an engine that the module makes by itself"
        found = flaw(self.makers(origin), name)
        if not found and not self._is_imported_plainly(path, target.partition(".")[0]):
            found = "whose name has more than one meaning here, or is imported under a condition"
        return found

    def _lent(self, path: str) -> dict[str, Lent]:
        return {
            target: Lent(self.makers(maker[0]), maker[1])
            for target, maker in self._search.called(path).items()
            if not self.why_not(path, target, maker)
        }

    def _is_ours(self, path: str) -> bool:
        project = self._shelf.project
        source = project.source(path)
        if source is None or not project.is_selected(path):
            return False
        return not is_own(project, path, source.text, self._facts.get(path, FileFacts()).application)

    def _borrows(self, path: str) -> bool:
        """A call that keeps nothing makes no engine of this module's: it is refused where it stands."""
        if path in self._search.unreadable or self._facts.get(path, FileFacts()).engines:
            return False
        makers = self.makers(path)
        return any(
            makers.tree.enclosing(call, cst.Assign, cst.AnnAssign) is not None
            for call in (made_at_import(makers) if makers.lent else ())
        )

    def _is_imported_plainly(self, path: str, bound: str) -> bool:
        """True if every binding of a name is an import at the top, and all of them mean the same."""
        found = [one for one in self._shelf.project.imports(path) if one.bound == bound and one.name != "*"]
        if not found or any(one.scope != "module" or one.guards for one in found):
            return False
        packages = all(one.name is None and one.module.partition(".")[0] == bound for one in found)
        tree = self._shelf.tree(path)
        imported = all(isinstance(node, (cst.Import, cst.ImportFrom)) for node in bindings(tree, bound))
        return (packages or len(found) == 1) and imported and not assigned(tree, tree.module, bound)
