"""What a site carries: frozen values that say what to write, made by ``plan`` and carried out by the transformer."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Text:
    """The node becomes this text, parsed as an expression or a small statement."""

    text: str


@dataclass(frozen=True, slots=True)
class Remove:
    """The node goes."""


@dataclass(frozen=True, slots=True)
class Statements:
    """The block becomes the statements of ``text`` (none if empty); blank lines and comments around it stay."""

    text: str


@dataclass(frozen=True, slots=True)
class Prepend:
    """The block keeps its statements and gets those of ``text`` in front."""

    text: str


@dataclass(frozen=True, slots=True)
class Drop:
    """The block keeps its first ``keep`` statements and loses the last, with the blank and comment lines above it.

    ``text`` are statements that come behind what is kept.
    """

    keep: int = 1
    text: str = ""


@dataclass(frozen=True, slots=True)
class Wrap:
    """The block becomes ``before``, then a try around ``inside`` and the block itself, with ``after`` as finally.

    ``keep`` statements at its start (a docstring) stay in front of everything. ``closes``: its last statement says
    what ``after`` says, and goes.
    """

    before: str
    inside: str
    after: str
    keep: int = 0
    closes: bool = False
