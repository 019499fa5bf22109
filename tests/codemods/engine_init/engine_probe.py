"""Run inside a project, as a script: import the application under spies, then walk the engine's life, and tell.

    python engine_probe.py APPLICATION_MODULE DATABASE_MODULE

Prints one JSON object: what importing opened, which module attributes hold an engine or a lost name before the start,
and how init_db, create_tables and close_db behave when each is called twice.
"""

from __future__ import annotations

import asyncio
import importlib
import inspect
import json
import os
import socket
import sqlite3.dbapi2
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, ".")
opened: list[str] = []


def _spy(owner: Any, name: str) -> None:
    original = getattr(owner, name)

    def spying(*args: Any, **kwargs: Any) -> Any:
        opened.append(name)
        return original(*args, **kwargs)

    setattr(owner, name, spying)


def _call(function: Any, *args: Any) -> Any:
    answer = function(*args)
    return asyncio.run(answer) if inspect.isawaitable(answer) else answer


def main() -> None:
    import sqlalchemy
    import sqlalchemy.ext.asyncio
    import sqlmodel
    from sqlalchemy import event
    from sqlalchemy.engine import Engine
    from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker
    from sqlalchemy.orm import scoped_session, sessionmaker

    for module in (sqlalchemy, sqlalchemy.engine, sqlmodel):
        _spy(module, "create_engine")
    _spy(sqlalchemy.ext.asyncio, "create_async_engine")
    _spy(sqlite3.dbapi2, "connect")
    _spy(socket.socket, "connect")
    importlib.import_module(sys.argv[1])
    database = sys.modules.get(sys.argv[2]) or importlib.import_module(sys.argv[2])
    told: dict[str, Any] = {"opened": list(opened)}
    told["captured"] = sorted(
        f"{module.__name__}.{name}"
        for module in list(sys.modules.values())
        if str(getattr(module, "__file__", "")).startswith(str(Path.cwd()))
        for name, value in vars(module).items()
        if isinstance(value, (Engine, AsyncEngine)) or (value is None and name not in ("engine",) and name[0] != "_")
    )
    if not hasattr(database, "close_db"):
        sys.stdout.write(json.dumps(told) + "\n")
        return
    factories = (sessionmaker, async_sessionmaker, scoped_session)
    factory = next((value for value in vars(database).values() if isinstance(value, factories)), None)
    maker = getattr(factory, "session_factory", factory)
    told["unbound_at_import"] = maker is None or maker.kw.get("bind") is None
    disposed: list[int] = []
    event.listen(Engine, "engine_disposed", lambda engine: disposed.append(id(engine)))
    _call(database.init_db)
    first = database.engine
    told["nothing_connected"] = not [name for name in opened if name == "connect"]
    if hasattr(database, "create_tables"):
        _call(database.create_tables)
    _call(database.init_db)
    told["second_engine_is_new"] = database.engine is not first
    told["older_engine_disposed"] = id(getattr(first, "sync_engine", first)) in disposed
    told["bound"] = maker is None or maker.kw.get("bind") is database.engine
    second = database.engine
    told["tables"] = sorted(sqlalchemy.inspect(_sync_engine()).get_table_names())
    _call(database.close_db)
    told["closed"] = database.engine is None and (maker is None or maker.kw.get("bind") is None)
    told["disposed_on_close"] = id(getattr(second, "sync_engine", second)) in disposed
    _call(database.close_db)
    told["closed_twice"] = database.engine is None
    sys.stdout.write(json.dumps(told) + "\n")


def _sync_engine() -> Any:
    import sqlalchemy

    return sqlalchemy.create_engine(os.environ["DATABASE_URL"].replace("+aiosqlite", ""))


main()
