"""Our own source files as syntax trees, for the tests that read the house itself."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

TOP = Path(__file__).parents[2]
ROOTS = (TOP / "src", TOP / "codemods")


@dataclass(frozen=True)
class Module:
    """One of our modules: its file, its dotted name and its tree."""

    path: Path
    name: str
    tree: ast.Module

    @property
    def package(self) -> str:
        """The package it lies in; a package's own name for its ``__init__``."""
        return self.name if self.path.name == "__init__.py" else self.name.rpartition(".")[0]

    @property
    def place(self) -> str:
        """Its path, for messages."""
        return self.path.relative_to(TOP).as_posix()


@cache
def modules() -> tuple[Module, ...]:
    """Every module of rewire and of the built-in codemods."""
    return tuple(_read(path, root) for root in ROOTS for path in sorted(root.rglob("*.py")))


def _read(path: Path, root: Path) -> Module:
    parts = path.relative_to(root).with_suffix("").parts
    name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
    return Module(path, name, ast.parse(path.read_text(encoding="utf-8")))


def imports(tree: ast.AST) -> Iterator[tuple[int, str, str | None]]:
    """Line, module and name (None for a plain import) of everything that ``tree`` imports, anywhere in it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name, None) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports are not used in this house"
            yield from ((node.lineno, node.module or "", alias.name) for alias in node.names)
