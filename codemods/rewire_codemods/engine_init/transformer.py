"""Carry sites out: put the planned text, parsed, in a node's or a block's place; wrap a lifespan's body."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import libcst as cst

from rewire.codemod.cst import Rewritten, SiteTransformer
from rewire_codemods.engine_init.payloads import Drop, Prepend, Remove, Statements, Text, Wrap

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rewire.codemod import Site


class EngineInitTransformer(SiteTransformer):
    """Payloads say everything; see ``payloads``."""

    def rewrite(self, site: Site, original: cst.CSTNode, updated: cst.CSTNode) -> Rewritten:
        """One node becomes the planned text, or goes."""
        payload = site.payload
        if isinstance(payload, Remove):
            return cst.RemoveFromParent()
        assert isinstance(payload, Text)
        if isinstance(updated, cst.BaseCompoundStatement):
            (statement,) = _parse(payload.text)
            return _with_lead(statement, updated.leading_lines)
        if isinstance(updated, cst.BaseSmallStatement):
            (line,) = _parse(payload.text)
            assert isinstance(line, cst.SimpleStatementLine)
            (small,) = line.body
            return small
        expression = cast("cst.BaseExpression", cst.parse_expression(payload.text).visit(_Settling("    ")))
        if isinstance(updated, cst.BaseExpression) and updated.lpar and not expression.lpar:
            return expression.with_changes(lpar=updated.lpar, rpar=updated.rpar)
        return expression

    def rewrite_block(self, site: Site, statements: Sequence[cst.BaseStatement]) -> Sequence[cst.BaseStatement]:
        """A run of statements becomes another one."""
        payload = site.payload
        if isinstance(payload, Wrap):
            return _wrap(payload, statements)
        if isinstance(payload, Drop):
            return [*statements[: payload.keep], *_parse(payload.text)]
        if isinstance(payload, Prepend):
            first = list(_parse(payload.text))
            first[0] = _with_lead(first[0], statements[0].leading_lines)  # type: ignore[attr-defined]
            return [*first, _with_lead(statements[0], ()), *statements[1:]]
        assert isinstance(payload, Statements)
        new = list(_parse(payload.text))
        if new:
            new[0] = _with_lead(new[0], statements[0].leading_lines)  # type: ignore[attr-defined]
            new[-1] = _with_tail(new[-1], statements[-1])
        return new


def _wrap(payload: Wrap, statements: Sequence[cst.BaseStatement]) -> Sequence[cst.BaseStatement]:
    kept, body = statements[: payload.keep], statements[payload.keep :]
    if payload.closes:
        body = body[:-1]
    before = list(_parse(payload.before))
    if body:
        blank, comments = _split(body[0].leading_lines)  # type: ignore[attr-defined]
        before[0] = _with_lead(before[0], blank)
        body = [_with_lead(body[0], comments), *body[1:]]
    inside = [*_parse(payload.inside), *body]
    guarded = cst.Try(
        body=cst.IndentedBlock(body=inside),
        finalbody=cst.Finally(body=cst.IndentedBlock(body=_parse(payload.after))),
    )
    return [*kept, *before, guarded]


def _split(lines: Sequence[cst.EmptyLine]) -> tuple[Sequence[cst.EmptyLine], Sequence[cst.EmptyLine]]:
    """Blank lines (and comments apart), and the comment lines that stand right above a statement."""
    index = len(lines)
    while index and lines[index - 1].comment is not None:
        index -= 1
    return lines[:index], lines[index:]


def _parse(text: str) -> Sequence[cst.BaseStatement]:
    """The statements of ``text``; blocks keep the indentation that ``text`` has, whatever the file's own is."""
    if not text.strip():
        return ()
    module = cst.parse_module(text if text.endswith("\n") else text + "\n")
    module = module.visit(_Settling(module.default_indent))
    body: list[cst.BaseStatement] = list(module.body)
    if body and module.header:
        body[0] = _with_lead(body[0], [*module.header, *body[0].leading_lines])  # type: ignore[attr-defined]
    return body


class _Settling(cst.CSTTransformer):
    """Blocks keep their own indentation, line ends become the file's."""

    def __init__(self, indent: str) -> None:
        super().__init__()
        self._indent = indent

    def on_leave(self, original_node: cst.CSTNodeT, updated_node: cst.CSTNodeT) -> Any:
        if isinstance(updated_node, cst.Newline):
            return updated_node.with_changes(value=None)
        if isinstance(updated_node, cst.IndentedBlock) and not updated_node.indent:
            return updated_node.with_changes(indent=self._indent)
        return updated_node


def _with_lead(node: cst.BaseStatement, lines: Sequence[cst.EmptyLine]) -> cst.BaseStatement:
    return node.with_changes(leading_lines=lines)


def _with_tail(node: cst.BaseStatement, old: cst.BaseStatement) -> cst.BaseStatement:
    """The comment behind the last old statement goes behind the last new one."""
    lines = isinstance(node, cst.SimpleStatementLine) and isinstance(old, cst.SimpleStatementLine)
    if not lines or node.trailing_whitespace.comment is not None:  # type: ignore[attr-defined]
        return node
    return node.with_changes(trailing_whitespace=old.trailing_whitespace)  # type: ignore[attr-defined]
