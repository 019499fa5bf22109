"""Read the module that creates the engine: factories, listeners, tables, dependencies, names already taken."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import libcst as cst

from rewire.codemod.cst import dotted_name
from rewire_codemods.engine_init.creation import Creation, find_creation
from rewire_codemods.engine_init.obstacle import Obstacle
from rewire_codemods.engine_init.reading import (
    Moment,
    Shelf,
    bindings,
    called,
    calls,
    functions,
    moment_of,
    references,
    statement_of,
    top_statement,
)
from rewire_codemods.engine_init.uses import REGISTRIES, Purpose, Use, use_at

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rewire.codemod import Span
    from rewire.codemod.cst import Tree
    from rewire_codemods.engine_init.options import EngineInitOptions


@dataclass(frozen=True, slots=True)
class Factory:
    """A session factory bound to the engine at import: ``bind`` is the argument that goes."""

    name: str
    call: cst.Call
    bind: cst.Arg
    registry: bool


@dataclass(frozen=True, slots=True)
class Listener:
    """A function registered on the engine by decorator."""

    function: cst.FunctionDef
    decorator: cst.Decorator
    call: cst.Call


@dataclass(frozen=True, slots=True)
class TableCall:
    """A create_all that runs at import. ``statement`` is the top-level one that holds it (perhaps a try or an if)."""

    path: str
    call: cst.Call
    statement: cst.BaseStatement

    @property
    def bare(self) -> bool:
        """True if nothing surrounds the call."""
        return isinstance(self.statement, cst.SimpleStatementLine)


@dataclass(frozen=True, slots=True)
class Definition:
    """Everything that the conversion needs to know of the engine's module.

    ``registries`` are scoped sessions to be removed on close: name and whether ``remove`` is awaited. ``moved`` are
    the statements at import that go into init_db (``event.listen``), ``configures`` the calls that lose their bind.
    ``table_maker`` is a function of the owner's that becomes create_tables; ``closer`` one that is close_db already.
    """

    path: str
    tree: Tree
    creation: Creation
    factories: tuple[Factory, ...]
    registries: tuple[tuple[str, bool], ...]
    listeners: tuple[Listener, ...]
    moved: tuple[cst.BaseStatement, ...]
    configures: tuple[cst.Call, ...]
    tables: tuple[TableCall, ...]
    dependencies: tuple[cst.FunctionDef, ...]
    table_maker: cst.FunctionDef | None
    closer: cst.FunctionDef | None

    @property
    def engine(self) -> str:
        """The engine's name."""
        return self.creation.name

    @property
    def asynchronous(self) -> bool:
        """True for create_async_engine."""
        return self.creation.asynchronous

    @property
    def bound(self) -> tuple[str, ...]:
        """The factories that init_db binds to the engine."""
        configured = (dotted_name(call.func.value) for call in self.configures if isinstance(call.func, cst.Attribute))
        return tuple(dict.fromkeys([*(entry.name for entry in self.factories), *(name for name in configured if name)]))

    @property
    def factory_names(self) -> tuple[str, ...]:
        """Every name that opens a session when called."""
        return tuple(dict.fromkeys([*self.bound, *(name for name, _ in self.registries)]))


def read_definition(shelf: Shelf, path: str, options: EngineInitOptions) -> Definition | None:
    """The module's engine and all that hangs on it; None if it has none. Raises Obstacle."""
    tree = shelf.tree(path)
    creation = find_creation(tree, path)
    if creation is None:
        return None
    made = tree.span(creation.statement)
    uses = [use_at(tree, path, node) for node in references(tree, creation.name) if not made.contains(tree.span(node))]
    now = [use for use in uses if use.moment in (Moment.IMPORT, Moment.DEFAULT)]
    inside = [use_at(tree, path, node) for node in references(tree, creation.name) if made.contains(tree.span(node))]
    _reject_in_arms(tree, path, inside)
    sorted_uses = {purpose: [use for use in now if use.purpose is purpose] for purpose in Purpose}
    reject_import_uses(tree, now)
    factories = tuple(read_factory(tree, path, use) for use in sorted_uses[Purpose.FACTORY])
    configures = tuple(_configure(tree, path, use) for use in sorted_uses[Purpose.CONFIGURE])
    bound = [entry.name for entry in factories]
    bound += [dotted_name(call.func.value) or "" for call in configures if isinstance(call.func, cst.Attribute)]
    registries = _registries(tree, bound)
    names = tuple(dict.fromkeys([*bound, *(name for name, _ in registries)]))
    reject_sessions(tree, path, names)
    return Definition(
        path=path,
        tree=tree,
        creation=creation,
        factories=factories,
        registries=registries,
        listeners=tuple(_listener(tree, path, use) for use in sorted_uses[Purpose.LISTENER]),
        moved=tuple(_own_line(tree, path, use) for use in sorted_uses[Purpose.LISTEN]),
        configures=configures,
        tables=tuple(table_call(tree, use) for use in sorted_uses[Purpose.TABLES]),
        dependencies=find_dependencies(tree, creation.name, names, options),
        table_maker=_table_maker(tree, path, options),
        closer=_closer(tree, path, creation.name, options),
    )


