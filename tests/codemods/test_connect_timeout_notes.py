"""What the report says beside changes and refusals, and how the ledger counts."""

from __future__ import annotations

from typing import Any

import pytest
from rewire_codemods.connect_timeout.codemod import ConnectTimeout

from rewire.testing import Trial, rewrite

HEADER = "import asyncio\nimport os\n\nimport asyncpg\n\n"


FAKE = "asyncpg.connect(dsn, connect_timeout=7)\nasync def fake(dsn, *, connect_timeout=None): ..."


def trial(body: str, **options: Any) -> Trial:
    return rewrite(ConnectTimeout, {"module.py": HEADER + body}, options)


def notes(body: str, **options: Any) -> list[str]:
    return [note.text for note in trial(body, **options).outcome.notes]


@pytest.mark.parametrize(
    ("body", "options", "said"),
    [
        (
            "asyncpg.connect(dsn, connect_timeout=7)",
            {"replace": "strip"},
            "the limit of 7 at asyncpg.connect() is gone",
        ),
        ("asyncpg.connect(dsn, connect_timeout=7)", {"replace": "strip"}, "default of 60 s applies"),
        ("asyncpg.connect('postgres://d?connect_timeout=7')", {"replace": "strip"}, "the limit of 7 at"),
        ("asyncpg.connect(**{'connect_timeout': 7})", {"replace": "strip"}, "the limit of 7 at"),
        ("asyncpg.create_pool().acquire(connect_timeout=7)", {"replace": "strip"}, "without limit"),
        ("asyncio.wait_for(asyncpg.create_pool(connect_timeout=7), 3)", {}, "opens later have 60 s, not 7"),
        ("asyncpg.connect(dsn, connect_timeout=limit)", {}, "limit is kept: asyncpg needs a positive number or None"),
        ("asyncpg.connect(dsn, connect_timeout=os.environ['T'])", {}, "os.environ['T'] is read when the program runs"),
        ("asyncpg.connect(dsn, connect_timeout=7, **more())", {}, "should it hold timeout, Python refuses the call"),
        ("asyncpg.connect('postgres://d?connect_timeout=7', **more())", {}, "should it hold timeout"),
        ("asyncpg.connect(dbname='shop', connect_timeout=7)", {}, "asyncpg has no dbname= either: write database="),
        ("asyncpg.connect(dsn, connect_timeout=7)\nm.assert_called_with(connect_timeout=7)", {}, "a mock is expected"),
        (FAKE + "\npatch.setattr(asyncpg, 'connect', fake)", {}, "a function with a parameter connect_timeout takes"),
        (FAKE + "\nmock.patch('app.asyncpg.connect', side_effect=fake)", {}, "a function with a parameter"),
        (FAKE + "\nstand_in.connect = fake", {}, "a function with a parameter connect_timeout takes another's place"),
    ],
)
def test_a_note_says_so(body: str, options: dict[str, Any], said: str) -> None:
    assert any(said in text for text in notes(body, **options))


@pytest.mark.parametrize(
    ("body", "options"),
    [
        ("asyncpg.connect(dsn, connect_timeout=7)", {}),
        ("asyncpg.connect(dsn, connect_timeout=7, timeout=3)", {"replace": "strip"}),
        ("asyncio.wait_for(asyncpg.connect(connect_timeout=7), 3)", {}),
        ("LIMIT = 7\nasyncpg.connect(dsn, connect_timeout=LIMIT)", {}),
        ("m.assert_called_with(connect_timeout=7)", {}),
        (FAKE + "\nprint(fake)\nfake.limit = fake", {}),
    ],
)
def test_nothing_to_say(body: str, options: dict[str, Any]) -> None:
    assert notes(body, **options) == []


def test_places_are_counted_once() -> None:
    body = """\
CONFIG = {"connect_timeout": 10}
print(CONFIG["connect_timeout"], CONFIG.get("connect_timeout"))
asyncpg.connect(**CONFIG)
asyncpg.connect("postgresql://db?connect_timeout=5")
asyncpg.connect("postgresql://db", connect_timeout=5)
asyncpg.connect("postgresql://db", connect_timeout="soon")
"""
    outcome = trial(body).outcome
    assert (outcome.found, outcome.changed, len(outcome.refusals)) == (4, 3, 1)
    groups = {change.group for change in outcome.changes if change.group}
    assert len(groups) == 2


def test_a_summary_tells_what_was_and_what_is() -> None:
    (change,) = trial('asyncpg.connect("postgresql://db", connect_timeout="5")').outcome.changes
    assert change.summary == 'connect_timeout="5" -> timeout=5 in asyncpg.connect()'
    assert change.shape == "keyword renamed, value converted"


def test_markers_do_not_open_every_file() -> None:
    codemod = ConnectTimeout()
    words = {b"connect_timeout", b"--connect-timeout", b"asyncpg", b"create_async_engine"}
    assert set(codemod.markers(None, None)) == words  # type: ignore[arg-type]
