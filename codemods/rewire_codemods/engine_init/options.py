"""The options of engine-init."""

from __future__ import annotations

from dataclasses import dataclass

from rewire.codemod import option


@dataclass(frozen=True, slots=True)
class EngineInitOptions:
    """What a user may set."""

    init_db: str = option("init_db", "name of the generated function that creates the engine and binds the factory")
    create_tables: str = option("create_tables", "name of the generated function that creates the tables")
    close_db: str = option("close_db", "name of the generated function that disposes of the engine")
    get_db: str = option(
        "", "name of the session dependency that gets the guard; empty: every generator that opens a session"
    )
    pool: bool = option(
        False, "add pool_pre_ping and pool sizes for a server database (never for SQLite, never over the owner's own)"
    )
    wire: bool = option(
        True, "wire the application, scripts, alembic and tests; false: only make the functions and repoint importers"
    )
