"""One connection's life in one function: the mutable notebook of its examination, and the verdict."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from rewire_codemods.shared_pool.statements import list_at

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rewire.codemod.cst import Tree
    from rewire_codemods.shared_pool.facts import Path, Recipe, Trouble
    from rewire_codemods.shared_pool.references import Reference
    from rewire_codemods.shared_pool.scopes import FunctionScope


@dataclass
class Life:
    """One connection in one function: where it is bound, and everything that happens to it.

    ``end`` bounds the part of its own list that can belong to it (another connect to the same name comes there).
    """

    scope: FunctionScope
    tree: Tree
    path: Path
    name: str
    end: int
    resumes: tuple[Path, ...] = ()
    inside: list[Reference] = field(default_factory=list)
    outside: list[Reference] = field(default_factory=list)
    resets: list[Reference] = field(default_factory=list)
    drops: list[Path] = field(default_factory=list)
    derived: set[str] = field(default_factory=set)
    until: int = 0
    flow_open: bool = False
    retries: bool = False

    @property
    def above(self) -> Path:
        """The list that holds the connect."""
        return self.path[:-1]

    @property
    def index(self) -> int:
        """Where in that list it stands."""
        return int(self.path[-1])

    @property
    def block(self) -> Sequence[Any]:
        """That list."""
        return list_at(self.scope.statements, self.above)

    def holds(self, path: Path) -> bool:
        """True for a path behind the connect in its own list, before the next connect to the same name."""
        depth = len(self.above)
        return path[:depth] == self.above and self.index < int(path[depth]) < self.end

    def in_region(self, path: Path) -> bool:
        """True for a path inside the block that the recipe makes."""
        depth = len(self.above)
        return path[:depth] == self.above and self.index < int(path[depth]) < self.until


@dataclass(frozen=True)
class Found:
    """What became of one connection: a recipe and its shape, or trouble; and how the connection leaves."""

    shape: str
    recipe: Recipe | None = None
    trouble: Trouble | None = None
    hands: Literal["", "returns", "yields"] = ""
    init: Path | None = None
    sequence: tuple[Path, ...] = ()
    last_use: int = 0
    life: Life | None = None

    @property
    def max_left(self) -> int:
        """How many statements at the end of the block do without the connection."""
        return len(self.sequence) - 1 - self.last_use
