"""Take an element out of a bracketed list, or add one, and keep the layout: one line an element, comments, commas.

Works on the arguments of a call and on the elements of a dict alike. Between two elements stands a *gap*: the white
space and comments after the comma. A comment at the end of an element's own line goes when the element takes that
line with it; every other comment stays.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import libcst as cst

if TYPE_CHECKING:
    from collections.abc import Sequence

Gap = cst.BaseParenthesizableWhitespace


@dataclass(frozen=True)
class Listed:
    """A bracketed list as gaps: ``gaps[0]`` after the opening bracket, ``gaps[i]`` after element ``i - 1``.

    ``nodes`` carry no separators of their own; ``trailing`` tells whether a comma follows the last one.
    """

    nodes: tuple[cst.CSTNode, ...]
    gaps: tuple[Gap, ...]
    trailing: bool


def of_call(call: cst.Call) -> Listed:
    """A call's arguments."""
    gaps: list[Gap] = [call.whitespace_before_args]
    gaps += [
        arg.comma.whitespace_after if isinstance(arg.comma, cst.Comma) else arg.whitespace_after_arg
        for arg in call.args
    ]
    trailing = bool(call.args) and isinstance(call.args[-1].comma, cst.Comma)
    return Listed(tuple(call.args), tuple(gaps), trailing)


def of_dict(node: cst.Dict) -> Listed:
    """A dict display's elements."""
    gaps: list[Gap] = [node.lbrace.whitespace_after]
    for element in node.elements:
        comma = element.comma
        gaps.append(comma.whitespace_after if isinstance(comma, cst.Comma) else cst.SimpleWhitespace(""))
    trailing = bool(node.elements) and isinstance(node.elements[-1].comma, cst.Comma)
    if node.elements:
        gaps[-1] = node.rbrace.whitespace_before
    return Listed(tuple(node.elements), tuple(gaps), trailing)


def to_call(listed: Listed, call: cst.Call) -> cst.Call:
    """``call`` with these arguments."""
    args: list[cst.Arg] = []
    for place, node in enumerate(listed.nodes):
        assert isinstance(node, cst.Arg)
        gap = listed.gaps[place + 1]
        if place + 1 < len(listed.nodes) or listed.trailing:
            args.append(node.with_changes(comma=_comma(node.comma, gap), whitespace_after_arg=cst.SimpleWhitespace("")))
        else:
            args.append(node.with_changes(comma=cst.MaybeSentinel.DEFAULT, whitespace_after_arg=gap))
    return call.with_changes(args=args, whitespace_before_args=listed.gaps[0])


def to_dict(listed: Listed, node: cst.Dict) -> cst.Dict:
    """``node`` with these elements."""
    elements: list[cst.BaseDictElement] = []
    for place, element in enumerate(listed.nodes):
        assert isinstance(element, cst.BaseDictElement)
        if place + 1 < len(listed.nodes):
            elements.append(element.with_changes(comma=_comma(element.comma, listed.gaps[place + 1])))
        elif listed.trailing:
            elements.append(element.with_changes(comma=_comma(element.comma, cst.SimpleWhitespace(""))))
        else:
            elements.append(element.with_changes(comma=cst.MaybeSentinel.DEFAULT))
    last = listed.gaps[-1] if listed.nodes else cst.SimpleWhitespace("")
    return node.with_changes(
        elements=elements,
        lbrace=node.lbrace.with_changes(whitespace_after=listed.gaps[0]),
        rbrace=node.rbrace.with_changes(whitespace_before=last),
    )


def without(listed: Listed, place: int) -> Listed:
    """The list without element ``place``."""
    before, after = listed.gaps[place], listed.gaps[place + 1]
    last = place == len(listed.nodes) - 1
    gap = _joined(before, after, last=last)
    nodes = listed.nodes[:place] + listed.nodes[place + 1 :]
    if not nodes and not _comments(gap):
        gap = cst.SimpleWhitespace("")
    gaps = (*listed.gaps[:place], gap, *listed.gaps[place + 2 :])
    return Listed(nodes, gaps, listed.trailing and bool(nodes))


