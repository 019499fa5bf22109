"""Carries the plan out: a ``from`` statement's module, an ``import ... as``, a dotted use, a widened ``except``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

from rewire.codemod.cst import Rewritten, SiteTransformer, dotted_node
from rewire_codemods.relative_imports.forms import Both, Move, Rename

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rewire.codemod import Site

_SPACE = cst.SimpleWhitespace(" ")


class ImportTransformer(SiteTransformer):
    """Writes ``Move`` and ``Rename`` payloads; everything else about the statement stays as it is."""

    reads_names = False
    reads_module = False

    def with_stand_in(self, payload: object, word: str) -> tuple[Move, str] | None:
        """See ``SiteTransformer.with_stand_in``: the module is only written."""
        if isinstance(payload, Move) and payload.module and not payload.binds:
            return Move(payload.level, word), payload.module
        return None

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

    def rewrite_block(self, site: Site, statements: Sequence[cst.BaseStatement]) -> Sequence[cst.BaseStatement]:
        """See ``SiteTransformer.rewrite_block``."""
        (line,) = statements
        assert isinstance(line, cst.SimpleStatementLine)
        assert isinstance(site.payload, Both)
        return [_in_both_ways(line, site.payload)]


def _in_both_ways(line: cst.SimpleStatementLine, both: Both) -> cst.Try:
    """``try`` the statement as it becomes, ``except ImportError`` the one it was (under the handler's module name)."""
    statement = line.body[0]
    was = line.with_changes(leading_lines=())
    if isinstance(statement, cst.ImportFrom):
        new: cst.BaseSmallStatement = _moved(statement, both.move)
        was = was.with_changes(body=[statement.with_changes(module=dotted_node(both.handler))])
    else:
        assert isinstance(statement, cst.Import)
        new = _from_import(statement, both.move)
    first = line.with_changes(leading_lines=(), body=[new])
    handler = cst.ExceptHandler(type=cst.Name("ImportError"), body=cst.IndentedBlock(body=[was]))
    return cst.Try(body=cst.IndentedBlock(body=[first]), handlers=[handler], leading_lines=line.leading_lines)


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
