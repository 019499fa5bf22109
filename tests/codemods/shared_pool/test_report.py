"""What a run says beside its diff: connections before and after, roles, databases, the pool's size, holding times."""

from __future__ import annotations

from typing import Any

from rewire_codemods.shared_pool.codemod import SharedPool

from rewire.testing import Trial, rewrite

DB = """\
import asyncpg

from app.config import DATABASE_URL

pool = None


def get_pool():
    return pool


async def start():
    global pool
    pool = await asyncpg.create_pool(DATABASE_URL, max_size=30)
"""
WORK = """\
import asyncio

import asyncpg
import httpx

from app.config import DATABASE_URL


async def quick():
    conn = await asyncpg.connect(DATABASE_URL)
    await conn.execute("SELECT 1")
    await conn.close()


async def slow(url):
    conn = await asyncpg.connect(DATABASE_URL)
    async with httpx.AsyncClient() as client:
        answer = await client.get(url)
    await conn.execute("INSERT INTO answers VALUES ($1)", answer.text)
    await asyncio.sleep(1)
    await conn.execute("SELECT 2")
    await conn.close()


async def elsewhere():
    conn = await asyncpg.connect("postgresql://ada:lovelace@other/db")
    await conn.execute("SELECT 3")
    await conn.close()
"""
FILES = {
    "Procfile": "web: uvicorn app.main:app --workers 4\n",
    "app/__init__.py": "",
    "app/config.py": 'import os\n\nDATABASE_URL = os.environ["DATABASE_URL"]\n',
    "app/db.py": DB,
    "app/main.py": "from fastapi import FastAPI\n\nfrom app import db, work\n\napp = FastAPI()\n",
    "app/work.py": WORK,
    "scripts/seed.py": "import asyncpg\n\n\nasync def seed():\n    conn = await asyncpg.connect('x')\n",
}


def run(**options: Any) -> Trial:
    return rewrite(SharedPool, FILES, options)


def test_connections_before_and_after_by_site_and_by_file() -> None:
    connections = run().outcome.facts["connections"]
    assert connections["headline"] == "4 sites in 2 files -> 2 in 2"
    assert connections["before"] == {"sites": 4, "files": 2}


def test_by_role_and_by_shape() -> None:
    facts = run().outcome.facts
    assert facts["roles"] == {"script": {"found": 1, "changed": 0}, "server": {"found": 3, "changed": 2}}
    assert facts["roles_from"] == "launch files"
    assert facts["shapes"] == {"straight line": 2}


def test_databases_with_the_pools_first_and_no_password() -> None:
    trial = run()
    first, *others = trial.outcome.facts["databases"]
    assert (first["expressions"], first["sites"], first["pool"]) == (["DATABASE_URL"], 2, True)
    assert len(others) == 2
    said = repr((trial.outcome.facts, trial.outcome.notes, trial.refusals))
    assert "lovelace" not in said
    assert "ada:***@other/db" in said


def test_the_pools_size_against_the_servers_limit() -> None:
    trial = run()
    assert trial.outcome.facts["pool"] == {
        "provider": "app/db.py:get_pool", "max_size": 30, "processes": 4, "at_most": 120, "max_connections": 100,
    }  # fmt: skip
    assert any("120 of the server's 100; lower max_size" in note.text for note in trial.outcome.notes)
    roomy = run(max_connections=500)
    assert not any("lower max_size" in note.text for note in roomy.outcome.notes)


def test_a_block_that_waits_for_something_else_is_named_with_its_cap() -> None:
    (note,) = [note for note in run().outcome.notes if "holds its connection" in note.text]
    assert (note.path, note.line) == ("app/work.py", 16)
    assert "client.get, asyncio.sleep" in note.text
    assert "at most 30" in note.text


def test_without_launch_files_a_note_says_what_decided() -> None:
    files = {path: text for path, text in FILES.items() if path != "Procfile"}
    trial = rewrite(SharedPool, files)
    assert trial.outcome.facts["roles_from"] == "paths and guards"
    assert any("no launch file starts a server" in note.text for note in trial.outcome.notes)


def test_a_second_run_has_nothing_left_but_the_same_refusals() -> None:
    first = run()
    again = rewrite(SharedPool, first.after)
    assert not again.changed
    assert [refusal.code for refusal in again.refusals] == [refusal.code for refusal in first.refusals]


def test_a_test_that_replaces_connect_is_named() -> None:
    test = (
        'from unittest.mock import patch\n\n\ndef test():\n    with patch("app.work.asyncpg.connect"):\n        pass\n'
    )
    notes = rewrite(SharedPool, {**FILES, "tests/test_work.py": test}).outcome.notes
    assert [note.line for note in notes if note.path == "tests/test_work.py"] == [5]
