"""The smallest questions about expressions: is it None, which string is it, what is its last name."""

from __future__ import annotations

import libcst as cst

from rewire_codemods.connect_timeout import tables


def canonical(origin: str) -> str:
    """One spelling for each of asyncpg's own names."""
    return tables.CANONICAL.get(origin, origin)


def is_none(node: cst.CSTNode | None) -> bool:
    """True for the literal ``None``."""
    return isinstance(node, cst.Name) and node.value == "None"


def last_name(node: cst.CSTNode) -> str:
    """``c`` of ``a.b.c``, ``a`` of ``a``; else the empty string."""
    if isinstance(node, cst.Attribute):
        return node.attr.value
    return node.value if isinstance(node, cst.Name) else ""


def literal_key(node: cst.Subscript) -> str | None:
    """The key of ``x["key"]``; None where it is no plain string."""
    if len(node.slice) != 1 or not isinstance(node.slice[0].slice, cst.Index):
        return None
    return text_of_string(node.slice[0].slice.value)


def text_of_string(node: cst.CSTNode | None) -> str | None:
    """The value of a plain string literal, else None."""
    if isinstance(node, (cst.SimpleString, cst.ConcatenatedString)) and isinstance(node.evaluated_value, str):
        return node.evaluated_value
    return None


def has_key(node: cst.CSTNode | None, key: str) -> bool:
    """True if a dict display or ``dict(...)`` call holds ``key`` in so many words."""
    if isinstance(node, cst.Dict):
        return any(isinstance(part, cst.DictElement) and text_of_string(part.key) == key for part in node.elements)
    if isinstance(node, cst.Call):
        return any(arg.keyword is not None and arg.keyword.value == key for arg in node.args)
    return False
