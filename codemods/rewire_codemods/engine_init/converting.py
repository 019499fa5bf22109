"""Make one conversion: the engine's module, its importers, the application and every other entry point, in order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

from rewire.codemod.cst import dotted_name
from rewire_codemods.applications.obstacle import Obstacle
from rewire_codemods.applications.reach import dependents
from rewire_codemods.applications.reading import bindings, top_statement
from rewire_codemods.engine_init.arguments import without
from rewire_codemods.engine_init.definition import TableCall
from rewire_codemods.engine_init.entrypoints import find_entries, opened_by_themselves, wire_entries
from rewire_codemods.engine_init.generating import engine_declaration, write_functions
from rewire_codemods.engine_init.guarding import guard_dependencies
from rewire_codemods.engine_init.handlers import Handlers, read_handlers
from rewire_codemods.engine_init.importers import read_importers
from rewire_codemods.engine_init.importing import start_of_line
from rewire_codemods.engine_init.noting import add_notes, note_unseen
from rewire_codemods.engine_init.owners import edit_closer, edit_table_maker
from rewire_codemods.engine_init.places import lead_offset, spaced
from rewire_codemods.engine_init.processes import note_jobs, reject_workers, threads_at_import
from rewire_codemods.engine_init.repointing import drop_idle_names, repoint
from rewire_codemods.engine_init.startup import Startup, read_startup
from rewire_codemods.engine_init.tables import TableSet, build_tables, with_call
from rewire_codemods.engine_init.testfiles import wire_tests
from rewire_codemods.engine_init.touching import calls_at_import, touching, touching_broadly
from rewire_codemods.engine_init.wiring import calls_of, import_functions, insertion_point, wire

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from rewire_codemods.engine_init.conversion import Conversion
    from rewire_codemods.engine_init.facts import FileFacts
    from rewire_codemods.engine_init.importers import Importers
    from rewire_codemods.engine_init.touching import Place


def convert(conversion: Conversion, facts: Mapping[str, FileFacts]) -> dict[str, object]:
    """Collect every edit of the conversion; answers with its figures for the report. Raises Obstacle."""
    definition, application, options = conversion.definition, conversion.application, conversion.options
    users = dependents(conversion.shelf.project, conversion.path)
    entries = find_entries(conversion, users)
    conversion.edits.alone = entries.alone
    importers = read_importers(conversion, entries.alone)
    conversion.factories |= {(conversion.path, name) for name in definition.factory_names}
    conversion.factories |= {(path, factory.name) for path, factory in importers.factories}
    hot = touching(conversion, users)
    broad = touching_broadly(conversion, users)
    if options.wire:
        reject_workers(
            conversion, users, facts, broad.places, opened_by_themselves(conversion, entries, importers, broad)
        )
        note_jobs(conversion, users, hot)
    made = _calls_of_table_maker(conversion, hot, entries.alone)
    tables = [*definition.tables, *importers.tables]
    handlers = Handlers()
    if application is not None and application.lifespan is None:
        handlers = read_handlers(conversion.shelf, application, conversion.known)
    startup = _startup(conversion, handlers)
    importers.kept |= startup.uses | {id(node) for entry in importers.tables for node in _walk(conversion, entry)}
    for path, factory in importers.factories:
        importers.kept |= {id(node) for node in conversion.shelf.tree(path).walk(factory.bind)}
    table_set = None
    if tables or startup.calls or definition.table_maker is not None:
        table_set = build_tables(conversion, tables, startup.calls)
    lines = _table_lines(conversion, [*tables, *made])
    for entry in sorted([*tables, *made], key=lambda entry: conversion.shelf.tree(entry.path).span(entry.call).start):
        _drop_table_call(conversion, entry)  # from the top: each looks at the statement above it
    dependencies = guard_dependencies(conversion)
    if options.wire:
        wire_tests(conversion, entries.tests, importers, [*tables, *made], dependencies)
    repoint(conversion, importers)
    for path, node in startup.edits:
        _create_at_start(conversion, path, node)
    drop_idle_names(conversion, [*((entry.path, entry.statement) for entry in [*tables, *made]), *startup.edits])
    if application is not None:
        wire(conversion, application, handlers, lines)
        wire_entries(conversion, entries, importers, broad)
        note_unseen(conversion, entries.scripts, broad.places)
    _edit_definition(conversion, importers, table_set)
    add_notes(conversion, table_set)
    return _figures(conversion, table_set, dependencies)


def _walk(conversion: Conversion, entry: TableCall) -> list[cst.CSTNode]:
    return list(conversion.shelf.tree(entry.path).walk(entry.call))


def _startup(conversion: Conversion, handlers: Handlers) -> Startup:
    application = conversion.application
    if application is None:
        return Startup()
    functions = []
    if application.lifespan is not None:
        functions.append((application.lifespan_path, application.lifespan))
    names = {text.removeprefix("await ").removesuffix("()") for text in handlers.startup}
    functions += [
        (application.path, node)
        for node in application.tree.walk()
        if isinstance(node, cst.FunctionDef) and node.name.value in names
    ]
    return read_startup(conversion, functions)


def _calls_of_table_maker(conversion: Conversion, hot: Collection[Place], alone: Collection[str]) -> list[TableCall]:
    """Calls at import that touch the database: the owner's table function's move, any other one is in the way."""
    definition = conversion.definition
    maker = definition.table_maker.name.value if definition.table_maker is not None else ""
    answer = []
    for path in sorted({conversion.path, *conversion.served}):
        if path in alone or (not any(place == path for place, _ in hot) and path not in _users(conversion)):
            continue
        tree = conversion.shelf.tree(path)
        for call in threads_at_import(conversion, path, hot):
            raise Obstacle(
                "engine-used-at-import",
                path,
                tree.span(call),
                f"{path}:{tree.line(call)} starts a thread or a task at import, which uses the database",
            )
        for call in calls_at_import(conversion, path, hot):
            statement = top_statement(tree, call)
            name = call.func.attr.value if isinstance(call.func, cst.Attribute) else getattr(call.func, "value", "")
            plain = isinstance(statement, cst.SimpleStatementLine) and isinstance(tree.parent(call), cst.Expr)
            if name == maker and plain and isinstance(statement, cst.BaseStatement):
                answer.append(TableCall(path, call, statement))
                continue
            raise Obstacle(
                "engine-used-at-import",
                path,
                tree.span(call),
                f"{path}:{tree.line(call)} calls {name} at import, which uses the database",
            )
    return answer


def _users(conversion: Conversion) -> frozenset[str]:
    return dependents(conversion.shelf.project, conversion.path)


def _table_lines(conversion: Conversion, tables: Sequence[TableCall]) -> list[str]:
    """What the lifespan does for tables created at import: create_tables, in the owner's try where it had one."""
    if not tables:
        return []
    _, create, _ = calls_of(conversion)
    application = conversion.application
    lines: list[str] = []
    for entry in tables:
        if application is not None and entry.path == application.path and entry.path != conversion.path:
            lines += conversion.edits.comments_of(entry.path, entry.statement)
            if not entry.bare:
                return [*lines, with_call(conversion, entry, create)]
        elif not entry.bare and entry.path != conversion.path:
            tree = conversion.shelf.tree(entry.path)
            raise Obstacle(
                "create-all-shape",
                entry.path,
                tree.span(entry.call),
                f"create_all at {entry.path}:{tree.line(entry.call)} stands inside another statement",
            )
    return [*lines, create]


