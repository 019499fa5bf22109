"""Tests whose client never enters the application's lifespan: a fixture opens the database for their module."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import libcst as cst

from rewire.codemod.cst import dotted_name
from rewire_codemods.applications.obstacle import Obstacle
from rewire_codemods.applications.origins import origin_of
from rewire_codemods.applications.reach import loaded_by
from rewire_codemods.applications.reading import Moment, called, calls, identifiers, moment_of, top_statement
from rewire_codemods.engine_init.fronts import find_fronts
from rewire_codemods.engine_init.generating import closes_asynchronously, makes_asynchronously
from rewire_codemods.engine_init.places import lead_offset, spaced
from rewire_codemods.engine_init.roles import holds_tests
from rewire_codemods.engine_init.style import Style, read_style
from rewire_codemods.engine_init.touching import mentioned
from rewire_codemods.engine_init.uses import Purpose
from rewire_codemods.engine_init.wiring import import_functions

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from rewire.codemod.cst import Tree
    from rewire_codemods.engine_init.conversion import Conversion
    from rewire_codemods.engine_init.definition import TableCall
    from rewire_codemods.engine_init.importers import Importers

CLIENTS = frozenset({"TestClient", "ASGITransport", "AsyncClient", "AsyncTestClient"})
ENTERED = frozenset({"LifespanManager", "lifespan_context"})


@dataclass(slots=True)
class _TestFile:
    """One test module: does a client stay un-entered, is one entered, is the dependency overridden.

    ``mixed``: of the clients that its fixture serves some are entered, and each of those closes the database.
    """

    path: str
    tree: Tree
    bare: bool = False
    entered: bool = False
    overrides: bool = False
    direct: bool = False
    mixed: bool = False
    moved: list[tuple[cst.BaseStatement, str]] = field(default_factory=list)


def wire_tests(
    conversion: Conversion,
    paths: Sequence[str],
    importers: Importers,
    tables: Sequence[TableCall],
    dependencies: Collection[str],
) -> None:
    """Give every test module that would meet a closed database a fixture that opens it."""
    files = [_read(conversion, path, importers, dependencies) for path in paths if holds_tests(path)]
    helped: set[str] = set()
    ordered = sorted(
        files, key=lambda found: (not found.path.endswith("conftest.py"), found.path.count("/"), found.path)
    )
    for found in ordered:
        above = [other for other in files if _governs(other.path, found.path)]
        overrides = found.overrides or any(other.overrides for other in above)
        entered = found.entered or any(other.entered for other in above)
        covered = any(other.path in helped for other in above)
        wanted = (found.bare and not overrides) or (found.direct and not entered and not (overrides and not found.bare))
        if (wanted and not covered) or found.moved:
            found.mixed = found.bare and (
                found.entered or any(other.entered for other in files if _governs(found.path, other.path))
            )
            _wire(conversion, found, tables)
            helped.add(found.path)


def _governs(conftest: str, path: str) -> bool:
    """True if ``conftest`` is a conftest that pytest loads for ``path``."""
    if not conftest.endswith("conftest.py") or conftest == path:
        return False
    folder = conftest.rpartition("/")[0]
    return not folder or path.startswith(folder + "/")


def _read(conversion: Conversion, path: str, importers: Importers, dependencies: Collection[str]) -> _TestFile:
    tree = conversion.shelf.tree(path)
    found = _TestFile(path, tree)
    for call in calls(tree):
        name = (dotted_name(call.func) or "").rpartition(".")[2]
        if name in ENTERED:
            found.entered = True
        if name in CLIENTS and _is_our_application(conversion, path, call):
            if _is_entered(tree, call):
                found.entered = True
            else:
                found.bare = True
    if any(isinstance(node, cst.Attribute) and node.attr.value in ENTERED for node in tree.walk()):
        found.entered = True
    found.overrides = _overrides(conversion, path, tree, dependencies)
    found.direct = _uses_database(conversion, path, tree)
    found.moved = _moved(conversion, path, tree, importers)
    return found


def _is_our_application(conversion: Conversion, path: str, call: cst.Call) -> bool:
    application = conversion.application
    given = [arg.value for arg in call.args if arg.keyword is None][:1]
    given += [arg.value for arg in call.args if arg.keyword is not None and arg.keyword.value in ("app", "transport")]
    if application is None or not given:
        return False
    value = given[0].func if isinstance(given[0], cst.Call) else given[0]
    name = dotted_name(value)
    origin = origin_of(conversion.shelf.project, path, name) if name else None
    if origin is not None and origin.path not in (None, path):
        return origin.path == application.path or origin.path in find_fronts(conversion.shelf, application)
    if name is not None and _made_here(conversion.shelf.tree(path), name):
        return False
    return application.path in loaded_by(conversion.shelf.project, path)


def _made_here(tree: Tree, name: str) -> bool:
    """True if ``name`` is given a FastAPI application of the test's own."""
    return any(
        isinstance(node, cst.Assign)
        and isinstance(node.value, cst.Call)
        and called(tree, node.value).rpartition(".")[2] in ("FastAPI", "Starlette", "Flask")
        and any(dotted_name(target.target) == name for target in node.targets)
        for node in tree.walk()
    )


