"""Which callables reach asyncpg, which belong to other drivers, and which arguments are libpq's. Data only."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

KEY = "connect_timeout"
OPTION = "--connect-timeout"
NEW = "timeout"

REACHES = ("asyncpg", "create_async_engine")
"""A file that holds neither word reaches asyncpg only through another file."""

LAYERED = re.compile(
    r"^\s*(?:from|import)\s+(?:databases|tortoise|piccolo|gino|asyncpg_listen|buildpg)\b|tortoise\.backends\.asyncpg",
    re.MULTILINE,
)
"""What a file holds that uses a library which hands arguments on to asyncpg (``layers``)."""

UNPACKS = re.compile(r"[(,]\s*\*\*")
"""What a file holds that unpacks arguments."""

DEFAULT_SECONDS = 60
"""asyncpg's own limit for ``connect`` where none is given (``asyncpg.connect``, parameter ``timeout``)."""

CANONICAL: Mapping[str, str] = {
    "asyncpg.connection.connect": "asyncpg.connect",
    "asyncpg.pool.create_pool": "asyncpg.create_pool",
    "asyncpg.pool.Pool": "asyncpg.Pool",
    "asyncpg.create_pool()": "asyncpg.Pool()",
}
"""Other spellings of the same thing. ``()`` after a name means what calling it gives."""

CONNECT = "asyncpg.connect"
CREATE_POOL = frozenset({"asyncpg.create_pool", "asyncpg.Pool"})
CONNECTORS = CREATE_POOL | {CONNECT}
"""What opens connections with the arguments that it is called with."""

ACQUIRE = "asyncpg.Pool().acquire"
POOL_CLASS = "asyncpg.Pool"
LATER_CONNECTS = "asyncpg.Pool().set_connect_args"
"""Takes the arguments with which the pool opens its next connections."""

ASYNC_ENGINES = frozenset(
    f"{module}.{name}"
    for module in ("sqlalchemy.ext.asyncio", "sqlalchemy.ext.asyncio.engine")
    for name in ("create_async_engine", "async_engine_from_config", "create_async_pool_from_url")
)
SYNC_ENGINES = frozenset(
    f"{module}.{name}"
    for module in ("sqlalchemy", "sqlalchemy.engine", "sqlalchemy.engine.create", "sqlmodel", "sqlalchemy.future")
    for name in ("create_engine", "engine_from_config")
)
URL_CALLS = frozenset({"sqlalchemy.make_url", "sqlalchemy.engine.make_url", "sqlalchemy.engine.url.make_url"})
URL_MAKERS = frozenset(
    f"{module}.URL{call}"
    for module in ("sqlalchemy", "sqlalchemy.engine", "sqlalchemy.engine.url")
    for call in ("", ".create")
)

OTHER_DRIVERS = frozenset(
    {
        "psycopg", "psycopg2", "psycopg_pool", "psycopg2cffi", "aiopg", "pymysql", "aiomysql", "asyncmy", "MySQLdb",
        "mysql", "pg8000", "pymssql", "pyodbc", "redis", "pymongo", "clickhouse_driver", "clickhouse_connect",
        "boto3", "botocore", "aiohttp", "cassandra", "vertica_python", "aiosqlite", "sqlite3", "oracledb", "peewee",
        "dj_database_url", "django", "nats", "aio_pika", "pika", "etcd3", "consul", "playhouse",
    }
)  # fmt: skip
"""Top-level packages whose calls may well know the argument: what goes to them is left as it is."""

OWN_ARGUMENTS = frozenset(
    {
        "command_timeout", "statement_cache_size", "max_cached_statement_lifetime", "max_cacheable_statement_size",
        "server_settings", "direct_tls", "prepared_statement_cache_size", "prepared_statement_name_func",
    }
)  # fmt: skip
"""Arguments that asyncpg (or SQLAlchemy for it) takes and no other driver of an asynchronous engine does."""

PARTIAL = frozenset({"functools.partial", "partial"})
IMPORTERS = frozenset({"importlib.import_module", "builtins.__import__"})
DICTS = frozenset({"builtins.dict", "collections.OrderedDict"})
"""Calls that make a dict of the keywords they are given."""
WAITS = frozenset({"asyncio.wait_for", "asyncio.tasks.wait_for"})
DEADLINES = frozenset({"asyncio.timeout", "asyncio.timeout_at", "asyncio.timeouts.timeout", "async_timeout.timeout"})
TRANSPARENT = frozenset({"asyncio.shield", "asyncio.run", "asyncio.create_task", "asyncio.ensure_future"})
"""Calls whose result is that of the awaitable they are given."""

TRANSPARENT_METHODS = frozenset({"run_until_complete", "enter_async_context", "enter_context"})
"""The same, as methods of an event loop and of an exit stack."""

ENVIRONMENT_CALLS = frozenset({"os.getenv", "os.environ.get", "os.environ.pop", "os.environ.setdefault"})
SHOWS = frozenset({"print", "len", "str", "repr", "bool", "format", "id", "type", "isinstance", "pprint.pprint"})
LOG_METHODS = frozenset(
    {"debug", "info", "warning", "warn", "error", "critical", "exception", "log", "trace", "success"}
)
COPIES = frozenset({"copy.copy", "copy.deepcopy"})

LIBPQ_KEYWORDS: Mapping[str, str] = {
    "dbname": "write database=",
    "sslmode": "write ssl= with the same word (ssl='require')",
    "options": "put each setting into server_settings=",
    "application_name": "write server_settings={'application_name': ...}",
    "keepalives": "leave it out: asyncpg has no keepalive arguments",
    "keepalives_idle": "write server_settings={'tcp_keepalives_idle': ...}",
    "keepalives_interval": "write server_settings={'tcp_keepalives_interval': ...}",
    "keepalives_count": "write server_settings={'tcp_keepalives_count': ...}",
    "client_encoding": "leave it out: asyncpg always speaks UTF-8",
    "gssencmode": "leave it out: asyncpg has no GSS encryption",
    "channel_binding": "leave it out: asyncpg has no such argument",
    "hostaddr": "write host=",
    "username": "write user=",
    "pool_size": "write min_size= and max_size= of create_pool",
}
"""Keywords that raise TypeError in asyncpg, and what to write in their place."""

LIBPQ_DSN_KEYS: Mapping[str, str] = {
    "channel_binding": "take it out of the DSN",
    "gssencmode": "take it out of the DSN",
    "keepalives": "take it out of the DSN",
    "pgbouncer": "take it out of the DSN and pass statement_cache_size=0",
    "pool_timeout": "take it out of the DSN and pass timeout= to acquire",
    "connection_limit": "take it out of the DSN and pass max_size= to create_pool",
}
"""DSN query keys that asyncpg sends to the server as settings, where they fail, and what to do instead."""

DSN_LIMITS = (KEY, NEW, "command_timeout")
"""Query keys of a plain DSN that are limits: they belong into the call."""