def appended(listed: Listed, node: cst.CSTNode) -> Listed:
    """The list with ``node`` at its end, on a line of its own where the others have one each."""
    if not listed.nodes:
        return Listed((node,), (listed.gaps[0], cst.SimpleWhitespace("")), trailing=False)
    lead, close = listed.gaps[-2], listed.gaps[-1]
    if isinstance(lead, cst.ParenthesizedWhitespace) and isinstance(close, cst.ParenthesizedWhitespace):
        between: Gap = replace_lines(lead, first=close.first_line)
        close = replace_lines(close, first=cst.TrailingWhitespace(newline=close.first_line.newline), keep=True)
    elif isinstance(lead, cst.ParenthesizedWhitespace) and len(listed.nodes) > 1:
        between = replace_lines(lead, first=cst.TrailingWhitespace(newline=lead.first_line.newline))
    elif isinstance(close, cst.ParenthesizedWhitespace) and close.first_line.comment is not None:
        between, close = close, replace_lines(close, first=cst.TrailingWhitespace(newline=close.first_line.newline))
    else:
        between = cst.SimpleWhitespace(" ")
    return Listed((*listed.nodes, node), (*listed.gaps[:-1], between, close), listed.trailing)


def replace_lines(
    gap: cst.ParenthesizedWhitespace, *, first: cst.TrailingWhitespace, keep: bool = False
) -> cst.ParenthesizedWhitespace:
    """``gap`` with another first line; lines of their own between the elements are left out unless ``keep``."""
    return gap.with_changes(first_line=first, empty_lines=gap.empty_lines if keep else ())


def drops_comment(listed: Listed, place: int) -> bool:
    """True if taking element ``place`` out takes a comment with it."""
    if place >= len(listed.nodes):
        return False
    kept = _comments(_joined(listed.gaps[place], listed.gaps[place + 1], last=place == len(listed.nodes) - 1))
    had = _comments(listed.gaps[place]) + _comments(listed.gaps[place + 1])
    return kept < had or "#" in cst.Module([]).code_for_node(listed.nodes[place].with_changes(comma=cst.Comma()))


def _joined(before: Gap, after: Gap, *, last: bool) -> Gap:
    """The gap that is left where an element between two gaps goes."""
    if isinstance(before, cst.ParenthesizedWhitespace) and isinstance(after, cst.ParenthesizedWhitespace):
        return after.with_changes(first_line=before.first_line, empty_lines=(*before.empty_lines, *after.empty_lines))
    if isinstance(after, cst.ParenthesizedWhitespace):
        return after
    if last and not _comments(before):
        return after
    return before


def _comments(gap: Gap) -> int:
    if not isinstance(gap, cst.ParenthesizedWhitespace):
        return 0
    return (gap.first_line.comment is not None) + sum(line.comment is not None for line in gap.empty_lines)


def _comma(old: cst.Comma | cst.MaybeSentinel, gap: Gap) -> cst.Comma:
    before = old.whitespace_before if isinstance(old, cst.Comma) else cst.SimpleWhitespace("")
    return cst.Comma(whitespace_before=before, whitespace_after=gap)


def index_of_keyword(args: Sequence[cst.Arg], keyword: str) -> int | None:
    """The place of a keyword argument."""
    for place, arg in enumerate(args):
        if arg.keyword is not None and arg.keyword.value == keyword:
            return place
    return None


def index_of_key(elements: Sequence[cst.BaseDictElement], key: str) -> int | None:
    """The place of a literal key in a dict display (the last one counts, as in Python)."""
    found = None
    for place, element in enumerate(elements):
        if isinstance(element, cst.DictElement) and isinstance(element.key, (cst.SimpleString, cst.ConcatenatedString)):
            found = place if element.key.evaluated_value == key else found
    return found
