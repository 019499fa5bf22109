"""A provider made on request, in a FastAPI application that really starts, serves, and stops, on a real server."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import os
import sys
from typing import TYPE_CHECKING, Any

import pytest
from fastapi.testclient import TestClient
from rewire_codemods.shared_pool.codemod import SharedPool
from rewire_codemods.shared_pool.options import SharedPoolOptions
from running import sessions
from wired import APPLICATIONS, ELSEWHERE, PLAIN, ROUTES

from rewire.testing import Trial, rewrite

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from support.postgres import Postgres

DOWN = "postgresql://rewire:swordfish@127.0.0.1:1/postgres"


def convert(main: str, **options: Any) -> Trial:
    files = {
        "Procfile": "web: uvicorn app.main:app\n",
        "app/__init__.py": "",
        "app/main.py": main,
        **({"app/lifespan.py": ELSEWHERE} if "app.lifespan" in main else {}),
        "app/routes.py": ROUTES,
    }
    trial = rewrite(SharedPool, files, {"create_provider": "app/pool.py", **options})
    assert trial.outcome.changed == 1
    assert not trial.refusals
    return trial


@contextlib.contextmanager
def imported(folder: Path, files: Mapping[str, bytes], dsn: str) -> Iterator[Any]:
    for path, data in files.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
    os.environ["REWIRE_TEST_DSN"] = dsn
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    try:
        yield importlib.import_module("app.main")
    finally:
        sys.path.remove(str(folder))
        for name in [name for name in sys.modules if name == "app" or name.startswith("app.")]:
            del sys.modules[name]


def clients(server: Postgres) -> int:
    return asyncio.run(sessions(server.socket_dsn))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("kind", APPLICATIONS)
def test_it_opens_nothing_at_start_serves_on_one_connection_and_closes(
    kind: str, postgres: Postgres, tmp_path: Path
) -> None:
    before = clients(postgres)
    trial = convert(APPLICATIONS[kind])
    written = "".join(text.decode() for text in trial.before.values())
    with imported(tmp_path, trial.after, postgres.dsn) as main:
        with TestClient(main.app) as client:
            assert clients(postgres) == before + ("await backend()" in written)
            backends = {client.get("/backend").json() for _ in range(5)}
            assert len(backends) == 1
            assert clients(postgres) == before + 1
        assert main.events == (["start", "stop"] if "events.append" in written else [])
        with TestClient(main.app) as client:  # started once more in the same process
            assert client.get("/backend").status_code == 200
    assert clients(postgres) == before


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_with_the_server_down_it_starts_and_fails_where_it_failed_before(tmp_path: Path) -> None:
    trial = convert(PLAIN)
    endings = []
    for name, files in (("before", trial.before), ("after", trial.after)):
        with imported(tmp_path / name, files, DOWN) as main, TestClient(main.app) as client:
            with pytest.raises(ConnectionRefusedError) as caught:
                client.get("/backend")
            endings.append(type(caught.value))
    assert endings[0] is endings[1]


def test_without_a_pool_the_strict_provider_says_what_to_do(postgres: Postgres, tmp_path: Path) -> None:
    with imported(tmp_path, convert(PLAIN).after, postgres.dsn):
        routes = importlib.import_module("app.routes")
        with pytest.raises(RuntimeError, match=r"await init_pool\(dsn\) first"):
            asyncio.run(routes.backend())


def test_with_the_fallback_a_script_gets_a_connection_of_its_own(postgres: Postgres, tmp_path: Path) -> None:
    before = clients(postgres)
    with imported(tmp_path, convert(PLAIN, fallback="connect").after, postgres.dsn) as main:
        routes = importlib.import_module("app.routes")
        assert asyncio.run(routes.backend()) > 0
        assert clients(postgres) == before
        with TestClient(main.app) as client:
            assert client.get("/backend").status_code == 200
    assert clients(postgres) == before


@pytest.mark.parametrize("path", ["app/pool.py:get_pool", "../pool.py", "my-app/pool.py", "app/pool"])
def test_a_provider_is_written_to_a_module(path: str) -> None:
    """Anything else ended in a rewriting that does not parse, which was called a defect of the codemod."""
    with pytest.raises(ValueError, match="the path of a module to write"):
        SharedPoolOptions(create_provider=path)
    assert SharedPoolOptions(create_provider="pool.py").create_provider == "pool.py"
