"""What makes an engine when it is called, wherever it stands in the project, and who calls it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import libcst as cst

from rewire_codemods.applications.obstacle import Obstacle
from rewire_codemods.applications.origins import origin_of
from rewire_codemods.applications.reading import Moment, Shelf
from rewire_codemods.engine_init.calling import CONSTRUCTORS, Calling, Callings, Kind, read_callings
from rewire_codemods.engine_init.makers import makers_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from rewire.codemod import Project, SourceFile
    from rewire.codemod.cst import Tree
    from rewire_codemods.engine_init.facts import FileFacts

Place = tuple[str, str]
"""A file, and a function in it by its owner's name (``f``, ``C`` for a constructor, ``C.m``)."""


@dataclass(frozen=True, slots=True)
class _Maker:
    """What makes an engine when it runs: the call that does it inside, or its 1-based line."""

    place: cst.CSTNode | int
    kind: Kind


def engine_functions(tree: Tree) -> tuple[tuple[str, int, str], ...]:
    """What makes an engine in a module as soon as it runs: owner's name, 1-based line of the call, kind."""
    makers = makers_of(tree)
    callings = makers.callings
    made = {id(call) for call in makers.direct}
    found: dict[str, tuple[int, str]] = {}
    for calling in callings.found:
        if id(calling.node) in made and _is_reachable(calling.owner):
            found.setdefault(calling.owner, (tree.line(calling.node), callings.kinds[calling.owner].value))
    for name, node in makers.own.items():
        if not isinstance(node, cst.FunctionDef):
            found.setdefault(name, (tree.line(node), Kind.PLAIN.value))
    return tuple((name, line, kind) for name, (line, kind) in found.items())


def _is_reachable(owner: str) -> bool:
    """True for an owner that others can call by a name: nothing local, no nameless lambda."""
    return bool(owner) and "<" not in owner