def _is_entered(tree: Tree, call: cst.Call) -> bool:
    """True for ``with TestClient(app) ...``, or for a name that a later ``with`` enters."""
    parent = tree.parent(call)
    if isinstance(parent, cst.WithItem):
        return (dotted_name(call.func) or "").rpartition(".")[2] == "TestClient"
    if isinstance(parent, cst.Call) and (dotted_name(parent.func) or "").endswith("enter_context"):
        return True
    outer = tree.parent(parent) if isinstance(parent, cst.Arg) else None
    if isinstance(outer, cst.Call) and (dotted_name(outer.func) or "").endswith(("enter_context", "enterContext")):
        return True
    if isinstance(parent, cst.Assign):
        name = dotted_name(parent.targets[0].target)
        return (
            any(isinstance(item, cst.WithItem) and dotted_name(item.item) == name for item in tree.walk())
            and name is not None
        )
    return False


def _overrides(conversion: Conversion, path: str, tree: Tree, dependencies: Collection[str]) -> bool:
    """True if a guarded dependency is replaced: ``app.dependency_overrides[get_db] = ...``."""
    for node in tree.walk():
        if not isinstance(node, cst.Subscript) or not (dotted_name(node.value) or "").endswith("dependency_overrides"):
            continue
        index = node.slice[0].slice
        name = dotted_name(index.value) if isinstance(index, cst.Index) else None
        origin = origin_of(conversion.shelf.project, path, name) if name else None
        if origin is not None and f"{origin.path}:{origin.name}" in dependencies:
            return True
    return False


def _uses_database(conversion: Conversion, path: str, tree: Tree) -> bool:
    """True if the test file itself opens sessions or uses the engine, not only through the application."""
    definition = conversion.definition
    names = {(definition.path, definition.engine), *conversion.factories}
    return bool(mentioned(conversion, path, tree, tree.module) & names) and not _patches(conversion, tree)


def _patches(conversion: Conversion, tree: Tree) -> bool:
    """True if the tests put something of their own in the engine's or the factory's place by name."""
    definition = conversion.definition
    wanted = {
        f"{module}.{name}"
        for module in conversion.shelf.project.module_names(definition.path)
        for name in (definition.engine, *definition.factory_names)
    }
    return any(isinstance(node, cst.SimpleString) and node.evaluated_value in wanted for node in tree.walk())


def _moved(conversion: Conversion, path: str, tree: Tree, importers: Importers) -> list[tuple[cst.BaseStatement, str]]:
    """create_all and drop_all in a test module's own code: they move into its fixture."""
    answer: list[tuple[cst.BaseStatement, str]] = []
    for use in importers.early.get(path, ()):
        statement = top_statement(tree, use.node)
        plain = isinstance(statement, cst.SimpleStatementLine) and len(statement.body) == 1
        if use.purpose not in (Purpose.TABLES, Purpose.DROP) or not plain:
            raise Obstacle(
                "entry-point", path, tree.span(use.node), f"{path}:{tree.line(use.node)} uses the engine at import"
            )
        importers.kept.add(id(use.node))
        assert isinstance(statement, cst.SimpleStatementLine)
        span, place = tree.span(statement), tree.span(use.node)
        engine = conversion.engine_in(path, None)
        text = tree.text[span.start : place.start] + engine + tree.text[place.end : span.end]
        answer.append((statement, text))
    for name in conversion.definition.factory_names:
        for imported in conversion.shelf.project.imports(path):
            origin = origin_of(conversion.shelf.project, path, imported.bound) if imported.name == name else None
            if origin is None or (origin.path, origin.name) != (conversion.path, name):
                continue
            for call in calls(tree):
                if dotted_name(call.func) == imported.bound and moment_of(tree, call) is Moment.IMPORT:
                    raise Obstacle(
                        "session-at-import",
                        path,
                        tree.span(call),
                        f"{path}:{tree.line(call)} opens a session at import",
                    )
    return answer


