"""All codemods on one project in one run: one commit each, and every commit starts the application.

On a real PostgreSQL: two routes ask it through asyncpg, a connection for each call, one through an SQLAlchemy session.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import psycopg
import pytest
from engine_projects import finish, start
from support import postgres
from support.repositories import git, make_repository, words

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FILES = {
    "Procfile": "web: uvicorn shop.main:app --port $PORT\n",
    "requirements.txt": "fastapi\nsqlalchemy\nasyncpg\npsycopg\nuvicorn\n",
    "shop/__init__.py": "",
    "shop/api/__init__.py": "",
    "shop/settings.py": """import os

DATABASE_URL = os.environ["DATABASE_URL"]
DRIVER_URL = DATABASE_URL.replace("postgresql://", "postgresql+psycopg://", 1)
""",
    "shop/db.py": """from sqlalchemy import create_engine
from sqlalchemy.orm import declarative_base, sessionmaker

from shop.settings import DRIVER_URL

engine = create_engine(DRIVER_URL)
SessionLocal = sessionmaker(bind=engine)
Base = declarative_base()


def get_db():
    with SessionLocal() as session:
        yield session
""",
    "shop/models.py": """from sqlalchemy import Column, Integer, String

from shop.db import Base


class Item(Base):
    __tablename__ = "items"

    id = Column(Integer, primary_key=True)
    name = Column(String)
""",
    "shop/api/items.py": """import asyncpg
from fastapi import APIRouter, Depends

from shop.db import get_db
from shop.models import Item
from shop.settings import DATABASE_URL

router = APIRouter()


@router.get("/items")
def list_items(db=Depends(get_db)):
    return [item.name for item in db.query(Item)]


@router.get("/count")
async def count_items():
    conn = await asyncpg.connect(DATABASE_URL)
    try:
        return await conn.fetchval("SELECT count(*) FROM items")
    finally:
        await conn.close()


@router.get("/now")
async def tell_time():
    conn = await asyncpg.connect(DATABASE_URL, connect_timeout=5)
    try:
        return str(await conn.fetchval("SELECT now()"))
    finally:
        await conn.close()
""",
    "shop/main.py": """from fastapi import FastAPI

from shop.api.items import router
from shop.db import Base, engine

Base.metadata.create_all(bind=engine)

app = FastAPI()
app.include_router(router)
""",
}

CHECK = """
from fastapi.testclient import TestClient
from shop.main import app

with TestClient(app) as client:
    assert client.get("/items").json() == [], client.get("/items").text
    assert client.get("/count").json() == 0
print("started")
"""


@pytest.fixture(scope="module")
def server() -> Iterator[postgres.Postgres]:
    try:
        with postgres.running(max_connections=30) as running:
            yield running
    except postgres.NoPostgres as error:
        pytest.skip(str(error))


def connections(server: postgres.Postgres) -> int:
    with psycopg.connect(server.dsn) as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
        ).fetchone()
    assert row is not None
    return int(row[0])


def test_one_commit_each_and_every_commit_starts(tmp_path: Path, server: postgres.Postgres) -> None:
    root = make_repository(tmp_path / "shop", FILES)
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "rewire",
            "apply",
            "--color",
            "never",
            "--set",
            "shared-pool.create_provider=shop/pool.py",
        ],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    subjects = words(root, "log", "--reverse", "--format=%s").splitlines()[1:]
    names = [subject.partition("(")[2].partition(")")[0] for subject in subjects]
    assert names == ["connect-timeout", "shared-pool", "engine-init", "relative-imports"], subjects
    checkout = tmp_path / "checkout"
    git(root, "worktree", "add", "--detach", str(checkout), "HEAD")
    for commit in words(root, "log", "--reverse", "--format=%H").splitlines():
        git(checkout, "checkout", "-q", "--detach", commit)
        code, output = finish(start(checkout, "-c", CHECK, url=server.dsn))
        assert code == 0, f"{words(root, 'log', '-1', '--format=%s', commit)}\n{output}"
        assert output.strip().endswith("started")
    assert connections(server) == 0
    assert "asyncpg.connect(" not in (root / "shop" / "api" / "items.py").read_text()
    shutil.rmtree(checkout)
