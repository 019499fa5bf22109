"""Random small applications: each conversion keeps the laws, opens nothing at import, and answers as before."""

from __future__ import annotations

import ast
import importlib
import itertools
import sys
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from fastapi.testclient import TestClient
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from rewire.testing import Case, check_case, rewrite

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pytest

_NUMBERS = itertools.count()
FACTORIES = {
    "none": "",
    "bound": "SessionLocal = sessionmaker(bind=engine)\n",
    "by position": "SessionLocal = sessionmaker(engine, expire_on_commit=False)  # short-lived\n",
    "registry": "SessionLocal = scoped_session(sessionmaker(autoflush=False, bind=engine))\n",
    "configured": "SessionLocal = sessionmaker()\nSessionLocal.configure(bind=engine)\n",
}
ENGINES = {
    "plain": "engine = create_engine(URL)\n",
    "arguments": "# one for all\nengine = create_engine(\n    URL,\n    echo=False,  # loud\n)\n",
    "annotated": "engine: Engine = create_engine(URL, echo=False)  # the one\n",
    "maker": "def make_engine():\n    return create_engine(URL)\n\n\nengine = make_engine()\n",
    "either": "if ECHO:\n    engine = create_engine(URL, echo=True)\nelse:\n    engine = create_engine(URL)\n",
}
TABLES = ("nowhere", "below the engine", "below the factory", "in a function", "above the application",
          "below the application", "at startup")  # fmt: skip
STARTS = ("nothing", "lifespan", "on_event")
SCRIPTS = ("none", "guard", "bare", "scheduler")


@dataclass(frozen=True)
class Plan:
    """What one application is made of: keys of the tables above."""

    engine: str
    factory: str
    tables: str
    start: str
    script: str
    gap: str
    through: bool

    @property
    def session(self) -> str:
        """How code of the store opens a session."""
        return "Session(engine)" if self.factory == "none" else "SessionLocal()"


plans = st.builds(
    Plan,
    engine=st.sampled_from(sorted(ENGINES)),
    factory=st.sampled_from(sorted(FACTORIES)),
    tables=st.sampled_from(TABLES),
    start=st.sampled_from(STARTS),
    script=st.sampled_from(SCRIPTS),
    gap=st.sampled_from(["", "\n", "\n# the tables\n"]),
    through=st.booleans(),
)


def write(plan: Plan, name: str, database: Path) -> dict[str, str]:
    """The files of one application, a package called ``name`` over an SQLite file."""
    return {
        f"{name}/__init__.py": "",
        f"{name}/base.py": BASE,
        f"{name}/items.py": ITEMS.format(name=name),
        f"{name}/store.py": _store(plan, name, database),
        f"{name}/web.py": _web(plan, name),
        **_script(plan, name),
    }


BASE = """\
from sqlalchemy.orm import DeclarativeBase


class Base(DeclarativeBase):
    pass
"""
ITEMS = """\
from sqlalchemy.orm import Mapped, mapped_column

from {name}.base import Base


class Item(Base):
    __tablename__ = "items"

    id: Mapped[int] = mapped_column(primary_key=True)
"""


def _store(plan: Plan, name: str, database: Path) -> str:
    create = "Base.metadata.create_all(engine)\n"
    text = "from sqlalchemy import create_engine, text\n"
    text += "from sqlalchemy.engine import Engine\n" if plan.engine == "annotated" else ""
    text += "from sqlalchemy.orm import Session, scoped_session, sessionmaker\n\n"
    text += f"from {name} import items\nfrom {name}.base import Base\n\nURL = 'sqlite:///{database}'\nECHO = False\n"
    text += ENGINES[plan.engine] + (plan.gap + create if plan.tables == "below the engine" else "")
    text += FACTORIES[plan.factory] + (plan.gap + create if plan.tables == "below the factory" else "")
    if plan.tables == "in a function":
        text += "\n\ndef create_tables():\n    Base.metadata.create_all(bind=engine)\n\n\ncreate_tables()\n"
    text += f"\n\ndef get_db():\n    session = {plan.session}\n    try:\n        yield session\n    finally:\n"
    text += "        session.close()\n"
    text += f"\n\ndef count():\n    with {plan.session} as session:\n"
    text += '        return session.execute(text("SELECT 1")).scalar()\n'
    return text


