"""Every changed shape, before and after, on a real server: the same result or exception, and nothing left behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from programs import PROGRAMS, Program
from running import convert, loaded, run

if TYPE_CHECKING:
    from pathlib import Path

    from support.postgres import Postgres

FAULTS = ("success", "exception", "database", "cancellation", "server down")
DOWN = "postgresql://rewire:swordfish@127.0.0.1:1/postgres"


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)
def test_it_is_changed_as_a_whole(program: Program) -> None:
    trial = convert(program)
    assert not trial.refusals
    assert trial.outcome.changed == program.changed
    text = trial.text("app/work.py")
    assert "asyncpg.connect" not in text
    assert ".close" not in text


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)
def test_it_ends_as_it_did(program: Program, fault: str, postgres: Postgres, tmp_path: Path) -> None:
    trial = convert(program)
    dsn = DOWN if fault == "server down" else postgres.dsn
    with loaded(tmp_path / "before", trial.before, dsn) as module:
        before = run(module, fault, dsn, postgres.socket_dsn)
    with loaded(tmp_path / "after", trial.after, dsn) as module:
        after = run(module, fault, dsn, postgres.socket_dsn)
    if not program.broken:
        assert after.outcome == before.outcome
    elif fault == "success":
        assert before.exception
        assert not after.exception
    assert (after.sessions_left, after.slots_left) == (0, 0)
    if not program.leaks and not program.broken:
        assert before.sessions_left == 0
