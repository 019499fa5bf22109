"""What the code of some files gives to names, attributes and parameters, with the scopes that it stands in."""

from __future__ import annotations

import ast
from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from rewire.project.loadcalls import called_name

if TYPE_CHECKING:
    from collections.abc import Mapping

_GROWING = frozenset({"append", "add", "insert", "extend", "update", "appendleft"})
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)

Expression = tuple[str, ast.expr]
"""An expression and the file that it stands in."""

Scope = tuple[ast.AST, ...]
"""The functions and classes around a node, outermost first."""


class Bound(NamedTuple):
    """What a name is given, and in which scope."""

    scope: Scope
    value: ast.expr


class Parameter(NamedTuple):
    """A parameter: its function, by scope and name, and its place among the arguments (-1: by keyword alone)."""

    scope: Scope
    function: str
    place: int


class Bindings:
    """The tables of some files: each name, attribute or call by what it is called."""

    def __init__(self, trees: Mapping[str, ast.Module]) -> None:
        self.names: dict[tuple[str, str], list[Bound]] = defaultdict(list)
        self.scopes: dict[int, Scope] = {}
        self.attributes: dict[str, list[Expression]] = defaultdict(list)
        self.outside: dict[tuple[str, str], str] = {}
        self.parameters: dict[tuple[str, str], list[Parameter]] = defaultdict(list)
        self.calls: dict[str, list[tuple[str, ast.Call]]] = defaultdict(list)
        self.returned: dict[str, list[Expression]] = defaultdict(list)
        for path, tree in trees.items():
            self._note_all(path, tree)

    def _note_all(self, path: str, tree: ast.Module) -> None:
        pending: list[tuple[ast.AST, Scope]] = [(tree, ())]
        while pending:
            node, scope = pending.pop()
            self.scopes[id(node)] = scope
            self._note(path, node, scope)
            inner = (*scope, node) if isinstance(node, (*_FUNCTIONS, ast.ClassDef)) else scope
            pending += [(child, inner) for child in ast.iter_child_nodes(node)]

    def _note(self, path: str, node: ast.AST, scope: Scope) -> None:
        if isinstance(node, ast.Assign):
            for target in node.targets:
                self._bind(path, target, node.value, scope)
        elif isinstance(node, ast.AnnAssign | ast.AugAssign | ast.NamedExpr) and node.value is not None:
            self._bind(path, node.target, node.value, scope)
        elif isinstance(node, ast.For | ast.AsyncFor | ast.comprehension):
            self._bind(path, node.target, node.iter, scope)
        elif isinstance(node, ast.withitem) and node.optional_vars is not None:
            self._bind(path, node.optional_vars, node.context_expr, scope)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            self._note_import(path, node)
        elif isinstance(node, ast.Return | ast.Yield) and node.value is not None:
            function = next((around for around in reversed(scope) if isinstance(around, _FUNCTIONS)), None)
            if function is not None:
                self.returned[function.name].append((path, node.value))
        elif isinstance(node, _FUNCTIONS):
            self._note_parameters(path, node, (*scope, node))
        elif isinstance(node, ast.Call):
            self._note_call(path, node, scope)

    def _note_call(self, path: str, node: ast.Call, scope: Scope) -> None:
        self.calls[called_name(node)].append((path, node))
        if isinstance(node.func, ast.Attribute) and node.func.attr in _GROWING:
            for argument in node.args:
                self._bind(path, node.func.value, argument, scope)

    def _note_import(self, path: str, node: ast.Import | ast.ImportFrom) -> None:
        for alias in node.names:
            top = alias.name.partition(".")[0]
            if isinstance(node, ast.ImportFrom):
                self.outside[path, alias.asname or alias.name] = f"{node.module or ''}.{alias.name}"
            else:
                self.outside[path, alias.asname or top] = alias.name if alias.asname else top

    def _note_parameters(self, path: str, node: ast.FunctionDef | ast.AsyncFunctionDef, scope: Scope) -> None:
        every = [*node.args.posonlyargs, *node.args.args]
        shift = 1 if every and every[0].arg in ("self", "cls") else 0
        for place, argument in enumerate(every):
            self.parameters[path, argument.arg].append(Parameter(scope, node.name, place - shift))
        for argument in node.args.kwonlyargs:
            self.parameters[path, argument.arg].append(Parameter(scope, node.name, -1))
        defaults = [*zip(reversed(every), reversed(node.args.defaults), strict=False)]
        defaults += [
            (name, value) for name, value in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True) if value
        ]
        for argument, default in defaults:
            self.names[path, argument.arg].append(Bound(scope, default))

    def _bind(self, path: str, target: ast.expr, value: ast.expr, scope: Scope) -> None:
        if isinstance(target, ast.Name):
            self.names[path, target.id].append(Bound(scope, value))
        elif isinstance(target, ast.Attribute):
            self.attributes[target.attr].append((path, value))
        elif isinstance(target, ast.Tuple | ast.List):
            for part in target.elts:
                self._bind(path, part, value, scope)
        elif isinstance(target, ast.Starred):
            self._bind(path, target.value, value, scope)

    def class_level(self, name: str) -> list[Expression]:
        """What the bodies of classes give a name, which is an attribute then."""
        return [
            (path, bound.value)
            for (path, known), values in self.names.items()
            for bound in values
            if known == name and bound.scope and isinstance(bound.scope[-1], ast.ClassDef)
        ]

    def seen(self, path: str, name: str, scope: Scope) -> list[Bound]:
        """What a name is given where that is seen from ``scope``."""
        return [bound for bound in self.names.get((path, name), ()) if bound.scope == scope[: len(bound.scope)]]

    def scope_of(self, node: ast.AST) -> Scope:
        """The functions and classes around a node of one of the files."""
        return self.scopes.get(id(node), ())

    def is_parameter(self, path: str, name: str, scope: Scope) -> bool:
        """True if a function around ``scope`` has a parameter of this name."""
        every = self.parameters.get((path, name), ())
        return any(parameter.scope == scope[: len(parameter.scope)] for parameter in every)
