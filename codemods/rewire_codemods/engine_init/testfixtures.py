"""The fixture that opens the database for a test module, or unittest's functions that do."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import libcst as cst

from rewire_codemods.applications.obstacle import Obstacle
from rewire_codemods.applications.reach import loaded_by
from rewire_codemods.applications.reading import identifiers
from rewire_codemods.engine_init.generating import closes_asynchronously, makes_asynchronously
from rewire_codemods.engine_init.places import lead_offset, spaced
from rewire_codemods.engine_init.style import Style, read_style
from rewire_codemods.engine_init.testreach import Reach
from rewire_codemods.engine_init.wiring import import_functions

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from rewire.codemod.cst import Tree
    from rewire_codemods.engine_init.conversion import Conversion
    from rewire_codemods.engine_init.definition import TableCall


@dataclass(slots=True)
class TestFile:
    """One test module: does a client stay un-entered, is one entered, is the dependency overridden.

    ``mixed``: of the clients that its fixture serves some are entered, and each of those closes the database.
    ``outside``: its tests and fixtures that use the database where no entered client is open. ``lifespans``: it runs
    the lifespan by other means than a client.
    """

    path: str
    tree: Tree
    bare: bool = False
    entered: bool = False
    overrides: bool = False
    direct: bool = False
    mixed: bool = False
    lifespans: bool = False
    reach: Reach = field(default_factory=Reach)
    outside: set[str] = field(default_factory=set)
    moved: list[tuple[cst.BaseStatement, str]] = field(default_factory=list)


def open_database(conversion: Conversion, found: TestFile, tables: Sequence[TableCall]) -> None:
    """Write the fixture into one test module. Raises Obstacle where it does not fit in."""
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


def _fixture(conversion: Conversion, found: TestFile, style: Style, opening: Sequence[str], closing: str) -> str:
    step = style.indent
    document = style.document("Open the database: nothing in this module runs the application's lifespan.")
    if is_unittest(conversion, found):
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
    name = _fixture_name(found, taken)
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


def _fixture_name(found: TestFile, taken: Collection[str]) -> str:
    """A name before those of the file's other fixtures that nobody asks for: pytest goes by the alphabet."""
    first = min(found.reach.own, default="~")
    names = ("database", "open_database", "opened_database", "_database", "_a_database")
    name = next((name for name in names if name not in taken and name < first), None)
    if name is None:
        raise Obstacle(
            "entry-point",
            found.path,
            found.tree.span(found.tree.module.body[0]),
            f"the fixture {first} of {found.path} would run before the database is open",
        )
    return name


def _scope(found: TestFile) -> str:
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


def is_unittest(conversion: Conversion, found: TestFile) -> bool:
    """True for a file whose tests are unittest's, which asks for no fixtures."""
    modules = {imported.module.partition(".")[0] for imported in conversion.shelf.project.imports(found.path)}
    return "unittest" in modules and "pytest" not in modules and "TestCase" in found.tree.text


def _need_module(conversion: Conversion, found: TestFile, module: str) -> None:
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