class Search:
    """From the functions that make an engine to those that call them, until calls at import are reached."""

    def __init__(self, shelf: Shelf, facts: Mapping[str, FileFacts]) -> None:
        self.shelf = shelf
        self._project: Project = shelf.project
        self._makers: dict[Place, _Maker] = {
            (path, name): _Maker(line, Kind(kind))
            for path, found in facts.items()
            for name, line, kind in found.functions
        }
        self._callings: dict[str, Callings] = {}
        self._names: dict[str, set[str]] = {}
        self._roots: set[Place] = set()
        self._stale: list[str] = []
        self.unreadable: dict[str, Obstacle] = {}
        """Files that may call a maker and cannot be parsed."""
        self._run()

    @property
    def paths(self) -> Collection[str]:
        """Every file that may call a maker."""
        return self._callings.keys()

    def calls_at_import(self, path: str) -> Iterator[tuple[Calling, Place]]:
        """What runs a maker while ``path`` is imported, and which one."""
        for calling in self.callings(path).found:
            if not calling.owner and calling.moment is Moment.IMPORT and (place := self._maker(path, calling)):
                yield calling, place

    def called(self, path: str) -> dict[str, Place]:
        """The makers of other files that ``path`` calls anywhere, by the dotted name under which it does."""
        calls = [calling for calling in self.callings(path).found if isinstance(calling.node, cst.Call)]
        found = {calling.target: place for calling in calls if (place := self._maker(path, calling)) is not None}
        return {target: place for target, place in found.items() if place[0] != path}

    def line_of(self, maker: Place) -> int:
        """The 1-based line on which a maker makes its engine, or calls what does."""
        inside = self._makers[maker].place
        return inside if isinstance(inside, int) else self.shelf.tree(maker[0]).line(inside)

    def _run(self) -> None:
        for path, name in list(self._makers):
            self._spread(path, name.partition(".")[0])
        while self._stale:
            self._read(self._stale.pop())

    def _spread(self, path: str, root: str) -> None:
        """The files that can reach a function, class or object of ``path`` have to be read (again)."""
        if (path, root) in self._roots:
            return
        self._roots.add((path, root))
        for place, known in {(path, root), *_reached(self._project, path, root)}:
            if known not in self._names.setdefault(place, set()):
                self._names[place].add(known)
            source = self._project.source(place)
            if source is not None and place not in self._stale and _speaks_of(source, self._names[place]):
                self._stale.append(place)

    def _read(self, path: str) -> None:
        callings = self.callings(path)
        grown = True
        while grown:
            grown = self._subclasses(path, callings)
            for calling in callings.found:
                if not _is_reachable(calling.owner) or (path, calling.owner) in self._makers:
                    continue
                if self._maker(path, calling) is not None:
                    kind = callings.kinds.get(calling.owner, Kind.PLAIN)
                    self._makers[path, calling.owner] = _Maker(calling.node, kind)
                    grown = True
                    self._spread(path, calling.owner.partition(".")[0])
        for name, target in callings.instances.items():
            found = self._class(path, target)
            if found is not None and found in self._roots:
                self._spread(path, name)

    def _subclasses(self, path: str, callings: Callings) -> bool:
        """Classes that inherit from one that is of interest are of interest as well."""
        grown = False
        for name, bases in callings.bases.items():
            if (path, name) not in self._roots and any(self._class(path, base) in self._roots for base in bases):
                self._spread(path, name)
                grown = True
        return grown

    def callings(self, path: str) -> Callings:
        """What a file calls and defines; nothing where it cannot be parsed."""
        if path not in self._callings:
            try:
                self._callings[path] = read_callings(self.shelf.tree(path))
            except Obstacle as obstacle:
                self.unreadable[path] = obstacle
                self._callings[path] = Callings()
        return self._callings[path]

    def _class(self, path: str, dotted: str) -> Place | None:
        """The class that a name means; None if it is none of the project's."""
        origin = origin_of(self._project, path, dotted)
        if origin is None or origin.path is None or origin.rest:
            return None
        known = origin.path in self._callings or (origin.path, origin.name) in self._roots
        return (origin.path, origin.name) if known and origin.name in self.callings(origin.path).bases else None

    def _maker(self, path: str, calling: Calling) -> Place | None:
        """What a call (or the reading of an attribute) runs that makes an engine; None if nothing does."""
        place = self._meant(path, calling) if self._may_mean(path, calling) else None
        if place is None or not calling.runs(self._makers[place].kind):
            return None
        return place

    def _may_mean(self, path: str, calling: Calling) -> bool:
        """A cheap look first: the name of something that makes engines, or one's own class, has to be in it."""
        parts = calling.target.replace("()", "").split(".")
        if parts[0] in ("self", "cls", "super") and calling.holder:
            return (path, calling.holder) in self._roots
        return not self._names.get(path, set()).isdisjoint(parts)

    def _meant(self, path: str, calling: Calling) -> Place | None:
        head, dot, last = calling.target.rpartition(".")
        if head == "super()" and calling.holder:
            bases = self.callings(path).bases.get(calling.holder, [])
            return next((found for base in bases if (found := self._member(self._class(path, base), last))), None)
        if head in ("self", "cls") and calling.holder:
            return self._member((path, calling.holder), last)
        if head.endswith("()"):
            return self._member(self._class(path, head[:-2]), last)
        origin = origin_of(self._project, path, calling.target)
        if origin is None or origin.path is None or len(origin.rest) > 1:
            return None
        if not dot and calling.owner and self._is_local(path, calling):
            return None
        place = (origin.path, origin.name)
        if not origin.rest:
            return place if place in self._makers else self._member(self._class(path, calling.target), "__init__")
        held = place if self._class(*place) else self._instance(place)
        return self._member(held, origin.rest[0])

    def _is_local(self, path: str, calling: Calling) -> bool:
        """True for the name of a function inside the calling one, which hides a module's."""
        return f"{calling.owner}.<locals>.{calling.target}" in self.callings(path).kinds

    def _instance(self, place: Place) -> Place | None:
        """The class of an object that a module makes at its own level."""
        path, name = place
        if path not in self._callings and place not in self._roots:
            return None
        target = self.callings(path).instances.get(name)
        return self._class(path, target) if target else None

    def _member(self, place: Place | None, name: str, depth: int = 0) -> Place | None:
        """The method (or constructor) of a class that makes an engine, its own or inherited."""
        if place is None or depth > 10:
            return None
        path, holder = place
        key = (path, holder if name in CONSTRUCTORS else f"{holder}.{name}")
        if key in self._makers:
            return key
        callings = self.callings(path)
        if name in callings.methods.get(holder, ()):
            return None
        for base in callings.bases.get(holder, ()):
            found = self._member(self._class(path, base), name, depth + 1)
            if found is not None:
                return found
        return None


def _reached(project: Project, path: str, name: str) -> set[tuple[str, str]]:
    """The files that can use a name of ``path``, each with what it is called there; re-exports are followed."""
    found: set[tuple[str, str]] = set()
    # A file, what others take from it (the name or a module that holds it), and the name's own last part.
    pending = [(path, name, name)]
    seen = set(pending)
    while pending:
        place, offered, known = pending.pop()
        for imported in project.importers_of(place):
            target = project.resolve(imported)
            if imported.path == path or target is None:
                continue
            if imported.name != "*" and target.attribute not in (None, offered):
                continue
            bound = offered if imported.name == "*" else imported.bound
            entry = (imported.path, bound, bound if offered == known and target.attribute == offered else known)
            found.add((imported.path, entry[2]))
            if imported.scope != "function" and entry not in seen:
                seen.add(entry)
                pending.append(entry)
    return found


def _speaks_of(source: SourceFile, names: set[str]) -> bool:
    """True if the text calls a name, asks it for an attribute or inherits from it: only such a file is parsed."""
    ends = "|".join(map(re.escape, sorted(names)))
    return re.search(rf"\b(?:{ends})\s*[(.]|\bclass\b[^:\n]*\b(?:{ends})\b", source.text) is not None
