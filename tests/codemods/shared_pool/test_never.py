"""What a conversion must never do, each done on purpose here and caught: the harness of the other tests is not blind.

And the reason for all of it: 200 calls at a time on a server that takes 20.
"""

from __future__ import annotations

import asyncio
import importlib
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest
from programs import HARNESS, PROGRAMS, PROVIDER, Program
from rewire_codemods.shared_pool.codemod import SharedPool
from running import convert, loaded, run, settled

from rewire.testing import rewrite

if TYPE_CHECKING:
    from pathlib import Path

    from support.postgres import Postgres

ONE = next(program for program in PROGRAMS if program.name == "try_finally")

SWAPPED = """
from app import db
from app.harness import disturb


async def work(fault):
    conn = await db.get_db_pool().acquire()
    await disturb(conn, fault)
    value = await conn.fetchval("SELECT 1")
    await db.get_db_pool().release(conn)
    return value
"""
CLOSE_LEFT = """
from app import db
from app.harness import disturb


async def work(fault):
    async with db.get_db_pool().acquire() as conn:
        try:
            await disturb(conn, fault)
            return await conn.fetchval("SELECT pg_backend_pid()")
        finally:
            await conn.close()
"""
KEPT_OPEN = CLOSE_LEFT.replace("await conn.close()", "pass")


def application(work: str) -> dict[str, bytes]:
    files = {"app/__init__.py": "", "app/db.py": PROVIDER, "app/harness.py": HARNESS, "app/work.py": work}
    return {path: text.encode() for path, text in files.items()}


def test_acquire_without_a_block_loses_the_slot(postgres: Postgres, tmp_path: Path) -> None:
    with loaded(tmp_path, application(SWAPPED), postgres.dsn) as module:
        assert run(module, "success", postgres.dsn, postgres.socket_dsn).slots_left == 0
        assert run(module, "exception", postgres.dsn, postgres.socket_dsn).slots_left == 1


def test_two_lost_slots_of_two_hang_every_later_call(postgres: Postgres, tmp_path: Path) -> None:
    async def three_calls(module: Any) -> list[str]:
        provider = importlib.import_module("app.db")
        pool = await asyncpg.create_pool(postgres.dsn, min_size=0, max_size=2)
        provider.set_db_pool(pool)
        seen = []
        for fault in ("exception", "exception", "success"):
            try:
                await asyncio.wait_for(module.work(fault), 1)
                seen.append("done")
            except Exception as error:
                seen.append(type(error).__name__)
        pool.terminate()
        return seen

    with loaded(tmp_path / "swapped", application(SWAPPED), postgres.dsn) as module:
        assert asyncio.run(three_calls(module)) == ["ValueError", "ValueError", "TimeoutError"]
    with loaded(tmp_path / "converted", convert(ONE).after, postgres.dsn) as module:
        assert asyncio.run(three_calls(module)) == ["ValueError", "ValueError", "done"]


def test_a_close_left_behind_makes_a_new_server_connection_each_time(postgres: Postgres, tmp_path: Path) -> None:
    async def backends(module: Any) -> int:
        provider = importlib.import_module("app.db")
        pool = await asyncpg.create_pool(postgres.dsn, min_size=0, max_size=2)
        provider.set_db_pool(pool)
        seen = {await module.work("success") for _ in range(5)}
        await pool.close()
        return len(seen)

    with loaded(tmp_path / "left", application(CLOSE_LEFT), postgres.dsn) as module:
        assert asyncio.run(backends(module)) == 5
    with loaded(tmp_path / "open", application(KEPT_OPEN), postgres.dsn) as module:
        assert asyncio.run(backends(module)) == 1


NESTED = """
import asyncpg
import os

DATABASE_URL = os.environ["REWIRE_TEST_DSN"]


async def audit():
    conn = await asyncpg.connect(DATABASE_URL)
    try:
        return await conn.fetchval("SELECT 2")
    finally:
        await conn.close()


async def work(fault):
    conn = await asyncpg.connect(DATABASE_URL)
    try:
        first = await conn.fetchval("SELECT 1 FROM pg_sleep(0.2)")
        second = await audit()
        return first, second, await conn.fetchval("SELECT 3")
    finally:
        await conn.close()
"""
NESTED_BY_HAND = """
from app import db


async def audit():
    async with db.get_db_pool().acquire() as conn:
        return await conn.fetchval("SELECT 2")


async def work(fault):
    async with db.get_db_pool().acquire() as conn:
        first = await conn.fetchval("SELECT 1 FROM pg_sleep(0.2)")
        second = await audit()
        return first, second, await conn.fetchval("SELECT 3")
"""


async def at_once(module: Any, dsn: str, calls: int, max_size: int) -> list[str]:
    provider = importlib.import_module("app.db")
    pool = await asyncpg.create_pool(dsn, min_size=0, max_size=max_size)
    provider.set_db_pool(pool)
    try:
        tasks = [asyncio.wait_for(module.work("success"), 8 if calls > 50 else 3) for _ in range(calls)]
        answers = await asyncio.gather(*tasks, return_exceptions=True)
    finally:
        pool.terminate()
    return [type(answer).__name__ if isinstance(answer, BaseException) else "done" for answer in answers]


def test_a_nested_pair_deadlocks_and_is_refused(postgres: Postgres, tmp_path: Path) -> None:
    trial = rewrite(SharedPool, {path: data.decode() for path, data in application(NESTED).items()})
    assert [(refusal.code, refusal.line) for refusal in trial.refusals] == [("nested-acquire", 17)]
    assert trial.outcome.changed == 1
    with loaded(tmp_path / "hand", application(NESTED_BY_HAND), postgres.dsn) as module:
        assert set(asyncio.run(at_once(module, postgres.dsn, 4, 5))) == {"done"}
        assert "TimeoutError" in asyncio.run(at_once(module, postgres.dsn, 5, 5))
    with loaded(tmp_path / "converted", trial.after, postgres.dsn) as module:
        assert set(asyncio.run(at_once(module, postgres.dsn, 5, 5))) == {"done"}


BUSY = Program("busy", 1, '''
async def work(fault):
    conn = await asyncpg.connect(DATABASE_URL)
    try:
        return await conn.fetchval("SELECT 1 FROM pg_sleep(0.05)")
    finally:
        await conn.close()
''')  # fmt: skip


@pytest.mark.parametrize("calls", [200])
def test_two_hundred_calls_on_a_server_of_twenty(calls: int, postgres: Postgres, tmp_path: Path) -> None:
    trial = convert(BUSY)
    with loaded(tmp_path / "before", trial.before, postgres.dsn) as module:
        before = asyncio.run(at_once(module, postgres.dsn, calls, 10))
    with loaded(tmp_path / "after", trial.after, postgres.dsn) as module:
        after = asyncio.run(at_once(module, postgres.dsn, calls, 10))
    assert "TooManyConnectionsError" in before
    assert set(after) == {"done"}
    assert asyncio.run(settled(postgres.socket_dsn, 0)) == 0
