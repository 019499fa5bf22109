"""The value of an expression, as far as it follows from the text: constants, paths, versions, what is bound so far.

Only expressions that decide what is imported are worth the effort: tests, ``sys.path`` edits, ``__all__``, names of
modules. Whatever is not understood is ``UNKNOWN``. The launch's machine is taken to be Linux.
"""

from __future__ import annotations

import ast
import operator
import sys
from collections.abc import Callable, Mapping
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, NamedTuple

from rewire.project.boot.surroundings import Surroundings, may_answer
from rewire.project.boot.values import UNKNOWN, External, is_known

if TYPE_CHECKING:
    from rewire.project.boot.tree import Tree

Look = Callable[[tuple[str, ...]], Any]

_COMPARE: Mapping[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt,
    ast.GtE: operator.ge, ast.Is: operator.is_, ast.IsNot: operator.is_not,
    ast.In: lambda a, b: a in b, ast.NotIn: lambda a, b: a not in b,
}  # fmt: skip

PLATFORM: Mapping[str, Any] = {
    "sys.platform": "linux",
    "os.name": "posix",
    "os.sep": "/",
    "os.path.sep": "/",
    "os.pathsep": ":",
    "os.curdir": ".",
    "os.pardir": "..",
    "os.path.pardir": "..",
    "os.path.curdir": ".",
    "typing.TYPE_CHECKING": False,
    "typing_extensions.TYPE_CHECKING": False,
    "sys.implementation.name": "cpython",
    "sys.maxsize": sys.maxsize,
}
"""What the machine answers."""


class VersionInfo(NamedTuple):
    """``sys.version_info``, which is a tuple with names."""

    major: int
    minor: int
    micro: int = 0
    releaselevel: str = "final"
    serial: int = 0


