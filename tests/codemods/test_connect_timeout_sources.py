"""Arguments that no call and no dict of the program shows: from files of settings, other programs' options, libraries.

What each library does with the argument was tried against its release: databases 0.9, tortoise-orm 1.1, piccolo 1.38,
gino 1.0, buildpg 0.4, asyncpg-listen 0.0.9.
"""

from __future__ import annotations

import pytest
from rewire_codemods.connect_timeout.codemod import ConnectTimeout

from rewire.testing import Trial, rewrite

JSON = '{"host": "db", "connect_timeout": 10}\n'
INI = "[postgresql]\nhost = db\nconnect_timeout = 10\n"
TOML = "[database]\nconnect_timeout = 10\n"
YAML = "database:\n  connect_timeout: 10\n"

LOADED = {
    "json.load": ("db.json", JSON, "options = json.load(file)\nasyncpg.connect(**options)"),
    "json, a part": ("db.json", JSON, "asyncpg.create_pool(**json.loads(text)['database'])"),
    "a section": ("db.ini", INI, "config = ConfigParser()\nasyncpg.connect(**config['postgresql'])"),
    "a section's items": ("db.ini", INI, "config = ConfigParser()\nasyncpg.connect(**dict(config.items('a')))"),
    "key by key": (
        "db.ini",
        INI,
        "config, db = ConfigParser(), {}\n"
        "for row in config.items('a'):\n    db[row[0]] = row[1]\nasyncpg.connect(**db)",
    ),
    "TOML": ("db.toml", TOML, "asyncpg.create_pool(**tomllib.load(file)['database'])"),
    "YAML": ("conf/db.yml", YAML, "asyncpg.create_pool(dsn, **yaml.safe_load(file)['database'])"),
}
HEADER = "import json, tomllib\nimport asyncpg\nimport psycopg\nimport yaml\nfrom configparser import ConfigParser\n\n"


def trial(files: dict[str, str]) -> Trial:
    return rewrite(ConnectTimeout, files)


def told(found: Trial) -> list[tuple[str, str]]:
    return [(refusal.code, refusal.path) for refusal in found.refusals]


@pytest.mark.parametrize(("path", "text", "body"), LOADED.values(), ids=list(LOADED))
def test_settings_that_are_loaded_and_unpacked_are_refused(path: str, text: str, body: str) -> None:
    found = trial({"main.py": f"{HEADER}{body}\n", path: text})
    assert told(found) == [("file-unpacked", "main.py")]
    assert f"{path}:" in found.refusals[0].reason
    assert not found.changed


@pytest.mark.parametrize(("path", "text", "body"), LOADED.values(), ids=list(LOADED))
def test_no_word_where_the_settings_have_no_such_key_or_go_to_another_driver(path: str, text: str, body: str) -> None:
    without = text.replace("connect_timeout", "port")
    assert not trial({"main.py": f"{HEADER}{body}\n", path: without}).refusals
    other = body.replace("asyncpg.connect", "psycopg.connect").replace("asyncpg.create_pool", "psycopg.connect")
    assert not trial({"main.py": f"{HEADER}{other}\n", path: text}).refusals


def test_settings_that_another_file_loads() -> None:
    files = {
        "shop/__init__.py": "",
        "shop/settings.py": "import json\n\n\ndef read():\n    return json.load(open('db.json'))\n",
        "shop/db.py": "import asyncpg\n\nfrom shop.settings import read\n\n\npool = asyncpg.create_pool(**read())\n",
        "db.json": JSON,
        "texts.json": JSON,
    }
    found = trial(files)
    assert told(found) == [("file-unpacked", "shop/db.py")]
    assert "db.json:1 sets it" in found.refusals[0].reason
    assert not trial(files | {"shop/settings.py": "def read():\n    return {'host': 'db'}\n"}).refusals


OPTIONS = """\
import argparse


def read():
    parser = argparse.ArgumentParser()
    parser.add_argument("--connect-timeout", type=int)
    return parser.parse_args()
"""


@pytest.mark.parametrize("given", ["vars(args)", "args.__dict__", "vars(read())"])
def test_options_that_another_file_declares(given: str) -> None:
    start = f"import asyncpg\nfrom options import read\n\nargs = read()\nasyncpg.connect(**{given})\n"
    found = trial({"options.py": OPTIONS, "start.py": start})
    assert told(found) == [("field-unpacked", "start.py")]
    assert "options.py:6" in found.refusals[0].reason
    assert not trial({"options.py": OPTIONS.replace("connect-timeout", "port"), "start.py": start}).refusals


