"""What is started without the application's lifespan: scripts, migration environments, console commands, workers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import libcst as cst

from rewire.codemod import Span
from rewire.codemod.cst import dotted_name
from rewire_codemods.applications.obstacle import Obstacle
from rewire_codemods.applications.reach import entry_path
from rewire_codemods.applications.reading import Moment, calls, functions, main_guard, moment_of, top_statement
from rewire_codemods.engine_init.places import body_start, indent_of, lead_offset
from rewire_codemods.engine_init.processes import threads_at_import
from rewire_codemods.engine_init.roles import is_environment, is_migration, is_test
from rewire_codemods.engine_init.style import read_style
from rewire_codemods.engine_init.touching import calls_at_import, handed_at_import, mentioned
from rewire_codemods.engine_init.wiring import import_functions

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from rewire.codemod.cst import Tree
    from rewire_codemods.engine_init.conversion import Conversion
    from rewire_codemods.engine_init.importers import Importers
    from rewire_codemods.engine_init.touching import Broadly

SERVERS = ("uvicorn.run", "hypercorn.run", "serve", "uvicorn.Server", "pytest.main", "unittest.main")

_REGISTERS = frozenset({"add_typer", "add_command", "add_api_route", "add_route", "include_router", "mount"})


@dataclass(slots=True)
class Entries:
    """Files that are started on their own and never imported, by kind; guards may also stand in imported modules."""

    environments: list[str] = field(default_factory=list)
    scripts: list[str] = field(default_factory=list)
    guards: list[str] = field(default_factory=list)
    tests: list[str] = field(default_factory=list)
    commands: list[tuple[str, str]] = field(default_factory=list)

    @property
    def alone(self) -> frozenset[str]:
        """Files whose code at import may use the engine, because init_db can stand before it."""
        return frozenset([*self.environments, *self.scripts, *self.tests])


def find_entries(conversion: Conversion, users: Collection[str]) -> Entries:
    """Sort the files that reach the engine by how they are started."""
    project, served = conversion.shelf.project, conversion.served
    answer = Entries()
    for path in sorted(users):
        source = project.source(path)
        if source is None or is_migration(path):
            continue
        if is_environment(path, source.text):
            answer.environments.append(path)
        elif is_test(path):
            answer.tests.append(path)
        else:
            if "__main__" in source.text and main_guard(conversion.shelf.tree(path)) is not None:
                answer.guards.append(path)
            if path not in served and not project.importers_of(path) and path != conversion.path:
                answer.scripts.append(path)
    answer.commands = _commands(conversion, users)
    return answer


def _commands(conversion: Conversion, users: Collection[str]) -> list[tuple[str, str]]:
    """Functions that a console command or a start file calls: file and name."""
    found = []
    for launch in conversion.shelf.project.launches:
        if launch.role in ("server", "worker", "test") or not launch.attribute:
            continue
        path = entry_path(conversion.shelf.project, launch)
        if path in users and path is not None:
            found.append((path, launch.attribute))
    return sorted(set(found))


def wire_entries(conversion: Conversion, entries: Entries, importers: Importers, hot: Broadly) -> None:
    """Give each entry point an init_db of its own, before anything in it uses the database."""
    for path in entries.environments:
        _wire_environment(conversion, path, importers)
    for path in entries.scripts:
        _wire_script(conversion, path, importers, hot)
    commands = {entry for entry in entries.commands if _opens_in_command(conversion, *entry, hot)}
    for path in entries.guards:
        if not _only_calls(conversion, path, commands):
            _wire_guard(conversion, path, hot)
    for path, name in sorted(commands):
        _wire_command(conversion, path, name)


def _wire_environment(conversion: Conversion, path: str, importers: Importers) -> None:
    """Before the migrations run, if the environment uses the engine or opens sessions."""
    tree = conversion.shelf.tree(path)
    places = {(conversion.path, conversion.definition.engine), *conversion.factories}
    if not mentioned(conversion, path, tree, tree.module) & places:
        return
    early = [top_statement(tree, use.node) for use in importers.early.get(path, ())]
    runs = [
        top_statement(tree, call)
        for call in calls(tree)
        if "run_migrations" in (dotted_name(call.func) or "") and moment_of(tree, call) is not Moment.LATER
    ]
    candidates = [node for node in (*early, *runs) if isinstance(node, cst.BaseStatement)]
    if not candidates:
        raise Obstacle("entry-point", path, Span(0, 0), f"{path} does not say where its migrations run")
    _insert_before(conversion, path, min(candidates, key=lambda node: tree.span(node).start))


def opened_by_themselves(
    conversion: Conversion, entries: Entries, importers: Importers, hot: Broadly
) -> frozenset[str]:
    """The scripts that ``wire_entries`` gives an init_db of their own."""
    scripts = [path for path in entries.scripts if _touching_statements(conversion, path, importers, hot)]
    return frozenset([*scripts, *(path for path in entries.guards if _opens_in_guard(conversion, path, hot))])


def _wire_script(conversion: Conversion, path: str, importers: Importers, hot: Broadly) -> None:
    """A script without a guard: init_db stands before its first statement that touches the database."""
    statements = _touching_statements(conversion, path, importers, hot)
    if statements:
        tree = conversion.shelf.tree(path)
        _insert_before(conversion, path, min(statements, key=lambda node: tree.span(node).start))


def _touching_statements(
    conversion: Conversion, path: str, importers: Importers, hot: Broadly
) -> list[cst.BaseStatement]:
    """The statements of a script's own level that touch the database when it runs."""
    tree = conversion.shelf.tree(path)
    nodes: list[cst.CSTNode] = [use.node for use in importers.early.get(path, ())]
    guarded = _opens_in_guard(conversion, path, hot)
    called = calls_at_import(conversion, path, hot.places if guarded else hot.served, methods=True)
    if not guarded:
        called += handed_at_import(conversion, path, hot.places)
    nodes += [call for call in called if not _registers(tree, call)]
    nodes += threads_at_import(conversion, path, hot.places)
    tops = [top_statement(tree, node) for node in nodes]
    return [node for node in tops if isinstance(node, cst.BaseStatement)]


