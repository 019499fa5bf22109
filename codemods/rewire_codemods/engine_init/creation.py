"""Where a module creates an engine at import, and in what shape: an assignment, an if with arms, inside a factory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import libcst as cst

from rewire_codemods.applications.obstacle import Obstacle
from rewire_codemods.applications.reading import (
    Moment,
    bindings,
    called,
    calls,
    identifiers,
    moment_of,
    top_statement,
)
from rewire_codemods.engine_init.arms import check_arms, is_none
from rewire_codemods.engine_init.makers import maker_of
from rewire_codemods.engine_init.uses import CONNECTIONS, FACTORIES, SESSIONS

if TYPE_CHECKING:
    from rewire.codemod import Span
    from rewire.codemod.cst import Tree
    from rewire_codemods.engine_init.makers import Makers

_WRAPPERS = frozenset({"AsyncEngine"})
"""SQLAlchemy's classes that make an asynchronous engine of a plain one."""


@dataclass(frozen=True, slots=True)
class Made:
    """One call that makes an engine; ``url`` is its URL argument, None where it has none in plain sight.

    ``takes_options``: it takes every argument that SQLAlchemy's own maker takes.
    """

    call: cst.Call
    url: cst.Arg | None
    asynchronous: bool
    takes_options: bool


@dataclass(frozen=True, slots=True)
class Creation:
    """The statement of the module's body that creates the engine ``name``.

    ``makers`` are the calls in it: two or more in the arms of an ``if`` or a conditional expression. ``factory`` is
    the call of a session factory that the engine is made for in place; the engine has no name of its own then, and
    ``name`` is a new one.
    """

    name: str
    statement: cst.BaseStatement
    makers: tuple[Made, ...]
    asynchronous: bool
    factory: cst.Call | None = None

    @property
    def branches(self) -> bool:
        """True if the statement is an ``if``."""
        return isinstance(self.statement, cst.If)


def made_at_import(makers: Makers) -> list[cst.Call]:
    """The calls that make an engine while the module is imported, directly or through makers of the project's."""
    return [
        calling.node
        for calling in makers.callings.found
        if calling.moment is Moment.IMPORT and isinstance(calling.node, cst.Call) and makers.makes(calling.node)
    ]


def find_creation(makers: Makers, path: str) -> Creation | None:
    """The module's engine; None if it creates none at import. Raises Obstacle for a shape that cannot be moved."""
    tree = makers.tree
    made = made_at_import(makers)
    if not made:
        return None
    statements = {id(top): top for top in (top_statement(tree, call) for call in made)}
    names: set[str | None] = set()
    for call in made:
        _reject_default(tree, path, call)
        _reject_surroundings(makers, path, call)
        names.add(None if _factory_around(tree, call) is not None else _target(tree, path, call))
    if len(names) > 1 or len(statements) > 1:
        what = ", ".join(sorted(name or "one inside a session factory" for name in names))
        raise Obstacle("two-engines", path, tree.span(made[-1]), f"{path} creates more than one engine: {what}")
    statement = next(iter(statements.values()))
    assert isinstance(statement, cst.BaseStatement)
    (name,) = names
    if name is None:
        return _in_factory(makers, path, statement, made)
    if isinstance(statement, cst.If):
        check_arms(tree, path, statement, name)
    _reject_rebinding(tree, path, name, statement)
    entries = tuple(_made(makers, call) for call in made)
    return Creation(name, statement, entries, any(entry.asynchronous for entry in entries))


def _made(makers: Makers, call: cst.Call) -> Made:
    tree = makers.tree
    url, asynchronous = maker_of(makers, call)
    outer = tree.parent(tree.parent(call)) if isinstance(tree.parent(call), cst.Arg) else None  # type: ignore[arg-type]
    wrapped = isinstance(outer, cst.Call) and called(tree, outer).rpartition(".")[2] in _WRAPPERS
    return Made(call, url, asynchronous or wrapped, makers.takes_options(call))


def _factory_around(tree: Tree, call: cst.Call) -> cst.Call | None:
    """The session factory that an engine is made for in place: ``sessionmaker(bind=create_engine(...))``."""
    arg = tree.parent(call)
    outer = tree.parent(arg) if isinstance(arg, cst.Arg) else None
    if not isinstance(outer, cst.Call) or called(tree, outer).rpartition(".")[2] not in FACTORIES:
        return None
    assert isinstance(arg, cst.Arg)
    first = arg.keyword is None and not arg.star and outer.args[0] is arg
    return outer if first or (arg.keyword is not None and arg.keyword.value == "bind") else None


def _in_factory(makers: Makers, path: str, statement: cst.BaseStatement, made: list[cst.Call]) -> Creation:
    tree = makers.tree
    (call, *more) = made
    factory = _factory_around(tree, call)
    if more or not isinstance(statement, cst.SimpleStatementLine) or len(statement.body) != 1:
        raise Obstacle(
            "engine-shape",
            path,
            tree.span(call),
            f"the session factory at {path}:{tree.line(call)} is not the value of one plain assignment",
        )
    taken = identifiers(tree)
    name = next(name for name in ("engine", "database_engine", "engine_of_sessions") if name not in taken)
    entry = _made(makers, call)
    return Creation(name, statement, (entry,), entry.asynchronous, factory)


