"""Wire the application: a new lifespan or the one it has, handlers folded in, tables created inside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

from rewire.codemod import Span
from rewire.codemod.cst import dotted_name
from rewire_codemods.applications.obstacle import Obstacle
from rewire_codemods.applications.reach import loaded_by
from rewire_codemods.applications.reading import bindings, identifiers, top_statement
from rewire_codemods.engine_init.arguments import appended
from rewire_codemods.engine_init.generating import closes_asynchronously, makes_asynchronously
from rewire_codemods.engine_init.importing import prepared_offset
from rewire_codemods.engine_init.payloads import Wrap
from rewire_codemods.engine_init.places import after_offset, indent_of, is_docstring, lead_offset, spaced
from rewire_codemods.engine_init.style import Style, read_style, reindent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rewire_codemods.applications.application import Application
    from rewire_codemods.engine_init.conversion import Conversion
    from rewire_codemods.engine_init.handlers import Handlers


def calls_of(conversion: Conversion) -> tuple[str, str, str]:
    """How init_db, create_tables and close_db are called inside a coroutine."""
    options, definition = conversion.options, conversion.definition
    create = f"{'await ' if makes_asynchronously(definition) else ''}{options.create_tables}()"
    close = f"{'await ' if closes_asynchronously(definition) else ''}{options.close_db}()"
    return f"{options.init_db}()", create, close


def import_functions(conversion: Conversion, path: str, names: Sequence[str], before: int | None = None) -> None:
    """Make the init functions known in a file. Raises Obstacle where their names mean something else there."""
    if path == conversion.path:
        return
    project, tree = conversion.shelf.project, conversion.shelf.tree(path)
    for name in names:
        for node in bindings(tree, name):
            ours = any(
                imported.bound == name
                and (target := project.resolve(imported)) is not None
                and target.path == conversion.path
                and tree.span(node).start == imported.span.start
                for imported in project.imports(path)
            )
            if not ours:
                raise Obstacle(
                    "name-taken", path, tree.span(node), f"{name} at {path}:{tree.line(node)} is something else"
                )
    conversion.edits.add_names(path, conversion.path, names, before)


def wire(conversion: Conversion, application: Application, handlers: Handlers, tables: Sequence[str]) -> None:
    """Let the application open the database first and close it last. ``tables``: the lines that create tables."""
    names = [conversion.options.init_db, conversion.options.close_db]
    if any(conversion.options.create_tables in line for line in tables):
        names.append(conversion.options.create_tables)
    if application.lifespan is not None:
        import_functions(conversion, application.lifespan_path, names)
        _wrap_lifespan(conversion, application, application.lifespan, tables)
        return
    tree = application.tree
    statement = application.factory or top_statement(tree, application.call)
    assert isinstance(statement, cst.BaseStatement)
    start = tree.span(top_statement(tree, statement)).start
    late = _late_import(conversion, application, names, start)
    if not late:
        import_functions(conversion, application.path, names, start)
    _new_lifespan(conversion, application, handlers, tables, late)


def _late_import(conversion: Conversion, application: Application, names: Sequence[str], before: int) -> str:
    """The import for the lifespan's own body, where the engine's module must not be loaded above the application.

    That is so where it imports the application's module itself, or where what prepares it (``load_dotenv()``) runs
    between the application and the first import of the project's own. Else empty.
    """
    project, path = conversion.shelf.project, application.path
    above = [found for found in project.imports(path) if found.scope == "module" and found.span.start < before]
    targets = [target.path for found in above if (target := project.resolve(found)) is not None and target.path]
    known = any(conversion.path in loaded_by(project, target) for target in targets)
    if path == conversion.path or known:
        return ""
    ranks = conversion.edits.ranks(path)
    if path not in loaded_by(project, conversion.path) and prepared_offset(application.tree, ranks) <= before:
        return ""
    line = project.import_line(path, conversion.path, names[0])
    if line is None:
        raise Obstacle("no-import-form", path, Span(0, 0), f"{path} has no single way to import {conversion.path}")
    return line.replace(f"import {names[0]}", "import " + ", ".join(sorted(names)))


def _wrap_lifespan(
    conversion: Conversion, application: Application, function: cst.FunctionDef, tables: Sequence[str]
) -> None:
    init, _, close = calls_of(conversion)
    tree = conversion.shelf.tree(application.lifespan_path)
    body = function.body
    assert isinstance(body, cst.IndentedBlock)
    keep = 1 if is_docstring(body.body[0]) else 0
    span = Span(tree.span(body.body[0]).start, tree.span(body.body[-1]).end)
    last = body.body[-1]
    closes = len(body.body) > keep + 1 and tree.code(last) == close and not _has_comment(last)
    payload = Wrap(init, "\n".join(tables), close, keep, closes)
    summary = "open the database first in the lifespan and close it last"
    conversion.edits.block(application.lifespan_path, span, payload, summary)


def _has_comment(node: cst.CSTNode) -> bool:
    return isinstance(node, cst.SimpleStatementLine) and (
        node.trailing_whitespace.comment is not None or any(line.comment for line in node.leading_lines)
    )


def _new_lifespan(
    conversion: Conversion, application: Application, handlers: Handlers, tables: Sequence[str], late: str
) -> None:
    tree, edits = application.tree, conversion.edits
    style = read_style(tree)
    name = _free_name(conversion, application)
    nested = handlers.nested and application.factory is not None
    lines = _lifespan_lines(conversion, application, handlers, tables, name, style)
    if late:
        lines[3:3] = [style.indent + late, ""]
    if nested:
        statement = _inner_statement(application)
        indent = indent_of(tree, statement)
        text = reindent("".join(line + "\n" for line in lines), "", indent)
        edits.insert(application.path, lead_offset(tree, statement), text + "\n", "add the lifespan")
    else:
        outer = application.factory or top_statement(tree, application.call)
        top = top_statement(tree, outer)
        assert isinstance(top, cst.BaseStatement)
        offset = lead_offset(tree, top)
        edits.insert(
            application.path,
            offset,
            spaced(tree.text, offset, "".join(f"{line}\n" for line in lines)),
            "add the lifespan",
        )
    new = with_lifespan(application.call, name, handlers.arguments)
    edits.node(application.path, application.call, tree.module.code_for_node(new), "pass the lifespan")
    for decorator in handlers.decorators:
        edits.node(application.path, decorator, None, "fold the handler into the lifespan", strings=True)
    for registered in handlers.statements:
        edits.statement(application.path, registered, "", "fold the handler into the lifespan")


def _lifespan_lines(
    conversion: Conversion,
    application: Application,
    handlers: Handlers,
    tables: Sequence[str],
    name: str,
    style: Style,
) -> list[str]:
    init, _, close = calls_of(conversion)
    step = style.indent
    returns = ""
    if style.typed:
        returns = " -> AsyncIterator[None]"
        _need(conversion, application, "AsyncIterator", "collections.abc", ("collections.abc", "typing"))
    manager = _need(conversion, application, "asynccontextmanager", "contextlib", ("contextlib",))
    inside = [*tables, *handlers.startup, "yield", *handlers.shutdown]
    kind = application.tree.code(application.call.func)
    return [
        f"@{manager}",
        f"async def {name}(app: {kind}){returns}:",
        step + style.document("Open the database before the first request and close it after the last one."),
        f"{step}{init}",
        f"{step}try:",
        *[step * 2 + line if line else line for entry in inside for line in entry.split("\n")],
        f"{step}finally:",
        f"{step * 2}{close}",
    ]


def _need(conversion: Conversion, application: Application, name: str, module: str, homes: Sequence[str]) -> str:
    """``name`` as the file can write it; imported from ``module`` where the file does not know it."""
    for imported in conversion.shelf.project.imports(application.path):
        if imported.scope != "module" or imported.level:
            continue
        if imported.module in homes and imported.name == name:
            return imported.bound
        if imported.module == module and imported.name is None and "." not in module:
            return f"{imported.bound}.{name}"
    conversion.edits.add_line(application.path, f"from {module} import {name}")
    return name


def _free_name(conversion: Conversion, application: Application) -> str:
    del conversion
    taken = identifiers(application.tree)
    arguments = {arg.keyword.value for arg in application.call.args if arg.keyword is not None}
    free = taken - (arguments - {name for name in arguments if bindings(application.tree, name)})
    return next(name for name in ("lifespan", "database_lifespan", "lifespan_with_database") if name not in free)


def _inner_statement(application: Application) -> cst.BaseStatement:
    """The statement of the factory's own body that holds the FastAPI call."""
    tree = application.tree
    child: cst.CSTNode = application.call
    for above in tree.ancestors(application.call):
        if isinstance(above, cst.IndentedBlock) and tree.parent(above) is application.factory:
            break
        child = above
    assert isinstance(child, cst.BaseStatement)
    return child


