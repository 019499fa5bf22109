"""shared-pool in one run with its neighbours: either order gives the same program, and the import has the style."""

from __future__ import annotations

import ast

import pytest

from rewire.testing import Trial, rewrite

DB = """\
import asyncpg

from backend.config import DATABASE_URL

db_pool = None


def get_db_pool():
    return db_pool


async def open_pool():
    global db_pool
    db_pool = await asyncpg.create_pool(DATABASE_URL, connect_timeout=10)
"""
USERS = """\
import asyncpg

from backend.config import DATABASE_URL
from backend.texts import greet


async def one(key):
    conn = await asyncpg.connect(DATABASE_URL, connect_timeout=5)
    try:
        return greet(await conn.fetchrow("SELECT * FROM users WHERE key = $1", key))
    finally:
        await conn.close()


async def two(key):
    conn = await asyncpg.connect(DATABASE_URL)
    try:
        return greet(await conn.fetchrow("SELECT * FROM others WHERE key = $1", key))
    finally:
        await conn.close()
"""
MAIN = """\
from fastapi import FastAPI

from backend import db, users

app = FastAPI()


@app.on_event("startup")
async def start():
    await db.open_pool()


@app.get("/{key}")
async def get(key: int):
    return await users.one(key), await users.two(key)
"""
FILES = {
    "Procfile": "web: uvicorn backend.main:app\n",
    "backend/__init__.py": "",
    "backend/config.py": 'import os\n\nDATABASE_URL = os.environ["DATABASE_URL"]\n',
    "backend/texts.py": "def greet(row):\n    return dict(row)\n",
    "backend/db.py": DB,
    "backend/users.py": USERS,
    "backend/main.py": MAIN,
}
OPTIONS = {"shared-pool": {"provider": "backend/db.py:get_db_pool"}}


def run(*codemods: str) -> Trial:
    trial = rewrite(codemods, FILES, OPTIONS)
    for outcome in trial.result.outcomes:
        assert outcome.balanced
        assert not outcome.rejected
    return trial


def test_with_connect_timeout_first_the_authors_limit_arrives_at_acquire() -> None:
    text = run("connect-timeout", "shared-pool").text("backend/users.py")
    assert "async with db.get_db_pool().acquire(timeout=5) as conn:" in text
    assert "async with db.get_db_pool().acquire() as conn:" in text
    assert "asyncpg" not in text


def test_with_shared_pool_first_the_invalid_argument_is_named_and_the_rest_converted() -> None:
    trial = run("shared-pool", "connect-timeout")
    text = trial.text("backend/users.py")
    assert [refusal.code for refusal in trial.refusals if refusal.codemod == "shared-pool"] == ["connect-options"]
    assert "await asyncpg.connect(DATABASE_URL, timeout=5)" in text
    assert text.count("async with db.get_db_pool().acquire() as conn:") == 1


def test_the_added_import_follows_relative_imports_in_every_order() -> None:
    texts = {
        order: run(*order).text("backend/users.py")
        for order in (
            ("connect-timeout", "shared-pool", "relative-imports"),
            ("relative-imports", "connect-timeout", "shared-pool"),
            ("connect-timeout", "relative-imports", "shared-pool"),
        )
    }
    for text in texts.values():
        assert "from . import db\n" in text
        assert "from .texts import greet\n" in text
        assert "from backend" not in text
    assert len({ast.dump(ast.parse(text)) for text in texts.values()}) <= 2  # where the import stands may differ
    assert len({"\n".join(sorted(text.split("\n"))) for text in texts.values()}) == 1


@pytest.mark.parametrize("order", [("connect-timeout", "shared-pool"), ("shared-pool", "connect-timeout")])
def test_each_step_is_a_program_of_its_own(order: tuple[str, str]) -> None:
    first = rewrite(order[:1], FILES, {key: value for key, value in OPTIONS.items() if key in order[:1]})
    for path, data in first.after.items():
        if path.endswith(".py"):
            ast.parse(data)
    second = rewrite(order[1:], first.after, {key: value for key, value in OPTIONS.items() if key in order[1:]})
    assert second.after == run(*order).after
