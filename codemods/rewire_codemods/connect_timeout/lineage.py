"""A class and those it is made of: whether what one class keeps in an attribute can be seen in another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

if TYPE_CHECKING:
    from rewire_codemods.connect_timeout.origins import Origins

Line = tuple[tuple[str, str], ...]
"""(path, name) of a class, then of its bases, nearest first."""

_LONGEST = 20


def line_of(home: Origins, node: cst.ClassDef) -> Line:
    """The class ``node`` of ``home``'s file, and every base of it that the project defines."""
    found: dict[tuple[str, str], None] = {}
    waiting = [(home, node)]
    while waiting and len(found) < _LONGEST:
        origins, known = waiting.pop(0)
        mark = (origins.path, known.name.value)
        if mark in found:
            continue
        found[mark] = None
        for base in known.bases:
            there, above = origins.definition(origins.of(base.value)) or (None, None)
            if there is not None and isinstance(above, cst.ClassDef):
                waiting.append((there, above))
    return tuple(found)


def is_kin(one: Line, other: Line) -> bool:
    """True if one of the two classes is a base of the other: an object may be of both."""
    return not one or not other or one[0] in other or other[0] in one
