"""Write a provider on request: a module of its own, wired into the application, or an acquire with a fallback."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rewire.codemod import INSERT, NewFile, Note, Project, Site, Span
from rewire_codemods.shared_pool import edits
from rewire_codemods.shared_pool.facts import Trouble
from rewire_codemods.shared_pool.lifespan import Wiring
from rewire_codemods.shared_pool.options import SharedPoolOptions
from rewire_codemods.shared_pool.provider import Provider
from rewire_codemods.shared_pool.sources import Database, source_of_database

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rewire_codemods.shared_pool.atlas import Atlas
    from rewire_codemods.shared_pool.decisions import Decision
    from rewire_codemods.shared_pool.serving import Serving

NAME = "shared-pool"
_BY_HAND = "await init_pool(dsn) where the program starts and close_pool() where it ends"

_MODULE = '''"""The one connection pool of this process: opened and closed by the application, lent by ``acquire``."""

from __future__ import annotations

{imports}

import asyncpg

_pool: asyncpg.Pool | None = None


async def init_pool(dsn: str | None = None, *, min_size: int = 0, max_size: int = 10, **connect: Any) -> None:
    """Open the pool. No connection is made before the first one is asked for, so nothing fails here that did not fail
    before; a second call does nothing."""
    global _pool
    if _pool is None:
        _pool = await asyncpg.create_pool(dsn, min_size=min_size, max_size=max_size, **connect)


async def close_pool() -> None:
    """Close the pool, waiting for the connections that are lent; a second call does nothing."""
    global _pool
    pool, _pool = _pool, None
    if pool is not None:
        await pool.close()


'''
_STRICT = '''def acquire(timeout: float | None = 60) -> Any:
    """``async with acquire() as connection:``. TimeoutError where no connection becomes free in ``timeout`` seconds.

    RuntimeError where no pool is open.
    """
    if _pool is None:
        raise RuntimeError("the connection pool is not open: await init_pool(dsn) first")
    return _pool.acquire(timeout=timeout)
'''
_LENIENT = '''@asynccontextmanager
async def acquire(timeout: float | None = 60) -> AsyncIterator[Any]:
    """``async with acquire() as connection:``; where no pool is open (a script, a test), a connection of its own."""
    if {pool} is not None:
        async with {pool}.acquire(timeout=timeout) as connection:
            yield connection
        return
    connection = await {connect}({arguments}timeout=timeout)
    try:
        yield connection
    finally:
        await connection.close()
'''


@dataclass
class Written:
    """What a provider adds to the plan. ``taken`` are names (file, name) that it imports from the project's files.

    ``opens``: without its sites nobody opens the pool, and no acquire works.
    """

    files: list[NewFile] = field(default_factory=list)
    sites: list[Site] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    taken: set[tuple[str, str]] = field(default_factory=set)
    opens: bool = False

    @property
    def needs(self) -> dict[str, set[str]]:
        """The words of the code that is added, by file, and what it imports: no import or name of theirs may go."""
        found: dict[str, set[str]] = {}
        for path, name in self.taken:
            found.setdefault(path, set()).add(name)
        for site in self.sites:
            edit = site.payload
            text = f"{edit.before} {edit.after}" if isinstance(edit, edits.Surround) else edit
            if isinstance(text, str) and site.shape != "import":
                found.setdefault(site.path, set()).update(re.findall(r"[A-Za-z_]\w*", text))
        return found


@dataclass
class Made:
    """A provider that this run writes: into a new file, or beside a getter that is there."""

    provider: Provider
    options: SharedPoolOptions
    insert: tuple[Site, ...] = ()
    taken: tuple[tuple[str, str], ...] = ()

    def write(
        self, project: Project, atlas: Atlas, decisions: Sequence[Decision], serving: Serving | None
    ) -> Written | Trouble:
        """The new file and the lifespan, or the inserted function. ``serving`` None: the pool is opened by hand."""
        if self.insert:
            return Written(sites=list(self.insert), taken=set(self.taken))
        written = Written()
        source = self.fallback_source(project, atlas, decisions)
        written.taken |= set(source.taken) if source else set()
        trouble = self._wire(project, atlas, decisions, serving, written)
        if trouble is not None and source is None:
            return trouble
        if trouble is not None:
            written.notes.append(Note(NAME, f"{trouble.reason}: {_BY_HAND}; until then each acquire() connects",
                                      self.provider.path))  # fmt: skip
        if self.options.fallback == "connect" and source is None:
            written.notes.append(
                Note(NAME, "acquire() has no fallback: nothing says what to connect to outside a server")
            )
        written.files.append(NewFile(self.provider.path, _module_text(source), "the provider of the shared pool"))
        for line in package_markers(project, self.provider.path):
            written.files.append(NewFile(line, "", "makes the folder a package, as its neighbours are"))
        return written

    def fallback_source(self, project: Project, atlas: Atlas, decisions: Sequence[Decision]) -> Database | None:
        """What ``acquire`` connects to where no pool is open; None: it does not."""
        if self.options.fallback != "connect":
            return None
        return source_of_database(project, atlas, decisions, self.provider.path)

    def _wire(
        self,
        project: Project,
        atlas: Atlas,
        decisions: Sequence[Decision],
        serving: Serving | None,
        written: Written,
    ) -> Trouble | None:
        if serving is None:
            written.notes.append(Note(NAME, f"nothing opens the pool yet: {_BY_HAND}", self.provider.path))
            return None
        if isinstance(serving.applications, Trouble):
            return serving.applications
        wiring = Wiring(project, atlas, serving.shelf, self.provider, decisions)
        trouble = wiring.wire(serving.applications)
        if trouble is None:
            written.sites += wiring.sites
            written.taken |= wiring.taken
            written.opens = True
        return trouble


def _module_text(source: Database | None) -> str:
    if source is None:
        return _MODULE.format(imports="from typing import Any") + _STRICT
    imports = [
        "from collections.abc import AsyncIterator",
        "from contextlib import asynccontextmanager",
        "from typing import Any",
    ]
    text = _MODULE.format(imports="\n".join([*(line for line in source.imports if line == "import os"), *imports]))
    own = [line for line in source.imports if line != "import os"]
    if own:
        text = text.replace("import asyncpg\n", "import asyncpg\n\n" + "\n".join(own) + "\n", 1)
    return text + _LENIENT.format(pool="_pool", connect="asyncpg.connect", arguments=source.written + ", ")


def package_markers(project: Project, path: str) -> list[str]:
    """``__init__.py`` files that the new module's folder needs, where its parent package has one."""
    folder = path.rpartition("/")[0]
    found = []
    while folder and f"{folder}/__init__.py" not in project.paths:
        if any(other.startswith(folder + "/") for other in project.paths):
            break
        parent = folder.rpartition("/")[0]
        if not parent or f"{parent}/__init__.py" not in project.paths:
            break
        found.append(f"{folder}/__init__.py")
        folder = parent
    return found