def _reject_in_arms(tree: Tree, path: str, uses: Sequence[Use]) -> None:
    """Inside the ``if`` that creates it the engine may get listeners; a factory there would become a local name."""
    for use in uses:
        if use.moment is Moment.IMPORT and use.purpose not in (Purpose.LISTENER, Purpose.LISTEN):
            raise Obstacle(
                "engine-shape",
                path,
                tree.span(use.node),
                f"{path}:{tree.line(use.node)} uses the engine inside the if that creates it",
            )


def reject_import_uses(tree: Tree, uses: Sequence[Use]) -> None:
    """Raise Obstacle for a use at import that cannot be moved into the init functions."""
    codes = {
        Purpose.REFLECTION: ("reflection-at-import", "reflects tables at import"),
        Purpose.SESSION: ("session-at-import", "opens a session or a connection at import"),
        Purpose.DROP: ("engine-used-at-import", "drops tables at import"),
        Purpose.OTHER: ("engine-used-at-import", "uses the engine at import"),
    }
    for use in uses:
        place = f"{use.path}:{tree.line(use.node)}"
        if use.moment is Moment.DEFAULT:
            raise Obstacle(
                "engine-as-default", use.path, tree.span(use.node), f"{place} has the engine as a default argument"
            )
        if use.purpose in codes:
            code, what = codes[use.purpose]
            raise Obstacle(code, use.path, tree.span(use.node), f"{place} {what}")


def read_factory(tree: Tree, path: str, use: Use) -> Factory:
    """The factory that a use at import builds; Obstacle unless it is the value of one plain assignment."""
    assert use.call is not None
    call: cst.CSTNode = use.call
    parent = tree.parent(call)
    registry = False
    if isinstance(parent, cst.Arg) and isinstance(outer := tree.parent(parent), cst.Call):
        if called(tree, outer).rpartition(".")[2] not in REGISTRIES:
            raise _factory_shape(tree, path, use)
        registry = True
        call, parent = outer, tree.parent(outer)
    target = _assigned_name(tree, parent)
    if target is None:
        raise _factory_shape(tree, path, use)
    for node in bindings(tree, target):
        if tree.span(statement_of(tree, node)) != tree.span(statement_of(tree, use.call)):
            raise Obstacle(
                "engine-rebound", path, tree.span(node), f"{target} is bound again at {path}:{tree.line(node)}"
            )
    bind = next(arg for arg in use.call.args if any(node is use.node for node in tree.walk(arg)))
    return Factory(target, use.call, bind, registry)


def _factory_shape(tree: Tree, path: str, use: Use) -> Obstacle:
    line = tree.line(use.node)
    return Obstacle(
        "engine-shape", path, tree.span(use.node), f"the factory at {path}:{line} is not the value of one assignment"
    )


def _assigned_name(tree: Tree, parent: cst.CSTNode | None) -> str | None:
    """The one module-level name that an assignment at the module's own level binds."""
    target: cst.BaseExpression | None = None
    if isinstance(parent, cst.Assign) and len(parent.targets) == 1:
        target = parent.targets[0].target
    elif isinstance(parent, cst.AnnAssign):
        target = parent.target
    if not isinstance(target, cst.Name) or parent is None:
        return None
    line = tree.parent(parent)
    return target.value if line is not None and isinstance(tree.parent(line), cst.Module) else None