class Evaluator(Surroundings):
    """Works out values for one start: its tree, its working directory, its Python version."""

    def __init__(self, tree: Tree, cwd: str, version: tuple[int, int], variables: Mapping[str, str]) -> None:
        super().__init__(tree, cwd, variables)
        self.version = version
        self.path: list[str] = []
        self.loaded: Mapping[str, Any] = {}
        self._methods: dict[type[ast.expr], Any] = {}

    def value(self, node: ast.expr, look: Look) -> Any:
        """The value of ``node``; ``look`` gives that of a dotted chain."""
        kind = type(node)
        if kind not in self._methods:
            self._methods[kind] = getattr(self, "_on_" + kind.__name__.lower(), None)
        method = self._methods[kind]
        if method is None:
            return UNKNOWN
        try:
            return method(node, look)
        except (TypeError, ValueError, IndexError, KeyError, AttributeError, RecursionError, OverflowError):
            return UNKNOWN

    def truth(self, node: ast.expr | None, look: Look) -> bool | None:
        """The truth of ``node``; None if it does not follow from the text."""
        if node is None:
            return None
        value = self.value(node, look)
        if is_known(value):
            return bool(value)
        return None

    def _on_constant(self, node: ast.Constant, look: Look) -> Any:
        return node.value

    def _on_name(self, node: ast.Name, look: Look) -> Any:
        return self.settled(look((node.id,)))

    def _on_attribute(self, node: ast.Attribute, look: Look) -> Any:
        return self._attribute(node, self.value(node.value, look), look)

    def _attribute(self, node: ast.Attribute, base: Any, look: Look) -> Any:
        """The value of ``node``, an attribute of ``base``."""
        if isinstance(base, PurePosixPath):
            return self._path_attribute(base, node.attr)
        if isinstance(base, External):
            return self.settled(External(f"{base.name}.{node.attr}"))
        names: list[str] = [node.attr]
        inner = node.value
        while isinstance(inner, ast.Attribute):
            names.append(inner.attr)
            inner = inner.value
        if isinstance(inner, ast.Name):
            return self.settled(look((inner.id, *reversed(names))))
        return UNKNOWN

    def settled(self, value: Any) -> Any:
        """Names of the outside whose value is known become that value."""
        if isinstance(value, External):
            if value.name in PLATFORM:
                return PLATFORM[value.name]
            if value.name == "sys.version_info":
                return VersionInfo(*self.version)
            if value.name in ("sys.version_info.major", "sys.version_info.minor"):
                return self.version[value.name.endswith("minor")]
            if value.name == "sys.path":
                return list(self.path)
        return value

    def _path_attribute(self, path: PurePosixPath, name: str) -> Any:
        if name in ("parent", "name", "stem", "suffix", "parts"):
            return getattr(path, name)
        return tuple(path.parents) if name == "parents" else UNKNOWN

    def _on_subscript(self, node: ast.Subscript, look: Look) -> Any:
        base = self.value(node.value, look)
        if isinstance(base, External) and base.name == "os.environ":
            key = self.value(node.slice, look)
            return self.variables.get(key, UNKNOWN) if isinstance(key, str) else UNKNOWN
        if isinstance(node.slice, ast.Slice):
            ends = [None if part is None else self.value(part, look) for part in (node.slice.lower, node.slice.upper)]
            return base[ends[0] : ends[1]] if is_known(base) and is_known(ends) else UNKNOWN
        key = self.value(node.slice, look)
        return base[key] if is_known(base) and isinstance(key, int) and not isinstance(base, int) else UNKNOWN

    def _on_tuple(self, node: ast.Tuple | ast.List | ast.Set, look: Look) -> Any:
        parts: list[Any] = []
        for element in node.elts:
            if isinstance(element, ast.Starred):
                inner = self.value(element.value, look)
                if not isinstance(inner, list | tuple):
                    return UNKNOWN
                parts += inner
            else:
                parts.append(self.value(element, look))
        return parts if isinstance(node, ast.List) else tuple(parts)

    _on_list = _on_tuple

    def _on_set(self, node: ast.Set, look: Look) -> Any:
        parts = self._on_tuple(node, look)
        return set(parts) if is_known(parts) else UNKNOWN

    def _on_starred(self, node: ast.Starred, look: Look) -> Any:
        return UNKNOWN

    def _on_await(self, node: ast.Await, look: Look) -> Any:
        return UNKNOWN

    def _on_joinedstr(self, node: ast.JoinedStr, look: Look) -> Any:
        parts = []
        for part in node.values:
            value = self.value(part.value if isinstance(part, ast.FormattedValue) else part, look)
            if not isinstance(value, str | int | PurePosixPath):
                return UNKNOWN
            parts.append(str(value))
        return "".join(parts)

    def _on_binop(self, node: ast.BinOp, look: Look) -> Any:
        left, right = self.value(node.left, look), self.value(node.right, look)
        if isinstance(node.op, ast.Div):
            if isinstance(left, PurePosixPath) and isinstance(right, PurePosixPath | str):
                return left / right
            return left / right if isinstance(left, str) and isinstance(right, PurePosixPath) else UNKNOWN
        if isinstance(node.op, ast.Add) and isinstance(left, list) and isinstance(right, list):
            return left + right
        if not (is_known(left) and is_known(right)):
            return UNKNOWN
        if isinstance(node.op, ast.Add):
            return left + right
        if isinstance(node.op, ast.Mod) and isinstance(left, str):
            return left % right
        return UNKNOWN

    def _on_unaryop(self, node: ast.UnaryOp, look: Look) -> Any:
        value = self.value(node.operand, look)
        if not is_known(value):
            return UNKNOWN
        if isinstance(node.op, ast.Not):
            return not value
        return -value if isinstance(node.op, ast.USub) else UNKNOWN

    def _on_boolop(self, node: ast.BoolOp, look: Look) -> Any:
        is_or = isinstance(node.op, ast.Or)
        unknown = False
        value: Any = UNKNOWN
        for part in node.values:
            value = self.value(part, look)
            if not is_known(value):
                unknown = True
            elif bool(value) is is_or:
                # Whatever the unknown ones are, this one decides.
                return value if not unknown else (UNKNOWN if value and not isinstance(value, bool) else value)
        return UNKNOWN if unknown else value

    def _on_ifexp(self, node: ast.IfExp, look: Look) -> Any:
        truth = self.truth(node.test, look)
        if truth is None:
            return UNKNOWN
        return self.value(node.body if truth else node.orelse, look)

    def _on_compare(self, node: ast.Compare, look: Look) -> Any:
        left = self.value(node.left, look)
        if len(node.ops) != 1:
            return UNKNOWN
        right_node = node.comparators[0]
        if isinstance(node.ops[0], ast.In | ast.NotIn):
            chain = self.value(right_node, look)
            if isinstance(chain, External) and chain.name == "sys.modules" and isinstance(left, str):
                return (left in self.loaded) is isinstance(node.ops[0], ast.In)
        right = self.value(right_node, look)
        if not (is_known(left) and is_known(right)):
            return UNKNOWN
        if isinstance(node.ops[0], ast.In | ast.NotIn) and isinstance(left, PurePosixPath):
            return isinstance(node.ops[0], ast.NotIn)
        return _COMPARE[type(node.ops[0])](left, right)

    def _on_call(self, node: ast.Call, look: Look) -> Any:
        if isinstance(node.func, ast.Attribute):
            # Once: in a chain of calls, twice at each link would double the work with every link.
            base = self.value(node.func.value, look)
            if is_known(base) and base is not None:
                return self.method(base, node.func.attr, [self.value(part, look) for part in node.args])
            function = self._attribute(node.func, base, look)
        else:
            function = self.value(node.func, look)
        if not isinstance(function, External):
            return UNKNOWN
        name = function.name.removeprefix("builtins.")
        return self.call(name, [self.value(part, look) for part in node.args]) if may_answer(name) else UNKNOWN
