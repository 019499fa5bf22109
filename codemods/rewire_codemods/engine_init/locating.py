"""Facts about one file: does it create an engine at import; does it speak of an application or of tasks."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rewire_codemods.engine_init.facts import FileFacts

if TYPE_CHECKING:
    from rewire.codemod import SourceFile

MARKERS = (b"create_engine", b"create_async_engine", b"FastAPI(", b".on_event(", b"add_event_handler(", b"Celery(")
_CALLED = re.compile(r"\bcreate_(?:async_)?engine\s*(?:\(|as\b)")
_APPLICATION = ("FastAPI(", ".on_event(", "add_event_handler(")
_WORKER = ("Celery(", "shared_task", "dramatiq", "huey")


def find_facts(source: SourceFile) -> FileFacts | None:
    """Facts about ``source``; None if it is of no interest. Only a file that may create an engine is parsed."""
    text = source.text
    application = any(word in text for word in _APPLICATION)
    worker = any(word in text for word in _WORKER)
    engines = False
    functions: tuple[tuple[str, int], ...] = ()
    if _CALLED.search(text):
        from rewire.codemod.cst import parse
        from rewire_codemods.engine_init.creation import makers_at_import
        from rewire_codemods.engine_init.elsewhere import engine_functions

        tree = parse(text)
        engines = bool(makers_at_import(tree))
        functions = engine_functions(tree)
    if not (engines or application or worker or functions):
        return None
    return FileFacts(engines, application, worker, functions)
