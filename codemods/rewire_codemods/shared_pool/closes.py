"""Which statements close a connection, in every guise that people give them."""

from __future__ import annotations

from typing import Any

import libcst as cst

from rewire_codemods.shared_pool.statements import last_name, members, small, unwrap

_WRAPPERS = frozenset({"wait_for", "shield"})
_LOGGERS = frozenset({"debug", "info", "warning", "error", "exception", "warn", "critical", "print", "log"})


def is_close(node: Any, name: str) -> bool:
    """True for a statement that does nothing but close the connection ``name`` (guarded, wrapped, quietly retried)."""
    if isinstance(node, cst.If):
        return node.orelse is None and is_guard(node.test, name) and _only_closes(node.body, name)
    if isinstance(node, cst.Try):
        if not _only_closes(node.body, name) or node.orelse is not None:
            return False
        if node.finalbody is not None and not all(is_reset(part, name) for part in members(node.finalbody.body)):
            return False
        return all(all(_is_quiet(part) for part in members(handler.body)) for handler in node.handlers)
    if isinstance(node, cst.With):
        return _suppresses(node) and _only_closes(node.body, name)
    part = small(node)
    return isinstance(part, cst.Expr) and _is_close_call(part.value, name)


def _only_closes(suite: cst.BaseSuite, name: str) -> bool:
    inside = members(suite)
    return any(is_close(part, name) for part in inside) and all(
        is_close(part, name) or is_reset(part, name) for part in inside
    )


def _is_close_call(node: cst.BaseExpression, name: str) -> bool:
    call = unwrap(node)
    if not isinstance(call, cst.Call):
        return False
    if last_name(call.func) in _WRAPPERS and call.args:
        return _is_close_call(call.args[0].value, name)
    return (
        isinstance(call.func, cst.Attribute)
        and call.func.attr.value == "close"
        and isinstance(call.func.value, cst.Name)
        and call.func.value.value == name
    )


def is_bare_call(node: Any, name: str) -> bool:
    """True for ``conn.close()`` without an ``await``: it never closed anything."""
    part = small(node)
    return isinstance(part, cst.Expr) and isinstance(part.value, cst.Call) and _is_close_call(part.value, name)


def is_reset(node: Any, name: str) -> bool:
    """``conn = None``, with or without an annotation."""
    part = small(node)
    if isinstance(part, cst.Assign):
        target = part.targets[0].target if len(part.targets) == 1 else None
    elif isinstance(part, cst.AnnAssign):
        target = part.target
    else:
        return False
    value = part.value
    return (
        isinstance(target, cst.Name) and target.value == name and isinstance(value, cst.Name) and value.value == "None"
    )


def is_guard(test: cst.BaseExpression, name: str) -> bool:
    """``conn``, ``conn is not None``, ``not conn.is_closed()``, ``"conn" in locals()``, and these joined by ``and``."""
    if isinstance(test, cst.BooleanOperation):
        return isinstance(test.operator, cst.And) and is_guard(test.left, name) and is_guard(test.right, name)
    if isinstance(test, cst.Name):
        return test.value == name
    if isinstance(test, cst.UnaryOperation) and isinstance(test.operator, cst.Not):
        inner = test.expression
        return (
            isinstance(inner, cst.Call)
            and isinstance(inner.func, cst.Attribute)
            and inner.func.attr.value == "is_closed"
            and isinstance(inner.func.value, cst.Name)
            and inner.func.value.value == name
        )
    if isinstance(test, cst.Comparison) and len(test.comparisons) == 1:
        return _is_guarding_comparison(test, name)
    if isinstance(test, cst.Call) and isinstance(test.func, cst.Attribute) and test.func.attr.value == "get":
        return _is_scope_call(test.func.value) and len(test.args) == 1 and _is_quoted(test.args[0].value, name)
    return False


def _is_guarding_comparison(test: cst.Comparison, name: str) -> bool:
    right = test.comparisons[0]
    if isinstance(test.left, cst.Name) and test.left.value == name:
        none = isinstance(right.comparator, cst.Name) and right.comparator.value == "None"
        return none and isinstance(right.operator, (cst.IsNot, cst.NotEqual))
    return _is_quoted(test.left, name) and isinstance(right.operator, cst.In) and _is_scope_call(right.comparator)


def _is_quoted(node: cst.BaseExpression, name: str) -> bool:
    return isinstance(node, cst.SimpleString) and node.evaluated_value == name


def _is_scope_call(node: cst.BaseExpression) -> bool:
    """``locals()``, ``vars()``, ``dir()``."""
    return isinstance(node, cst.Call) and not node.args and last_name(node.func) in {"locals", "vars", "dir"}


def _is_quiet(node: Any) -> bool:
    """``pass``, ``...``, or a log line: what people do when a close fails."""
    part = small(node)
    if isinstance(part, cst.Pass):
        return True
    if not isinstance(part, cst.Expr):
        return False
    return isinstance(part.value, cst.Ellipsis) or (
        isinstance(part.value, cst.Call) and last_name(part.value.func) in _LOGGERS
    )


def _suppresses(node: cst.With) -> bool:
    if len(node.items) != 1 or not isinstance(node.items[0].item, cst.Call):
        return False
    return last_name(node.items[0].item.func) == "suppress"
