"""What the real asyncpg and the real SQLAlchemy say to each form, before and after.

No server is needed: asyncpg refuses the argument before it connects, a closed port tells that it tried to connect, and
a listener of a few lines reads the startup message in which asyncpg sends unknown DSN keys as server settings.
"""

from __future__ import annotations

import asyncio
import inspect
import socket
import textwrap
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest
from rewire_codemods.connect_timeout import tables
from rewire_codemods.connect_timeout.codemod import ConnectTimeout

from rewire.testing import rewrite

if TYPE_CHECKING:
    from collections.abc import Callable

CONNECTS = {
    "keyword": """
        conn = await asyncpg.connect(host="127.0.0.1", port=PORT, ssl=False, connect_timeout=5)
    """,
    "alias": """
        from asyncpg import connect as c
        conn = await c(host="127.0.0.1", port=PORT, ssl=False, connect_timeout="5")
    """,
    "dict": """
        options = {"host": "127.0.0.1", "port": PORT, "ssl": False, "connect_timeout": "5"}
        print(f"limit {options['connect_timeout']}")
        conn = await asyncpg.connect(**options)
    """,
    "dict call": """
        options = dict(host="127.0.0.1", port=PORT, ssl=False, connect_timeout=5)
        conn = await asyncpg.connect(**options)
    """,
    "pool": """
        pool = await asyncpg.create_pool(host="127.0.0.1", port=PORT, ssl=False, min_size=1, connect_timeout=5)
    """,
    "wait_for": """
        conn = await asyncio.wait_for(
            asyncpg.connect(host="127.0.0.1", port=PORT, ssl=False, connect_timeout=5), timeout=5
        )
    """,
    "partial": """
        import functools
        connect = functools.partial(asyncpg.connect, host="127.0.0.1", port=PORT, ssl=False, connect_timeout=5)
        conn = await connect()
    """,
    "wrapper": """
        async def connect(**options):
            return await asyncpg.connect(host="127.0.0.1", port=PORT, ssl=False, **options)
        conn = await connect(connect_timeout=5)
    """,
    "environment": """
        import os
        os.environ["REWIRE_TEST_LIMIT"] = "5"
        conn = await asyncpg.connect(
            host="127.0.0.1", port=PORT, ssl=False, connect_timeout=os.environ["REWIRE_TEST_LIMIT"]
        )
    """,
    "no limit": """
        conn = await asyncpg.connect(host="127.0.0.1", port=PORT, ssl=False, connect_timeout=0)
    """,
}
DSNS = {
    "dsn": 'conn = await asyncpg.connect(f"postgresql://a@127.0.0.1:{PORT}/b?sslmode=disable&connect_timeout=5")',
    "dsn, asyncpg's word": 'conn = await asyncpg.connect(f"postgres://a@127.0.0.1:{PORT}/b?timeout=5&sslmode=disable")',
    "server_settings": """
        conn = await asyncpg.connect(
            host="127.0.0.1", port=PORT, ssl=False, server_settings={"connect_timeout": "5", "jit": "off"}
        )
    """,
}
ENGINES = {
    "connect_args": """
        engine = create_async_engine("postgresql+asyncpg://a@127.0.0.1:1/b", connect_args={"connect_timeout": 5})
    """,
    "url": """
        engine = create_async_engine("postgresql+asyncpg://a@127.0.0.1:1/b?connect_timeout=5")
    """,
    "keyword": """
        engine = create_async_engine("postgresql+asyncpg://a@127.0.0.1:1/b", connect_timeout=5, pool_size=2)
    """,
    "options": """
        options = {"pool_size": 2, "connect_args": {"connect_timeout": "5"}}
        engine = create_async_engine("postgresql+asyncpg://a@127.0.0.1:1/b", **options)
    """,
}
HEADER = """\
import asyncio
import asyncpg
from sqlalchemy.ext.asyncio import create_async_engine


async def main(PORT):
"""