def _wire(conversion: Conversion, found: _TestFile, tables: Sequence[TableCall]) -> None:
    options, definition, tree = conversion.options, conversion.definition, found.tree
    style = read_style(tree)
    loaded = loaded_by(conversion.shelf.project, found.path)
    creates = any(entry.path in loaded for entry in tables) and not any(
        ".create_all(" in text for _, text in found.moved
    )
    names = [options.init_db, options.close_db, *([options.create_tables] if creates else [])]
    import_functions(conversion, found.path, names)
    asynchronous = closes_asynchronously(definition) or (creates and makes_asynchronously(definition))
    if asynchronous:
        _need_module(conversion, found, "asyncio")
    opening = [f"{options.init_db}()", *(text for _, text in found.moved)]
    if creates:
        call = f"{options.create_tables}()"
        opening.append(f"asyncio.run({call})" if makes_asynchronously(definition) else call)
    close = f"{options.close_db}()"
    closing = f"asyncio.run({close})" if closes_asynchronously(definition) else close
    text = _fixture(conversion, found, style, opening, closing)
    offset = _first_definition(tree)
    conversion.edits.insert(
        found.path, offset, spaced(tree.text, offset, text), "open the database for the tests", counted=True
    )
    for statement, _ in found.moved:
        conversion.edits.drop_in_place(found.path, statement, "create the tables in the fixture")
    conversion.wired.append(found.path)


def _fixture(conversion: Conversion, found: _TestFile, style: Style, opening: Sequence[str], closing: str) -> str:
    step = style.indent
    document = style.document("Open the database: nothing in this module runs the application's lifespan.")
    if _is_unittest(conversion, found):
        taken = identifiers(found.tree)
        if "setUpModule" in taken or "tearDownModule" in taken or found.entered:
            raise Obstacle(
                "entry-point",
                found.path,
                found.tree.span(found.tree.module.body[0]),
                f"{found.path} has a setUpModule, or enters some clients and not others",
            )
        lines = [
            "def setUpModule():",
            step + document,
            *[step + line for line in opening],
            "",
            "",
            "def tearDownModule():",
            f"{step}{closing}",
        ]
        return "".join(f"{line}\n" for line in lines)
    _need_module(conversion, found, "pytest")
    taken = identifiers(found.tree)
    name = next(name for name in ("database", "open_database", "opened_database") if name not in taken)
    scope = "" if found.mixed else f"scope={style.string(_scope(found))}, "
    lines = [
        f"@pytest.fixture({scope}autouse=True)",
        f"def {name}():",
        step + document,
        *[step + line for line in opening],
        f"{step}yield",
        f"{step}{closing}",
    ]
    return "".join(f"{line}\n" for line in lines)


def _scope(found: _TestFile) -> str:
    """As wide as the file's widest fixture, which would otherwise run before the database is open."""
    scopes = {
        str(node.value.evaluated_value)
        for node in found.tree.walk()
        if isinstance(node, cst.Arg)
        and node.keyword is not None
        and node.keyword.value == "scope"
        and isinstance(node.value, cst.SimpleString)
    }
    return next((scope for scope in ("session", "package") if scope in scopes), "module")


def _is_unittest(conversion: Conversion, found: _TestFile) -> bool:
    modules = {imported.module.partition(".")[0] for imported in conversion.shelf.project.imports(found.path)}
    return "unittest" in modules and "pytest" not in modules and "TestCase" in found.tree.text


def _need_module(conversion: Conversion, found: _TestFile, module: str) -> None:
    for imported in conversion.shelf.project.imports(found.path):
        if (imported.module, imported.name, imported.bound, imported.scope) == (module, None, module, "module"):
            return
    conversion.edits.add_line(found.path, f"import {module}")


def _first_definition(tree: Tree) -> int:
    """Above the first function or class of the module; at its end where there is none."""
    for node in tree.module.body:
        if isinstance(node, (cst.FunctionDef, cst.ClassDef)):
            return lead_offset(tree, node)
    return len(tree.text)
