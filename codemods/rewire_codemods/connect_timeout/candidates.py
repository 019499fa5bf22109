"""What an expression may stand for: every possibility that the project shows. ``origins`` tells only the sure ones.

A driver picked from a table, by a condition, or handed in as an argument has several origins, and a function wrapped
by one that nobody knows has at least its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

from rewire_codemods.connect_timeout import tables
from rewire_codemods.connect_timeout.arguments import argument_for
from rewire_codemods.connect_timeout.literals import canonical, is_none, literal_key, text_of_string
from rewire_codemods.connect_timeout.values import sole_value

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rewire_codemods.connect_timeout.origins import Origins
    from rewire_codemods.connect_timeout.scopes import Binding

_DEPTH = 8
UNKNOWN: frozenset[str] = frozenset({""})


def possible(node: cst.CSTNode | None, origins: Origins, depth: int = 0) -> frozenset[str]:
    """The origins that ``node`` may have; ``""`` among them stands for one that nobody knows. None is left out."""
    if node is None or depth > _DEPTH:
        return UNKNOWN
    if is_none(node):
        return frozenset()
    known = origins.of(node)
    if known and not known.endswith("()"):
        return frozenset({known})
    if isinstance(node, cst.Name):
        return _any(_binding(binding, origins, depth) for binding in origins.names.bindings(node))
    if isinstance(node, cst.Attribute):
        return _attribute(node, origins, depth)
    if isinstance(node, (cst.IfExp, cst.BooleanOperation)):
        parts = (node.body, node.orelse) if isinstance(node, cst.IfExp) else (node.left, node.right)
        return _any(possible(part, origins, depth + 1) for part in parts)
    if isinstance(node, (cst.Await, cst.NamedExpr)):
        return possible(node.expression if isinstance(node, cst.Await) else node.value, origins, depth + 1)
    if isinstance(node, cst.Subscript):
        return _entries(node.value, literal_key(node), origins, depth)
    return _called(node, known, origins, depth) if isinstance(node, cst.Call) else frozenset({known})


def _any(found: Iterable[frozenset[str]]) -> frozenset[str]:
    answers = frozenset[str]().union(*found)
    return answers or UNKNOWN


def _binding(binding: Binding, origins: Origins, depth: int) -> frozenset[str]:
    """One way in which a name gets its value."""
    known = origins.of_bindings((binding,))
    if known and not known.endswith("()"):
        return frozenset({known})
    if binding.kind in ("value", "entered"):
        return possible(binding.value, origins, depth + 1)
    if binding.kind == "parameter":
        return _parameter(binding, origins, depth)
    return frozenset({known})


def _parameter(binding: Binding, origins: Origins, depth: int) -> frozenset[str]:
    """A parameter: its default, what the calls in this file pass, and what others may."""
    found = [UNKNOWN]
    if binding.value is not None:
        found.append(possible(binding.value, origins, depth + 1))
    function = binding.scope.node
    if isinstance(function, cst.FunctionDef) and origins.names.scope(function).kind != "class":
        for load in origins.names.uses(function.name.value, origins.names.scope(function)):
            call = origins.names.parent(load)
            given = argument_for(call, function, binding.name) if isinstance(call, cst.Call) else None
            if given is not None:
                found.append(possible(given, origins, depth + 1))
    return _any(found)


def _attribute(node: cst.Attribute, origins: Origins, depth: int) -> frozenset[str]:
    """``x.name`` for everything that ``x`` may be, and what the class of ``self`` puts there."""
    name = node.attr.value
    inside = origins.names.class_of(node.value)
    if inside is not None:
        return _any(_binding(binding, origins, depth) for binding in origins.members(inside, name))
    found = set()
    for base in possible(node.value, origins, depth + 1):
        home, known = origins.definition(base.removesuffix("()")) or (None, None)
        if home is not None and isinstance(known, cst.ClassDef):
            found.add(home.of_member(known, name))
        else:
            found.add(canonical(f"{base}.{name}") if base and not base.startswith("@") else "")
    return frozenset(found) or UNKNOWN


def _entries(holder: cst.CSTNode, key: str | None, origins: Origins, depth: int) -> frozenset[str]:
    """What may be looked up in a table that is written out: the entry of a literal key, else any of them."""
    home = origins
    table = holder if isinstance(holder, (cst.Dict, cst.List, cst.Tuple)) else sole_value(holder, origins)
    if table is None and isinstance(holder, (cst.Name, cst.Attribute)) and (dotted := origins.dotted(holder)):
        if origins.elsewhere is None:
            origins.open.add(dotted)
        else:
            home, table = origins.elsewhere.expression(dotted) or (origins, None)
    if isinstance(table, cst.Dict):
        parts = [part for part in table.elements if isinstance(part, cst.DictElement)]
        named = [part for part in parts if key is not None and text_of_string(part.key) == key]
        found = [possible(part.value, home, depth + 1) for part in named or parts]
        return _any(found if named or len(parts) == len(table.elements) else [*found, UNKNOWN])
    if isinstance(table, (cst.List, cst.Tuple)):
        return _any(possible(part.value, home, depth + 1) for part in table.elements)
    return UNKNOWN


def _called(node: cst.Call, known: str, origins: Origins, depth: int) -> frozenset[str]:
    """What a call may give: an entry, an attribute by name, what a function returns, a function it was given."""
    called = origins.of(node.func)
    values = [arg.value for arg in node.args if not arg.star]
    if isinstance(node.func, cst.Attribute) and node.func.attr.value == "get" and values:
        found = _entries(node.func.value, text_of_string(values[0]), origins, depth)
        if found != UNKNOWN:
            return _any([found, *(possible(value, origins, depth + 1) for value in values[1:2])])
    if called == "builtins.getattr" and len(values) > 1:
        given = possible(values[0], origins, depth + 1)
        return frozenset({tables.CONNECT, ""}) if "asyncpg" in given else UNKNOWN
    if called in tables.PARTIAL and values:
        return possible(values[0], origins, depth + 1)
    home, function = origins.definition(called) or (None, None)
    if home is not None and isinstance(function, cst.FunctionDef):
        return _any(possible(value, home, depth + 1) for value in home.returns(function))
    if known.startswith("asyncpg."):
        return frozenset({known})
    wrapped = _any(possible(value, origins, depth + 1) for value in values) & tables.CONNECTORS
    return wrapped | {known if not wrapped else ""}
