"""``import a.b`` binds ``a``: which uses there are, and whether all of them can follow to ``from . import b``."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from rewire.codemod import NotLossless, NotPython
from rewire_codemods.relative_imports.uses import DottedUse, Stuck

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rewire.codemod import ImportStatement
    from rewire.codemod.cst import Tree
    from rewire_codemods.relative_imports.uses_native import Native


class DottedImports(NamedTuple):
    """Every ``import top.x`` without alias in one file, and its uses.

    ``problem`` says why the uses cannot follow (empty: they can).
    """

    top: str
    statements: tuple[int, ...]
    uses: tuple[DottedUse, ...]
    problem: str


def read_dotted(text: str, statements: Sequence[ImportStatement]) -> tuple[DottedImports, ...]:
    """The uses of each top-level name that an ``import a.b`` without alias binds; needs a parse of the whole file."""
    wanted: dict[str, list[ImportStatement]] = {}
    for statement in statements:
        if not statement.is_from and any("." in name and not alias for name, alias in statement.names):
            for name, alias in statement.names:
                if not alias:
                    wanted.setdefault(name.partition(".")[0], []).append(statement)
    if not wanted:
        return ()
    readers = _Readers(text)
    return tuple(_read_one(readers, top, found) for top, found in sorted(wanted.items()))


def _read_one(readers: _Readers, top: str, found: Sequence[ImportStatement]) -> DottedImports:
    uses: list[DottedUse] = []
    problem = _plain_problem(top, found)  # told without a parse
    if not problem:
        try:
            uses = readers.uses(top, {name for entry in found for name, _ in entry.names})
        except Stuck as reason:
            problem = str(reason)
    return DottedImports(top, tuple(entry.start for entry in found), tuple(uses), problem)


class _Readers:
    """The two parsers on one text: the quick one first, the other where that is not sure."""

    def __init__(self, text: str) -> None:
        self.text = text

    @cached_property
    def _native(self) -> Native | None:
        from rewire_codemods.relative_imports.uses_native import Native, Unsure

        try:
            return Native(self.text)
        except Unsure:
            return None

    @cached_property
    def _tree(self) -> Tree:
        from rewire.codemod.cst import parse

        try:
            return parse(self.text)
        except (NotPython, NotLossless):
            raise Stuck("the file cannot be parsed") from None

    def uses(self, top: str, modules: set[str]) -> list[DottedUse]:
        """Every use of ``modules``, each of them below ``top``. Raises Stuck where not all of them can follow."""
        if self._native is not None:
            from rewire_codemods.relative_imports.uses_native import Unsure

            try:
                return self._native.read_uses(top, modules)
            except Unsure:
                pass
        from rewire_codemods.relative_imports.uses_modern import read_uses

        return read_uses(self._tree, top, modules)


def _plain_problem(top: str, found: Sequence[ImportStatement]) -> str:
    for entry in found:
        if len(entry.names) > 1:
            return "one statement imports several modules"
        if entry.names[0] == (top, ""):
            return f"`import {top}` binds {top} as well"
        if entry.guards:
            return f"`import {entry.names[0][0]}` stands in a block"
    last = [name.rpartition(".")[2] for name in {entry.names[0][0] for entry in found}]
    if len(set(last)) < len(last):
        return f"two of the modules are called {min(name for name in last if last.count(name) > 1)}"
    return ""
