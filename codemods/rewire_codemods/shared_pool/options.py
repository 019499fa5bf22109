"""The options of shared-pool."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from rewire.codemod import option


@dataclass(frozen=True, slots=True)
class SharedPoolOptions:
    """What the maintainer knows and the code does not say."""

    provider: str = option(
        "",
        "where the pool comes from: `backend/db.py:get_db_pool` (a function that returns the pool), "
        "`backend/db.py:pool` (the pool itself) or `backend/db.py:acquire` "
        "(an async context manager); a dotted module works too. "
        "Empty: the one module of the project that holds a pool and a getter for it",
    )
    create_provider: str = option(
        "", "write a provider to this file (`app/db/pool.py`) and wire it into the FastAPI lifespan"
    )
    wire: bool = option(
        True,
        "with `create_provider`: open and close the pool where the FastAPI applications start and stop; "
        "`false`: you call `init_pool(dsn)` and `close_pool()` yourself",
    )
    fallback: Literal["none", "connect"] = option(
        "none",
        "`connect`: write (or make) an `acquire()` that opens a direct connection where no pool is open, for files "
        "that servers and scripts share",
    )
    same_dsn: tuple[str, ...] = option(
        (), "DSN expressions, as written or as listed by the report, that all name the pool's database"
    )
    roles: tuple[str, ...] = option(
        ("server",),
        "what is converted: `server`, `worker`, `script`, `test`, `migration`, `archive`, `unknown`; "
        "the pool must be open in each of them",
    )
    pool_sets: tuple[str, ...] = option(
        (), "connect arguments that the pool sets already (`command_timeout`, `ssl`, ...): dropped instead of refused"
    )
    custom_settings: bool = option(
        False,
        "also convert blocks that set a setting of the application's own (`SET app.user`): on a pooled connection "
        "`current_setting('app.user', true)` then is '' where a fresh one says NULL",
    )
    retry_loops: bool = option(False, "also convert the work inside loops that try again")
    max_connections: int = option(100, "the server's `max_connections`, for the comparison in the report")

    def __post_init__(self) -> None:
        """Raises ValueError for a ``create_provider`` that is no place for a module."""
        *folders, name = self.create_provider.split("/")
        if self.create_provider and not (
            name.endswith(".py") and name.removesuffix(".py").isidentifier() and all(map(str.isidentifier, folders))
        ):
            raise ValueError(
                f"create_provider = {self.create_provider!r}: the path of a module to write, such as app/db/pool.py, "
                "with folders that can be imported; its function is acquire()"
            )
