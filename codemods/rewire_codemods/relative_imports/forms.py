"""Spelling a module from within a package: dots and what follows them, and back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple


@dataclass(frozen=True, slots=True)
class Move:
    """What a ``from`` statement's module becomes: ``level`` dots and ``module``.

    ``binds`` is set where ``import a.b as x`` becomes ``from .a import b as x``: the submodule's name. ``proof`` pairs
    each package the file is loaded in with the absolute name that the statement means there; it takes no part in
    comparisons, because what is written does not depend on it. ``was`` is the flat name of a module that gets its full
    one (``from db import x`` -> ``from backend.db import x``): there the two differ.
    """

    level: int
    module: str
    binds: str = ""
    proof: tuple[tuple[str, str], ...] = field(default=(), compare=False)
    was: str = field(default="", compare=False)

    def __reduce__(self) -> tuple[Any, ...]:
        """Its fields, in half the time that dataclasses take."""
        return Move, (self.level, self.module, self.binds, self.proof, self.was)

    @property
    def written(self) -> str:
        """As it stands in the source."""
        return "." * self.level + self.module


class Both(NamedTuple):
    """``try:`` the statement as ``move`` makes it, ``except ImportError:`` as it was, with ``handler`` for a module."""

    move: Move
    handler: str


class Rename(NamedTuple):
    """A dotted use, or an exception's name, that becomes ``name``."""

    name: str


def relative_form(package: str, module: str) -> tuple[int, str] | None:
    """Dots and rest by which a file in ``package`` names ``module``; None where no package is shared."""
    if not package:
        return None
    here, there = package.split("."), module.split(".")
    shared = 0
    while shared < min(len(here), len(there)) and here[shared] == there[shared]:
        shared += 1
    if shared == 0:
        return None
    return len(here) - shared + 1, ".".join(there[shared:])


def absolute_name(package: str, level: int, module: str) -> str | None:
    """The absolute name that dots and rest mean in ``package``, as importlib reckons it; None beyond the top."""
    if not level:
        return module
    parts = package.rsplit(".", level - 1) if package else []
    if len(parts) < level:
        return None
    return f"{parts[0]}.{module}" if module else parts[0]
