"""Wire a made provider into the FastAPI application: open the pool before it serves, close it when it stops."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import libcst as cst

from rewire.codemod import BLOCK, INSERT, Note, NotLossless, NotPython, Project, Site, SourceFile, Span
from rewire.codemod.cst import Tree, dotted_name, parse
from rewire_codemods.shared_pool import edits
from rewire_codemods.shared_pool.provider import Provider, Way, way_to
from rewire_codemods.shared_pool.scopes import module_scope
from rewire_codemods.shared_pool.sources import Database, source_of_database
from rewire_codemods.shared_pool.statements import last_name, small

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rewire_codemods.shared_pool.atlas import Atlas
    from rewire_codemods.shared_pool.decisions import Decision
    from rewire_codemods.shared_pool.facts import FileFacts

NAME = "shared-pool"
_BY_HAND = "await init_pool(dsn) where the program starts and close_pool() where it ends"


@dataclass
class Wiring:
    """The edits of the application's file, and what a person has to do where there are none."""

    sites: list[Site] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)


@dataclass(frozen=True)
class Application:
    """One ``app = FastAPI(...)`` at module level."""

    source: SourceFile
    tree: Tree
    statement: cst.SimpleStatementLine
    call: cst.Call
    name: str


def wire(project: Project, atlas: Atlas, provider: Provider, decisions: Sequence[Decision]) -> Wiring:
    """The lifespan of the one application that the project has; a note where there is none or more than one."""
    applications = _applications(project)
    if len(applications) > 1:
        applications = [one for one in applications if _is_started(project, one.source.path)]
    if len(applications) != 1:
        found = f"{len(applications)} FastAPI applications" if applications else "no FastAPI application"
        return Wiring(notes=[Note(NAME, f"{found} found: {_BY_HAND}", provider.path)])
    application = applications[0]
    path = application.source.path
    facts = atlas.file(path)
    database = source_of_database(project, atlas, decisions, path)
    way = way_to(project, provider, facts) if facts else None
    if way is None or facts is None:
        way = _planned_way(project, provider, facts)
    if database is None or way is None or facts is None or not project.is_selected(path):
        return Wiring(notes=[Note(NAME, f"the application in {path} cannot be wired: {_BY_HAND}", path)])
    return _wired(project, application, facts, way, database)


def _planned_way(project: Project, provider: Provider, facts: FileFacts | None) -> Way | None:
    return way_to(project, provider, facts) if facts else None


def _applications(project: Project) -> list[Application]:
    servers = {loading.path for launch in project.launches if launch.role == "server"
               for path in project.paths for loading in project.loadings(path) if loading.launch == launch}  # fmt: skip
    found = []
    for path in project.paths:
        source = project.source(path)
        if source is None or "FastAPI(" not in source.text or (servers and path not in servers):
            continue
        try:
            found += _in_file(source)
        except (NotPython, NotLossless):
            continue
    return found


def _is_started(project: Project, path: str) -> bool:
    """True for the file that a server's launch command names."""
    return any(
        loading.launch.role == "server" and loading.name == loading.launch.entry.partition(":")[0]
        for loading in project.loadings(path)
    )


def _in_file(source: SourceFile) -> list[Application]:
    tree = parse(source.text)
    module = module_scope(tree.module)
    found = []
    for node in tree.module.body:
        part = small(node)
        if not isinstance(part, (cst.Assign, cst.AnnAssign)) or not isinstance(part.value, cst.Call):
            continue
        target = part.targets[0].target if isinstance(part, cst.Assign) else part.target
        dotted = dotted_name(part.value.func) or ""
        if module.means(dotted, ("fastapi.FastAPI", "fastapi.applications.FastAPI")) and isinstance(target, cst.Name):
            assert isinstance(node, cst.SimpleStatementLine)
            found.append(Application(source, tree, node, part.value, target.value))
    return found


