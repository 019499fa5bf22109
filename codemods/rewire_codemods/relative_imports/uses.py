"""What is said of the uses of ``import a.b``: where they are, or why they cannot follow to another name."""

from __future__ import annotations

import builtins
import re
from typing import NamedTuple

INTROSPECTION = frozenset({"globals", "locals", "vars", "eval", "exec"})
"""Builtins that look names up."""

TYPE_CALLS = frozenset({"cast", "TypeVar", "NewType", "ForwardRef"})
"""Calls whose strings are types."""


class DottedUse(NamedTuple):
    """One use ``a.b.c`` of the module ``dotted``, at these offsets (the dotted name alone)."""

    dotted: str
    start: int
    end: int


class Stuck(Exception):
    """The uses cannot follow; says why."""


def new_names(modules: set[str]) -> set[str]:
    """The names by which the uses would go on. Raises Stuck where one of them would hide a builtin."""
    new = {name.rpartition(".")[2] for name in modules}
    taken = new & frozenset(dir(builtins))
    if taken:
        raise Stuck(f"{min(taken)} would hide a builtin")
    return new


def is_name(literal: str, top: str) -> bool:
    """True for a string that is ``top``: in ``__all__``, or looked up by getattr."""
    return literal.lstrip("rRbBuU").strip("'\"") == top


def may_be_type(literal: str, top: str) -> bool:
    """True for a string that names something below ``top``, as a quoted annotation does."""
    return re.search(rf"(?<![\w.]){top}\.\w", literal) is not None
