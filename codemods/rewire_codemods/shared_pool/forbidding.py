"""What a block does, or where it stands, that a borrowed connection does not allow though its own shape would."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import libcst as cst

from rewire.codemod.cst import dotted_name
from rewire_codemods.shared_pool.called import callee_name
from rewire_codemods.shared_pool.facts import Trouble
from rewire_codemods.shared_pool.placing import mentions, parents
from rewire_codemods.shared_pool.statements import (
    children,
    header,
    last_name,
    lines,
    list_at,
    members,
    smalls,
    suites,
    walk,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rewire_codemods.shared_pool.lives import Life
    from rewire_codemods.shared_pool.scopes import FunctionScope

_ACQUIRES = re.compile(r"(?i)pool\w*(?:\(\))?\.acquire$")
_WAITS = frozenset({"sleep", "wait", "get", "recv", "receive", "receive_text", "receive_json", "read", "readline"})
_NESTED = (cst.FunctionDef, cst.ClassDef, cst.Lambda)


def forbidden(life: Life, region: Sequence[Any], yields: bool) -> Trouble | None:
    """The trouble with a block that its shape does not show. ``yields``: it lends the connection, or hands it on."""
    fallback = _falls_back(life.scope, life.path)
    if fallback:
        return fallback
    if not yields and not any(_works(node, life) for node in region):
        return Trouble("connects-only", f"nothing is done with {life.name or 'the connection'} but closing it")
    return _endless(life, region) or _given(life.scope, region)


def _works(node: Any, life: Life) -> bool:
    """True if a statement uses the connection for more than asking whether there is one and closing it."""
    closed = {id(_at(life, path)) for path in life.drops}
    stack = [node]
    while stack:
        current = stack.pop()
        if id(current) in closed:
            continue
        inner = [statement for _, found in suites(current) for statement in found]
        heads = header(current)
        names = {life.name, *life.derived} - {""}
        if any(isinstance(part, cst.Name) and part.value in names for head in heads for part in walk(head)):
            return True
        stack.extend(inner)
    return not life.name


def _at(life: Life, path: tuple[int | str, ...]) -> Any:
    return list_at(life.scope.statements, path[:-1])[int(path[-1])]


def _falls_back(scope: FunctionScope, path: tuple[int | str, ...]) -> Trouble | None:
    """``if pool: ... else: connect``, ``except: connect``, and a connect behind a branch that took from the pool."""
    trouble = Trouble("pool-fallback", "another branch takes its connection from a pool, and this one connects instead")
    for above, node, suite in parents(scope.statements, path):
        if isinstance(node, cst.If) and any(
            _acquires(part) for name, found in suites(node) if name != suite for part in found
        ):
            return trouble
        handles = isinstance(node, (cst.Try, cst.TryStar)) and suite.startswith("handler")
        if handles and any(_acquires(part) for part in members(node.body)):
            return trouble
        if _branches_off(scope, above):
            return trouble
    return trouble if _branches_off(scope, path) else None


def _branches_off(scope: FunctionScope, path: tuple[int | str, ...]) -> bool:
    """True if an ``if`` or ``try`` before ``path`` in its own list acquires and leaves the function."""
    for node in list_at(scope.statements, path[:-1])[: int(path[-1])]:
        if isinstance(node, (cst.If, cst.Try, cst.TryStar)) and _acquires(node) and _returns(node):
            return True
    return False


def _acquires(node: cst.CSTNode) -> bool:
    return any(isinstance(inner, cst.Call) and _ACQUIRES.search(callee_name(inner.func)) for inner in walk(node))


def _returns(node: Any) -> bool:
    return any(isinstance(part, cst.Return) for line in lines([node]) for part in smalls(line.node))


def _endless(life: Life, region: Sequence[Any]) -> Trouble | None:
    """A loop that nothing in it ends, or a wait for something that never comes."""
    for line in lines(region):
        if isinstance(line.node, cst.While) and _goes_on(line.node, life.name):
            return Trouble("held-forever", f"the loop in line {life.tree.line(line.node)} holds it and has no end")
        for part in line.header:
            for node in _own(part):
                if isinstance(node, cst.Await) and _never_comes(node.expression):
                    return Trouble("held-forever", f"line {life.tree.line(line.node)} waits for ever and holds it")
    return None


def _goes_on(loop: cst.While, name: str) -> bool:
    if any(
        isinstance(part, (cst.Return, cst.Raise)) for line in lines(members(loop.body)) for part in smalls(line.node)
    ):
        return False
    if _breaks(members(loop.body)):
        return False
    constant = isinstance(loop.test, cst.Integer) or (isinstance(loop.test, cst.Name) and loop.test.value == "True")
    asks = bool(name) and mentions(loop.test, name)
    return constant or asks or any(_waits(node) for part in members(loop.body) for node in _own(part))


def _breaks(statements: Sequence[Any]) -> bool:
    """True for a ``break`` of the loop itself: those of loops inside it do not count."""
    for node in statements:
        if any(isinstance(part, cst.Break) for part in smalls(node)):
            return True
        inner = [] if isinstance(node, (cst.For, cst.While)) else [found for _, found in suites(node)]
        if any(_breaks(found) for found in inner):
            return True
    return False


def _waits(node: cst.CSTNode) -> bool:
    return (
        isinstance(node, cst.Await)
        and isinstance(node.expression, cst.Call)
        and last_name(node.expression.func) in _WAITS
    )


def _never_comes(node: cst.BaseExpression) -> bool:
    """``asyncio.Future()`` and ``asyncio.Event().wait()``, made on the spot: nobody can set them."""
    if not isinstance(node, cst.Call):
        return False
    if (dotted_name(node.func) or "") in {"asyncio.Future", "Future", "loop.create_future"}:
        return True
    receiver = node.func.value if isinstance(node.func, cst.Attribute) and node.func.attr.value == "wait" else None
    return isinstance(receiver, cst.Call) and last_name(receiver.func) == "Event"


def _given(scope: FunctionScope, region: Sequence[Any]) -> Trouble | None:
    """An awaited call of something that the function was given, or looked up: it may acquire as well."""
    given = _parameters(scope)
    for line in lines(region):
        for part in line.header:
            for node in _own(part):
                if isinstance(node, cst.Await) and isinstance(node.expression, cst.Call):
                    called = node.expression.func
                    if isinstance(called, cst.Name) and called.value in given:
                        return Trouble(
                            "nested-acquire", f"it awaits {called.value}(), which it is given: that may acquire as well"
                        )
                    if isinstance(called, cst.Subscript):
                        return Trouble(
                            "nested-acquire", "it awaits what it looks up in a table: that may acquire as well"
                        )
    return None


def _parameters(scope: FunctionScope | None) -> set[str]:
    """The parameters of the function and of those around it."""
    found: set[str] = set()
    while scope is not None:
        found |= set(scope.parameters)
        scope = scope.outer
    return found


def _own(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """A node and what is below it, nested functions left out."""
    stack = [node]
    while stack:
        current = stack.pop()
        yield current
        if not isinstance(current, _NESTED):
            stack.extend(reversed(children(current)))
