"""The text an expression is known to start with: enough to tell a URL's scheme."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

from rewire_codemods.connect_timeout import tables
from rewire_codemods.connect_timeout.literals import text_of_string
from rewire_codemods.connect_timeout.urls import SCHEME
from rewire_codemods.connect_timeout.values import sole_value

if TYPE_CHECKING:
    from rewire_codemods.connect_timeout.origins import Origins

_DEPTH = 8
_WHOLE = frozenset({"strip", "format", "rstrip", "lower", "render_as_string"})


def driver_of(node: cst.CSTNode | None, origins: Origins) -> str | None:
    """The driver of a URL (``asyncpg``, ``psycopg``, ``sqlite``, ...); None where it cannot be told."""
    text = known_start(node, origins)
    if text is None:
        return None
    scheme = SCHEME.match(text)
    if scheme is not None:
        return (scheme.group(2) or scheme.group(1)).lower()
    head, separator, _ = text.partition("://")
    return head.strip().lower() if separator else None


def known_start(node: cst.CSTNode | None, origins: Origins, depth: int = 0) -> str | None:
    """What the value of ``node`` is known to start with; None if nothing is."""
    if node is None or depth > _DEPTH:
        return None
    plain = text_of_string(node)
    if plain is not None:
        return plain
    if isinstance(node, cst.FormattedString):
        first = node.parts[0] if node.parts else None
        return first.value if isinstance(first, cst.FormattedStringText) else None
    if isinstance(node, cst.ConcatenatedString):
        return known_start(node.left, origins, depth + 1)
    if isinstance(node, cst.BinaryOperation) and isinstance(node.operator, (cst.Add, cst.Modulo)):
        return known_start(node.left, origins, depth + 1)
    if isinstance(node, cst.IfExp):
        return _common(node.body, node.orelse, origins, depth)
    if isinstance(node, cst.BooleanOperation):
        return _common(node.left, node.right, origins, depth)
    if isinstance(node, cst.Call):
        return _called(node, origins, depth)
    if isinstance(node, (cst.Name, cst.Attribute)):
        return _named(node, origins, depth)
    return None


def _returned(function: cst.FunctionDef, origins: Origins, depth: int) -> str | None:
    """What every return of a function is known to start with."""
    starts = [known_start(node, origins, depth + 1) for node in origins.returns(function)]
    if not starts or any(start is None for start in starts):
        return None
    return starts[0] if len({(start or "").partition("://")[0] for start in starts}) == 1 else None


def _common(left: cst.CSTNode, right: cst.CSTNode, origins: Origins, depth: int) -> str | None:
    one = known_start(left, origins, depth + 1)
    other = known_start(right, origins, depth + 1)
    if one is None or other is None:
        return None
    return one if one.partition("://")[0] == other.partition("://")[0] else None


def _named(node: cst.Name | cst.Attribute, origins: Origins, depth: int) -> str | None:
    expression = sole_value(node, origins)
    if expression is not None:
        return known_start(expression, origins, depth + 1)
    found_property = origins.property_behind(node) if isinstance(node, cst.Attribute) else None
    if found_property is not None:
        home, function = found_property
        return _returned(function, home, depth)
    dotted = origins.dotted(node)
    if not dotted:
        return None
    if origins.elsewhere is None:
        origins.open.add(dotted)
        return None
    found = origins.elsewhere.expression(dotted)
    return known_start(found[1], found[0], depth + 1) if found else None


def _called(node: cst.Call, origins: Origins, depth: int) -> str | None:
    called = origins.of(node.func)
    first = node.args[0].value if node.args and not node.args[0].star else None
    if called in tables.URL_MAKERS:
        named = next((arg.value for arg in node.args if arg.keyword and arg.keyword.value == "drivername"), first)
        driver = known_start(named, origins, depth + 1)
        return None if driver is None else f"{driver}://"
    if called in tables.URL_CALLS or called == "builtins.str":
        return known_start(first, origins, depth + 1)
    defined = origins.definition(called)
    if defined is not None and isinstance(defined[1], cst.FunctionDef):
        return _returned(defined[1], defined[0], depth)
    if not isinstance(node.func, cst.Attribute):
        return None
    method = node.func.attr.value
    if method in _WHOLE:
        return known_start(node.func.value, origins, depth + 1)
    if method == "replace" and len(node.args) >= 2:
        base = known_start(node.func.value, origins, depth + 1)
        old, new = (text_of_string(arg.value) for arg in node.args[:2])
        return None if base is None or old is None or new is None else base.replace(old, new)
    if method == "set":
        named = next((arg.value for arg in node.args if arg.keyword and arg.keyword.value == "drivername"), None)
        driver = known_start(named, origins, depth + 1)
        return f"{driver}://" if driver is not None else known_start(node.func.value, origins, depth + 1)
    return None