def _reject_default(tree: Tree, path: str, call: cst.Call) -> None:
    if moment_of(tree, call) is Moment.DEFAULT:
        raise Obstacle(
            "engine-as-default",
            path,
            tree.span(call),
            f"{path}:{tree.line(call)} makes an engine as a default argument",
        )


def _reject_surroundings(makers: Makers, path: str, call: cst.Call) -> None:
    """An engine made in a try, a loop, a with or a class body cannot be moved without changing what it means."""
    tree = makers.tree
    span = tree.span(call)
    if any(isinstance(above, (cst.While, cst.For)) for above in tree.ancestors(call)):
        raise Obstacle("retry-loop", path, span, f"the engine at {path}:{tree.line(call)} is made inside a loop")
    for above in tree.ancestors(call):
        if isinstance(above, (cst.Try, cst.TryStar)):
            falls_back = any(
                makers.makes(other) for handler in above.handlers for other in calls(tree, handler)
            ) or any(_assigns(tree, handler, call) for handler in above.handlers)
            why = "falls back when it fails" if falls_back else "stands inside a try"
            raise Obstacle("fallback-engine", path, span, f"the engine at {path}:{tree.line(call)} {why}")
        if isinstance(above, cst.ClassDef):
            raise Obstacle(
                "engine-in-object",
                path,
                span,
                f"the engine at {path}:{tree.line(call)} is an attribute of the class {above.name.value}",
            )
        if isinstance(above, cst.With):
            raise Obstacle("engine-shape", path, span, f"the engine at {path}:{tree.line(call)} is made inside a with")


def _assigns(tree: Tree, handler: cst.CSTNode, call: cst.Call) -> bool:
    parent = tree.parent(call)
    if not isinstance(parent, cst.Assign) or not isinstance(parent.targets[0].target, cst.Name):
        return False
    name = parent.targets[0].target.value
    return any(
        isinstance(node, cst.AssignTarget) and isinstance(node.target, cst.Name) and node.target.value == name
        for node in tree.walk(handler)
    )


def _target(tree: Tree, path: str, call: cst.Call) -> str:
    """The module-level name that the call's value is given; Obstacle where there is no such plain assignment."""
    value: cst.CSTNode = call
    parent = tree.parent(value)
    while parent is not None:
        if isinstance(parent, cst.IfExp) and value is not parent.test:
            other = parent.orelse if value is parent.body else parent.body
            if isinstance(other, cst.Name) and other.value == "None":
                raise Obstacle(
                    "engine-optional", path, tree.span(call), f"{path}:{tree.line(call)} makes an engine or None"
                )
            if not isinstance(other, (cst.Call, cst.IfExp)):
                break
        elif not _is_options_call(parent, value) and not _is_wrapped(tree, parent):
            break
        value, parent = parent, tree.parent(parent)
    line = tree.parent(parent) if parent is not None else None
    target: cst.BaseExpression | None = None
    if isinstance(parent, cst.Assign) and len(parent.targets) == 1:
        target = parent.targets[0].target
    elif isinstance(parent, cst.AnnAssign) and parent.value is value:
        target = parent.target
    if _opens(tree, parent):
        raise Obstacle(
            "session-at-import", path, tree.span(call), f"{path}:{tree.line(call)} opens a session or a connection"
        )
    plain = isinstance(line, cst.SimpleStatementLine) and len(line.body) == 1
    if not plain or not isinstance(target, cst.Name):
        raise Obstacle(
            "engine-shape",
            path,
            tree.span(call),
            f"the engine at {path}:{tree.line(call)} is not the value of one plain assignment",
        )
    return target.value


def _is_wrapped(tree: Tree, parent: cst.CSTNode) -> bool:
    """True inside ``AsyncEngine(create_engine(...))``, on the way out of it."""
    call = tree.parent(parent) if isinstance(parent, cst.Arg) else parent
    return isinstance(call, cst.Call) and called(tree, call).rpartition(".")[2] in _WRAPPERS


def _opens(tree: Tree, parent: cst.CSTNode | None) -> bool:
    """True for ``Session(create_engine(...))`` and ``create_engine(...).connect()``."""
    if isinstance(parent, cst.Attribute):
        return parent.attr.value in CONNECTIONS
    call = tree.parent(parent) if isinstance(parent, cst.Arg) else None
    return isinstance(call, cst.Call) and called(tree, call).rpartition(".")[2] in SESSIONS


def _is_options_call(parent: cst.CSTNode, value: cst.CSTNode) -> bool:
    """True inside ``create_engine(...).execution_options(...)``, which is an engine as well."""
    if isinstance(parent, cst.Attribute):
        return parent.value is value and parent.attr.value == "execution_options"
    return isinstance(parent, cst.Call) and parent.func is value and isinstance(value, cst.Attribute)


def _reject_rebinding(tree: Tree, path: str, name: str, statement: cst.BaseStatement) -> None:
    span = tree.span(statement)
    for node in bindings(tree, name):
        place: Span = tree.span(node)
        if span.contains(place):
            continue
        parent = tree.parent(node)
        if isinstance(parent, (cst.Assign, cst.AnnAssign)) and is_none(parent.value):
            raise Obstacle(
                "engine-optional", path, place, f"{name} is None first and an engine later ({path}:{tree.line(node)})"
            )
        raise Obstacle("engine-rebound", path, place, f"{name} is bound again at {path}:{tree.line(node)}")
