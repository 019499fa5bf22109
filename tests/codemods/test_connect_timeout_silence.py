"""Nothing on its way to asyncpg is passed over in silence, and what goes to others is: one shape at a time."""

from __future__ import annotations

import pytest
from rewire_codemods.connect_timeout.codemod import ConnectTimeout
from rewire_codemods.connect_timeout.elsewhere import Views

from rewire.testing import Trial, rewrite

HEADER = """\
import argparse
import asyncpg
import click
import dataclasses
import psycopg
from collections import namedtuple
from pydantic import BaseModel
from typing import NamedTuple

@dataclasses.dataclass
class Fields:
    host: str = "db"
    connect_timeout: int = 5

class Model(BaseModel):
    connect_timeout: int = 5

class Row(NamedTuple):
    connect_timeout: int = 5

class Later(Model):
    host: str = "db"

Old = namedtuple("Old", "host, connect_timeout")
parser = argparse.ArgumentParser()
parser.add_argument("--connect-timeout", type=int)
DRIVERS = {"a": asyncpg, "p": psycopg.AsyncConnection}

"""

REACHED = [
    ("{driver}.connect(**dataclasses.asdict(Fields()))", "field-unpacked"),
    ("{driver}.connect(**vars(Fields()))", "field-unpacked"),
    ("{driver}.connect(**Fields().__dict__)", "field-unpacked"),
    ("{driver}.connect(**Model().model_dump(exclude_none=True))", "field-unpacked"),
    ("{driver}.connect(**Later().dict())", "field-unpacked"),
    ("{driver}.connect(**Row()._asdict())", "field-unpacked"),
    ("{driver}.connect(**Old('db', 5)._asdict())", "field-unpacked"),
    ("{driver}.connect(**vars(parser.parse_args()))", "field-unpacked"),
    ("{driver}.connect(**{{k: v for k, v in vars(Fields()).items() if v}})", "field-unpacked"),
    ("{driver}.connect(**(vars(Fields()) | {{'host': 'other'}}))", "field-unpacked"),
    ("def opened(host, connect_timeout=3): return {driver}.connect(**locals())", "field-unpacked"),
    ("@click.option('--connect-timeout')\ndef opened(**given): return {driver}.connect(**given)", "field-unpacked"),
    ("{driver}.connect(**{{k: config[k] for k in ('host', 'connect_timeout')}})", "name-listed"),
    ("options = {{}}\nfor k in ['connect_timeout']: options[k] = 5\n{driver}.connect(**options)", "name-listed"),
    ("{driver}.connect(**dict([('host', 'db'), ('connect_timeout', 5)]))", "name-listed"),
    ("{driver}.connect(**dict(zip(('host', 'connect_timeout'), values)))", "name-listed"),
    ("{driver}.connect(**dict.fromkeys(('connect_timeout',), 5))", "name-listed"),
    ("({driver} if given else other).connect(connect_timeout=5)", "driver-unproved"),
    ("getattr({driver}, given)(connect_timeout=5)", "driver-unproved"),
    ("def opened(library={driver}): return library.connect(connect_timeout=5)", "driver-unproved"),
    ("retry({driver}.connect, connect_timeout=5)", "driver-unproved"),
    ("retry({driver}.connect, options={{'connect_timeout': 5}})", "driver-unproved"),
    ("retry({driver}.connect)(connect_timeout=5)", "driver-unproved"),
]


def trial(body: str) -> Trial:
    return rewrite(ConnectTimeout, {"module.py": HEADER + body + "\n"})


@pytest.mark.parametrize(("body", "code"), REACHED)
def test_what_reaches_asyncpg_is_refused_by_name(body: str, code: str) -> None:
    found = trial(body.format(driver="asyncpg"))
    assert [refusal.code for refusal in found.refusals] == [code]
    assert not found.changed


@pytest.mark.parametrize("body", [body for body, _ in REACHED])
def test_the_same_for_psycopg_is_left_without_a_word(body: str) -> None:
    found = trial(body.format(driver="psycopg"))
    assert not found.refusals
    assert not found.changed


@pytest.mark.parametrize("name", ["DRIVERS[given]", "DRIVERS.get(given)", "DRIVERS.get(given, asyncpg)"])
def test_a_driver_from_a_table_is_refused(name: str) -> None:
    for body in (f"{name}.connect(connect_timeout=5)", f"{name}.connect(**{{'connect_timeout': 5}})"):
        assert [refusal.code for refusal in trial(body).refusals] == ["driver-unproved"], body


def test_an_entry_of_the_table_is_known_by_its_key() -> None:
    found = trial("DRIVERS['a'].connect(connect_timeout=5)\nDRIVERS['p'].connect(connect_timeout=5)")
    assert not found.refusals
    after = found.text("module.py").splitlines()[-2:]
    assert after == ["DRIVERS['a'].connect(timeout=5)", "DRIVERS['p'].connect(connect_timeout=5)"]


SETTINGS = "class Settings:\n    connect_timeout: int = 5\n"
UNRELATED = "import asyncpg\nfrom items import item\n\nitem.save(item.dict())\nasyncpg.connect(item.dsn, timeout=5)\n"


def test_no_other_file_is_looked_for_where_asyncpg_is_not_given_an_object(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where modules lie is known only when everything that starts the project was read, which takes long."""
    asked: list[str] = []

    def find(self: Views, dotted: str, importer: str) -> None:
        asked.append(dotted)

    monkeypatch.setattr(Views, "find", find)
    assert not rewrite(ConnectTimeout, {"settings.py": SETTINGS, "db.py": UNRELATED}).refusals
    assert not asked
    given = UNRELATED + "asyncpg.connect(**item.dict())\n"
    assert not rewrite(ConnectTimeout, {"settings.py": SETTINGS, "db.py": given}).refusals
    assert asked


GIVEN = """\
import asyncpg
from dataclasses import asdict


async def start(config):
    arguments = asdict(config)
    return await asyncpg.create_pool(**arguments)
"""


def test_an_object_that_nobody_knows_is_noted_where_the_project_has_such_a_field() -> None:
    found = rewrite(ConnectTimeout, {"settings.py": SETTINGS, "db.py": GIVEN})
    assert not found.refusals
    (note,) = found.outcome.notes
    assert (note.path, note.line) == ("db.py", 6)
    assert "asdict(config) is unpacked into asyncpg.create_pool() at db.py:7" in note.text
    assert "settings.py" in note.text
    assert not rewrite(ConnectTimeout, {"settings.py": "class Settings: ...\n", "db.py": GIVEN}).outcome.notes
