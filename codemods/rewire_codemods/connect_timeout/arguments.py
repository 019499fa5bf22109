"""Which argument of a call a parameter gets."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import libcst as cst


def argument_for(call: cst.Call, function: cst.FunctionDef, name: str, skip: int = 0) -> cst.CSTNode | None:
    """The expression that ``call`` passes for parameter ``name``; ``skip`` leading parameters are bound already."""
    positional = [*function.params.posonly_params, *function.params.params][skip:]
    for place, arg in enumerate(call.args):
        if arg.star:
            return None
        if arg.keyword is not None:
            if arg.keyword.value == name:
                return arg.value
        elif place < len(positional) and positional[place].name.value == name:
            return arg.value
    return None
