"""What a limit written for libpq becomes for asyncpg: numbers, text, nothing, the environment."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import libcst as cst

from rewire_codemods.connect_timeout import tables
from rewire_codemods.connect_timeout.facts import Value
from rewire_codemods.connect_timeout.literals import is_none, literal_key, text_of_string

if TYPE_CHECKING:
    from rewire_codemods.connect_timeout.origins import Origins

_NUMBER = re.compile(r"\s*[+-]?(?:\d+\.?\d*|\.\d+)\s*")
_DEPTH = 6
_TEXT_CALLS = frozenset({"builtins.str", "builtins.repr", "builtins.input"})


def value_of(node: cst.CSTNode, origins: Origins) -> Value:
    """Classify the expression that a limit is given as."""
    code = origins.names.tree.code(node)
    kind, text = _kind(node, origins, 0)
    literal = isinstance(node, (cst.Integer, cst.Float, cst.SimpleString, cst.UnaryOperation, cst.ConcatenatedString))
    if kind == "number":
        return _number(code, text, literal=literal)
    if kind == "none":
        return Value(code)
    if kind == "text":
        if not _NUMBER.fullmatch(text):
            return Value(code, "unusable")
        if not literal and float(text) > 0:
            return _wrapped(node, code, origins, known=True)
        return text_value(code, text)
    if kind == "environment":
        return _wrapped(node, code, origins, known=False)
    return Value(code, known=False)


def text_value(code: str, text: str) -> Value:
    """A limit given as text: in quotes, or in a URL's query."""
    if not _NUMBER.fullmatch(text):
        return Value(code, "unusable")
    number = text.strip().lstrip("+")
    if float(number) <= 0:
        return Value(code, "replace", "None")
    whole = number.lstrip("0") or "0"
    return Value(code, "replace", ("0" + whole if whole.startswith(".") else whole))


def _number(code: str, text: str, *, literal: bool) -> Value:
    number = float(text)
    if number > 0:
        return Value(code)
    if literal or number < 0:
        return Value(code, "replace", "None")
    return Value(code, "or-none")


def _wrapped(node: cst.CSTNode, code: str, origins: Origins, *, known: bool) -> Value:
    """``float(...)``, unless this file gives that word another meaning."""
    if origins.names.owner("float", origins.names.scope(node)) is not None:
        return Value(code, "unusable")
    return Value(code, "float", known=known)


def _kind(node: cst.CSTNode | None, origins: Origins, depth: int) -> tuple[str, str]:
    """``number`` or ``text`` with its digits, ``none``, ``environment``, or ``other``."""
    if node is None or depth > _DEPTH:
        return "other", ""
    if is_none(node):
        return "none", ""
    if isinstance(node, (cst.Integer, cst.Float)):
        return "number", str(_evaluated(node))
    if isinstance(node, cst.UnaryOperation) and isinstance(node.operator, cst.Minus):
        kind, text = _kind(node.expression, origins, depth + 1)
        return (kind, f"-{text}") if kind == "number" else ("other", "")
    if isinstance(node, (cst.SimpleString, cst.ConcatenatedString)) and isinstance(node.evaluated_value, str):
        return "text", node.evaluated_value
    if isinstance(node, cst.FormattedString):
        return "environment", ""
    if isinstance(node, cst.BooleanOperation):
        sides = {_kind(part, origins, depth + 1)[0] for part in (node.left, node.right)}
        return ("environment", "") if sides & {"environment", "text"} else ("other", "")
    if isinstance(node, cst.Call):
        called = origins.of(node.func)
        return ("environment" if called in tables.ENVIRONMENT_CALLS | _TEXT_CALLS else "other"), ""
    if isinstance(node, cst.Subscript):
        return _entry(node, origins, depth)
    if isinstance(node, (cst.Name, cst.Attribute)):
        return _named(node, origins, depth)
    return "other", ""


def _evaluated(node: cst.Integer | cst.Float) -> float:
    return float(node.evaluated_value)


def _named(node: cst.Name | cst.Attribute, origins: Origins, depth: int) -> tuple[str, str]:
    """A constant: the one literal that is ever bound to it."""
    expression = sole_value(node, origins)
    if expression is None:
        return "other", ""
    return _kind(expression, origins, depth + 1)


def _entry(node: cst.Subscript, origins: Origins, depth: int) -> tuple[str, str]:
    """``os.environ["X"]``, or an entry of a literal dict."""
    if origins.of(node.value) == "os.environ":
        return "environment", ""
    key = literal_key(node)
    holder = sole_value(node.value, origins) if key is not None else None
    if isinstance(holder, cst.Dict):
        for element in holder.elements:
            if isinstance(element, cst.DictElement) and text_of_string(element.key) == key:
                return _kind(element.value, origins, depth + 1)
    if isinstance(holder, cst.Call) and origins.of(holder.func) in tables.DICTS:
        for arg in holder.args:
            if arg.keyword is not None and arg.keyword.value == key:
                return _kind(arg.value, origins, depth + 1)
    return "other", ""


def sole_value(node: cst.CSTNode, origins: Origins) -> cst.CSTNode | None:
    """The only expression ever bound to a name or an attribute of ``self``; None if there are several or none."""
    names = origins.names
    if isinstance(node, cst.Name):
        bindings = list(names.bindings(node))
    elif isinstance(node, cst.Attribute):
        owner = names.class_of(node.value)
        local = origins.klass(origins.of(node.value).removesuffix("()")) if owner is None else None
        if local is not None:
            owner = names.scopes[id(local.body)]
        bindings = origins.members(owner, node.attr.value) if owner is not None else []
    else:
        return None
    if len(bindings) != 1 or bindings[0].kind != "value":
        return None
    return bindings[0].value
