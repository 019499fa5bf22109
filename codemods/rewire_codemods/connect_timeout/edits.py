"""What the plan hands to the transformer: operations on calls and dicts, new text for strings, changed values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rewire_codemods.connect_timeout.facts import Value


@dataclass(frozen=True, slots=True)
class Rename:
    """Give the keyword or key ``old`` the name ``new``, and convert its value."""

    old: str
    new: str
    value: Value | None = None


@dataclass(frozen=True, slots=True)
class Drop:
    """Take the keyword or key out."""

    name: str


@dataclass(frozen=True, slots=True)
class Add:
    """Add a keyword argument at the end; ``code`` is its value."""

    name: str
    code: str


@dataclass(frozen=True, slots=True)
class Merge:
    """Add ``key: code`` to the dict display given as ``argument``, or pass such a dict where there is none."""

    argument: str
    key: str
    code: str


@dataclass(frozen=True, slots=True)
class Move:
    """Take the keyword ``name`` out and put its value, converted, under ``key`` into the dict given as ``argument``."""

    name: str
    argument: str
    key: str
    value: Value


@dataclass(frozen=True, slots=True)
class DropEntry:
    """Take ``key`` out of the dict display given as ``argument``."""

    argument: str
    key: str


Operation = Rename | Drop | Add | Merge | Move | DropEntry


@dataclass(frozen=True, slots=True)
class Operations:
    """Payload of a site on a ``Call`` or ``Dict``: operations, in order."""

    steps: tuple[Operation, ...]


@dataclass(frozen=True, slots=True)
class NewText:
    """Payload of a site on a string literal: the new source text of each of its pieces, ``""`` for one that goes."""

    pieces: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NewKey:
    """Payload of a site on a string literal that is a key: ``old`` becomes ``new`` within the same quotes."""

    old: str
    new: str


@dataclass(frozen=True, slots=True)
class NewValue:
    """Payload of a site on an expression: convert it."""

    value: Value


Payload = Operations | NewText | NewKey | NewValue
