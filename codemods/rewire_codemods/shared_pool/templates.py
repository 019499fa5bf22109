"""An expression as text with holes where its names stand, so that another file can write it with its own names."""

from __future__ import annotations

import builtins
import re
from typing import TYPE_CHECKING, Any

import libcst as cst

from rewire.codemod.cst import dotted_name
from rewire_codemods.shared_pool.facts import Atom
from rewire_codemods.shared_pool.statements import code_of

if TYPE_CHECKING:
    from collections.abc import Callable

    Meant = Callable[[cst.BaseExpression, str], Atom | cst.BaseExpression]

_HOLE = re.compile(r"_hole_(\d+)_")
_DEPTH = 3


def written_pieces(node: cst.BaseExpression, meant: Meant, depth: int = _DEPTH) -> list[str | Atom]:
    """The text of ``node``, each of its names as the atom that ``meant`` says, or as the expression that it holds."""
    holes: list[tuple[cst.BaseExpression, str]] = []
    punched = node.visit(_Punch(holes))
    assert isinstance(punched, cst.BaseExpression)
    text = code_of(punched)
    answer: list[str | Atom] = []
    for index, part in enumerate(_HOLE.split(text)):
        if index % 2 == 0:
            answer += [part] if part else []
            continue
        name, dotted = holes[int(part)]
        what = meant(name, dotted)
        if isinstance(what, Atom):
            answer.append(dotted if what.kind == "name" and hasattr(builtins, dotted) else what)
        elif depth == 0:
            answer.append(Atom("local", dotted))
        else:
            inner = written_pieces(what, meant, depth - 1)
            plain = isinstance(what, (cst.Name, cst.Attribute, cst.Call, cst.BaseString, cst.Subscript))
            answer += inner if plain or name is node else ["(", *inner, ")"]
    return answer


class _Punch(cst.CSTTransformer):
    """Each dotted name of an expression becomes a hole; keywords and the attributes of calls are no names."""

    def __init__(self, holes: list[tuple[cst.BaseExpression, str]]) -> None:
        super().__init__()
        self._holes = holes

    def on_visit(self, node: cst.CSTNode) -> bool:
        """Not into a dotted name: it is one."""
        return not isinstance(node, cst.Attribute) or dotted_name(node) is None

    def on_leave(self, original_node: cst.CSTNodeT, updated_node: cst.CSTNodeT) -> Any:
        """Names and dotted names go, and come back where they only look like names."""
        if isinstance(original_node, cst.Arg):
            return updated_node.with_changes(keyword=original_node.keyword)
        if not isinstance(original_node, (cst.Name, cst.Attribute)):
            return updated_node
        dotted = dotted_name(original_node)
        if dotted is None:
            return updated_node.with_changes(attr=getattr(original_node, "attr", None))
        return updated_node if dotted in {"None", "True", "False"} else self._hole(original_node, dotted)

    def _hole(self, node: cst.Name | cst.Attribute, dotted: str) -> cst.Name:
        self._holes.append((node, dotted))
        return cst.Name(f"_hole_{len(self._holes) - 1}_", lpar=node.lpar, rpar=node.rpar)
