"""What the report says beside the changes: tables newly seen, what runs in every worker, what was left as it is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rewire.codemod import Note
from rewire.codemod.cst import dotted_name
from rewire_codemods.applications.application import is_application
from rewire_codemods.applications.reach import dependents
from rewire_codemods.applications.reading import calls
from rewire_codemods.engine_init.roles import is_test
from rewire_codemods.engine_init.touching import ROUTES, registrations

if TYPE_CHECKING:
    from collections.abc import Collection

    from rewire_codemods.engine_init.conversion import Conversion
    from rewire_codemods.engine_init.tables import TableSet
    from rewire_codemods.engine_init.touching import Place


def add_notes(conversion: Conversion, table_set: TableSet | None) -> None:
    """Add the notes of one conversion."""
    if table_set is not None:
        _note_tables(conversion, table_set)
    _note_notebooks(conversion)
    if conversion.application is not None:
        _note_handlers(conversion)
        _note_applications(conversion)


def note_unseen(conversion: Conversion, paths: Collection[str], hot: Collection[Place]) -> None:
    """Files that nothing in sight imports, with decorated code over the database: a plug-in that is named by a string.

    ``paths`` are such files; those with an init_db of their own are left out, and routes are the application's.
    """
    for path in sorted(set(paths) - set(conversion.wired)):
        tree = conversion.shelf.tree(path)
        for node, _, method in registrations(tree):
            name = node.name.value
            if (path, name) in hot and method not in ROUTES:
                opens = f"{conversion.options.init_db}()"
                text = f"nothing in sight loads {name}, which uses the database: its process has to call {opens} first"
                _note(conversion, text, path, tree.line(node))
                break


def _note(conversion: Conversion, text: str, path: str, line: int = 0) -> None:
    conversion.notes.append(Note("engine-init", text, path, line))


def _note_tables(conversion: Conversion, table_set: TableSet) -> None:
    name = conversion.options.create_tables
    for path, classes in sorted(table_set.mapped.classes.items()):
        if path not in table_set.before:
            _note(conversion, f"{name} also creates the tables of {', '.join(sorted(classes))}", path)
    _note(
        conversion,
        f"with several workers each one runs {name} when it starts, as each one ran create_all at import before",
        conversion.path,
    )


def _note_notebooks(conversion: Conversion) -> None:
    """Notebooks are not Python files: whoever runs one opens the database in it."""
    project = conversion.shelf.project
    modules = "|".join(re.escape(name) for name in project.module_names(conversion.path))
    for path in project.files():
        if not path.endswith(".ipynb"):
            continue
        if modules and re.search(rf"\b(?:from|import)\s+(?:{modules})\b", project.read_text(path) or ""):
            _note(
                conversion, f"this notebook uses the engine's module: call {conversion.options.init_db}() in it", path
            )


def _note_handlers(conversion: Conversion) -> None:
    """Handlers beside a lifespan that was there already never ran, and still do not."""
    application = conversion.application
    if application is None or application.lifespan is None:
        return
    for call in calls(application.tree):
        owner, _, method = (dotted_name(call.func) or "").rpartition(".")
        if owner == application.variable and method in ("on_event", "add_event_handler"):
            line = application.tree.line(call)
            _note(conversion, "this handler never runs beside the lifespan that was there", application.path, line)


def _note_applications(conversion: Conversion) -> None:
    """Other applications over the same engine, which no launch command names, open nothing."""
    application = conversion.application
    users = dependents(conversion.shelf.project, conversion.path)
    for path in conversion.known:
        if application is None or path == application.path or path not in users or is_test(path):
            continue
        tree = conversion.shelf.tree(path)
        for call in calls(tree):
            if is_application(tree, call):
                text = f"this application is not wired: {application.path} is the one that opens the database"
                _note(conversion, text, path, tree.line(call))