def function(body: str) -> str:
    return HEADER + textwrap.indent(textwrap.dedent(body).strip("\n"), "    ") + "\n    return locals()\n"


def after(source: str, **options: Any) -> str:
    trial = rewrite(ConnectTimeout, {"module.py": source}, options)
    assert not trial.refusals
    assert trial.changed == ("module.py",)
    return trial.text("module.py")


def run(source: str, port: int) -> Any:
    space: dict[str, Any] = {}
    exec(compile(source, "module.py", "exec"), space)
    return asyncio.run(space["main"](port))


@pytest.fixture
def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@pytest.mark.parametrize("body", CONNECTS.values(), ids=CONNECTS)
@pytest.mark.parametrize("replace", ["auto", "rename"])
def test_a_call_that_raised_type_error_reaches_the_network(body: str, replace: str, closed_port: int) -> None:
    source = function(body)
    with pytest.raises(TypeError, match="connect_timeout"):
        run(source, closed_port)
    with pytest.raises(OSError, match="Connect call failed"):
        run(after(source, replace=replace), closed_port)


def test_a_stripped_call_reaches_the_network_too(closed_port: int) -> None:
    with pytest.raises(OSError, match="Connect call failed"):
        run(after(function(CONNECTS["keyword"]), replace="strip"), closed_port)


def startup_parameters(source: str) -> dict[str, str]:
    """What asyncpg says in its startup message (PostgreSQL protocol 3.0, "StartupMessage")."""
    heard: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        size = int.from_bytes(await reader.readexactly(4), "big")
        heard.append(await reader.readexactly(size - 4))
        writer.close()

    async def both() -> None:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        async with server:
            space: dict[str, Any] = {}
            exec(compile(source, "module.py", "exec"), space)
            with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
                await space["main"](server.sockets[0].getsockname()[1])

    asyncio.run(both())
    words = heard[0][4:].rstrip(b"\0").decode().split("\0")
    return dict(zip(words[::2], words[1::2], strict=True))


@pytest.mark.parametrize("body", DSNS.values(), ids=DSNS)
def test_the_server_is_no_longer_sent_a_setting_that_it_does_not_know(body: str) -> None:
    source = function(body)
    before, now = startup_parameters(source), startup_parameters(after(source))
    assert before.keys() & {"connect_timeout", "timeout"}
    assert not now.keys() & {"connect_timeout", "timeout"}
    assert now == {name: value for name, value in before.items() if name not in ("connect_timeout", "timeout")}
    assert ", timeout=5" in after(source).replace("\n", " ")


@pytest.mark.parametrize("body", ENGINES.values(), ids=ENGINES)
def test_an_engine_that_raised_type_error_reaches_the_network(body: str) -> None:
    source = function(body + "\n        async with engine.connect(): pass")
    with pytest.raises(TypeError, match="connect_timeout"):
        run(source, 1)
    with pytest.raises(OSError, match="Connect call failed"):
        run(after(source), 1)


def takes(call: Callable[..., object], name: str) -> bool:
    return name in inspect.signature(call).parameters


def test_the_tables_agree_with_asyncpg() -> None:
    assert not takes(asyncpg.connect, tables.KEY)
    assert takes(asyncpg.connect, tables.NEW)
    assert inspect.signature(asyncpg.connect).parameters[tables.NEW].default == tables.DEFAULT_SECONDS
    assert set(inspect.signature(asyncpg.Pool.acquire).parameters) == {"self", tables.NEW}
    assert not [name for name in tables.LIBPQ_KEYWORDS if takes(asyncpg.connect, name)]
    for name in ("connect", "create_pool"):
        assert callable(getattr(asyncpg, name))


def test_zero_fails_at_once_where_none_does_not(closed_port: int) -> None:
    source = function(CONNECTS["no limit"])
    with pytest.raises(TimeoutError):
        run(source.replace("connect_timeout", "timeout"), closed_port)
    assert "timeout=None" in after(source)
