"""Carries the plan out: renames and drops arguments and keys, adds ``timeout``, writes new string literals."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import libcst as cst

from rewire.codemod.cst import SiteTransformer
from rewire_codemods.connect_timeout import layout
from rewire_codemods.connect_timeout.edits import (
    Add,
    Drop,
    DropEntry,
    Merge,
    Move,
    NewKey,
    NewText,
    NewValue,
    Operations,
    Rename,
)
from rewire_codemods.connect_timeout.urls import pieces_of

if TYPE_CHECKING:
    from rewire.codemod import Site
    from rewire.codemod.cst import Rewritten
    from rewire_codemods.connect_timeout.edits import Operation
    from rewire_codemods.connect_timeout.facts import Value


class TimeoutTransformer(SiteTransformer):
    """One method a payload."""

    def rewrite(self, site: Site, original: cst.CSTNode, updated: cst.CSTNode) -> Rewritten:
        """Carry one site out."""
        payload = site.payload
        if isinstance(payload, NewText):
            return _new_text(cast("cst.BaseExpression", updated), list(payload.pieces))
        if isinstance(payload, NewKey):
            return _new_key(cast("cst.BaseExpression", updated), payload.old, payload.new)
        if isinstance(payload, NewValue):
            return _converted(cast("cst.BaseExpression", updated), payload.value)
        assert isinstance(payload, Operations)
        for operation in payload.steps:
            updated = (
                _on_call(updated, operation)
                if isinstance(updated, cst.Call)
                else _on_dict(cst.ensure_type(updated, cst.Dict), operation)
            )
        return updated


def _keep_parentheses(new: cst.BaseExpression, old: cst.CSTNode) -> cst.BaseExpression:
    lpar, rpar = getattr(old, "lpar", ()), getattr(old, "rpar", ())
    return new.with_changes(lpar=lpar, rpar=rpar)


def _new_text(node: cst.BaseExpression, pieces: list[str]) -> cst.BaseExpression:
    """A string literal with these pieces; white space between those that stay is kept."""
    if not isinstance(node, cst.ConcatenatedString):
        return _keep_parentheses(cst.parse_expression(pieces.pop(0)), node)
    count = len(pieces_of(node.left))
    left, right = pieces[:count], pieces[count:]
    if not any(right):
        return _keep_parentheses(_new_text(node.left, left), node)
    if not any(left):
        return _keep_parentheses(_new_text(node.right, right), node)
    return node.with_changes(left=_new_text(node.left, left), right=_new_text(node.right, right))


def _new_key(node: cst.BaseExpression, old: str, new: str) -> cst.BaseExpression:
    """The string literal with another text and the quotes it had."""
    if isinstance(node, cst.SimpleString) and old in node.value:
        return node.with_changes(value=node.value.replace(old, new))
    return _keep_parentheses(cst.SimpleString(f'"{new}"'), node)


def _converted(node: cst.BaseExpression, value: Value | None) -> cst.BaseExpression:
    """The value as asyncpg wants it."""
    if value is None or value.action == "keep":
        return node
    if value.action == "replace":
        return cst.parse_expression(value.new)
    if value.action == "float":
        return cst.Call(cst.Name("float"), [cst.Arg(node.with_changes(lpar=(), rpar=()) if node.lpar else node)])
    return cst.BooleanOperation(node, cst.Or(), cst.Name("None"))


def _on_call(call: cst.Call, operation: Operation) -> cst.Call:
    if isinstance(operation, Add):
        return _with_keyword(call, operation.name, cst.parse_expression(operation.code))
    if isinstance(operation, Merge):
        return _merged(call, operation.argument, operation.key, cst.parse_expression(operation.code))
    if isinstance(operation, DropEntry):
        return _without_entry(call, operation)
    name = operation.old if isinstance(operation, Rename) else operation.name
    place = layout.index_of_keyword(call.args, name)
    if place is None:
        return call
    arg = call.args[place]
    if isinstance(operation, (Drop, Move)):
        rest = layout.to_call(layout.without(layout.of_call(call), place), call)
        if isinstance(operation, Drop):
            return rest
        return _merged(rest, operation.argument, operation.key, _converted(arg.value, operation.value))
    renamed = arg.with_changes(keyword=cst.Name(operation.new), value=_converted(arg.value, operation.value))
    return call.with_changes(args=[*call.args[:place], renamed, *call.args[place + 1 :]])


def _on_dict(node: cst.Dict, operation: Operation) -> cst.Dict:
    assert isinstance(operation, (Rename, Drop))
    name = operation.old if isinstance(operation, Rename) else operation.name
    place = layout.index_of_key(node.elements, name)
    if place is None:
        return node
    if isinstance(operation, Drop):
        return layout.to_dict(layout.without(layout.of_dict(node), place), node)
    element = cst.ensure_type(node.elements[place], cst.DictElement)
    renamed = element.with_changes(
        key=_new_key(element.key, operation.old, operation.new), value=_converted(element.value, operation.value)
    )
    return node.with_changes(elements=[*node.elements[:place], renamed, *node.elements[place + 1 :]])


def _with_keyword(call: cst.Call, name: str, value: cst.BaseExpression) -> cst.Call:
    """``call`` with one more keyword argument, spelt as its others are (``a=1`` or ``a = 1``)."""
    equal = next((arg.equal for arg in call.args if isinstance(arg.equal, cst.AssignEqual)), None)
    tight = cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace(""))
    arg = cst.Arg(value, keyword=cst.Name(name), equal=equal or tight)
    return layout.to_call(layout.appended(layout.of_call(call), arg), call)


def _merged(call: cst.Call, argument: str, key: str, value: cst.BaseExpression) -> cst.Call:
    """``key: value`` added to the dict display given as ``argument``, or to a new one."""
    place = layout.index_of_keyword(call.args, argument)
    held = call.args[place].value if place is not None else None
    quote = _quote(held if isinstance(held, cst.Dict) and held.elements else call)
    element = cst.DictElement(cst.SimpleString(f"{quote}{key}{quote}"), value)
    if place is None or not isinstance(held, cst.Dict):
        return _with_keyword(call, argument, cst.Dict([element]))
    return _with_value(call, place, layout.to_dict(layout.appended(layout.of_dict(held), element), held))


def _without_entry(call: cst.Call, operation: DropEntry) -> cst.Call:
    place = layout.index_of_keyword(call.args, operation.argument)
    held = call.args[place].value if place is not None else None
    if place is None or not isinstance(held, cst.Dict):
        return call
    return _with_value(call, place, _on_dict(held, Drop(operation.key)))


def _with_value(call: cst.Call, place: int, value: cst.BaseExpression) -> cst.Call:
    arg = call.args[place].with_changes(value=value)
    return call.with_changes(args=[*call.args[:place], arg, *call.args[place + 1 :]])


def _quote(node: cst.CSTNode) -> str:
    """The quote that the code around uses."""
    code = cst.Module([]).code_for_node(node)
    single, double = code.find("'"), code.find('"')
    return "'" if single >= 0 and (double < 0 or single < double) else '"'
