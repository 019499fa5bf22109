"""Arguments of a call, one more or one less, laid out like the others and with every comment where it was."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

if TYPE_CHECKING:
    from collections.abc import Sequence

_NOTHING = cst.SimpleWhitespace("")


def appended(call: cst.Call, kept: Sequence[cst.Arg], new: cst.Arg) -> list[cst.Arg]:
    """``kept`` (arguments of ``call``, at least one) and ``new`` behind them."""
    last = call.args[-1]
    between = _between(call)
    closing = last.comma if isinstance(last.comma, cst.Comma) else None
    behind = closing.whitespace_after if closing is not None else last.whitespace_after_arg
    *front, end = kept
    args = [arg if isinstance(arg.comma, cst.Comma) else arg.with_changes(comma=between) for arg in front]
    if end is last:
        space = _joined(behind, between.whitespace_after)
        args.append(end.with_changes(comma=cst.Comma(whitespace_after=space), whitespace_after_arg=_NOTHING))
    else:
        args.append(end if isinstance(end.comma, cst.Comma) else end.with_changes(comma=between))
    if closing is not None:
        return [*args, new.with_changes(comma=cst.Comma(whitespace_after=_silent(behind)))]
    return [*args, new.with_changes(whitespace_after_arg=_silent(behind))]


def without(call: cst.Call, gone: cst.Arg) -> cst.Call:
    """``call`` without one of its arguments."""
    args = list(call.args)
    index = next(position for position, arg in enumerate(args) if arg is gone)
    last = args[-1]
    args.pop(index)
    if not args:
        return call.with_changes(args=[], whitespace_before_args=_NOTHING)
    if gone is last:
        args[-1] = args[-1].with_changes(comma=last.comma, whitespace_after_arg=last.whitespace_after_arg)
    return call.with_changes(args=args)


def _between(call: cst.Call) -> cst.Comma:
    """The comma that stands between two arguments, without a comment."""
    first = call.args[0].comma if len(call.args) > 1 else cst.MaybeSentinel.DEFAULT
    if isinstance(first, cst.Comma):
        return cst.Comma(whitespace_before=first.whitespace_before, whitespace_after=_silent(first.whitespace_after))
    lines = isinstance(call.whitespace_before_args, cst.ParenthesizedWhitespace)
    return cst.Comma(whitespace_after=_silent(call.whitespace_before_args) if lines else cst.SimpleWhitespace(" "))


def _silent(space: cst.BaseParenthesizableWhitespace) -> cst.BaseParenthesizableWhitespace:
    """The same white space without its comments."""
    if not isinstance(space, cst.ParenthesizedWhitespace):
        return space
    return space.with_changes(first_line=cst.TrailingWhitespace(), empty_lines=[])


def _joined(
    comments: cst.BaseParenthesizableWhitespace, layout: cst.BaseParenthesizableWhitespace
) -> cst.BaseParenthesizableWhitespace:
    """The comments of one white space in the layout of another."""
    if not isinstance(comments, cst.ParenthesizedWhitespace) or not isinstance(layout, cst.ParenthesizedWhitespace):
        return layout
    return layout.with_changes(first_line=comments.first_line, empty_lines=comments.empty_lines)
