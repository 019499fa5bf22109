"""Wire a made provider into the applications: open the pool before they serve, close it when they stop."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import libcst as cst

from rewire.codemod import BLOCK, INSERT, Project, Site, Span
from rewire_codemods.shared_pool import edits
from rewire_codemods.shared_pool.facts import Trouble
from rewire_codemods.shared_pool.handlers import handler_sites, listeners
from rewire_codemods.shared_pool.margins import insertion_point
from rewire_codemods.shared_pool.provider import Provider, Way, way_to
from rewire_codemods.shared_pool.sources import Database, source_of_database
from rewire_codemods.shared_pool.texts import lead_offset, missing_blanks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rewire.codemod.cst import Tree
    from rewire_codemods.applications.application import Application
    from rewire_codemods.applications.reading import Shelf
    from rewire_codemods.shared_pool.atlas import Atlas
    from rewire_codemods.shared_pool.decisions import Decision

NAME = "shared-pool"


@dataclass(frozen=True)
class Door:
    """How one file opens and closes the pool: the two statements, and the imports that they need there."""

    opening: str
    closing: str
    imports: tuple[str, ...]
    way: Way


@dataclass
class Wiring:
    """The edits that open and close the pool in every application."""

    project: Project
    atlas: Atlas
    shelf: Shelf
    provider: Provider
    decisions: Sequence[Decision]
    sites: list[Site] = field(default_factory=list)
    lines: dict[str, list[str]] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    taken: set[tuple[str, str]] = field(default_factory=set)

    def wire(self, applications: Sequence[Application]) -> Trouble | None:
        """Collect the edits of all; the trouble with the first that cannot be wired."""
        wrapped: set[int] = set()
        for application in applications:
            if application.lifespan is None:
                trouble = self._start(application)
            elif id(application.lifespan) in wrapped:
                continue
            else:
                wrapped.add(id(application.lifespan))
                trouble = self._surround(application.lifespan_path, application.lifespan)
            if trouble is not None:
                return trouble
        self.sites += [self._imports(path, lines) for path, lines in self.lines.items() if lines]
        return None

    def _door(self, path: str) -> Door | Trouble:
        """What the file of an application or its lifespan writes; why it cannot."""
        if not self.project.is_selected(path):
            return Trouble("application-out-of-reach", f"{path} would open the pool and is not part of this run")
        facts = self.atlas.file(path)
        way = way_to(self.project, self.provider, facts) if facts else None
        if facts is None or way is None:
            return Trouble(
                "application-out-of-reach", f"nothing imports {self.provider.path} from {path} in every launch"
            )
        database: Database | None = source_of_database(self.project, self.atlas, self.decisions, path)
        if database is None:
            return Trouble("application-out-of-reach", f"nothing in {path} can name the database that is meant")
        self.taken.update(database.taken)
        lines = [line + "\n" for line in database.imports if line.split()[-1] not in facts.bound]
        lines += [way.insert] if way.insert else []
        opening = f"await {way.prefix}init_pool({database.written})"
        return Door(opening, f"await {way.prefix}close_pool()", tuple(lines), way)

    def _surround(self, path: str, function: cst.FunctionDef) -> Trouble | None:
        """The body of a lifespan that is there, between the opening and the closing of the pool."""
        door = self._door(path)
        if isinstance(door, Trouble):
            return door
        tree = self.shelf.tree(path)
        body = function.body
        assert isinstance(body, cst.IndentedBlock)
        span = Span(tree.span(body.body[0]).start, tree.span(body.body[-1]).end)
        indent = body.indent if body.indent is not None else tree.module.default_indent
        surround = edits.Surround(door.opening, door.closing, indent)
        self.sites.append(Site(NAME, path, span, BLOCK, surround, "the lifespan opens and closes the pool", "lifespan",
                               support=True))  # fmt: skip
        self._need(path, door.imports)
        return None

    def _start(self, application: Application) -> Trouble | None:
        """A lifespan of its own; handlers beside those that are there, since a lifespan would silence them."""
        door = self._door(application.path)
        if isinstance(door, Trouble):
            return door
        listening = listeners(self.project)
        if listening:
            sites = handler_sites(self.shelf, application, listening, door.opening, door.closing)
            if isinstance(sites, Trouble):
                return sites
            self.sites += sites
        else:
            self._give_lifespan(application, door)
        self._need(application.path, door.imports)
        return None

    def _give_lifespan(self, application: Application, door: Door) -> None:
        path, tree = application.path, application.tree
        facts = self.atlas.file(path)
        bound = facts.bound if facts else ()
        if path not in self.names:
            named = (name for name in ("lifespan", "pool_lifespan", "shared_pool_lifespan") if name not in bound)
            self.names[path] = next(named)
            manager = "contextlib." if "contextlib" in bound and "asynccontextmanager" not in bound else ""
            if not manager and "asynccontextmanager" not in bound:
                self._need(path, ("from contextlib import asynccontextmanager\n",))
            self.sites.append(_new_lifespan(tree, application, self.names[path], manager, door))
        self.sites.append(
            Site(NAME, path, tree.span(application.call), "Call", edits.AddArgument("lifespan", self.names[path]),
                 "the application gets the lifespan", "lifespan", support=True)
        )  # fmt: skip

    def _need(self, path: str, lines: Sequence[str]) -> None:
        known = self.lines.setdefault(path, [])
        known += [line for line in lines if line not in known]

    def _imports(self, path: str, lines: list[str]) -> Site:
        """One insertion a file: the standard library, then what the DSN needs, the provider last."""
        place = insertion_point(self.shelf.tree(path))
        door = self._door(path)
        last = door.way.insert if isinstance(door, Door) else ""
        ordered = sorted(lines, key=lambda line: (line == last, line))
        return Site(NAME, path, Span(place, place), INSERT, "".join(ordered), "imports for the lifespan", "import",
                    support=True)  # fmt: skip


def _new_lifespan(tree: Tree, application: Application, name: str, manager: str, door: Door) -> Site:
    step = tree.module.default_indent
    text = (
        f"@{manager}asynccontextmanager\nasync def {name}(_):\n{step}{door.opening}\n{step}try:\n{step * 2}yield\n"
        f"{step}finally:\n{step * 2}{door.closing}\n\n\n"
    )
    start = lead_offset(tree, application.call)
    text = "\n" * missing_blanks(tree.text[:start]) + text
    return Site(NAME, application.path, Span(start, start), INSERT, text, "the application opens and closes the pool",
                "lifespan", support=True)  # fmt: skip
