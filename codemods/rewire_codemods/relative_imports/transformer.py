"""Carries the plan out: a ``from`` statement's module, an ``import ... as``, a dotted use, a widened ``except``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

from rewire.codemod.cst import Rewritten, SiteTransformer, dotted_node
from rewire_codemods.relative_imports.forms import Move, Rename

if TYPE_CHECKING:
    from rewire.codemod import Site

_SPACE = cst.SimpleWhitespace(" ")


class ImportTransformer(SiteTransformer):
    """Writes ``Move`` and ``Rename`` payloads; everything else about the statement stays as it is."""

    def rewrite(self, site: Site, original: cst.CSTNode, updated: cst.CSTNode) -> Rewritten:
        """See ``SiteTransformer.rewrite``."""
        payload = site.payload
        if isinstance(payload, Rename):
            return _renamed(updated, payload)
        assert isinstance(payload, Move)
        if isinstance(updated, cst.ImportFrom):
            return _moved(updated, payload)
        assert isinstance(updated, cst.Import)
        return _from_import(updated, payload)


def _moved(node: cst.ImportFrom, move: Move) -> cst.ImportFrom:
    return node.with_changes(
        relative=[cst.Dot() for _ in range(move.level)],
        module=dotted_node(move.module) if move.module else None,
        whitespace_after_from=_at_least_a_space(node.whitespace_after_from),
        whitespace_before_import=_at_least_a_space(node.whitespace_before_import),
    )


def _at_least_a_space(space: cst.BaseParenthesizableWhitespace) -> cst.BaseParenthesizableWhitespace:
    return _SPACE if isinstance(space, cst.SimpleWhitespace) and not space.value else space


def _from_import(node: cst.Import, move: Move) -> cst.ImportFrom:
    """``import a.b as x`` or ``import a.b`` as ``from .a import b as x`` or ``from .a import b``."""
    alias = node.names[0]
    return cst.ImportFrom(
        relative=[cst.Dot() for _ in range(move.level)],
        module=dotted_node(move.module) if move.module else None,
        names=[cst.ImportAlias(name=cst.Name(move.binds), asname=alias.asname)],
        whitespace_after_from=node.whitespace_after_import,
        semicolon=node.semicolon,
    )


def _renamed(node: cst.CSTNode, rename: Rename) -> cst.Name:
    assert isinstance(node, (cst.Name, cst.Attribute))
    return cst.Name(rename.name, lpar=node.lpar, rpar=node.rpar)