def _opening(conversion: Conversion, path: str, indent: str) -> str:
    """The call of init_db; in a Streamlit script, which runs again and again in one process, only the first time."""
    modules = {imported.module.partition(".")[0] for imported in conversion.shelf.project.imports(path)}
    call = f"{conversion.options.init_db}()"
    if "streamlit" not in modules:
        return f"{indent}{call}\n"
    step = read_style(conversion.shelf.tree(path)).indent
    return f"{indent}if {conversion.engine_in(path)} is None:\n{indent}{step}{call}\n"


def _registers(tree: Tree, call: cst.Call) -> bool:
    """True for a call that only registers a command or a route: a decorator, ``cli.add_typer(...)``."""
    method = call.func.attr.value if isinstance(call.func, cst.Attribute) else ""
    return isinstance(tree.parent(call), cst.Decorator) or method in _REGISTERS


def _insert_before(conversion: Conversion, path: str, statement: cst.BaseStatement) -> None:
    tree = conversion.shelf.tree(path)
    offset = lead_offset(tree, statement)
    import_functions(conversion, path, [conversion.options.init_db], tree.span(statement).start)
    text = _opening(conversion, path, "")
    rest = "" if tree.text[offset:].startswith(("\n", "\r")) else "\n"
    lead = "\n" if offset and not tree.text[:offset].endswith(("\n\n", "\r\n\r\n")) else ""
    conversion.edits.insert(path, offset, lead + text + rest, "open the database in the script", counted=True)
    conversion.wired.append(path)


