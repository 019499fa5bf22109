"""One small program for each shape that the codemod changes; every one of them runs before and after on a real server.

``work(fault)`` opens a connection the way the shape says and meets ``fault`` while it is open. ``disturb`` is the
fault: an exception of the program's own, an error of the database, or a query that is cancelled.
"""

from __future__ import annotations

from dataclasses import dataclass

HEAD = """\
import asyncio
import contextlib
import os

import asyncpg

from app.harness import disturb

DATABASE_URL = os.environ["REWIRE_TEST_DSN"]


"""

PROVIDER = """\
import asyncpg

db_pool = None


def get_db_pool():
    return db_pool


def set_db_pool(pool):
    global db_pool
    db_pool = pool
"""

HARNESS = """\
async def disturb(conn, fault):
    if fault == "exception":
        raise ValueError("boom")
    if fault == "database":
        await conn.execute("SELECT 1/0")
    if fault == "cancellation":
        await conn.execute("SELECT pg_sleep(30)")
"""


@dataclass(frozen=True)
class Program:
    """``row`` of the design's table. ``leaks``: it left connections behind. ``broken``: it never worked before."""

    name: str
    row: int
    body: str
    leaks: bool = False
    broken: bool = False
    changed: int = 1

    @property
    def source(self) -> str:
        """The module's text."""
        return HEAD + self.body.lstrip("\n")


