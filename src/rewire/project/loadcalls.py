"""The calls of one file that load Python code by its path: where they stand, what they are given."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

_WITH_NAME = {"spec_from_file_location": ("name", "location"), "SourceFileLoader": ("fullname", "path"),
              "load_source": ("name", "pathname")}  # fmt: skip
"""Calls that are given a module's name and its path, with what the two are called as keywords."""

_RUNNING = frozenset({"run_path", "execfile"})
_LISTING = frozenset({"iter_modules", "walk_packages"})


class LoadCall(NamedTuple):
    """One call in the file ``source``.

    ``location`` is the expression that leads to the path, ``name`` the one for the module's name (None: the call gives
    none). ``within`` are the class and the function around it, as far as there are such. ``by_text``: the location is
    that of a text which is read from a file first.
    """

    source: str
    line: int
    shown: str
    location: ast.expr
    name: ast.expr | None
    within: tuple[str, ...]
    by_text: bool = False


def find_load_calls(source: str, tree: ast.Module) -> Iterator[LoadCall]:
    """Every such call of the file, in no particular order."""
    pending: list[tuple[ast.AST, tuple[str, ...]]] = [(tree, ())]
    listed = list(_listings(tree))
    while pending:
        node, within = pending.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            within = (*within[-1:], node.name)
        pending += [(child, within) for child in ast.iter_child_nodes(node)]
        if isinstance(node, ast.Call):
            yield from _read(source, node, within, listed)


def _read(source: str, node: ast.Call, within: tuple[str, ...], listed: list[ast.expr]) -> Iterator[LoadCall]:
    called = called_name(node)
    if called in _WITH_NAME:
        name, location = (_argument(node, place, word) for place, word in enumerate(_WITH_NAME[called]))
        if location is not None:
            yield LoadCall(source, node.lineno, _shown(node), location, name, within)
    elif called in _RUNNING and node.args:
        yield LoadCall(source, node.lineno, _shown(node), node.args[0], None, within)
    elif called == "exec" and isinstance(node.func, ast.Name) and node.args:
        yield LoadCall(source, node.lineno, _shown(node), node.args[0], None, within, by_text=True)
    elif called == "load_module" and isinstance(node.func, ast.Attribute):
        for location in listed:
            yield LoadCall(source, node.lineno, _shown(node), location, None, within)


def _listings(tree: ast.Module) -> Iterator[ast.expr]:
    """The folders that ``pkgutil`` lists without a prefix: such a name is that of a top-level module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and called_name(node) in _LISTING and len(node.args) == 1 and not node.keywords:
            yield node.args[0]


def called_name(node: ast.Call) -> str:
    """The last word of what is called."""
    if isinstance(node.func, ast.Attribute):
        return node.func.attr
    return node.func.id if isinstance(node.func, ast.Name) else ""


def _argument(node: ast.Call, place: int, word: str) -> ast.expr | None:
    if place < len(node.args):
        return node.args[place]
    return next((keyword.value for keyword in node.keywords if keyword.arg == word), None)


def _shown(node: ast.Call) -> str:
    text = ast.unparse(node)
    return text if len(text) <= 80 else f"{ast.unparse(node.func)}(...)"
