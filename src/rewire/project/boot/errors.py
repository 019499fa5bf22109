"""What travels up a simulated stack."""

from __future__ import annotations

import builtins
import re
from typing import TYPE_CHECKING, Any

_OF_AN_OBJECT = re.compile(r"'\w+' object has no attribute")

if TYPE_CHECKING:
    from collections.abc import Sequence


class Raised(Exception):
    """An exception of the simulated program. ``wanted`` is what was not found, ``name`` its ``name`` attribute."""

    def __init__(self, kind: str, text: str, *, wanted: str = "", name: str | None = None) -> None:
        super().__init__(text)
        self.kind = kind
        self.text = text
        self.wanted = wanted
        self.name = name if name is not None or kind != "ModuleNotFoundError" else wanted
        self.deliberate = False
        """A ``raise`` statement of the program's own."""
        self.frames: list[tuple[str, int]] = []
        """(place, line), innermost first; filled in on the way up."""


IMPORT_TROUBLE = frozenset({"ImportError", "ModuleNotFoundError", "AttributeError", "NameError", "SyntaxError"})
"""Errors that imports cause; others a program raises for reasons of its own."""


def is_import_trouble(error: Raised, *, later: bool) -> bool:
    """True if an error that may come up has to do with imports: one of a module, of a name, of what it holds.

    What a function raises by itself (``later``) is its answer to what it is asked, and ``None`` without an attribute
    is a variable that nobody has set so far.
    """
    if error.kind not in IMPORT_TROUBLE or (later and error.deliberate):
        return False
    return error.kind != "AttributeError" or not _OF_AN_OBJECT.match(error.text)


class Returned(Exception):
    """``return`` of the simulated program."""

    def __init__(self, value: Any) -> None:
        super().__init__()
        self.value = value


class Left(Exception):
    """``break`` or ``continue`` of the simulated program."""

    def __init__(self, is_break: bool) -> None:
        super().__init__()
        self.is_break = is_break


def catches(types: Sequence[tuple[str, ...]] | None, kind: str) -> bool:
    """True if ``except types`` catches an exception of class ``kind``; classes that are not built in catch nothing."""
    if types is None:
        return True
    raised = getattr(builtins, kind.rpartition(".")[2], None)
    if not (isinstance(raised, type) and issubclass(raised, BaseException)):
        raised = Exception
    for chain in types:
        caught = getattr(builtins, chain[-1], None)
        if isinstance(caught, type) and issubclass(raised, caught):
            return True
        if chain[-1] == kind.rpartition(".")[2]:
            return True
    return False