PROGRAMS = (
    Program("try_finally", 1, '''
async def work(fault):
    conn = await asyncpg.connect(DATABASE_URL)
    try:
        await disturb(conn, fault)
        return await conn.fetchval("""
SELECT 'one
two'
        """)
    finally:
        await conn.close()
'''),
    Program("try_except_finally", 2, '''
async def work(fault):
    conn = await asyncpg.connect(DATABASE_URL)
    try:
        await disturb(conn, fault)
        value = await conn.fetchval("SELECT 2")
    except asyncpg.PostgresError as error:
        return type(error).__name__, await conn.fetchval("SELECT 22")
    except ValueError:
        raise RuntimeError("translated") from None
    else:
        return value
    finally:
        await conn.close()
'''),
    Program("between", 3, '''
async def work(fault):
    conn = await asyncpg.connect(DATABASE_URL)
    base = await conn.fetchval("SELECT 3")
    step = base + 1
    try:
        await disturb(conn, fault)
        return base, step
    finally:
        await conn.close()
'''),
    Program("guarded_in_finally", 4, '''
async def work(fault):
    conn = None
    try:
        conn = await asyncpg.connect(DATABASE_URL)
        await disturb(conn, fault)
        return await conn.fetchval("SELECT 4")
    except Exception as error:
        return "failed", type(error).__name__
    finally:
        if conn:
            await conn.close()
'''),
    Program("guarded_by_locals", 4, '''
async def work(fault):
    try:
        conn = await asyncpg.connect(DATABASE_URL)
        await disturb(conn, fault)
        return await conn.fetchval("SELECT 41")
    finally:
        if "conn" in locals():
            await conn.close()
'''),
    Program("guarded_by_is_closed", 4, '''
async def work(fault):
    conn = None
    try:
        conn = await asyncpg.connect(DATABASE_URL)
        await disturb(conn, fault)
        return await conn.fetchval("SELECT 42")
    finally:
        if conn is not None and not conn.is_closed():
            await conn.close()
'''),
    Program("straight_line", 5, '''
async def work(fault):
    conn = await asyncpg.connect(DATABASE_URL)
    await disturb(conn, fault)
    value = await conn.fetchval("SELECT 5")
    await conn.close()
    return value * 2
''', leaks=True),
    Program("straight_line_in_try", 5, '''
async def work(fault):
    try:
        conn = await asyncpg.connect(DATABASE_URL)
        await disturb(conn, fault)
        rows = await conn.fetch("SELECT generate_series(1, 3) AS n")
        await conn.close()
        return [row["n"] for row in rows]
    except Exception as error:
        return type(error).__name__
''', leaks=True),
    Program("early_return", 6, '''
async def work(fault):
    conn = await asyncpg.connect(DATABASE_URL)
    await disturb(conn, fault)
    row = await conn.fetchrow("SELECT 6 AS n WHERE $1", fault == "success")
    if row is None:
        await conn.close()
        return "nothing"
    if row["n"] > 100:
        await conn.close()
        raise LookupError("too many")
    await conn.close()
    return row["n"]
''', leaks=True),
    Program("close_in_both_branches", 6, '''
async def work(fault):
    conn = await asyncpg.connect(DATABASE_URL)
    if fault == "success":
        value = await conn.fetchval("SELECT 61")
        await conn.close()
    else:
        await disturb(conn, fault)
        value = None
        await conn.close()
    return value
''', leaks=True),
    Program("close_in_except_and_at_the_end", 6, '''
async def work(fault):
    conn = await asyncpg.connect(DATABASE_URL)
    try:
        await disturb(conn, fault)
        value = await conn.fetchval("SELECT 62")
    except Exception:
        await conn.close()
        raise
    await conn.close()
    return value
''', leaks=True),
    Program("in_a_loop", 7, '''
async def work(fault):
    found = []
    for number in range(4):
        conn = await asyncpg.connect(DATABASE_URL)
        try:
            if number == 1:
                continue
            await disturb(conn, fault)
            if number == 3:
                break
            found.append(await conn.fetchval("SELECT $1::int", number))
        finally:
            await conn.close()
    return found
'''),
    Program("finally_with_more", 8, '''
async def work(fault):
    seen = []
    conn = await asyncpg.connect(DATABASE_URL)
    try:
        await disturb(conn, fault)
        seen.append(await conn.fetchval("SELECT 8"))
        return seen
    finally:
        seen.append(await conn.fetchval("SELECT 80"))
        await conn.close()
        seen.append("after")
'''),
    Program("guarded_finally_with_more", 8, '''
async def work(fault):
    seen = []
    conn = None
    try:
        conn = await asyncpg.connect(DATABASE_URL)
        await disturb(conn, fault)
        seen.append(await conn.fetchval("SELECT 81"))
        return seen
    finally:
        seen.append("before")
        if conn:
            await conn.close()
        seen.append("after")
'''),
    Program("transaction", 9, '''
async def work(fault):
    conn = await asyncpg.connect(DATABASE_URL)
    try:
        async with conn.transaction():
            await conn.execute("CREATE TEMP TABLE kept (n int) ON COMMIT DROP")
            await conn.execute("INSERT INTO kept VALUES (9)")
            await disturb(conn, fault)
            return await conn.fetchval("SELECT n FROM kept")
    finally:
        await conn.close()
'''),
    Program("manual_transaction", 9, '''
async def work(fault):
    conn = await asyncpg.connect(DATABASE_URL)
    try:
        await conn.execute("BEGIN")
        await disturb(conn, fault)
        value = await conn.fetchval("SELECT 90")
        await conn.execute("COMMIT")
        return value
    finally:
        await conn.close()
'''),
    Program("yield_dependency", 10, '''
async def get_conn():
    conn = await asyncpg.connect(DATABASE_URL)
    try:
        yield conn
    finally:
        await conn.close()


async def work(fault):
    async with contextlib.asynccontextmanager(get_conn)() as lent:
        await disturb(lent, fault)
        return await lent.fetchval("SELECT 10")
'''),
    Program("context_manager", 10, '''
@contextlib.asynccontextmanager
async def connection():
    conn = await asyncpg.connect(DATABASE_URL)
    try:
        async with conn.transaction():
            yield conn
    finally:
        await conn.close()


async def work(fault):
    async with connection() as lent:
        await disturb(lent, fault)
        return await lent.fetchval("SELECT 101")
'''),
    Program("exit_stack", 11, '''
async def work(fault):
    async with contextlib.AsyncExitStack() as stack:
        conn = await asyncpg.connect(DATABASE_URL)
        stack.push_async_callback(conn.close)
        await disturb(conn, fault)
        return await conn.fetchval("SELECT 11")
'''),
    Program("wait_for", 12, '''
async def work(fault):
    conn = await asyncio.wait_for(asyncpg.connect(DATABASE_URL), 5)
    try:
        await disturb(conn, fault)
        return await conn.fetchval("SELECT 12")
    finally:
        await conn.close()
'''),
    Program("timeout", 12, '''
async def work(fault):
    conn = await asyncpg.connect(dsn=DATABASE_URL, timeout=5)
    try:
        await disturb(conn, fault)
        return await conn.fetchval("SELECT 121")
    finally:
        await conn.close()
'''),
    Program("again", 13, '''
async def work(fault):
    conn = await asyncpg.connect(DATABASE_URL)
    first = await conn.fetchval("SELECT 13")
    await conn.close()
    conn = await asyncpg.connect(DATABASE_URL)
    await disturb(conn, fault)
    second = await conn.fetchval("SELECT 130")
    await conn.close()
    return first, second
''', leaks=True, changed=2),
    Program("leak", 14, '''
async def work(fault):
    conn = await asyncpg.connect(DATABASE_URL)
    await disturb(conn, fault)
    statement = await conn.prepare("SELECT 14")
    return await statement.fetchval()
''', leaks=True),
    Program("annotated", 15, '''
async def work(fault):
    conn: asyncpg.Connection = await asyncpg.connect(DATABASE_URL)
    try:
        await disturb(conn, fault)
        return await conn.fetchval("SELECT 15")
    finally:
        await conn.close()
'''),
    Program("async_with_awaited", 16, '''
async def work(fault):
    async with (await asyncpg.connect(DATABASE_URL)) as conn:
        await disturb(conn, fault)
        return await conn.fetchval("SELECT 16")
''', broken=True),
    Program("async_with_connect", 16, '''
async def work(fault):
    async with asyncpg.connect(DATABASE_URL) as conn, conn.transaction():
        await disturb(conn, fault)
        return await conn.fetchval("SELECT 161")
''', broken=True),
    Program("closing", 16, '''
async def work(fault):
    with contextlib.closing(await asyncpg.connect(DATABASE_URL)) as conn:
        await disturb(conn, fault)
        return await conn.fetchval("SELECT 162")
''', leaks=True),
    Program("aclosing", 16, '''
async def work(fault):
    async with contextlib.aclosing(await asyncpg.connect(DATABASE_URL)) as conn:
        await disturb(conn, fault)
        return await conn.fetchval("SELECT 163")
''', broken=True),
    Program("close_without_await", 16, '''
async def work(fault):
    conn = await asyncpg.connect(DATABASE_URL)
    try:
        await disturb(conn, fault)
        return await conn.fetchval("SELECT 164")
    finally:
        conn.close()
''', leaks=True),
    Program("factory", 17, '''
async def open_connection() -> asyncpg.Connection:
    conn = await asyncpg.connect(DATABASE_URL)
    await conn.execute("SET search_path TO public")
    return conn


async def work(fault):
    conn = await open_connection()
    try:
        await disturb(conn, fault)
        return await conn.fetchval("SELECT 17")
    finally:
        await conn.close()
''', changed=2, leaks=True),
    Program("factory_method", 17, '''
class Store:
    async def _open(self):
        return await asyncpg.connect(DATABASE_URL)

    async def value(self, fault):
        conn = None
        try:
            conn = await self._open()
            await disturb(conn, fault)
            return await conn.fetchval("SELECT 171")
        finally:
            if conn:
                await conn.close()


async def work(fault):
    return await Store().value(fault)
''', changed=2),
    Program("ends_before_a_call_that_acquires", 22, '''
async def record(value):
    conn = await asyncpg.connect(DATABASE_URL)
    try:
        return await conn.fetchval("SELECT $1::int + 1", value)
    finally:
        await conn.close()


async def work(fault):
    conn = await asyncpg.connect(DATABASE_URL)
    try:
        await disturb(conn, fault)
        value = await conn.fetchval("SELECT 22")
        return await record(value)
    finally:
        await conn.close()
''', changed=2),
)  # fmt: skip
"""Rows 18 to 25 of the table are refused, and so are no programs here (22: where the block can end in time)."""
