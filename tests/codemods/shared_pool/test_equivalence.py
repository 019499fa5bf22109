"""The oracle finds nothing in what the codemod writes, and finds every fault that people made by hand."""

from __future__ import annotations

import pytest
from oracle import differences
from programs import PROGRAMS, Program
from running import convert

FACTORIES = ("open_connection", "self._open")


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)
def test_nothing_but_the_connection_differs(program: Program) -> None:
    trial = convert(program)
    assert differences(program.source, trial.text("app/work.py"), FACTORIES) == []


BEFORE = '''\
import asyncpg


async def work(key):
    conn = await asyncpg.connect(DSN)
    try:
        row = await conn.fetchrow(
            """
            SELECT *
            FROM things
            WHERE key = $1
            """,
            key,
        )
        if row is None:
            return None
        await conn.execute("UPDATE things SET seen = true WHERE key = $1", key)  # seen
        return dict(row)
    finally:
        await conn.close()
'''
AFTER = '''\
from app import db


async def work(key):
    async with db.get_db_pool().acquire() as conn:
        row = await conn.fetchrow(
            """
            SELECT *
            FROM things
            WHERE key = $1
            """,
            key,
        )
        if row is None:
            return None
        await conn.execute("UPDATE things SET seen = true WHERE key = $1", key)  # seen
        return dict(row)
'''
FAULTS = {
    "re-indented SQL": ("            SELECT *\n", "                SELECT *\n"),
    "a close inside": ("        return dict(row)\n", "        await conn.close()\n        return dict(row)\n"),
    "a use after the block": ("        return dict(row)\n", "    return dict(await conn.fetchrow(row))\n"),
    "a lost statement": (
        '        await conn.execute("UPDATE things SET seen = true WHERE key = $1", key)  # seen\n',
        "        # seen\n",
    ),
    "an added return": ("    async with", "    if not db.get_db_pool():\n        return None\n    async with"),
    "a bare acquire": (
        "    async with db.get_db_pool().acquire() as conn:\n",
        "    conn = await db.get_db_pool().acquire()\n    if True:\n",
    ),
    "dead code": ("        row = await", "        return {}\n        row = await"),
    "a changed value": ("            return None\n", "            return {}\n"),
    "a lost comment": ("  # seen", ""),
    "two statements swapped": ("seen = true", "seen = TRUE"),
    "a swallowed error": (
        "        return dict(row)\n",
        "        try:\n            return dict(row)\n        except Exception:\n            return None\n",
    ),
    "another function touched": ("async def work(key):\n", "async def work(key, other=None):\n"),
    "a module-level pool": ("from app import db\n", "from app import db\n\npool = db.make_pool()\n"),
}


def test_the_right_conversion_passes() -> None:
    assert differences(BEFORE, AFTER) == []


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_fault_is_caught(fault: str) -> None:
    old, new = FAULTS[fault]
    assert AFTER.count(old) == 1
    assert differences(BEFORE, AFTER.replace(old, new)) != []