def _wire_guard(conversion: Conversion, path: str, hot: Broadly) -> None:
    if not _opens_in_guard(conversion, path, hot):
        return
    tree = conversion.shelf.tree(path)
    guard = main_guard(tree)
    assert guard is not None
    import_functions(conversion, path, [conversion.options.init_db])
    call = f"{conversion.options.init_db}()"
    summary = "open the database in the script"
    conversion.wired.append(path)
    if isinstance(guard.body, cst.IndentedBlock):
        first = guard.body.body[0]
        assert isinstance(first, cst.BaseStatement)
        offset = lead_offset(tree, first)
        text = _opening(conversion, path, indent_of(tree, first))
        conversion.edits.insert(path, offset, text, summary, counted=True)
        return
    step = tree.module.default_indent
    head = tree.text[tree.span(guard).start : tree.span(guard.body.body[0]).start].rstrip()
    body = "; ".join(tree.code(small) for small in guard.body.body)
    conversion.edits.statement(path, guard, f"{head}\n{step}{call}\n{step}{body}", summary, counted=True)


def _opens_in_guard(conversion: Conversion, path: str, hot: Broadly) -> bool:
    """True if what the main guard runs uses the engine and is no server."""
    tree = conversion.shelf.tree(path)
    guard = main_guard(tree)
    return guard is not None and not _serves(tree, guard) and _reaches(conversion, path, guard.body, hot)


def _serves(tree: Tree, guard: cst.If) -> bool:
    """True for a guard that starts a server (which runs the lifespan) or the tests."""
    return _runs_a_server(tree, guard.body)


def _runs_a_server(tree: Tree, body: cst.BaseSuite) -> bool:
    own = functions(tree)
    nodes: list[cst.CSTNode] = [body]
    nodes += [
        own[call.func.value].body
        for call in calls(tree, body)
        if isinstance(call.func, cst.Name) and call.func.value in own
    ]
    return any(_named(call, SERVERS) for node in nodes for call in calls(tree, node))


def _named(call: cst.Call, names: Iterable[str]) -> bool:
    return (dotted_name(call.func) or "") in names


def _reaches(conversion: Conversion, path: str, node: cst.CSTNode, hot: Broadly) -> bool:
    return bool(mentioned(conversion, path, conversion.shelf.tree(path), node) & hot.served)


def _opens_in_command(conversion: Conversion, path: str, name: str, hot: Broadly) -> bool:
    """True if what a command calls uses the engine, itself or by the commands of its group, and is no server."""
    tree = conversion.shelf.tree(path)
    function = functions(tree).get(name)
    broadly = (path, name) in hot.served and function is not None and not _runs_a_server(tree, function.body)
    return (path, name) in hot.places or broadly


def _only_calls(conversion: Conversion, path: str, commands: Collection[tuple[str, str]]) -> bool:
    """True for a main guard that does nothing but call one of ``commands``, which opens the database itself."""
    guard = main_guard(conversion.shelf.tree(path))
    body = guard.body.body if guard is not None else ()
    line = body[0] if len(body) == 1 else None
    small = line.body[0] if isinstance(line, cst.SimpleStatementLine) and len(line.body) == 1 else line
    called = small.value if isinstance(small, cst.Expr) else None
    return isinstance(called, cst.Call) and (path, dotted_name(called.func) or "") in commands


def _wire_command(conversion: Conversion, path: str, name: str) -> None:
    tree = conversion.shelf.tree(path)
    function = functions(tree).get(name)
    if function is None or not isinstance(function.body, cst.IndentedBlock):
        raise Obstacle("entry-point", path, Span(0, 0), f"the console command {path}:{name} is not a plain function")
    import_functions(conversion, path, [conversion.options.init_db])
    offset, indent = body_start(tree, function)
    text = f"{indent}{conversion.options.init_db}()\n"
    conversion.edits.insert(path, offset, text, "open the database in the command", counted=True)
    conversion.wired.append(path)