def _configure(tree: Tree, path: str, use: Use) -> cst.Call:
    """``SessionLocal.configure(bind=engine)`` in a statement of its own."""
    _own_line(tree, path, use)
    assert use.call is not None
    owner = dotted_name(use.call.func.value) if isinstance(use.call.func, cst.Attribute) else None
    if owner is None or "." in owner:
        raise _factory_shape(tree, path, use)
    return use.call


def _registries(tree: Tree, names: Sequence[str]) -> tuple[tuple[str, bool], ...]:
    """Scoped sessions over a factory: name, and whether its ``remove`` is a coroutine."""
    found = []
    for call in calls(tree):
        last = called(tree, call).rpartition(".")[2]
        if last not in REGISTRIES or moment_of(tree, call) is not Moment.IMPORT:
            continue
        target = _assigned_name(tree, tree.parent(call))
        inner = call.args[0].value if call.args else None
        if target is None or not (isinstance(inner, cst.Call) or dotted_name(inner) in names):
            continue
        if isinstance(inner, cst.Call) and target not in names:
            continue
        found.append((target, last == "async_scoped_session"))
    return tuple(found)


def reject_sessions(tree: Tree, path: str, names: Sequence[str]) -> None:
    """Raise Obstacle where a factory is called while the module is imported."""
    for name in names:
        for node in references(tree, name):
            if moment_of(tree, node) is not Moment.IMPORT:
                continue
            parent = tree.parent(node)
            opened = isinstance(parent, cst.Call) and parent.func is node
            if isinstance(parent, cst.Attribute) and parent.value is node:
                opened = parent.attr.value in ("begin", "query", "execute", "scalars", "add", "commit")
            if opened:
                raise Obstacle(
                    "session-at-import",
                    path,
                    tree.span(node),
                    f"{path}:{tree.line(node)} opens a session with {name} at import",
                )


def _listener(tree: Tree, path: str, use: Use) -> Listener:
    assert use.call is not None
    decorator = tree.parent(use.call)
    function = tree.parent(decorator) if decorator is not None else None
    if (
        not isinstance(decorator, cst.Decorator)
        or not isinstance(function, cst.FunctionDef)
        or not isinstance(tree.parent(function), cst.Module)
        or len(bindings(tree, function.name.value)) != 1
    ):
        raise Obstacle(
            "engine-shape",
            path,
            tree.span(use.node),
            f"the listener at {path}:{tree.line(use.node)} is not a function of the module with a name of its own",
        )
    return Listener(function, decorator, use.call)


def _own_line(tree: Tree, path: str, use: Use) -> cst.BaseStatement:
    statement = top_statement(tree, use.node)
    if isinstance(statement, cst.SimpleStatementLine) and len(statement.body) == 1 and use.call is not None:
        expression = tree.parent(use.call)
        outer = tree.parent(expression) if isinstance(expression, cst.Call) else expression
        if isinstance(expression, cst.Expr) or isinstance(outer, cst.Expr):
            return statement
    raise Obstacle(
        "engine-used-at-import",
        path,
        tree.span(use.node),
        f"{path}:{tree.line(use.node)} hands the engine on at import, in a statement that cannot be moved",
    )


def table_call(tree: Tree, use: Use) -> TableCall:
    """The create_all at import that ``use`` is an argument of. Raises Obstacle for arguments that cannot move."""
    assert use.call is not None
    statement = top_statement(tree, use.node)
    span = tree.span(use.call)
    place = f"{use.path}:{tree.line(use.node)}"
    for arg in use.call.args:
        plain = isinstance(arg.value, cst.Name) and arg.value.value in ("True", "False")
        if not plain and not any(node is use.node for node in tree.walk(arg)):
            raise Obstacle("create-all-shape", use.path, span, f"create_all at {place} has further arguments")
    if not isinstance(statement, (cst.SimpleStatementLine, cst.Try, cst.If)):
        raise Obstacle("create-all-shape", use.path, span, f"create_all at {place} stands inside another statement")
    if not isinstance(tree.parent(use.call), cst.Expr):
        raise Obstacle("create-all-shape", use.path, span, f"the result of create_all at {place} is used")
    if isinstance(statement, cst.SimpleStatementLine) and len(statement.body) > 1:
        raise Obstacle("create-all-shape", use.path, span, f"create_all at {place} shares its line")
    return TableCall(use.path, use.call, statement)


