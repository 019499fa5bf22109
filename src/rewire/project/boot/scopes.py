"""What a function's body binds, and what Python parses but does not compile."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rewire.project.boot import program as p
from rewire.project.boot.uses import bound_names

if TYPE_CHECKING:
    from collections.abc import Sequence

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_IMPORTS = (ast.Import, ast.ImportFrom)
_SIMPLE = (
    ast.Expr, ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Return, ast.Import, ast.ImportFrom, ast.Raise, ast.Pass,
)  # fmt: skip
"""The most common statements that hold no others."""
_BIND_NOTHING = (ast.Expr, ast.Return, ast.Raise, ast.Pass, ast.Assert)
"""Statements that bind no name but in their expressions."""
_LOOPS = (ast.For, ast.AsyncFor)
_ALIASES = (ast.Name, ast.Attribute, ast.IfExp)
"""Expressions whose value may be a module, a function or a class, without anything being called."""
_YIELDS = (ast.Yield, ast.YieldFrom)


def find_refused(tree: ast.Module) -> p.Broken | None:
    """What Python parses but does not compile: ``import *`` and ``return`` where they may not stand."""
    pending: list[tuple[ast.stmt, bool, bool]] = [(node, False, False) for node in tree.body]
    while pending:
        node, inside, function = pending.pop()
        if inside and isinstance(node, ast.ImportFrom) and node.names[0].name == "*":
            return p.Broken(node.lineno, "import * only allowed at module level")
        if isinstance(node, ast.Return) and not function:
            return p.Broken(node.lineno, "'return' outside function")
        if isinstance(node, _SIMPLE):
            continue
        if isinstance(node, _DEFINITIONS):
            inside, function = True, not isinstance(node, ast.ClassDef)
        for field in ("body", "orelse", "finalbody"):
            pending += [(child, inside, function) for child in getattr(node, field, ())]
        for part in (*getattr(node, "handlers", ()), *getattr(node, "cases", ())):
            pending += [(child, inside, function) for child in part.body]
    return None


class Locals:
    """What one function's own body binds, declares global and yields; nested functions and classes are closed."""

    def __init__(self, body: Sequence[ast.stmt], look_inside: bool) -> None:
        self.names: set[str] = set()
        self.outer: set[str] = set()
        self.reaching: set[str] = set()
        """Those of ``names`` that may stand for a module, a function or a class: what is set on them others see."""
        self.yields = False
        self._look_inside = look_inside
        self._block(body)

    def _block(self, statements: Sequence[ast.stmt]) -> None:
        for node in statements:
            if isinstance(node, _DEFINITIONS):
                self.names.add(node.name)
                self.reaching.add(node.name)
            elif isinstance(node, _IMPORTS):
                bound = {alias.asname or alias.name.partition(".")[0] for alias in node.names}
                self.names |= bound
                self.reaching |= bound
            elif isinstance(node, ast.Global):
                self.outer.update(node.names)
            elif not isinstance(node, _BIND_NOTHING):
                self._statement(node)
            elif self._look_inside:
                self._expressions(node)

    def _statement(self, node: ast.stmt) -> None:
        self._targets(node)
        for item in getattr(node, "items", ()):
            if item.optional_vars is not None:
                self.names.update(bound_names(item.optional_vars))
        for handler in getattr(node, "handlers", ()):
            if handler.name:
                self.names.add(handler.name)
            self._block(handler.body)
        for case in getattr(node, "cases", ()):
            self.names.update(captured(case.pattern))
            self._block(case.body)
        for field in ("body", "orelse", "finalbody"):
            self._block(getattr(node, field, ()))
        if self._look_inside:
            self._expressions(node)

    def _expressions(self, node: ast.stmt) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self._expression(child)

    def _targets(self, node: ast.stmt) -> None:
        reaches = isinstance(node, _LOOPS) or isinstance(getattr(node, "value", None), _ALIASES)
        for target in getattr(node, "targets", ()) or [getattr(node, "target", None)]:
            bound = tuple(bound_names(target)) if isinstance(target, ast.expr) else ()
            self.names.update(bound)
            if reaches:
                self.reaching.update(bound)

    def _expression(self, node: ast.expr) -> None:
        """``yield`` and ``:=`` hide in expressions; a file without either is not searched for them."""
        pending: list[ast.AST] = [node]
        while pending:
            part = pending.pop()
            if isinstance(part, _YIELDS):
                self.yields = True
            elif isinstance(part, ast.NamedExpr):
                self.names.add(part.target.id)
            if not isinstance(part, ast.Lambda):
                pending.extend(ast.iter_child_nodes(part))


def captured(pattern: ast.pattern) -> list[str]:
    """The names that a ``case`` binds."""
    parts = (part for part in ast.walk(pattern) if isinstance(part, ast.MatchAs | ast.MatchStar))
    names = [part.name for part in parts if part.name]
    return names + [part.rest for part in ast.walk(pattern) if isinstance(part, ast.MatchMapping) and part.rest]