def _drop_table_call(conversion: Conversion, entry: TableCall) -> None:
    application = conversion.application
    summary = "create the tables in create_tables"
    ours = entry.path == conversion.path or (application is not None and entry.path == application.path)
    if ours or not any(line.comment for line in getattr(entry.statement, "leading_lines", ())):
        conversion.edits.drop(entry.path, entry.statement, summary, counted=True)
    else:
        conversion.edits.drop_in_place(entry.path, entry.statement, summary, counted=True)


def _create_at_start(conversion: Conversion, path: str, node: cst.CSTNode) -> None:
    import_functions(conversion, path, [conversion.options.create_tables])
    _, create, _ = calls_of(conversion)
    conversion.edits.node(path, node, create, "create the tables with create_tables")


def _declare(conversion: Conversion) -> None:
    """``engine = None`` where the engine was made; above the factory that it was made for in place."""
    creation, edits, path = conversion.definition.creation, conversion.edits, conversion.path
    text, summary = engine_declaration(conversion.definition, conversion.style), "create the engine in a function"
    tree, statement = conversion.definition.tree, creation.statement
    if creation.factory is None:
        # A line of its own is edited as one node: the statement below it may go together with its blank lines, and
        # that edit holds both statements.
        plain = isinstance(statement, cst.SimpleStatementLine) and len(statement.body) == 1
        if isinstance(statement, cst.SimpleStatementLine) and plain:
            edits.node(path, statement.body[0], text, summary, counted=True, strings=True)
        else:
            edits.statement(path, statement, text, summary, counted=True)
        return
    apart = "\n" if lead_offset(tree, statement) < start_of_line(tree.text, tree.span(statement).start) else ""
    edits.insert(path, lead_offset(tree, statement), f"{text}\n{apart}", summary, counted=True)


