"""Values that a simulated start knows: constants, paths, modules, functions, classes; the rest is unknown."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rewire.project.boot.program import Class, Define


class Unknown:
    """A value of which nothing is known."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN = Unknown()


@dataclass(frozen=True, slots=True)
class External:
    """Something outside the project, by its dotted name: every attribute of it exists."""

    name: str


@dataclass(slots=True, eq=False)
class Module:
    """A module of the project: what has been bound in it so far.

    ``open``: more names may be bound than are known (a star import from outside, ``globals()``); ``vague``: more
    names may be read than are known (type parameters that this Python cannot parse).
    """

    name: str
    file: str | None
    locations: tuple[str, ...] | None
    package: str
    names: dict[str, Any] = field(default_factory=dict)
    done: bool = False
    open: bool = False
    vague: bool = False

    @property
    def origin(self) -> str:
        """Where Python says it comes from, in brackets after some messages."""
        return self.file or "unknown location"


@dataclass(frozen=True, slots=True, eq=False)
class Function:
    """A function of the project, with the module (and the enclosing function's names) its names are looked up in."""

    define: Define
    module: Module
    enclosing: dict[str, Any] | None = None
    wrapped: bool = False
    """A decorator made something else of it that still runs its body when called."""


@dataclass(frozen=True, slots=True, eq=False)
class Klass:
    """A class of the project: what its body bound, and its bases."""

    op: Class
    module: Module
    names: dict[str, Any]
    bases: tuple[Any, ...]

    def find(self, name: str, depth: int = 0) -> Any:
        """The attribute ``name`` of the class or a base of it; None if no base that is known has it."""
        if name in self.names:
            return self.names[name]
        if depth < 10:
            for base in self.bases:
                if isinstance(base, Klass) and (found := base.find(name, depth + 1)) is not None:
                    return found
        return None


@dataclass(frozen=True, slots=True, eq=False)
class Instance:
    """An object of a class of the project."""

    klass: Klass


_SEQUENCES = (tuple, list, set, frozenset)
_PLAIN = (str, int, float, bool, bytes, PurePosixPath)
# Tuples, not unions: `A | B` makes a new object at each call of isinstance.


def is_known(value: Any) -> bool:
    """True for constants, paths and sequences of them."""
    if isinstance(value, _SEQUENCES):
        return all(map(is_known, value))
    return value is None or isinstance(value, _PLAIN)
