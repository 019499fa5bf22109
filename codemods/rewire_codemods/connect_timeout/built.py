"""Dicts that get the key from what cannot be edited here: an object's fields, a program's options, a list of names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

from rewire_codemods.connect_timeout import tables
from rewire_codemods.connect_timeout.facts import BuiltFact
from rewire_codemods.connect_timeout.fields import Fields
from rewire_codemods.connect_timeout.flows import Flow
from rewire_codemods.connect_timeout.literals import text_of_string
from rewire_codemods.connect_timeout.rebuilding import key_uses

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rewire_codemods.connect_timeout.sinks import Sinks

_COLLECTIONS = (cst.List, cst.Tuple, cst.Set)
_DISPLAYS = frozenset({"builtins.list", "builtins.tuple", "builtins.set", "builtins.frozenset", "builtins.sorted"})


def built_dicts(sinks: Sinks) -> Iterator[BuiltFact]:
    """Every such dict of one file, with the places that it goes to."""
    yield from _from_fields(sinks)
    yield from _from_unknown(sinks)
    names = sinks.names
    for node in names.nodes.get(cst.SimpleString, ()):
        element = names.parent(node)
        collection = names.parent(element) if isinstance(element, cst.Element) else None
        if text_of_string(node) == tables.KEY and isinstance(collection, _COLLECTIONS):
            flow = Flow(sinks, loose=True)
            _listed(collection, None, flow, 0)
            place = collection.elements.index(element)
            pairs = names.parent(collection)
            rows = names.parent(pairs) if isinstance(pairs, cst.Element) else None
            if isinstance(rows, _COLLECTIONS) and not isinstance(collection, cst.Set):
                _listed(rows, place, flow, 0)
            yield _fact(sinks, node, "name-listed", "", flow)


def may_unpack(sinks: Sinks) -> bool:
    """True if the file itself unpacks some object into a call that may be asyncpg's."""
    for node in Fields(sinks).candidates():
        flow = Flow(sinks, loose=True)
        flow.follow(node)
        if any(use.call is not None and use.call.sink not in ("other", "driver") for use in flow.uses):
            return True
    return False


def _from_fields(sinks: Sinks) -> Iterator[BuiltFact]:
    for node, what in Fields(sinks).conversions():
        flow = Flow(sinks, loose=True)
        if isinstance(node, cst.Param):
            flow.parameter(node, ())
        else:
            flow.follow(node)
        yield _fact(sinks, node, "field-unpacked", what, flow)


def _from_unknown(sinks: Sinks) -> Iterator[BuiltFact]:
    for node in Fields(sinks).unknown():
        flow = Flow(sinks, loose=True)
        flow.follow(node)
        yield _fact(sinks, node, "", " ".join(sinks.names.tree.code(node).split()), flow)


def _fact(sinks: Sinks, node: cst.CSTNode, code: str, what: str, flow: Flow) -> BuiltFact:
    tree = sinks.names.tree
    return BuiltFact(sinks.path, tree.span(node), tree.line(node), code, what, flow.trace())


def _listed(node: cst.CSTNode, place: int | None, flow: Flow, depth: int) -> None:
    """Follow a collection of names, or (``place``) of rows that have the name at that place."""
    names = flow.names
    holder = names.parent(node)
    if depth > 4:
        return
    if isinstance(holder, (cst.For, cst.CompFor)) and holder.iter is node:
        _looped(holder, place, flow)
    elif isinstance(holder, cst.ComparisonTarget) and isinstance(holder.operator, cst.In) and place is None:
        _allowed(names.parent(holder), flow)
    elif isinstance(holder, cst.Arg) and isinstance(call := names.parent(holder), cst.Call):
        _given(call, holder, place, flow, depth)
    elif isinstance(holder, (cst.AssignTarget, cst.Assign, cst.AnnAssign)):
        targets = [entry.target for entry in holder.targets] if isinstance(holder, cst.Assign) else []
        for target in targets or ([holder.target] if isinstance(holder, cst.AnnAssign) else []):
            owner = names.owner(target.value, names.scope(target)) if isinstance(target, cst.Name) else None
            if isinstance(target, cst.Name) and owner is not None:
                for load in list(names.uses(target.value, owner)):
                    _listed(load, place, flow, depth + 1)


def _given(call: cst.Call, arg: cst.Arg, place: int | None, flow: Flow, depth: int) -> None:
    """The collection is an argument: of ``dict``, ``dict.fromkeys``, ``zip``, ``list``."""
    called = flow.origins.of(call.func)
    keyed = called == "builtins.dict.fromkeys" and place is None and call.args[0] is arg
    if keyed or (called in tables.DICTS and place == 0):
        flow.follow(call)
    elif called == "builtins.zip" and place is None:
        _listed(call, call.args.index(arg), flow, depth + 1)
    elif called in _DISPLAYS:
        _listed(call, place, flow, depth + 1)


def _looped(loop: cst.For | cst.CompFor, place: int | None, flow: Flow) -> None:
    """``for name in names``, or ``for name, value in rows``: the dicts that get the name as a key."""
    target: cst.CSTNode = loop.target
    if place is not None:
        parts = target.elements if isinstance(target, (cst.Tuple, cst.List)) else ()
        target = parts[place].value if place < len(parts) else target
        if not parts:
            return
    if isinstance(target, cst.Name):
        _kept(loop, target, flow)


def _allowed(test: cst.CSTNode | None, flow: Flow) -> None:
    """``{k: v for k, v in x.items() if k in names}``: what is let in is meant to be passed on."""
    key = test.left if isinstance(test, cst.Comparison) else None
    for holder in flow.names.above(key) if isinstance(key, cst.Name) else ():
        if isinstance(holder, (cst.CompFor, cst.For)) and isinstance(key, cst.Name) and _binds(holder, key.value):
            _kept(holder, key, flow)
            return


def _binds(loop: cst.For | cst.CompFor, name: str) -> bool:
    parts = loop.target.elements if isinstance(loop.target, (cst.Tuple, cst.List)) else ()
    return any(isinstance(node, cst.Name) and node.value == name for node in (loop.target, *(p.value for p in parts)))


def _kept(loop: cst.For | cst.CompFor, key: cst.Name, flow: Flow) -> None:
    for built in key_uses(loop, key, flow.origins).dicts:
        flow.rebuilt(built, ())
