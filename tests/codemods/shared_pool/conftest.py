"""One server for all tests that need a real PostgreSQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.postgres import NoPostgres, Postgres, start

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A running server with max_connections=20; the run fails, not skips, where none can be started."""
    try:
        server = start(max_connections=20)
    except NoPostgres as error:
        pytest.fail(f"these tests need a PostgreSQL server: {error}")
    yield server
    server.stop()
