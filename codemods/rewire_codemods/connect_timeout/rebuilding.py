"""Dicts that are built entry by entry: what a loop or comprehension does with the keys that it goes through."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import libcst as cst

from rewire_codemods.connect_timeout.literals import has_key, text_of_string
from rewire_codemods.connect_timeout.values import sole_value

if TYPE_CHECKING:
    from rewire_codemods.connect_timeout.origins import Origins

Loop = cst.For | cst.CompFor
Verdict = Literal["named", "in", "out", "unknown"]
_GETTERS = frozenset({"get", "pop"})


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """A dict that gets an entry under the loop's key: a comprehension, or (``stored``) the holder of a subscript."""

    node: cst.CSTNode
    value: cst.CSTNode | None
    stored: bool


@dataclass(slots=True)
class KeyUses:
    """What becomes of the key: ``dicts`` that get it, comparisons that test it, and how often anything else is done.

    ``tables`` are the dicts that it is looked up in.
    """

    dicts: list[Rebuilt] = field(default_factory=list)
    tests: list[cst.Comparison] = field(default_factory=list)
    tables: list[cst.BaseExpression] = field(default_factory=list)
    others: int = 0


def key_uses(loop: Loop, key: cst.Name, origins: Origins) -> KeyUses:
    """Every load of the loop variable ``key`` within ``loop``."""
    names = origins.names
    found = KeyUses()
    owner = names.owner(key.value, names.scope(key))
    for load in names.uses(key.value, owner) if owner is not None else ():
        if isinstance(loop, cst.For) and loop not in names.above(load):
            continue
        _sort(load, found, origins)
    return found


def _sort(load: cst.Name, found: KeyUses, origins: Origins) -> None:
    names = origins.names
    holder = names.parent(load)
    outer = names.parent(holder) if holder is not None else None
    if isinstance(holder, cst.DictComp) and holder.key is load:
        found.dicts.append(Rebuilt(holder, holder.value, stored=False))
    elif isinstance(holder, cst.Comparison) and holder.left is load and len(holder.comparisons) == 1:
        found.tests.append(holder)
    elif isinstance(holder, cst.Index) and isinstance(subscript := names.parent(outer or holder), cst.Subscript):
        if id(subscript) in names.stores:
            found.dicts.append(Rebuilt(subscript.value, names.stores[id(subscript)], stored=True))
        else:
            found.tables.append(subscript.value)
    elif isinstance(holder, cst.Arg) and isinstance(outer, cst.Call):
        _passed(load, holder, outer, found, origins)
    else:
        found.others += 1


def _passed(load: cst.Name, arg: cst.Arg, call: cst.Call, found: KeyUses, origins: Origins) -> None:
    """``x.setdefault(key, value)``, ``x.get(key)``, ``getattr(x, key)``, and anything else."""
    method = call.func.attr.value if isinstance(call.func, cst.Attribute) else ""
    if method == "setdefault" and len(call.args) == 2 and call.args[0] is arg and isinstance(call.func, cst.Attribute):
        found.dicts.append(Rebuilt(call.func.value, call.args[1].value, stored=True))
    elif method in _GETTERS and isinstance(call.func, cst.Attribute):
        found.tables.append(call.func.value)
    elif origins.of(call.func) in ("builtins.getattr", "builtins.hasattr"):
        found.tables.append(call.args[0].value)
    else:
        found.others += 1


def is_same(value: cst.CSTNode | None, name: cst.CSTNode) -> bool:
    """True if both are the same plain name."""
    return isinstance(value, cst.Name) and isinstance(name, cst.Name) and value.value == name.value


def is_renamed(uses: KeyUses, key: str, origins: Origins) -> bool:
    """True if the key is looked up in a table that has it: one that says what it is to be called, as a rule."""
    return any(has_key(sole_value(table, origins), key) for table in uses.tables)


def verdict(test: cst.Comparison, key: str, origins: Origins) -> Verdict:
    """What a test says of ``key``: names it, lets it in or keeps it out together with others, or nobody knows."""
    operator, other = test.comparisons[0].operator, test.comparisons[0].comparator
    if isinstance(operator, (cst.Equal, cst.NotEqual)):
        word = text_of_string(other)
        if word is None:
            return "unknown"
        return "named" if word == key else ("out" if isinstance(operator, cst.Equal) else "in")
    if not isinstance(operator, (cst.In, cst.NotIn)):
        return "unknown"
    listed = other if isinstance(other, (cst.List, cst.Tuple, cst.Set)) else sole_value(other, origins)
    if not isinstance(listed, (cst.List, cst.Tuple, cst.Set)):
        return "unknown"
    words = [text_of_string(part.value) for part in listed.elements]
    if key in words:
        return "named"
    if None in words:
        return "unknown"
    return "out" if isinstance(operator, cst.In) else "in"