def find_dependencies(
    tree: Tree, engine: str | None, factories: Sequence[str], options: EngineInitOptions
) -> tuple[cst.FunctionDef, ...]:
    """Generators of the module's own level that open a session: ``get_db`` and its like.

    ``engine`` is the engine's name in this module (None where a session comes from a factory only).
    """
    found = []
    for name, node in functions(tree).items():
        if options.get_db and name != options.get_db:
            continue
        if not isinstance(node.body, cst.IndentedBlock) or not _yields(tree, node) or _is_managed(node):
            continue
        if _mentions(tree, node, engine, factories):
            found.append(node)
    return tuple(found)


def _is_managed(node: cst.FunctionDef) -> bool:
    """True for a lifespan or a fixture, which run at their own time."""
    for decorator in node.decorators:
        target = decorator.decorator.func if isinstance(decorator.decorator, cst.Call) else decorator.decorator
        name = (dotted_name(target) or "").rpartition(".")[2]
        one = len(node.params.params) == 1 and node.params.params[0].default is None
        if name == "fixture" or (name == "asynccontextmanager" and one):
            return True
    return False


def _yields(tree: Tree, node: cst.FunctionDef) -> bool:
    return any(
        isinstance(found, cst.Yield) and tree.enclosing(found, cst.FunctionDef, cst.Lambda) is node
        for found in tree.walk(node)
    )


def _mentions(tree: Tree, node: cst.FunctionDef, engine: str | None, factories: Sequence[str]) -> bool:
    """True if the function's body speaks of the engine or a factory."""
    wanted = {engine, *factories} - {None}
    for found in tree.walk(node.body):
        if isinstance(found, (cst.Name, cst.Attribute)) and dotted_name(found) in wanted:
            above = tree.parent(found)
            if not (isinstance(above, cst.Attribute) and above.attr is found):
                return True
    return False


def creates_tables(tree: Tree, node: cst.FunctionDef) -> bool:
    """True for a function without parameters whose body calls (or hands on) a create_all."""
    params = node.params
    if params.params or params.kwonly_params or params.posonly_params or params.star_kwarg:
        return False
    if isinstance(params.star_arg, cst.Param):
        return False
    return any(isinstance(found, cst.Attribute) and found.attr.value == "create_all" for found in tree.walk(node.body))


def _table_maker(tree: Tree, path: str, options: EngineInitOptions) -> cst.FunctionDef | None:
    """A function of the owner's that becomes create_tables; Obstacle where the names mean something else."""
    found = None
    for name in (options.create_tables, options.init_db):
        nodes = bindings(tree, name)
        if not nodes:
            continue
        node = nodes[0]
        plain = len(nodes) == 1 and isinstance(node, cst.FunctionDef) and isinstance(tree.parent(node), cst.Module)
        if found is not None or not plain or not creates_tables(tree, node):  # type: ignore[arg-type]
            line = tree.line(node)
            raise Obstacle("name-taken", path, _name_span(tree, node), f"{name} at {path}:{line} is something else")
        found = node
    assert found is None or isinstance(found, cst.FunctionDef)
    return found


def _closer(tree: Tree, path: str, engine: str, options: EngineInitOptions) -> cst.FunctionDef | None:
    """A close_db of the owner's that does nothing but dispose of the engine; Obstacle if it is something else."""
    nodes = bindings(tree, options.close_db)
    if not nodes:
        return None
    node = nodes[0]
    if len(nodes) == 1 and isinstance(node, cst.FunctionDef) and isinstance(node.body, cst.IndentedBlock):
        disposes = [
            found
            for found in tree.walk(node.body)
            if isinstance(found, cst.Call) and dotted_name(found.func) == f"{engine}.dispose"
        ]
        simple = all(isinstance(found, cst.SimpleStatementLine) for found in node.body.body)
        bare = not any(isinstance(found, (cst.Param, cst.Return)) for found in tree.walk(node))
        if disposes and simple and bare:
            return node
    raise Obstacle(
        "name-taken",
        path,
        _name_span(tree, node),
        f"{options.close_db} at {path}:{tree.line(node)} is something else",
    )


def _name_span(tree: Tree, node: cst.CSTNode) -> Span:
    return tree.span(node.name) if isinstance(node, (cst.FunctionDef, cst.ClassDef)) else tree.span(node)
