"""What of a syntax tree may use or bind a name, gathered in one walk: every question after it is a look-up."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_FORMATTED = tuple(getattr(ast, name) for name in ("JoinedStr", "TemplateStr") if hasattr(ast, name))
_IMPORTS = (ast.Import, ast.ImportFrom)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_NOTED = (ast.arg, ast.AnnAssign)
_MARKS = (ast.expr_context, ast.operator, ast.boolop, ast.unaryop, ast.cmpop)
_CLOSED = frozenset({ast.Constant, *(mark for kind in _MARKS for mark in kind.__subclasses__())})
"""What says nothing, and has nothing below it."""


class Reading:
    """The nodes of one tree that matter here; none of those within a chain, an import or a formatted string.

    ``chains``: by the name at their bottom, ``a.b.c`` as the name and the attributes around it, innermost first.
    ``binders``: what spells names as plain text, with these names. ``notes``: annotations.
    """

    def __init__(self, tree: ast.Module) -> None:
        self._chains: dict[str, list[list[ast.expr]]] = {}
        self.imports: list[ast.Import | ast.ImportFrom] = []
        self.formatted: list[ast.expr] = []
        self.binders: list[tuple[ast.AST, list[str]]] = []
        self.calls: list[ast.Call] = []
        self.notes: list[ast.expr] = []
        stack: list[ast.AST] = [tree]
        while stack:
            node = stack.pop()
            if type(node) in _CLOSED or not self._is_open(node):
                continue
            for value in node.__dict__.values():
                if isinstance(value, list):
                    stack += [part for part in value if isinstance(part, ast.AST)]
                elif isinstance(value, ast.AST):
                    stack.append(value)

    @property
    def chains(self) -> Mapping[str, list[list[ast.expr]]]:
        """The uses of each name."""
        return self._chains

    def _is_open(self, node: ast.AST) -> bool:
        """Take note of a node; True if those below it count as well."""
        if isinstance(node, ast.Name):
            self._chains.setdefault(node.id, []).append([node])
            return False
        if isinstance(node, ast.Attribute):
            chain = _chain(node)
            if chain and isinstance(chain[0], ast.Name):
                self._chains.setdefault(chain[0].id, []).append(chain)
            return not chain
        if isinstance(node, ast.Call):
            self.calls.append(node)
        elif isinstance(node, _IMPORTS):
            self.imports.append(node)
            return False
        elif isinstance(node, _FORMATTED):
            self.formatted.append(node)
            return False
        else:
            self._note_rest(node)
        return True

    def _note_rest(self, node: ast.AST) -> None:
        if type(node) not in _binding:
            _binding[type(node)] = not _PLAIN.isdisjoint(node._fields) and not isinstance(node, ast.keyword)
        if _binding[type(node)]:
            names = bound_here(node)
            if names:
                self.binders.append((node, names))
        note = node.returns if isinstance(node, _FUNCTIONS) else node.annotation if isinstance(node, _NOTED) else None
        if note is not None:
            self.notes.append(note)


_PLAIN = frozenset({"name", "arg", "rest", "names", "kwd_attrs"})
"""Fields that may hold names as plain text."""

_binding: dict[type[ast.AST], bool] = {}


def _chain(node: ast.Attribute) -> list[ast.expr]:
    """The name at the bottom of ``a.b.c`` and the attributes around it, innermost first; empty if there is no name."""
    found: list[ast.expr] = [node]
    below: ast.expr = node.value
    while isinstance(below, ast.Attribute):
        found.append(below)
        below = below.value
    return [below, *reversed(found)] if isinstance(below, ast.Name) else []


def bound_here(node: ast.AST) -> list[str]:
    """The names that a node other than a name or an import spells as plain text, keywords of calls left out."""
    if isinstance(node, ast.keyword):
        return []
    found = [getattr(node, field, None) for field in ("name", "arg", "rest")]
    for field in ("names", "kwd_attrs"):
        found += getattr(node, field, ())
    return [name for name in found if isinstance(name, str)]
