"""Where a function opens a connection: the call, the statement that holds it, and how its answer is bound."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import libcst as cst

from rewire_codemods.shared_pool.statements import Line, children, last_name, small, walk

if TYPE_CHECKING:
    from rewire.codemod.cst import Tree
    from rewire_codemods.shared_pool.scopes import FunctionScope

Opens = Callable[[cst.CSTNode], bool]
"""True for an expression that, called, opens a connection (``asyncpg.connect`` under any name, or a factory)."""


@dataclass(frozen=True)
class Place:
    """One call that opens a connection: the statement, the call itself, and how it is bound."""

    line: Line
    call: cst.Call
    how: str
    name: str = ""
    timeout: str = ""
    item: int = 0


def places_in(scope: FunctionScope, tree: Tree, opens: Opens) -> Iterator[Place]:
    """Every such call of the function, those of nested functions and lambdas left out."""
    for line in scope.lines:
        if isinstance(line.node, (cst.FunctionDef, cst.ClassDef)):
            continue
        for part in line.header:
            for node in _outside_lambdas(part):
                if isinstance(node, cst.Call) and opens(node.func):
                    yield _place(line, node, tree)


def _outside_lambdas(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    stack = [node]
    while stack:
        current = stack.pop()
        yield current
        if not isinstance(current, cst.Lambda):
            stack.extend(reversed(children(current)))


def _place(line: Line, call: cst.Call, tree: Tree) -> Place:
    """How a call is bound: ``bound`` to a name, ``item`` of a with, ``returned``, or the trouble with it."""
    if isinstance(line.node, cst.With):
        for index, item in enumerate(line.node.items):
            if any(inner is call for inner in walk(item)):
                return Place(line, call, "item", _as_name(item), item=index)
    part = small(line.node)
    if part is None:
        several = isinstance(line.node, (cst.SimpleStatementLine, cst.SimpleStatementSuite))
        return Place(line, call, "one-line" if several else "not-bound")
    value = getattr(part, "value", None)
    if isinstance(line.node, cst.SimpleStatementSuite):
        return Place(line, call, "one-line")
    if isinstance(part, cst.Return) and _awaited(value, call):
        return Place(line, call, "returned", "connection")
    target = _single_target(part)
    if target is None or not any(inner is call for inner in walk(part)):
        return Place(line, call, "not-bound")
    if not isinstance(target, cst.Name):
        return Place(line, call, "stored", tree.code(target))
    if value is call:
        return Place(line, call, "not-awaited", target.value)
    waited = _awaited(value, call)
    if waited is None:
        return Place(line, call, "not-bound", target.value)
    return Place(line, call, "bound", target.value, _limit(waited, tree))


def _single_target(part: cst.BaseSmallStatement) -> cst.BaseExpression | None:
    if isinstance(part, cst.Assign) and len(part.targets) == 1:
        return part.targets[0].target
    return part.target if isinstance(part, cst.AnnAssign) else None


def _awaited(value: cst.CSTNode | None, call: cst.Call) -> cst.Call | None:
    """The awaited call: the opening itself, or the ``wait_for`` around it."""
    if not isinstance(value, cst.Await) or not isinstance(value.expression, cst.Call):
        return None
    outer = value.expression
    if outer is call:
        return call
    waits = last_name(outer.func) == "wait_for" and outer.args and outer.args[0].value is call
    return outer if waits else None


def _limit(call: cst.Call, tree: Tree) -> str:
    """The limit of ``wait_for(..., t)``."""
    if last_name(call.func) != "wait_for":
        return ""
    for index, arg in enumerate(call.args):
        if (arg.keyword and arg.keyword.value == "timeout") or (index == 1 and not arg.keyword):
            return tree.code(arg.value)
    return ""


def _as_name(item: cst.WithItem) -> str:
    name = item.asname.name if item.asname else None
    return name.value if isinstance(name, cst.Name) else ""
