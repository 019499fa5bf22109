"""Importing opens nothing; every name is right before, during and after the engine's life; all tables are seen.

And the negative control: the obvious conversion, ``SessionLocal = None`` and nothing but the application wired, fails.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from engine_projects import converted, files_of, finish, lay_out, start, start_tests

PROBE = str(Path(__file__).with_name("engine_probe.py"))
PROJECTS = {
    "alembic_project": ("api.main", "api.db", []),
    "app_factory": ("shop.factory", "shop.storage", ["products"]),
    "async_on_event": ("app.main", "app.database", ["notes"]),
    "canonical": ("app.main", "app.database", ["entries", "items"]),
    "existing_lifespan": ("backend.main", "backend.db.session", ["books"]),
    "init_db_taken_async": ("app.main", "app.db", ["tasks"]),
    "maker_of_another_module": ("shop.main", "shop.db", ["items"]),
    "maker_of_another_module_async": ("app.main", "app.database", []),
    "scripts_and_seeds": ("farm.main", "farm.db", ["animals"]),
    "sqlmodel_one_file": ("main", "main", []),
    "tables_from_everywhere": ("app.main", "app.database", ["keepers", "lions"]),
}


def probe(root: Path, application: str, database: str, url: str) -> dict[str, Any]:
    code, output = finish(start(root, PROBE, application, database, url=url))
    assert code == 0, output
    told: dict[str, Any] = json.loads(output.splitlines()[-1])
    return told


def url_for(project: str, root: Path) -> str:
    return f"sqlite{'+aiosqlite' if 'async' in project else ''}:///{root}/probe.db"


@pytest.mark.parametrize("project", sorted(PROJECTS))
def test_life_of_an_engine(project: str, tmp_path: Path) -> None:
    application, database, tables = PROJECTS[project]
    root = lay_out(tmp_path, converted(project).after)
    told = probe(root, application, database, url_for(project, root))
    assert told.pop("tables") == tables
    assert told.pop("opened") == []
    assert told.pop("captured") == []
    assert set(told.values()) == {True}, told


def test_the_spies_see_what_importing_opened_before(tmp_path: Path) -> None:
    root = lay_out(tmp_path, files_of("canonical"))
    told = probe(root, "app.main", "app.database", url_for("canonical", root))
    assert {"create_engine", "connect"} <= set(told["opened"])
    assert "app.database.engine" in told["captured"]
    assert "app.main.engine" in told["captured"]


NAIVE_DATABASE = """
from os import environ

from sqlalchemy import create_engine
from sqlalchemy.orm import declarative_base, sessionmaker

engine = None
SessionLocal = None
Base = declarative_base()


def init_db():
    global engine, SessionLocal
    engine = create_engine(environ.get("DATABASE_URL", "sqlite:///./farm.db"))
    SessionLocal = sessionmaker(bind=engine)


def create_tables():
    Base.metadata.create_all(bind=engine)


def close_db():
    global engine, SessionLocal
    if engine is None:
        return
    engine.dispose()
    engine = SessionLocal = None


def get_db():
    db = SessionLocal()
    try:
        yield db
    finally:
        db.close()
"""


def naively(files: dict[str, bytes]) -> dict[str, bytes]:
    """The conversion that comes to mind first: names set to None, the application wired, nothing else touched."""
    after = dict(converted("scripts_and_seeds").after)
    return {**files, "farm/db.py": NAIVE_DATABASE.encode(), "farm/main.py": after["farm/main.py"]}


def test_the_obvious_conversion_fails_these_tests(tmp_path: Path) -> None:
    files = naively(files_of("scripts_and_seeds"))
    root = lay_out(tmp_path, files)
    code, output = finish(start_tests(root, "tests/test_animals.py"))
    assert code != 0, output
    told = probe(root, "farm.main", "farm.db", url_for("scripts_and_seeds", root))
    assert "farm.service.SessionLocal" in told["captured"]
    code, output = finish(start(root, "scripts/seed.py"))
    assert code != 0
    assert "NoneType" in output
