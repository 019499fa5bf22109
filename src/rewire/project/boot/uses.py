"""What an expression reads, calls and binds."""

from __future__ import annotations

import ast
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

from rewire.project.boot.program import Use

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MAX_EVALUABLE = 80
"""Nodes of an expression beyond which its value is not worked out."""

# Tuples, not unions: `A | B` makes a new object at each call of isinstance, and these are called for every node.
_CHAINS = (ast.Name, ast.Attribute)
_PARTS = (ast.Attribute, ast.Subscript)
_CONDITIONAL = (ast.IfExp, ast.BoolOp)
_PLAIN = (ast.Constant, ast.Name)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp)
_BIND_NOTHING = (ast.Lambda, ast.Attribute, ast.Subscript, ast.comprehension, ast.Constant, ast.Name)
_MARKS = (ast.expr_context, ast.operator, ast.boolop, ast.unaryop)
_EVALUABLE = frozenset(
    {
        ast.Constant, ast.Name, ast.Attribute, ast.Call, ast.BinOp, ast.JoinedStr, ast.FormattedValue, ast.List,
        ast.Tuple, ast.Set, ast.Subscript, ast.Slice, ast.Compare, ast.BoolOp, ast.UnaryOp, ast.IfExp, ast.keyword,
        ast.Starred, ast.Await, *(sign for kind in (*_MARKS, ast.cmpop) for sign in kind.__subclasses__()),
    }
)  # fmt: skip


def chain_of(node: ast.expr) -> tuple[str, ...] | None:
    """``a.b.c`` as its parts; None for anything else."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return None
    parts.append(node.id)
    return tuple(reversed(parts))


def is_evaluable(node: ast.expr) -> bool:
    """True if the expression is small and of kinds whose value can be worked out without running code."""
    if isinstance(node, _PLAIN):
        return True
    count = 0
    pending: list[ast.AST] = [node]
    while pending:
        part = pending.pop()
        count += 1
        if count > MAX_EVALUABLE or type(part) not in _EVALUABLE:
            return False
        pending.extend(_children(part))
    return True


def _children(node: ast.AST) -> list[ast.AST]:
    """The nodes directly below ``node``, contexts and operators left out."""
    found: list[ast.AST] = []
    for value in node.__dict__.values():
        if isinstance(value, list):
            found += [part for part in value if isinstance(part, ast.AST)]
        elif isinstance(value, ast.AST) and not isinstance(value, _MARKS):
            found.append(value)
    return found


def bound_names(node: ast.expr) -> Iterator[str]:
    """The names that a target, or a walrus inside an expression, binds."""
    pending: list[ast.AST] = [node]
    while pending:
        part = pending.pop()
        if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
            yield part.id
        elif not isinstance(part, _BIND_NOTHING):
            pending.extend(_children(part))
        elif isinstance(part, _PARTS):
            pending.append(part.value)


def uses_of(node: ast.expr) -> list[Use]:
    """The names and chains that evaluating ``node`` reads, in order, with the calls made on them.

    Lambda bodies do not run. Of comprehensions, what comes from outside is read; an element of a generator
    expression may never be.
    """
    found: list[Use] = []
    _visit(node, frozenset(), found)
    return found


def _lines(node: ast.expr) -> tuple[int, ...]:
    """The line that a traceback shows for each part of a chain; empty if all are on one line."""
    if node.lineno == node.end_lineno:
        return ()
    lines: list[int] = []
    while isinstance(node, ast.Attribute):
        lines.append(node.end_lineno or node.lineno)
        node = node.value
    return (node.lineno, *reversed(lines))


def _visit(node: ast.AST, hidden: frozenset[str], found: list[Use], awaited: bool = False) -> None:
    """Append the uses of ``node``, names in ``hidden`` (a comprehension's own) left out."""
    if isinstance(node, _CHAINS):
        _visit_chain(node, hidden, found)
    elif isinstance(node, ast.Constant):
        return
    elif isinstance(node, ast.Call):
        chain = chain_of(node.func)
        if chain is None:
            _visit(node.func, hidden, found)
        for argument in node.args:
            _visit(argument, hidden, found)
        for keyword in node.keywords:
            _visit(keyword.value, hidden, found)
        if chain is not None and chain[0] not in hidden:
            found.append(Use(node.lineno, chain, node, awaited, _lines(node.func)))
    elif isinstance(node, ast.Await):
        _visit(node.value, hidden, found, awaited=True)
    elif isinstance(node, ast.Lambda):
        _visit_all([*node.args.defaults, *(value for value in node.args.kw_defaults if value)], hidden, found)
    elif isinstance(node, _COMPREHENSIONS):
        _visit_comprehension(node, hidden, found)
    elif isinstance(node, _CONDITIONAL):
        _visit_conditional(node, hidden, found)
    else:
        _visit_all(_children(node), hidden, found)


def _visit_conditional(node: ast.IfExp | ast.BoolOp, hidden: frozenset[str], found: list[Use]) -> None:
    if isinstance(node, ast.IfExp):
        _visit(node.test, hidden, found)
        _visit_when(node.body, node.test, True, hidden, found)
        _visit_when(node.orelse, node.test, False, hidden, found)
    else:
        _visit(node.values[0], hidden, found)
        for before, operand in pairwise(node.values):
            _visit_when(operand, before, isinstance(node.op, ast.And), hidden, found)


def _visit_when(node: ast.expr, test: ast.expr, wanted: bool, hidden: frozenset[str], found: list[Use]) -> None:
    """Append the uses of ``node``, which is evaluated only if ``test`` comes out as ``wanted``."""
    inside: list[Use] = []
    _visit(node, hidden, inside)
    condition = (test if is_evaluable(test) else None, wanted)
    found += [replace(use, when=(condition, *use.when)) for use in inside]


def _visit_chain(node: ast.Name | ast.Attribute, hidden: frozenset[str], found: list[Use]) -> None:
    chain = chain_of(node)
    if chain is None:
        assert isinstance(node, ast.Attribute)
        _visit(node.value, hidden, found)
    elif chain[0] not in hidden and isinstance(getattr(node, "ctx", None), ast.Load):
        found.append(Use(node.lineno, chain, lines=_lines(node)))


def _visit_all(nodes: Iterable[ast.AST], hidden: frozenset[str], found: list[Use]) -> None:
    for node in nodes:
        _visit(node, hidden, found)


def _visit_comprehension(
    node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp, hidden: frozenset[str], found: list[Use]
) -> None:
    first = node.generators[0]
    _visit(first.iter, hidden, found)
    if isinstance(node, ast.GeneratorExp):
        return
    inner = hidden | {name for generator in node.generators for name in bound_names(generator.target)}
    inside: list[Use] = []
    if len(node.generators) == 1 and not first.ifs:
        parts = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
        _visit_all(parts, inner, inside)
    found += [replace(use, call=None, over=first.iter) for use in inside]
