"""Where a module creates an engine at import, and in what shape: an assignment, an if with arms, a helper's call."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import libcst as cst

from rewire_codemods.applications.obstacle import Obstacle
from rewire_codemods.applications.reading import (
    Moment,
    argument,
    bindings,
    called,
    calls,
    functions,
    moment_of,
    top_statement,
)
from rewire_codemods.engine_init.arms import check_arms, is_none

if TYPE_CHECKING:
    from rewire.codemod import Span
    from rewire.codemod.cst import Tree

MAKERS = frozenset({"create_engine", "create_async_engine"})
PACKAGES = frozenset({"sqlalchemy", "sqlmodel"})
_ALIAS = re.compile(r"\bcreate_(?:async_)?engine\s+as\s+(\w+)")


@dataclass(frozen=True, slots=True)
class Made:
    """One call that makes an engine; ``url`` is its URL argument, None where it has none in plain sight."""

    call: cst.Call
    url: cst.Arg | None
    asynchronous: bool


@dataclass(frozen=True, slots=True)
class Creation:
    """The statement of the module's body that creates the engine ``name``.

    ``makers`` are the calls in it: two or more in the arms of an ``if`` or a conditional expression.
    """

    name: str
    statement: cst.BaseStatement
    makers: tuple[Made, ...]
    asynchronous: bool

    @property
    def branches(self) -> bool:
        """True if the statement is an ``if``."""
        return isinstance(self.statement, cst.If)


def is_maker(tree: Tree, call: cst.Call) -> bool:
    """True for SQLAlchemy's and SQLModel's create_engine and create_async_engine, however imported."""
    return _is_named(call, _names(tree)) and _is_real(tree, call)


def _names(tree: Tree) -> frozenset[str]:
    """What the makers may be called in a file: their own names and aliases."""
    return MAKERS.union(_ALIAS.findall(tree.text))


def _is_named(call: cst.Call, names: frozenset[str]) -> bool:
    target = call.func
    name = target.attr if isinstance(target, cst.Attribute) else target
    return isinstance(name, cst.Name) and name.value in names


def _is_real(tree: Tree, call: cst.Call) -> bool:
    """Asks the scopes, which cost more than the parse: only for calls that have the name."""
    qualified = called(tree, call)
    return qualified.rpartition(".")[2] in MAKERS and qualified.partition(".")[0] in PACKAGES


def maker_calls(tree: Tree) -> list[cst.Call]:
    """Every call of a file that makes an engine, whenever it runs."""
    names = _names(tree)
    return [call for call in calls(tree) if _is_named(call, names) and _is_real(tree, call)]


def makers_at_import(tree: Tree) -> list[tuple[cst.Call, bool]]:
    """The calls that make an engine while the module is imported, and whether each goes through a helper.

    A helper is a function of the same module that returns what a maker call gives.
    """
    every = list(calls(tree))
    makers = maker_calls(tree)
    holders = [top_statement(tree, call) for call in makers]
    helpers = {node.name.value for node in holders if isinstance(node, cst.FunctionDef) and _returns_engine(tree, node)}
    known = {id(call) for call in makers}
    found = []
    for call in every:
        through = isinstance(call.func, cst.Name) and call.func.value in helpers
        if (through or id(call) in known) and moment_of(tree, call) is Moment.IMPORT:
            found.append((call, through))
    return found


def find_creation(tree: Tree, path: str) -> Creation | None:
    """The module's engine; None if it creates none at import. Raises Obstacle for a shape that cannot be moved."""
    made = makers_at_import(tree)
    if not made:
        return None
    statements = {id(top): top for top in (top_statement(tree, call) for call, _ in made)}
    names = set()
    for call, _ in made:
        _reject_surroundings(tree, path, call)
        names.add(_target(tree, path, call))
    if len(names) > 1 or len(statements) > 1:
        second = made[-1][0]
        raise Obstacle(
            "two-engines", path, tree.span(second), f"{path} creates more than one engine: {', '.join(sorted(names))}"
        )
    (name,) = names
    statement = next(iter(statements.values()))
    assert isinstance(statement, cst.BaseStatement)
    if isinstance(statement, cst.If):
        check_arms(tree, path, statement, name)
    _reject_rebinding(tree, path, name, statement)
    makers = tuple(_made(tree, call, through) for call, through in made)
    return Creation(name, statement, makers, any(entry.asynchronous for entry in makers))


def _made(tree: Tree, call: cst.Call, through: bool) -> Made:
    if not through:
        return Made(call, argument(call, 0, "url"), called(tree, call).endswith("create_async_engine"))
    assert isinstance(call.func, cst.Name)
    helper = functions(tree)[call.func.value]
    inner = next(found for found in calls(tree, helper) if is_maker(tree, found))
    asynchronous = called(tree, inner).endswith("create_async_engine")
    wanted = argument(inner, 0, "url")
    given = None
    if wanted is not None and isinstance(wanted.value, cst.Name):
        names = [param.name.value for param in helper.params.params]
        if wanted.value.value in names:
            given = argument(call, names.index(wanted.value.value), wanted.value.value)
    return Made(call, given, asynchronous)


def _returns_engine(tree: Tree, node: cst.FunctionDef) -> bool:
    """True for a function that makes an engine and hands it back: no generator, no use of a global."""
    made = [call for call in calls(tree, node) if is_maker(tree, call)]
    if not made or node.asynchronous is not None or any(isinstance(found, cst.Global) for found in tree.walk(node)):
        return False
    kept = {
        target.target.value
        for call in made
        if isinstance(parent := tree.parent(call), cst.Assign)
        for target in parent.targets
        if isinstance(target.target, cst.Name)
    }
    for found in tree.walk(node):
        if isinstance(found, cst.Return) and found.value is not None:
            value = found.value
            if value in made or (isinstance(value, cst.Name) and value.value in kept):
                return True
    return False


def _reject_surroundings(tree: Tree, path: str, call: cst.Call) -> None:
    """An engine made in a try, a loop, a with or a class body cannot be moved without changing what it means."""
    span = tree.span(call)
    if any(isinstance(above, (cst.While, cst.For)) for above in tree.ancestors(call)):
        raise Obstacle("retry-loop", path, span, f"the engine at {path}:{tree.line(call)} is made inside a loop")
    for above in tree.ancestors(call):
        if isinstance(above, (cst.Try, cst.TryStar)):
            falls_back = any(
                is_maker(tree, other) for handler in above.handlers for other in calls(tree, handler)
            ) or any(_assigns(tree, handler, call) for handler in above.handlers)
            why = "falls back when it fails" if falls_back else "stands inside a try"
            raise Obstacle("fallback-engine", path, span, f"the engine at {path}:{tree.line(call)} {why}")
        if isinstance(above, (cst.With, cst.ClassDef)):
            raise Obstacle(
                "engine-shape", path, span, f"the engine at {path}:{tree.line(call)} is made inside a with or a class"
            )


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
        elif not _is_options_call(parent, value):
            break
        value, parent = parent, tree.parent(parent)
    line = tree.parent(parent) if parent is not None else None
    target: cst.BaseExpression | None = None
    if isinstance(parent, cst.Assign) and len(parent.targets) == 1:
        target = parent.targets[0].target
    elif isinstance(parent, cst.AnnAssign) and parent.value is value:
        target = parent.target
    plain = isinstance(line, cst.SimpleStatementLine) and len(line.body) == 1
    if not plain or not isinstance(target, cst.Name):
        raise Obstacle(
            "engine-shape",
            path,
            tree.span(call),
            f"the engine at {path}:{tree.line(call)} is not the value of one plain assignment",
        )
    return target.value


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
