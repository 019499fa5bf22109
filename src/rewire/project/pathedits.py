"""The directories of the project that one file adds to ``sys.path``, its arguments evaluated; the file is not run."""

from __future__ import annotations

import ast
import posixpath
import sys
import warnings
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from rewire.project.boot.evaluate import Evaluator
from rewire.project.boot.tree import HOME, Tree, files_of
from rewire.project.boot.values import UNKNOWN, External

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rewire.project.answers import Answers

_ADDING = frozenset({"sys.path.insert", "sys.path.append", "sys.path.extend", "site.addsitedir"})

_TELLING = frozenset({ast.Import, ast.ImportFrom, ast.Assign, ast.Call, ast.AugAssign})
_LEAVES = (ast.Name, ast.Constant, ast.expr_context, ast.operator, ast.cmpop)


def added_folders(index: Answers, path: str) -> tuple[str, ...]:
    """The existing project directories (``""``: the root) that ``path`` adds, in order, as far as can be told."""
    source = index.source(path)
    if source is None:
        return ()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            tree = ast.parse(source.text.lstrip("\f"))
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return ()
    reader = _Reader(index, path)
    found = [place for value in reader.additions(tree) for place in _folders(value)]
    return tuple(dict.fromkeys(place for place in found if not place or place in index.table.folders))


def _folders(value: Any) -> Iterator[str]:
    """The project directories that a value of ``sys.path`` stands for."""
    for entry in value if isinstance(value, list | tuple) else (value,):
        if isinstance(entry, str | PurePosixPath):
            place = posixpath.normpath(posixpath.join(HOME, str(entry)))
            if place == HOME:
                yield ""
            elif place.startswith(f"{HOME}/"):
                yield place[len(HOME) + 1 :]


class _Reader:
    """Names as the file's text binds them, in source order, whatever the block."""

    def __init__(self, index: Answers, path: str) -> None:
        self._names: dict[str, Any] = {"__file__": f"{HOME}/{path}"}
        version = (sys.version_info[0], sys.version_info[1])
        self._evaluator = Evaluator(Tree(files_of(tuple(index.files()))), HOME, version, {})

    def additions(self, tree: ast.Module) -> Iterator[Any]:
        """The values added to ``sys.path``."""
        for node in _in_order(tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    self._names[alias.asname or alias.name.partition(".")[0]] = External(
                        alias.name if alias.asname else alias.name.partition(".")[0]
                    )
            elif isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    self._names[alias.asname or alias.name] = External(f"{node.module}.{alias.name}")
            elif isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
                self._names[node.targets[0].id] = self._value(node.value)
            elif isinstance(node, ast.Call):
                if self._called(node.func) in _ADDING and node.args:
                    yield self._value(node.args[-1])
            elif isinstance(node, ast.AugAssign) and self._called(node.target) == "sys.path":
                yield self._value(node.value)

    def _value(self, node: ast.expr) -> Any:
        return self._evaluator.value(node, self._look)

    def _look(self, chain: tuple[str, ...]) -> Any:
        value = self._names.get(chain[0], External(f"builtins.{chain[0]}") if len(chain) == 1 else UNKNOWN)
        if len(chain) == 1:
            return value
        return External(".".join((value.name, *chain[1:]))) if isinstance(value, External) else UNKNOWN

    def _called(self, node: ast.expr) -> str:
        """The dotted name of a chain, aliases of the modules followed."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return ""
        first = self._names.get(node.id)
        head = first.name if isinstance(first, External) else node.id
        return ".".join((head, *reversed(parts)))


def _in_order(tree: ast.AST) -> Iterator[ast.AST]:
    """The nodes below ``tree`` that say something here, as the text has them.

    The tree of a large file has ten thousand nodes: they are taken from a stack, since generators within generators
    would each pass on what the inner ones find.
    """
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if type(node) in _TELLING:
            yield node
        for field in reversed(node._fields):
            value = getattr(node, field, None)
            if type(value) is list:
                waiting += [item for item in reversed(value) if isinstance(item, ast.AST)]
            elif isinstance(value, ast.AST) and not isinstance(value, _LEAVES):
                waiting.append(value)