def _wired(project: Project, application: Application, facts: FileFacts, way: Way, database: Database) -> Wiring:
    opening = f"await {way.prefix}init_pool({database.written})"
    closing = f"await {way.prefix}close_pool()"
    path = application.source.path
    wiring = Wiring()
    lines = [way.insert] if way.insert else []
    lines += [line + "\n" for line in database.imports if line.split()[-1] not in facts.bound]
    given = next((arg.value for arg in application.call.args if arg.keyword and arg.keyword.value == "lifespan"), None)
    if given is not None:
        existing = _existing_lifespan(application, given)
        if existing is None:
            return Wiring(notes=[Note(NAME, f"the lifespan of {path} is not defined there: {_BY_HAND}", path)])
        surround = edits.Surround(opening, closing, application.tree.module.default_indent)
        text = "the lifespan opens and closes the pool"
        wiring.sites.append(Site(NAME, path, existing, BLOCK, surround, text, "lifespan", support=True))
    elif _listens(project):
        wiring.sites.append(_handlers(application, opening, closing))
    else:
        name = next(name for name in ("lifespan", "pool_lifespan", "shared_pool_lifespan") if name not in facts.bound)
        wiring.sites += _new_lifespan(application, name, opening, closing)
        if "asynccontextmanager" not in facts.bound:
            lines.append("from contextlib import asynccontextmanager\n")
    if lines:
        lines.sort(key=lambda line: (line == way.insert, line))
        place = Span(facts.insert_at, facts.insert_at)
        wiring.sites.append(Site(NAME, path, place, INSERT, "".join(lines), "imports for the lifespan", "import",
                                 support=True))  # fmt: skip
    return wiring


def _existing_lifespan(application: Application, given: cst.BaseExpression) -> Span | None:
    """The body of the lifespan function that is there; None if it is defined elsewhere."""
    name = last_name(given)
    for node in application.tree.module.body:
        if isinstance(node, cst.FunctionDef) and node.name.value == name and isinstance(node.body, cst.IndentedBlock):
            body = node.body.body
            return Span(application.tree.span(body[0]).start, application.tree.span(body[-1]).end)
    return None


def _listens(project: Project) -> bool:
    """True if something uses ``on_event``: a lifespan would silence it."""
    for path in project.paths:
        source = project.source(path)
        if source is not None and re.search(r"\.on_event\(|add_event_handler\(|on_startup\s*=", source.text):
            return True
    return False


def _line_start(application: Application) -> int:
    """The start of the application's line, or of the comment lines right above it."""
    text = application.source.text
    start = _start_of_line(text, application.tree.span(application.statement).start)
    while start:
        above = _start_of_line(text, start - 1)
        if not text[above:start].lstrip().startswith("#"):
            break
        start = above
    return start


def _start_of_line(text: str, offset: int) -> int:
    if text[offset - 1 : offset + 1] == "\r\n":
        offset -= 1
    return max(text.rfind("\n", 0, offset), text.rfind("\r", 0, offset)) + 1


def _line_end(application: Application) -> int:
    end = application.tree.span(application.statement).end
    found = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|$)").match(application.source.text, end)
    return found.end() if found else end


def _missing_blanks(text: str) -> int:
    """How many blank lines are wanting before a definition that follows ``text``."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")[:-1]
    blank = 0
    while blank < len(lines) and not lines[-1 - blank].strip():
        blank += 1
    return max(0, 2 - blank) if blank < len(lines) else 0


def _handlers(application: Application, opening: str, closing: str) -> Site:
    app = application.name
    text = (
        f'\n\n@{app}.on_event("startup")\nasync def open_shared_pool():\n    {opening}\n\n\n'
        f'@{app}.on_event("shutdown")\nasync def close_shared_pool():\n    {closing}\n'
    )
    place = Span(_line_end(application), _line_end(application))
    if application.source.text[place.end :].lstrip(" \t")[:1] not in ("", "\n", "\r"):
        text += "\n\n"
    return Site(NAME, application.source.path, place, INSERT, text, "the application opens and closes the pool",
                "lifespan", support=True)  # fmt: skip


def _new_lifespan(application: Application, name: str, opening: str, closing: str) -> list[Site]:
    path = application.source.path
    text = (
        f"@asynccontextmanager\nasync def {name}(_):\n    {opening}\n    try:\n        yield\n"
        f"    finally:\n        {closing}\n\n\n"
    )
    start = _line_start(application)
    text = "\n" * _missing_blanks(application.source.text[:start]) + text
    span = application.tree.span(application.call)
    return [
        Site(NAME, path, Span(start, start), INSERT, text, "the application opens and closes the pool", "lifespan",
             support=True),
        Site(NAME, path, span, "Call", edits.AddArgument("lifespan", name), "the application gets the lifespan",
             "lifespan", support=True),
    ]  # fmt: skip