def make_provider(path: str, options: SharedPoolOptions) -> Made:
    """The provider that ``create_provider`` asks for."""
    return Made(Provider(path, "acquire", "acquire", "_pool"), options)


def make_fallback(project: Project, atlas: Atlas, provider: Provider, decisions: Sequence[Decision]) -> Made | Trouble:
    """An ``acquire()`` beside the getter that falls back to a direct connection; one that is there is used."""
    facts = atlas.file(provider.path)
    source = project.source(provider.path)
    if facts is None or source is None or not provider.pool_name:
        return Trouble("no-provider", 'fallback = "connect" needs a provider with a module-level pool')
    if not project.is_selected(provider.path):
        return Trouble("no-provider", f'fallback = "connect" writes to {provider.path}, which is not part of this run')
    name = "acquire"
    written = Provider(provider.path, name, "acquire", provider.pool_name)
    if atlas.function(provider.path, name):
        return Made(written, SharedPoolOptions(), ())
    passed = [decision for decision in decisions if decision.trouble is None]
    database = source_of_database(project, atlas, passed, provider.path)
    if database is None:
        return Trouble("no-provider", "nothing says what acquire() should connect to where no pool is open")
    origins = dict(facts.imports)
    connect = next((f"{bound}.connect" for bound, origin in origins.items() if origin == "asyncpg"), "")
    wanted = ["from collections.abc import AsyncIterator", "from contextlib import asynccontextmanager",
              "from typing import Any", *database.imports]  # fmt: skip
    if not connect:
        wanted.append("import asyncpg")
        connect = "asyncpg.connect"
    lines = [
        line + "\n"
        for line in sorted(wanted, key=lambda line: line.startswith("from"))
        if line.split()[-1] not in facts.bound
    ]
    body = _LENIENT.format(pool=provider.pool_name, connect=connect, arguments=database.written + ", ")
    start, end = Span(facts.insert_at, facts.insert_at), Span(len(source.text), len(source.text))
    sites = [Site(NAME, provider.path, end, INSERT, f"\n\n{body}", "acquire(): the pool, or a direct connection",
                  "provider", support=True)]  # fmt: skip
    if lines:
        sites.append(
            Site(NAME, provider.path, start, INSERT, "".join(lines), "imports for acquire()", "import", support=True)
        )
    return Made(written, SharedPoolOptions(), tuple(sites), database.taken)