def _web(plan: Plan, name: str) -> str:
    create = "Base.metadata.create_all(bind=engine)\n"
    text = "from contextlib import asynccontextmanager\n\nfrom fastapi import Depends, FastAPI\n"
    text += "from sqlalchemy import text\n\n"
    text += f"from {name}.base import Base\n"
    text += f"from {name} import store\n" if plan.through else f"from {name}.store import count, engine, get_db\n"
    engine, get_db, count = (
        ("store.engine", "store.get_db", "store.count") if plan.through else ("engine", "get_db", "count")
    )
    create = create.replace("engine", engine)
    started = create if plan.tables == "at startup" else "print('started')\n"
    if plan.tables == "above the application":
        text += plan.gap + create
    if plan.start == "lifespan":
        text += f"\n\n@asynccontextmanager\nasync def lifespan(app):\n    {started}    yield\n\n\n"
    text += (
        "\napp = FastAPI(lifespan=lifespan)\n" if plan.start == "lifespan" else '\napp = FastAPI(title="shop")  # web\n'
    )
    if plan.tables == "below the application":
        text += plan.gap + create
    if plan.start == "on_event":
        text += f'\n\n@app.on_event("startup")\ndef start():\n    {started}'
    text += f'\n\n@app.get("/one")\ndef one(session=Depends({get_db})):\n'
    text += '    return session.execute(text("SELECT 1")).scalar()\n'
    text += f'\n\n@app.get("/two")\ndef two():\n    return [{count}(), {engine}.dialect.name]\n'
    text += '\n\n@app.get("/tables")\ndef tables(session=Depends(' + get_db + ")):\n"
    return text + '    return session.execute(text("SELECT count(*) FROM sqlite_master")).scalar()\n'


def _script(plan: Plan, name: str) -> dict[str, str]:
    head = f"from {name}.store import count, engine\n\n\n"
    body = {
        "none": "",
        "guard": head + 'def main():\n    print(count(), engine)\n\n\nif __name__ == "__main__":\n    main()\n',
        "bare": head + "print(count(), engine.url)\n",
        "scheduler": head
        + "from sched import scheduler\n\nclock = scheduler()\nclock.enter(1, 1, count)\nclock.run()\n",
    }[plan.script]
    return {f"{name}_script.py": body} if body else {}


def answers(files: Mapping[str, bytes], name: str, folder: Path) -> tuple[bool, list[Any]]:
    """Whether importing makes an engine, and what the routes of the served application say."""
    for path, data in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    sys.path.insert(0, str(folder))
    try:
        web, store = importlib.import_module(f"{name}.web"), importlib.import_module(f"{name}.store")
        made = store.engine is not None
        with TestClient(web.app) as client:
            found = [client.get(route).json() for route in ("/one", "/two", "/tables")]
        return made, found
    finally:
        sys.path.remove(str(folder))
        for module in [module for module in sys.modules if module.partition(".")[0] == name]:
            del sys.modules[module]


def made_at_import(text: str) -> list[str]:
    """Calls of a module's own level, functions left out, that make an engine or tables."""
    found = []
    pending: list[ast.AST] = [ast.parse(text)]
    while pending:
        node = pending.pop()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            continue
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func).rpartition(".")[2]
            found += [called] if called in {"create_engine", "make_engine", "create_all", "create_tables"} else []
        pending.extend(ast.iter_child_nodes(node))
    return found


@settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(plan=plans)
def test_any_combination_of_plain_shapes(plan: Plan, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    number = next(_NUMBERS)
    name, folder = f"shop{number}", tmp_path / str(number)
    before = {path: text.encode() for path, text in write(plan, name, folder / "shop.db").items()}
    trial = rewrite("engine-init", before)
    assert not trial.codes, (plan, trial.refusals)
    check_case(Case(repr(plan), ("engine-init",), MappingProxyType(before), MappingProxyType(dict(trial.after))))
    for path in trial.after:
        assert not made_at_import(trial.text(path)), (plan, path)
    assert [path for path in trial.changed if path.endswith(("base.py", "items.py"))] == []
    script = f"{name}_script.py"
    assert script not in trial.after or "init_db()" in trial.text(script), plan
    was = answers(before, name, folder / "before")
    (folder / "shop.db").unlink(missing_ok=True)
    now = answers(trial.after, name, folder / "after")
    assert (was[0], now[0]) == (True, False)
    assert was[1] == now[1], plan
    capsys.readouterr()
