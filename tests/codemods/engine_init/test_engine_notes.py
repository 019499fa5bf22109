"""What the report says of files that need a person: no figure of the ledger shows them."""

from __future__ import annotations

from pathlib import Path

from rewire.testing import rewrite

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures" / "engine_init"


def notes_of(case: str) -> list[tuple[str, str]]:
    """The notes of a run over the case's files: path and text."""
    before = FIXTURES / case / "before"
    files = {path.relative_to(before).as_posix(): path.read_text() for path in before.rglob("*") if path.is_file()}
    trial = rewrite("engine-init", files)
    return [(note.path, note.text) for outcome in trial.result.outcomes for note in outcome.notes]


def test_a_plug_in_that_nothing_imports_is_named() -> None:
    """A bot loads its extensions by their names: no import leads to them, and their handlers use the database."""
    text = "nothing in sight loads Counting, which uses the database: its process has to call init_db() first"
    assert ("cogs.py", text) in notes_of("scripts_with_handlers")


def test_routes_and_wired_scripts_are_not_named() -> None:
    """Whoever serves a route runs the lifespan; a script that has its own init_db needs nobody."""
    assert [path for path, _ in notes_of("scripts_with_handlers")] == ["cogs.py"]