def with_lifespan(call: cst.Call, name: str, dropped: Sequence[cst.Arg]) -> cst.Call:
    """The FastAPI call with ``lifespan=name``, laid out like its other arguments."""
    gone = {id(arg) for arg in dropped}
    kept = [
        arg
        for arg in call.args
        if id(arg) not in gone and not (arg.keyword is not None and arg.keyword.value == "lifespan")
    ]
    equal = cst.AssignEqual(whitespace_before=cst.SimpleWhitespace(""), whitespace_after=cst.SimpleWhitespace(""))
    new = cst.Arg(value=cst.Name(name), keyword=cst.Name("lifespan"), equal=equal)
    if not kept:
        return call.with_changes(args=[new])
    return call.with_changes(args=appended(call, kept, new))


def insertion_point(conversion: Conversion) -> int:
    """Where the generated functions go: below the last statement that they speak of."""
    definition = conversion.definition
    tree = definition.tree
    spans = [tree.span(definition.creation.statement)]
    spans += [tree.span(top_statement(tree, entry.call)) for entry in definition.factories]
    spans += [
        tree.span(top_statement(tree, node)) for name, _ in definition.registries for node in bindings(tree, name)
    ]
    last = max(spans)
    statements = [node for node in tree.module.body if isinstance(node, cst.BaseStatement)]
    index = next(position for position, node in enumerate(statements) if tree.span(node) == last)
    gone = {id(top_statement(tree, call)) for call in definition.configures}
    gone |= {id(entry.statement) for entry in definition.tables} | {id(node) for node in definition.moved}
    while index + 1 < len(statements) and (_is_plain(statements[index + 1]) or id(statements[index + 1]) in gone):
        index += 1
    return after_offset(tree, statements[index])


def _is_plain(node: cst.BaseStatement) -> bool:
    """``Base = declarative_base()`` and ``class Base(DeclarativeBase)`` belong to the block above them."""
    if isinstance(node, cst.ClassDef):
        return any((dotted_name(base.value) or "").endswith("DeclarativeBase") for base in node.bases)
    return isinstance(node, cst.SimpleStatementLine) and isinstance(node.body[0], (cst.Assign, cst.AnnAssign))