def _edit_definition(conversion: Conversion, importers: Importers, table_set: TableSet | None) -> None:
    definition, edits, style = conversion.definition, conversion.edits, conversion.style
    tree, path = definition.tree, definition.path
    offset = insertion_point(conversion)
    _declare(conversion)
    for factory in definition.factories:
        text = _unbound(conversion, path, factory.call, factory.bind)
        in_place = factory.call is definition.creation.factory
        edits.node(path, factory.call, text, "unbind the factory", strings=in_place)
    extra = []
    for place, factory in importers.factories:
        edits.node(place, factory.call, _unbound(conversion, place, factory.call, factory.bind), "unbind the factory")
        extra.append((place, factory.name))
    for listener in definition.listeners:
        edits.node(path, listener.decorator, None, "register the listener in init_db", strings=True)
    for statement in definition.moved:
        edits.drop_in_place(path, statement, "register the listener in init_db")
    for call in definition.configures:
        _unbind_configured(conversion, call)
    tables = table_set.tables if table_set is not None else None
    text = write_functions(definition, style, conversion.options, tables, far_factories(conversion, extra))
    edits.insert(path, offset, spaced(tree.text, offset, text), "add the init functions")
    edit_table_maker(conversion, tables)
    edit_closer(conversion)
    _import_types(conversion)


def far_factories(conversion: Conversion, factories: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """The factories of other modules: the line that imports each one inside a function, and its name."""
    lines = []
    for path, name in factories:
        line = conversion.shelf.project.import_line(conversion.path, path, name)
        if line is None:
            raise Obstacle(
                "no-import-form",
                conversion.path,
                conversion.definition.tree.span(conversion.definition.creation.statement),
                f"{conversion.path} has no single way to import {path}",
            )
        lines.append((line, name))
    return lines


def _unbound(conversion: Conversion, path: str, call: cst.Call, bind: cst.Arg) -> str:
    """A factory call without its bind."""
    args = list(call.args)
    index = next(position for position, arg in enumerate(args) if arg is bind)
    positional_after = any(arg.keyword is None and not arg.star for arg in args[index + 1 :])
    if bind.keyword is None and positional_after:
        args[index] = bind.with_changes(value=cst.Name("None"))
        new = call.with_changes(args=args)
    else:
        new = without(call, bind)
    return conversion.shelf.tree(path).module.code_for_node(new)


def _unbind_configured(conversion: Conversion, call: cst.Call) -> None:
    """``SessionLocal.configure(bind=engine)`` goes; other arguments of it stay."""
    definition = conversion.definition
    bind = next(arg for arg in call.args if dotted_name(arg.value) == definition.engine)
    if len(call.args) > 1:
        text = _unbound(conversion, conversion.path, call, bind)
        conversion.edits.node(conversion.path, call, text, "unbind the factory")
        return
    statement = top_statement(definition.tree, call)
    assert isinstance(statement, cst.BaseStatement)
    conversion.edits.drop_in_place(conversion.path, statement, "unbind the factory")


def _import_types(conversion: Conversion) -> None:
    """What the generated code speaks of and the module does not know yet."""
    definition, style = conversion.definition, conversion.style
    tree, path, edits = definition.tree, definition.path, conversion.edits
    if definition.asynchronous and not bindings(tree, "asyncio"):
        edits.add_line(path, "import asyncio")
    if not style.typed:
        return
    kind = "AsyncEngine" if definition.asynchronous else "Engine"
    module = "sqlalchemy.ext.asyncio" if definition.asynchronous else "sqlalchemy.engine"
    if not bindings(tree, kind):
        edits.add_external(path, module, kind)
    if not style.union and not bindings(tree, "Optional"):
        edits.add_external(path, "typing", "Optional")


def _figures(conversion: Conversion, table_set: TableSet | None, dependencies: Sequence[str]) -> dict[str, object]:
    application, options = conversion.application, conversion.options
    figures: dict[str, object] = {
        "engine": f"{conversion.path}:{conversion.definition.engine}",
        "application": application.path if application else None,
        "functions": [options.init_db, *([options.create_tables] if table_set else []), options.close_db],
        "entry_points": sorted(conversion.wired),
        "importers": sorted(set(conversion.importers)),
        "dependencies": list(dependencies),
    }
    if table_set is not None:
        figures.update(table_set.figures())
    return figures
