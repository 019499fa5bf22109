"""Facts about one file: does it create an engine or a pool at import; does it speak of an application or of tasks."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rewire_codemods.engine_init.facts import FileFacts

if TYPE_CHECKING:
    from rewire.codemod import SourceFile
    from rewire.codemod.cst import Tree

MARKERS = (
    b"create_engine",
    b"create_async_engine",
    b"engine_from_config",
    b"FastAPI(",
    b".on_event(",
    b"add_event_handler(",
    b"Celery(",
    b"shared_task",
    b"dramatiq",
    b"huey",
    b"taskiq",
    b"procrastinate",
    b"rq.decorators",
    b"WorkerSettings",
    b".enqueue",
    b"Process(",
    b"ProcessPoolExecutor",
    b"multiprocessing",
    b"create_pool(",
    b"Pool(",
    b"Database(",
)
NEEDS = (
    b"create_engine",
    b"create_async_engine",
    b"engine_from_config",
    b"asyncpg",
    b"psycopg",
    b"aiopg",
    b"aiomysql",
    b"import databases",
    b"from databases",
    b"import mysql",
    b"from mysql",
)
"""A project that names none of these makes no engine and no pool."""
_MAKER = r"(?:create_(?:async_)?engine|(?:async_)?engine_from_config)"
_CALLED = re.compile(rf"\b{_MAKER}\s*(?:\(|as\b)|(?:\bpartial\(|=)\s*(?:\w+\.)*{_MAKER}\b")
_POOLED = re.compile(r"^\s*(?:from|import) (?:databases|asyncpg|psycopg_pool|psycopg2|aiopg|aiomysql|mysql)\b", re.M)
_APPLICATION = ("FastAPI(", ".on_event(", "add_event_handler(")
_WORKER = tuple(marker.decode() for marker in MARKERS[MARKERS.index(b"Celery(") : MARKERS.index(b"create_pool(")])


def find_facts(source: SourceFile) -> FileFacts | None:
    """Facts about ``source``; None if it is of no interest. Only a file that may create an engine is parsed."""
    text = source.text
    application = any(word in text for word in _APPLICATION)
    worker = any(word in text for word in _WORKER)
    made = _CALLED.search(text) is not None
    pooled = any(word in text for word in ("Pool(", "create_pool(", "Database(")) and _POOLED.search(text) is not None
    engines = False
    functions: tuple[tuple[str, int, str], ...] = ()
    pools: tuple[tuple[str, int, int], ...] = ()
    if made or pooled:
        from rewire.codemod.cst import parse

        tree = parse(text)
        engines, functions = _engines(tree) if made else (False, ())
        pools = _pools(tree) if pooled else ()
    if not (engines or application or worker or functions or pools):
        return None
    return FileFacts(engines, application, worker, functions, pools)


def _engines(tree: Tree) -> tuple[bool, tuple[tuple[str, int, str], ...]]:
    from rewire_codemods.engine_init.creation import made_at_import
    from rewire_codemods.engine_init.elsewhere import engine_functions
    from rewire_codemods.engine_init.makers import makers_of

    return bool(made_at_import(makers_of(tree))), engine_functions(tree)


def _pools(tree: Tree) -> tuple[tuple[str, int, int], ...]:
    from rewire_codemods.engine_init.pools import pools_at_import

    return pools_at_import(tree)