TYPED = """\
from typing import TypedDict, Unpack


class Options(TypedDict, total=False):
    host: str
    connect_timeout: int


class Settings:
    def __init__(self, **options: Unpack[Options]):
        self.options = options
"""
OPENED = """\
import asyncpg

from typed import Settings


class Opener:
    def __init__(self, settings: Settings):
        self.settings = settings

    async def open(self):
        return await asyncpg.connect(**self.settings.options)
"""


def test_a_typed_dict_that_a_third_class_unpacks_is_noted() -> None:
    found = trial({"typed.py": TYPED, "opened.py": OPENED})
    (note,) = found.outcome.notes
    assert (note.path, note.line) == ("opened.py", 11)
    assert "as the class at typed.py:6 has" in note.text
    assert not trial({"typed.py": TYPED.replace("connect_", ""), "opened.py": OPENED}).outcome.notes
    assert not trial({"typed.py": TYPED, "opened.py": OPENED.replace("asyncpg", "psycopg")}).outcome.notes


LAYERS = {
    "databases": "from databases import Database\n{}Database('postgresql://db/x', connect_timeout=5)",
    "databases, unpacked": "import databases\nOPTIONS = {{'connect_timeout': 5}}\n{}databases.Database(URL, **OPTIONS)",
    "tortoise": "{}TORTOISE = {{'engine': 'tortoise.backends.asyncpg', 'credentials': {{'connect_timeout': 5}}}}",
    "tortoise's URL": "from tortoise import Tortoise\n{}Tortoise.init(db_url='asyncpg://db/x?connect_timeout=5')",
    "piccolo": "from piccolo.engine.postgres import PostgresEngine\n{}PostgresEngine(config={{'connect_timeout': 5}})",
    "piccolo, by name": (
        "from piccolo.engine.postgres import PostgresEngine\nCONFIG = dict(connect_timeout=5)\n{}PostgresEngine(CONFIG)"
    ),
    "gino": "from gino import Gino\ndb = Gino()\n{}db.set_bind('postgresql://db/x', connect_timeout=5)",
    "asyncpg_listen": "import asyncpg_listen\n{}asyncpg_listen.connect_func('postgresql://db/x', connect_timeout=5)",
    "buildpg": "from buildpg import asyncpg as pg\n{}pg.create_pool_b('postgresql://db/x', connect_timeout=5)",
}


@pytest.mark.parametrize("body", LAYERS.values(), ids=list(LAYERS))
def test_what_a_library_hands_on_is_refused(body: str) -> None:
    found = trial({"main.py": body.format("") + "\n"})
    assert told(found) == [("layer", "main.py")]
    assert not found.changed


@pytest.mark.parametrize("body", LAYERS.values(), ids=list(LAYERS))
def test_a_limit_that_it_knows_is_left_without_a_word(body: str) -> None:
    found = trial({"main.py": body.format("").replace("connect_timeout", "timeout") + "\n"})
    assert not found.refusals
    assert not found.changed


@pytest.mark.parametrize(
    "body",
    [
        "from databases import Database\nDatabase('mysql://db/x', connect_timeout=5)",
        "from databases import Database\nDatabase('postgresql+aiopg://db/x', connect_timeout=5)",
        "from databases import Database\nDatabase('postgresql://db/x?connect_timeout=5')",
        "A = {'engine': 'tortoise.backends.psycopg', 'credentials': {'connect_timeout': 5}}",
        "from tortoise import Tortoise\nTortoise.init(db_url='psycopg://db/x?connect_timeout=5')",
        "import gino\nredis.set(connect_timeout=5)",
    ],
)
def test_what_such_a_library_gives_to_others_is_left_without_a_word(body: str) -> None:
    assert not trial({"main.py": body + "\n", "other.py": "import asyncpg\n"}).refusals


@pytest.mark.parametrize(
    ("body", "refused"),
    [
        ("sa.async_engine_from_config({'sqlalchemy.url': 'postgresql+asyncpg://db/x?connect_timeout=5'})", True),
        ("app.config.update(DATABASE='postgresql+asyncpg://db/x?connect_timeout=5')", True),
        ("print('postgresql+asyncpg://db/x?connect_timeout=5')", False),
        ("assert url == 'postgresql+asyncpg://db/x?connect_timeout=5'", False),
        ("app.config.update(DATABASE='postgresql+psycopg://db/x?connect_timeout=5')", False),
    ],
)
def test_a_url_that_names_asyncpg_and_goes_out_of_sight(body: str, refused: bool) -> None:
    found = trial({"main.py": f"import sqlalchemy.ext.asyncio as sa\n\n{body}\n"})
    assert told(found) == [("escapes", "main.py")] * refused
