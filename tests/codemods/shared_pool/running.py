"""Run a program before and after on a real server, and say what came of it: value, exception, what was left behind."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import os
import sys
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import asyncpg
from programs import HARNESS, PROVIDER, Program
from rewire_codemods.shared_pool.codemod import SharedPool

from rewire.testing import Trial, rewrite

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

MARK = "rewire-under-test"


@dataclass(frozen=True)
class Ending:
    """How one call ended: its value, or the type of its exception; and the connections and slots it left."""

    value: Any = None
    exception: str = ""
    sessions_left: int = 0
    slots_left: int = 0

    @property
    def outcome(self) -> tuple[Any, str]:
        """What the caller sees."""
        return self.value, self.exception


def files_of(program: Program) -> dict[str, str]:
    """The small application around a program."""
    return {"app/__init__.py": "", "app/db.py": PROVIDER, "app/harness.py": HARNESS, "app/work.py": program.source}


@cache
def convert(program: Program) -> Trial:
    """The program after the codemod."""
    return rewrite(SharedPool, files_of(program))


@contextlib.contextmanager
def loaded(folder: Path, files: Mapping[str, bytes], dsn: str) -> Iterator[Any]:
    """The module ``app.work`` of an application laid out in ``folder``; forgotten again afterwards."""
    for path, data in files.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
    os.environ["REWIRE_TEST_DSN"] = dsn
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    try:
        yield importlib.import_module("app.work")
    finally:
        sys.path.remove(str(folder))
        for name in [name for name in sys.modules if name == "app" or name.startswith("app.")]:
            del sys.modules[name]


def run(module: Any, fault: str, dsn: str, admin: str, *, max_size: int = 2) -> Ending:
    """One call of ``work``, with a pool behind the provider, on an event loop of its own."""
    return asyncio.run(_run(module, fault, dsn, admin, max_size))


async def _run(module: Any, fault: str, dsn: str, admin: str, max_size: int) -> Ending:
    provider = importlib.import_module("app.db")
    pool = await asyncpg.create_pool(dsn, min_size=0, max_size=max_size, server_settings={"application_name": MARK})
    provider.set_db_pool(pool)
    before = await sessions(admin)
    try:
        value, exception = await _call(module, fault)
        await asyncio.sleep(0.02)
        slots = pool.get_size() - pool.get_idle_size()
        if not slots and fault != "server down":
            await _take_every_slot(pool, max_size)
        held = pool.get_size()
        left = await settled(admin, before + held) - held
        return Ending(value, exception, max(0, left - before), slots)
    finally:
        pool.terminate()
        await settled(admin, before)


async def _call(module: Any, fault: str) -> tuple[Any, str]:
    task = asyncio.ensure_future(module.work(fault))
    if fault == "cancellation":
        await asyncio.wait([task], timeout=0.25)
        task.cancel()
    try:
        return await asyncio.wait_for(task, 10), ""
    except asyncio.CancelledError:
        return None, "CancelledError"
    except Exception as error:
        return None, type(error).__name__


async def _take_every_slot(pool: Any, count: int) -> None:
    """Every slot of the pool can still be had: a lost one would hang here."""
    taken = [await pool.acquire(timeout=3) for _ in range(count)]
    for connection in taken:
        await pool.release(connection)


async def sessions(admin: str) -> int:
    """Client sessions on the server, the asking one left out."""
    connection = await asyncpg.connect(admin)
    try:
        return int(await connection.fetchval(
            "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
        ))  # fmt: skip
    finally:
        await connection.close()


async def settled(admin: str, expected: int) -> int:
    """The number of sessions once it is down to ``expected``, or after a second."""
    count = await sessions(admin)
    for _ in range(20):
        if count <= expected:
            break
        await asyncio.sleep(0.05)
        count = await sessions(admin)
    return count
