"""What some blocks would do with a pooled connection, on a real server: the reasons why they are refused."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from support.postgres import Postgres

SETTING = "SELECT current_setting('app.customer', true)"


def with_pool(work: Callable[[Any], Awaitable[Any]], dsn: str, size: int = 1) -> Any:
    """The answer of ``work(pool)``; the pool is gone afterwards, whatever is still lent."""

    async def run() -> Any:
        pool = await asyncpg.create_pool(dsn, min_size=0, max_size=size)
        try:
            return await asyncio.wait_for(work(pool), 20)
        finally:
            pool.terminate()

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("statement", "question", "fresh"),
    [
        ("SELECT set_config('app.customer', 'me', true)", SETTING, None),
        ("SET LOCAL app.customer = 'me'", SETTING, None),
        ("SELECT set_config('role', 'pg_monitor', false)", "SELECT current_user = session_user", True),
        ("CREATE OR REPLACE TEMP VIEW left_over AS SELECT 1", "SELECT to_regclass('left_over') IS NULL", True),
        ("CREATE TABLE pg_temp.left_over (id int)", "SELECT to_regclass('pg_temp.left_over') IS NULL", True),
    ],
)
def test_it_outlives_the_release(postgres: Postgres, statement: str, question: str, fresh: object) -> None:
    async def borrow_twice(pool: Any) -> Any:
        async with pool.acquire() as connection:
            before = await connection.fetchval(question)
            async with connection.transaction():
                await connection.execute(statement)
        async with pool.acquire() as connection:
            return before, await connection.fetchval(question)

    before, after = with_pool(borrow_twice, postgres.dsn)
    assert before is fresh
    assert after != before


@pytest.mark.parametrize("statement", ["SET work_mem = '7MB'", "SELECT pg_advisory_lock(7)"])
def test_the_release_resets_it(postgres: Postgres, statement: str) -> None:
    """The other side: what is converted."""
    question = (
        "SELECT current_setting('work_mem') = (SELECT reset_val || unit FROM pg_settings WHERE name = 'work_mem')"
        " OR current_setting('work_mem') <> '7MB' AND NOT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory')"
    )

    async def borrow_twice(pool: Any) -> Any:
        async with pool.acquire() as connection:
            await connection.execute(statement)
        async with pool.acquire() as connection:
            return await connection.fetchval(question)

    assert with_pool(borrow_twice, postgres.dsn)


def test_a_codec_stays_with_the_connection(postgres: Postgres) -> None:
    async def borrow_twice(pool: Any) -> Any:
        async with pool.acquire() as connection:
            await connection.set_type_codec("json", schema="pg_catalog", encoder=str, decoder=lambda text: "decoded")
        async with pool.acquire() as connection:
            return await connection.fetchval("SELECT '{}'::json")

    assert with_pool(borrow_twice, postgres.dsn) == "decoded"


def test_what_is_not_awaited_there_runs_on_the_next_borrower_s_connection(postgres: Postgres) -> None:
    async def late(pool: Any) -> Any:
        async def pooled() -> Any:
            async with pool.acquire() as connection:
                return connection.fetchval("SELECT pg_backend_pid()")

        waiting = await pooled()
        async with pool.acquire() as somebody_else_s:
            assert await waiting == await somebody_else_s.fetchval("SELECT pg_backend_pid()")

    with_pool(late, postgres.dsn)


def test_a_pool_belongs_to_one_loop(postgres: Postgres) -> None:
    """In a process of its own: some versions of the driver take the interpreter down."""
    script = (
        "import asyncio, sys, asyncpg\n"
        "async def work(pool):\n"
        "    async with pool.acquire(timeout=3) as connection:\n"
        "        return await connection.fetchval('SELECT 41 + 1')\n"
        "async def main():\n"
        "    pool = await asyncpg.create_pool(sys.argv[1], min_size=0, max_size=1)\n"
        "    print('here', await work(pool), flush=True)\n"
        "    print('there', await asyncio.to_thread(lambda: asyncio.run(work(pool))), flush=True)\n"
        "asyncio.run(main())\n"
    )
    done = subprocess.run([sys.executable, "-c", script, postgres.dsn], capture_output=True, text=True, timeout=30)
    assert "here 42" in done.stdout
    assert "there" not in done.stdout
    assert done.returncode != 0


def test_a_slot_that_is_held_for_ever_holds_up_the_stop(postgres: Postgres) -> None:
    async def stop(pool: Any) -> Any:
        async def poll() -> None:
            async with pool.acquire() as connection:
                while True:
                    await connection.execute("SELECT 1")
                    await asyncio.sleep(0.05)

        task = asyncio.create_task(poll())
        await asyncio.sleep(0.2)
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(pool.close(), 0.5)
        task.cancel()

    with_pool(stop, postgres.dsn)


def test_a_consumer_that_acquires_waits_for_the_generator_s_slot(postgres: Postgres) -> None:
    async def consume(pool: Any) -> Any:
        async def rows() -> Any:
            async with pool.acquire() as connection, connection.transaction():
                async for row in connection.cursor("SELECT 1"):
                    yield row

        lending = rows()
        async for _ in lending:
            with pytest.raises(asyncio.TimeoutError):
                async with pool.acquire(timeout=0.3):
                    pass
        await lending.aclose()

    with_pool(consume, postgres.dsn)


def test_a_lock_and_a_slot_in_both_orders_deadlock(postgres: Postgres) -> None:
    async def meet(pool: Any) -> Any:
        lock = asyncio.Lock()
        met = asyncio.Event()

        async def slot_first() -> None:
            async with pool.acquire():
                met.set()
                await asyncio.sleep(0.1)
                async with lock:
                    pass

        async def lock_first() -> None:
            async with lock:
                await met.wait()
                async with pool.acquire(timeout=0.5):
                    pass

        first = asyncio.create_task(slot_first())
        with pytest.raises(asyncio.TimeoutError):
            await lock_first()
        await first

    with_pool(meet, postgres.dsn)
