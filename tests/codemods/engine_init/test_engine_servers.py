"""The converted applications under a real uvicorn: start, serve, reload, stop with nothing left open, fail clearly.

On SQLite and on a real PostgreSQL, whose own view of its connections is what counts.
"""

from __future__ import annotations

import http.client
import os
import signal
import socket
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psycopg
import pytest
from engine_projects import converted, files_of, finish, lay_out, start
from support import postgres

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from pathlib import Path

PROJECTS = {
    "async_on_event": ("app.main:app", "/notes", "asyncpg", "aiosqlite"),
    "existing_lifespan": ("backend.main:app", "/books", "psycopg", ""),
    "maker_of_another_module": ("shop.main:app", "/items", "psycopg", ""),
    "scripts_and_seeds": ("farm.main:app", "/animals", "psycopg", ""),
}


@pytest.fixture(scope="module")
def server() -> Iterator[postgres.Postgres]:
    try:
        with postgres.running(max_connections=30) as running:
            yield running
    except postgres.NoPostgres as error:
        pytest.skip(str(error))


@pytest.fixture
def database(server: postgres.Postgres) -> Iterator[str]:
    """A fresh database on the server, as ``host:port/name`` with user and password."""
    name = f"app_{time.monotonic_ns()}"
    with psycopg.connect(server.dsn, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        yield server.dsn.removeprefix("postgresql://").replace("/postgres", f"/{name}")
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def connections(server: postgres.Postgres, database: str) -> int:
    """How many server processes hold a connection to the database now."""
    with psycopg.connect(server.dsn) as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = %s", (database.rpartition("/")[2],)
        ).fetchone()
    assert row is not None
    return int(row[0])


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def request(port: int, path: str, method: str = "GET") -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request(method, path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def wait_until_serving(port: int, path: str, process: subprocess.Popen[str]) -> tuple[int, str]:
    for _ in range(300):
        if process.poll() is not None:
            raise AssertionError(f"the server ended:\n{process.stdout.read() if process.stdout else ''}")
        try:
            return request(port, path)
        except OSError:
            time.sleep(0.1)
    raise AssertionError("the server does not answer")


@contextmanager
def serving(root: Path, application: str, url: str, *options: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    port = free_port()
    process = start(root, "-m", "uvicorn", application, "--port", str(port), *options, url=url)
    try:
        yield process, port
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=30)


def stop(process: subprocess.Popen[str]) -> tuple[int, str]:
    process.send_signal(signal.SIGINT)
    return finish(process)


@pytest.mark.parametrize("project", sorted(PROJECTS))
def test_serves_and_stops_on_postgresql(project: str, tmp_path: Path, server: postgres.Postgres, database: str) -> None:
    application, path, driver, _ = PROJECTS[project]
    root = lay_out(tmp_path, converted(project).after)
    with serving(root, application, f"postgresql+{driver}://{database}") as (process, port):
        assert wait_until_serving(port, path, process) == (200, "[]")
        assert request(port, f"{path}/one", "POST")[0] == 200
        assert request(port, path) == (200, '["one"]')
        assert connections(server, database) >= 1
        code, output = stop(process)
    assert code in (0, -signal.SIGINT), output
    assert "Application shutdown complete" in output
    assert connections(server, database) == 0


@pytest.mark.parametrize("project", sorted(PROJECTS))
def test_serves_and_stops_on_sqlite(project: str, tmp_path: Path) -> None:
    application, path, _, driver = PROJECTS[project]
    root = lay_out(tmp_path, converted(project).after)
    url = f"sqlite{'+' + driver if driver else ''}:///{root}/served.db"
    with serving(root, application, url) as (process, port):
        assert wait_until_serving(port, path, process) == (200, "[]")
        assert request(port, f"{path}/one", "POST")[0] == 200
        assert request(port, path) == (200, '["one"]')
        _, output = stop(process)
    assert "Application shutdown complete" in output


def test_reloads_without_leaving_connections_behind(tmp_path: Path, server: postgres.Postgres, database: str) -> None:
    application, path, driver, _ = PROJECTS["existing_lifespan"]
    root = lay_out(tmp_path, converted("existing_lifespan").after)
    with serving(root, application, f"postgresql+{driver}://{database}", "--reload") as (process, port):
        assert wait_until_serving(port, path, process) == (200, "[]")
        assert request(port, f"{path}/one", "POST")[0] == 200
        held = connections(server, database)
        main = root / "backend" / "main.py"
        main.write_text(main.read_text().replace("title='Books'", "title='More books'"))
        os.utime(main, (time.time() + 5, time.time() + 5))
        for _ in range(300):
            try:
                if "More books" in request(port, "/openapi.json")[1]:
                    break
            except OSError:
                pass
            time.sleep(0.1)
        assert "More books" in request(port, "/openapi.json")[1]
        assert request(port, path) == (200, '["one"]')
        assert connections(server, database) <= held
        _, output = stop(process)
    assert output.count("Application startup complete") == 2
    assert connections(server, database) == 0


SECOND_INIT = """
import asyncio
import psycopg
from app import database

def connections(dsn):
    with psycopg.connect(dsn) as own:
        return own.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            " AND backend_type = 'client backend'"
        ).fetchone()[0]

async def main():
    dsn = database.DATABASE_URL.replace("+asyncpg", "")
    for _ in range(3):
        database.init_db()
        await database.create_tables()
        await asyncio.sleep(0.2)
        print(connections(dsn))
    await database.close_db()
    print(connections(dsn))

asyncio.run(main())
"""


def test_a_second_init_closes_the_older_async_engine(tmp_path: Path, database: str) -> None:
    root = lay_out(tmp_path, converted("async_on_event").after)
    code, output = finish(start(root, "-c", SECOND_INIT, url=f"postgresql+asyncpg://{database}"))
    assert code == 0, output
    assert output.split() == ["1", "1", "1", "0"]


def test_fails_at_start_with_a_clear_error(tmp_path: Path) -> None:
    application, _, driver, _ = PROJECTS["existing_lifespan"]
    root = lay_out(tmp_path, converted("existing_lifespan").after)
    imported = start(root, "-c", "import backend.main", url="no url at all")
    unreachable = f"postgresql+{driver}://nobody:secret@127.0.0.1:{free_port()}/nothing"
    for url, said in (("no url at all", "Could not parse SQLAlchemy URL"), (unreachable, "Connection refused")):
        with serving(root, application, url) as (process, _):
            code, output = finish(process)
        assert code != 0
        assert "Application startup failed" in output
        assert said in output
        assert "secret" not in output
    assert finish(imported)[0] == 0


def test_before_the_conversion_importing_fails_on_a_bad_url(tmp_path: Path) -> None:
    root = lay_out(tmp_path, files_of("existing_lifespan"))
    assert finish(start(root, "-c", "import backend.main", url="no url at all"))[0] != 0
