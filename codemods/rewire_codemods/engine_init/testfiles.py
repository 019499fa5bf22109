"""Tests whose client never enters the application's lifespan: a fixture opens the database for their module."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

from rewire.codemod.cst import dotted_name
from rewire_codemods.applications.obstacle import Obstacle
from rewire_codemods.applications.origins import origin_of
from rewire_codemods.applications.reach import loaded_by
from rewire_codemods.applications.reading import Moment, called, calls, moment_of, top_statement
from rewire_codemods.engine_init.fronts import find_fronts
from rewire_codemods.engine_init.roles import holds_tests
from rewire_codemods.engine_init.testfixtures import TestFile, is_unittest, open_database
from rewire_codemods.engine_init.testreach import entering_fixtures, read_reach
from rewire_codemods.engine_init.touching import mentioned
from rewire_codemods.engine_init.uses import Purpose

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from rewire.codemod.cst import Tree
    from rewire_codemods.engine_init.conversion import Conversion
    from rewire_codemods.engine_init.definition import TableCall
    from rewire_codemods.engine_init.importers import Importers

CLIENTS = frozenset({"TestClient", "ASGITransport", "AsyncClient", "AsyncTestClient"})
ENTERED = frozenset({"LifespanManager", "lifespan_context"})


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
    _find_outside(conversion, files)
    ordered = sorted(
        files, key=lambda found: (not found.path.endswith("conftest.py"), found.path.count("/"), found.path)
    )
    for found in ordered:
        above = [other for other in files if _governs(other.path, found.path)]
        overrides = found.overrides or any(other.overrides for other in above)
        entered = found.entered or any(other.entered for other in above)
        covered = any(other.path in helped for other in above)
        wanted = (found.bare and not overrides) or (found.direct and not entered and not (overrides and not found.bare))
        if ((wanted or found.outside) and not covered) or found.moved:
            found.mixed = (found.bare or bool(found.outside)) and (
                entered or any(other.entered for other in files if _governs(found.path, other.path))
            )
            _reject_wide(found)
            open_database(conversion, found, tables)
            helped.add(found.path)


def _find_outside(conversion: Conversion, files: Sequence[TestFile]) -> None:
    """Tests and fixtures that use the database beside a client that is entered elsewhere, not within it."""
    for found in files:
        above = [other for other in files if _governs(other.path, found.path)]
        around = [other for other in (found, *above) if other.entered]
        if not around or found.lifespans or not found.direct or is_unittest(conversion, found):
            continue
        entering = entering_fixtures([other.reach for other in (found, *above)])
        if not any(entering & other.reach.own for other in (found, *above)):
            found.outside = found.reach.outside(entering)


def _reject_wide(found: TestFile) -> None:
    """A fixture that outlives a test cannot use a database that is opened for each."""
    wide = sorted(found.outside & found.reach.wide) if found.mixed else []
    if wide:
        raise Obstacle(
            "entry-point",
            found.path,
            found.tree.span(found.tree.module.body[0]),
            f"the fixture {wide[0]} of {found.path} uses the database for longer than a client has it open",
        )


def _governs(conftest: str, path: str) -> bool:
    """True if ``conftest`` is a conftest that pytest loads for ``path``."""
    if not conftest.endswith("conftest.py") or conftest == path:
        return False
    folder = conftest.rpartition("/")[0]
    return not folder or path.startswith(folder + "/")


def _read(conversion: Conversion, path: str, importers: Importers, dependencies: Collection[str]) -> TestFile:
    tree = conversion.shelf.tree(path)
    found = TestFile(path, tree)
    clients: list[cst.Call] = []
    for call in calls(tree):
        name = (dotted_name(call.func) or "").rpartition(".")[2]
        if name in ENTERED:
            found.entered = found.lifespans = True
        if name in CLIENTS and _is_our_application(conversion, path, call):
            if _is_entered(tree, call):
                found.entered = True
                clients.append(call)
            else:
                found.bare = True
    if any(isinstance(node, cst.Attribute) and node.attr.value in ENTERED for node in tree.walk()):
        found.entered = found.lifespans = True
    found.reach = read_reach(conversion, path, tree, clients)
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
