"""A made pool is opened with what each connect was given, whatever words say it."""

from __future__ import annotations

import asyncio
import importlib
import itertools
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from rewire.testing import rewrite

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_NUMBERS = itertools.count()
SETTINGS = (
    'HOST = "db.shop"\nSTAGE = "live"\nclass Keys:\n    user = "clerk"\n    name = f"shop_{STAGE}"\nkeys = Keys()\n'
)
HEAD = """\
import os
from os import environ, getenv as read

import asyncpg

from {package}.settings import HOST, STAGE, keys
from {package} import settings

USER = "own"
PORT = os.getenv("WORDS_PORT", "5433")
"""
WORDS = {
    "host": ("HOST", "settings.HOST", '"localhost"', 'os.getenv("WORDS_HOST", "localhost")', 'f"{HOST}.{STAGE}"',
             'environ.get("WORDS_NONE") or HOST', 'HOST + "." + STAGE', "host_here"),
    "port": ("5432", '"5432"', "PORT", "int(PORT)",
             'int(os.environ.get("WORDS_PORT", "5432"))', 'int(read("WORDS_SET"))'),
    "user": ("keys.user", "settings.keys.user", "USER", "USER.strip()",
             'read("WORDS_NONE")', 'os.environ["WORDS_SET"]'),
    "database": ("keys.name", 'f"{USER}_{STAGE}"', '"shop"',
                 "f'{settings.STAGE}-{USER}'", 'keys.name.replace("shop", "s")'),
    "password": ("None", '"secret"', 'os.environ.get("WORDS_NONE", "")', 'read("WORDS_NONE", STAGE)'),
}  # fmt: skip
words = st.fixed_dictionaries({name: st.sampled_from(choices) for name, choices in WORDS.items()})


def write(package: str, chosen: Mapping[str, str]) -> dict[str, str]:
    """An application whose one query connects in these words."""
    given = ", ".join(f"{name}={text}" for name, text in chosen.items())
    orders = HEAD.format(package=package) + (
        '\n\nasync def count():\n    host_here = "here"\n'
        f"    conn = await asyncpg.connect({given})\n    try:\n"
        '        return await conn.fetchval("SELECT 1")\n    finally:\n        await conn.close()\n'
    )
    web = f"from fastapi import FastAPI\n\nfrom {package}.orders import count\n\napp = FastAPI()\n"
    web += 'app.get("/count")(count)\n'
    return {
        f"{package}/__init__.py": "",
        f"{package}/settings.py": SETTINGS,
        f"{package}/orders.py": orders,
        f"{package}/web.py": web,
    }


class Spy(ModuleType):
    """Stands in for asyncpg: notes what it is given."""

    Pool = object

    def __init__(self) -> None:
        super().__init__("asyncpg")
        self.given: list[dict[str, Any]] = []

    async def connect(self, dsn: str | None = None, **given: Any) -> Any:
        """What the code before calls."""
        self.given.append({"dsn": dsn, **given})
        raise ConnectionRefusedError

    async def create_pool(self, dsn: str | None = None, *, min_size: int, max_size: int, **given: Any) -> Any:
        """What the code after calls."""
        self.given.append({"dsn": dsn, **given})
        raise ConnectionRefusedError


def given_to(files: Mapping[str, bytes], package: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What asyncpg is asked for when the application starts, or else when its one query runs."""
    for path, data in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    spy = Spy()

    async def serve() -> None:
        web = importlib.import_module(f"{package}.web")
        async with web.app.router.lifespan_context(web.app):
            await importlib.import_module(f"{package}.orders").count()

    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "asyncpg", spy)
        patch.syspath_prepend(str(folder))
        patch.setenv("WORDS_SET", "7777")
        patch.delenv("WORDS_PORT", raising=False)
        try:
            with pytest.raises(ConnectionRefusedError):
                asyncio.run(serve())
        finally:
            for module in [module for module in sys.modules if module.partition(".")[0] == package]:
                del sys.modules[module]
    (only,) = spy.given
    return only


@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(chosen=words)
def test_the_pool_is_given_what_the_connect_was(
    chosen: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = next(_NUMBERS)
    package = f"words{number}"
    trial = rewrite("shared-pool", write(package, chosen), {"create_provider": f"{package}/pool.py"})
    assert not trial.codes, (chosen, trial.refusals)
    before = given_to(trial.before, package, tmp_path / f"{number}before", monkeypatch)
    assert given_to(trial.after, package, tmp_path / f"{number}after", monkeypatch) == before
