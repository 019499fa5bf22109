"""What the transformer is told to do: one frozen value for each kind of edit, complete, nothing left to decide."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rewire_codemods.shared_pool.facts import Recipe


@dataclass(frozen=True, slots=True)
class Wrap:
    """Carry ``recipe`` out with ``acquire`` as the context expression."""

    recipe: Recipe
    acquire: str


@dataclass(frozen=True, slots=True)
class MakeFactory:
    """Turn a function that returns a connection into one that yields it. ``recipe`` counts from the function's body.

    ``decorator`` is empty for a FastAPI dependency; ``returns`` replaces the return annotation (empty: none).
    """

    recipe: Recipe
    acquire: str
    decorator: str
    returns: str


@dataclass(frozen=True, slots=True)
class Drop:
    """The statements go."""

    strings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DropImports:
    """Some names of an import statement go; all of them: the statement goes."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Imports:
    """A run of import statements: names that go from some of them (by index), and statements that come behind them."""

    drops: tuple[tuple[int, tuple[str, ...]], ...]
    adds: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Surround:
    """``before``, then the statements inside ``try``, then ``after`` in its ``finally``; a docstring stays in front."""

    before: str
    after: str
    indent: str


@dataclass(frozen=True, slots=True)
class AddArgument:
    """A keyword argument for a call."""

    keyword: str
    value: str


Edit = Wrap | MakeFactory | Drop | DropImports | Imports | Surround | AddArgument
