"""Which paths of the project may flow into an expression: over assignments, loops, parameters and their callers.

Order, branches and scopes are left aside: every value that a name is ever given in its file may be the one. So the
answer may hold too much, and misses what is read from outside the code.
"""

from __future__ import annotations

import ast
import posixpath
import sys
from functools import cached_property
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, NamedTuple

from rewire.project.boot.evaluate import Evaluator
from rewire.project.boot.tree import HOME, Tree, files_of
from rewire.project.boot.values import UNKNOWN, External, is_known
from rewire.project.loadcalls import called_name
from rewire.project.modules import folder_of
from rewire.project.pathnames import Bindings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rewire.project.answers import Answers
    from rewire.project.pathnames import Expression, Scope

_READING = frozenset({"open", "open_code", "read_text", "read_bytes"})
_DEEP = frozenset({"walk", "rglob", "walk_packages"})
_MOST = 4_000
"""How many expressions are looked at for one question."""

Caller = tuple[str, "ast.Call | None"]
"""A function, and the one call of it whose arguments its parameters get (None: there is none)."""


class TextOf(NamedTuple):
    """A text, and what it stands for in the project if it is a path."""

    text: str
    place: str = ""
    is_file: bool = False
    is_folder: bool = False


class PathFlow:
    """The expressions of some files, by the names and attributes that they are given to."""

    def __init__(self, index: Answers, trees: Mapping[str, ast.Module]) -> None:
        self.index = index
        self._evaluator = Evaluator(
            Tree(files_of(tuple(index.files()))), HOME, (sys.version_info[0], sys.version_info[1]), {}
        )
        self._code = Bindings(trees)
        self._working_out: set[int] = set()
        self._caller: Caller = ("", None)

    def callers(self, function: str) -> Sequence[ast.Call | None]:
        """The calls of a function, each a way to give values to its parameters; None where there is no call."""
        return [call for _, call in self._code.calls.get(function, ())] or [None]

    def texts(self, path: str, expression: ast.expr, caller: Caller) -> list[TextOf]:
        """Every text that may be in the value of ``expression``, which stands in ``path``, if ``caller`` is the one."""
        self._caller = caller
        return [self._text_of(value) for where, node in self._sources(path, expression)
                for value in self._values(where, node)]  # fmt: skip

    def prefixes(self, path: str, expression: ast.expr, caller: Caller) -> frozenset[str]:
        """How the dotted names may begin that ``expression`` gives: with what stands before the last dot of the part
        that is known; ``""`` for a name that may be without one.
        """
        self._caller = caller
        found: set[str] = set()
        pending: list[Expression] = [(path, expression)]
        seen: set[int] = set()
        while pending:
            where, node = pending.pop()
            if id(node) in seen:
                continue
            seen.add(id(node))
            head = _head(node)
            if isinstance(head, ast.Constant) and isinstance(head.value, str):
                found.add(head.value[: head.value.rfind(".") + 1])
            elif isinstance(head, ast.Attribute | ast.Name) and _last_word(head) in ("__name__", "__package__"):
                found.add(self._package(where))
            elif isinstance(head, ast.Name) and (given := self._given(where, head)):
                pending += given
            else:
                found.add("")
        return frozenset(found or {""})

    def _package(self, path: str) -> str:
        """The top-level name of a file of ours, which is as much as ``__name__`` is good for."""
        names = self.index.module_names(path)
        return names[0].partition(".")[0] + "." if names else ""

    def readings(self, path: str, expression: ast.expr) -> list[ast.expr]:
        """The paths of the files whose text is in ``expression``, as expressions of the same file."""
        found: list[ast.expr] = []
        pending: list[ast.expr] = [expression]
        seen: set[int] = set()
        while pending:
            node = pending.pop()
            if id(node) in seen:
                continue
            seen.add(id(node))
            if isinstance(node, ast.Call) and called_name(node) in _READING:
                is_open = called_name(node).startswith("open") and node.args
                found.append(node.args[0] if is_open else node.func)
            elif isinstance(node, ast.Name):
                pending += [bound.value for bound in self._code.seen(path, node.id, self._code.scope_of(node))]
            pending += [child for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr)]
        return found

    @cached_property
    def walks(self) -> bool:
        """True if one of the files goes through whole trees of folders."""
        return any(name in self._code.calls for name in _DEEP) or any(
            "**" in argument.value
            for _, node in self._code.calls.get("glob", ())
            for argument in node.args
            if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
        )

    def _sources(self, path: str, expression: ast.expr) -> Iterator[Expression]:
        """The expressions whose value is known and that ``expression`` is made of."""
        pending: list[Expression] = [(path, expression)]
        seen: set[int] = set()
        while pending and len(seen) < _MOST:
            where, node = pending.pop()
            if id(node) in seen:
                continue
            seen.add(id(node))
            if any(True for _ in self._values(where, node)):
                yield where, node
                continue
            if isinstance(node, ast.Name):
                pending += self._given(where, node)
            elif isinstance(node, ast.Attribute):
                pending += self._code.attributes.get(node.attr, ())
                pending += self._code.class_level(node.attr)
            elif isinstance(node, ast.Constant):
                continue
            pending += [(where, child) for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr)]
            if isinstance(node, ast.Call):
                pending += self._code.returned.get(called_name(node), ())
                pending += [(where, keyword.value) for keyword in node.keywords]
            elif isinstance(node, ast.ListComp | ast.GeneratorExp | ast.SetComp):
                pending += [(where, part.iter) for part in node.generators]

    def _given(self, path: str, node: ast.Name) -> list[Expression]:
        """What a name is given in its file, or by the callers whose argument it is, or where it is imported from."""
        scope = self._code.scope_of(node)
        found: list[Expression] = [(path, bound.value) for bound in self._code.seen(path, node.id, scope)]
        for parameter in self._code.parameters.get((path, node.id), ()):
            if parameter.scope != scope[: len(parameter.scope)]:
                continue
            for where, call in self._code.calls.get(parameter.function, ()):
                if parameter.function == self._caller[0] and call is not self._caller[1]:
                    continue
                if 0 <= parameter.place < len(call.args):
                    found.append((where, call.args[parameter.place]))
                found += [(where, keyword.value) for keyword in call.keywords if keyword.arg == node.id]
        if (path, node.id) in self._code.outside:
            for entry in self.index.imports(path):
                target = self.index.resolve(entry) if entry.bound == node.id else None
                if target is not None and target.attribute and target.path is not None:
                    found += [
                        (target.path, bound.value) for bound in self._code.seen(target.path, target.attribute, ())
                    ]
        return found

    def _values(self, path: str, node: ast.expr) -> Iterator[str | PurePosixPath]:
        """The value of an expression as texts and paths, if it is known."""
        scope = self._code.scope_of(node)
        if isinstance(node, ast.Attribute) and node.attr == "__path__":
            yield from self._package_folder(path, node.value)
            return
        value = self._evaluator.value(node, lambda chain: self._look(path, chain, scope))
        for entry in value if isinstance(value, list | tuple) else (value,):
            if isinstance(entry, str | PurePosixPath) and str(entry):
                yield entry

    def _look(self, path: str, chain: tuple[str, ...], scope: Scope) -> Any:
        name = chain[0]
        if name == "__file__":
            return f"{HOME}/{path}" if len(chain) == 1 else UNKNOWN
        if name == "__path__":
            return [f"{HOME}/{folder_of(path)}"]
        given = self._code.seen(path, name, scope)
        if self._code.is_parameter(path, name, scope):
            return UNKNOWN
        if not given:
            outside = self._code.outside.get((path, name), f"builtins.{name}")
            return External(".".join((outside, *chain[1:])))
        if len(chain) > 1 or len(given) != 1 or id(given[0].value) in self._working_out:
            return UNKNOWN
        inner = given[0].value
        self._working_out.add(id(inner))
        try:
            around = self._code.scope_of(inner)
            value = self._evaluator.value(inner, lambda further: self._look(path, further, around))
        finally:
            self._working_out.discard(id(inner))
        return value if is_known(value) and isinstance(value, str | PurePosixPath) else UNKNOWN

    def _package_folder(self, path: str, package: ast.expr) -> Iterator[str]:
        """``__path__`` of a package that a file imports."""
        top, _, rest = ast.unparse(package).partition(".")
        dotted = ".".join(part for part in (self._code.outside.get((path, top), ""), rest) if part)
        place = self.index.find_module(dotted, importer=path)
        for entry in self.index.imports(path) if place is None and not rest else ():
            target = self.index.resolve(entry) if entry.bound == top else None
            place = target.path if target is not None and target.attribute is None else place
        if place is not None:
            yield f"{HOME}/{folder_of(place)}"

    def _text_of(self, value: str | PurePosixPath) -> TextOf:
        text = str(value)
        place = posixpath.normpath(posixpath.join(HOME, text))
        if place == HOME:
            return TextOf(text, "", is_folder=True)
        inside = place.removeprefix(f"{HOME}/")
        if inside == place:
            return TextOf(text)
        return TextOf(text, inside, inside in self.index.table.paths, inside in self.index.table.folders)


def _head(node: ast.expr) -> ast.expr:
    """What the text that an expression makes begins with."""
    while True:
        if isinstance(node, ast.BinOp):
            node = node.left
        elif isinstance(node, ast.JoinedStr) and node.values:
            node = node.values[0]
        elif isinstance(node, ast.FormattedValue):
            node = node.value
        else:
            return node


def _last_word(node: ast.Attribute | ast.Name) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id
