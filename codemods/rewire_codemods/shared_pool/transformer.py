"""Carries the edits out with LibCST. Decides nothing: every statement that moves or goes is named in the payload."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import libcst as cst

from rewire.codemod.cst import Rewritten, SiteTransformer
from rewire_codemods.shared_pool import edits
from rewire_codemods.shared_pool.rebuilding import Rebuilder
from rewire_codemods.shared_pool.scopes import imported

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rewire.codemod import Site


class SharedPoolTransformer(SiteTransformer):
    """One method a kind of site: blocks of statements, and calls that get an argument."""

    def rewrite(self, site: Site, original: cst.CSTNode, updated: cst.CSTNode) -> Rewritten:
        """Add the argument to the call."""
        edit = cast("edits.AddArgument", site.payload)
        call = cst.ensure_type(updated, cst.Call)
        added = cst.Arg(
            keyword=cst.Name(edit.keyword),
            value=cst.parse_expression(edit.value),
            equal=cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace("")),
        )
        there = [arg.keyword is not None and arg.keyword.value == edit.keyword for arg in call.args]
        if any(there):  # ``lifespan=None``
            args = [
                arg.with_changes(value=added.value) if same else arg for arg, same in zip(call.args, there, strict=True)
            ]
            return call.with_changes(args=args)
        return call.with_changes(args=_appended(call.args, added))

    def rewrite_block(self, site: Site, statements: Sequence[cst.BaseStatement]) -> Sequence[cst.BaseStatement]:
        """Carry out what the payload says on the statements of one block."""
        edit: edits.Edit = site.payload
        if isinstance(edit, edits.Wrap):
            return Rebuilder(edit.recipe, edit.acquire).rebuild(statements)
        if isinstance(edit, edits.MakeFactory):
            return [_factory(cst.ensure_type(statements[0], cst.FunctionDef), edit)]
        if isinstance(edit, edits.Drop):
            return []
        if isinstance(edit, edits.DropImports):
            return _without_names(statements, edit.names)
        if isinstance(edit, edits.Imports):
            return _reimported(statements, edit)
        if isinstance(edit, edits.Surround):
            return _surrounded(statements, edit)
        raise TypeError(f"no edit of a block: {type(edit).__name__}")


def _appended(args: Sequence[cst.Arg], added: cst.Arg) -> Sequence[cst.Arg]:
    """``args`` and one more, in the layout that the last one has."""
    if not args:
        return [added]
    last = args[-1]
    comma = args[-2].comma if len(args) > 1 else cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
    if isinstance(last.comma, cst.Comma):
        ending = last.comma
        return [*args[:-1], last.with_changes(comma=comma), added.with_changes(comma=ending)]
    white = last.whitespace_after_arg
    return [
        *args[:-1],
        last.with_changes(comma=comma, whitespace_after_arg=cst.SimpleWhitespace("")),
        added.with_changes(whitespace_after_arg=white),
    ]


def _factory(node: cst.FunctionDef, edit: edits.MakeFactory) -> cst.FunctionDef:
    body = cst.ensure_type(node.body, cst.IndentedBlock)
    base = edit.recipe.base
    new = Rebuilder(edit.recipe, edit.acquire).rebuild(body.body[base:])
    decorators = list(node.decorators)
    if edit.decorator:
        decorators.append(cst.Decorator(cst.parse_expression(edit.decorator)))
    changed = node.with_changes(body=body.with_changes(body=[*body.body[:base], *new]), decorators=decorators)
    if edit.returns:
        returns = cst.Annotation(cst.parse_expression(edit.returns))
        changed = changed.with_changes(returns=node.returns.with_changes(annotation=returns.annotation)
                                       if node.returns else returns)  # fmt: skip
    return changed


def _without_names(statements: Sequence[cst.BaseStatement], names: Sequence[str]) -> Sequence[cst.BaseStatement]:
    line = cst.ensure_type(statements[0], cst.SimpleStatementLine)
    part = line.body[0]
    assert isinstance(part, (cst.Import, cst.ImportFrom))
    assert not isinstance(part.names, cst.ImportStar)
    kept = [alias for alias in part.names if not set(imported(part.with_changes(names=[alias]))) & set(names)]
    if not kept:
        return []
    kept[-1] = kept[-1].with_changes(comma=part.names[-1].comma)
    return [line.with_changes(body=[part.with_changes(names=kept)])]


def _reimported(statements: Sequence[cst.BaseStatement], edit: edits.Imports) -> Sequence[cst.BaseStatement]:
    """The run without what goes. A statement that was a group of its own leaves no second blank line behind."""
    drops = dict(edit.drops)
    found: list[Any] = []
    inherited: list[cst.EmptyLine] | None = None
    added = [cst.parse_statement(line) for line in edit.adds]
    for index, statement in enumerate([*statements, *added]):
        kept = _without_names([statement], drops[index]) if index in drops else [statement]
        lines = list(cst.ensure_type(statement, cst.SimpleStatementLine).leading_lines)
        if inherited is not None:
            lines = _merged(inherited, lines, is_added=index >= len(statements))
        if not kept:
            inherited = lines if inherited is not None or lines or index == 0 else None
            continue
        found.append(kept[0].with_changes(leading_lines=lines))
        inherited = None
    return found


def _merged(above: list[cst.EmptyLine], below: list[cst.EmptyLine], *, is_added: bool) -> list[cst.EmptyLine]:
    """The lines before a statement whose predecessor, the first of its group, went: one gap, and every comment."""
    comments = [line for line in below if line.comment is not None]
    if is_added or not below or not comments:
        return [*above, *comments]
    return [*above, *below] if any(line.comment for line in above) else below if above else comments


def _surrounded(statements: Sequence[cst.BaseStatement], edit: edits.Surround) -> Sequence[cst.BaseStatement]:
    first, rest = list(statements[:0]), list(statements)
    if _is_docstring(rest[0]):
        first, rest = rest[:1], rest[1:]
    tried = cst.Try(
        body=cst.IndentedBlock(_without_leading_blanks(rest), indent=edit.indent),
        finalbody=cst.Finally(body=cst.IndentedBlock([cst.parse_statement(edit.after)], indent=edit.indent)),
    )
    return [*first, cst.parse_statement(edit.before), tried]


def _is_docstring(node: cst.BaseStatement) -> bool:
    if not isinstance(node, cst.SimpleStatementLine) or not isinstance(node.body[0], cst.Expr):
        return False
    return isinstance(node.body[0].value, (cst.SimpleString, cst.ConcatenatedString))


def _without_leading_blanks(statements: list[Any]) -> list[Any]:
    if not statements:
        return statements
    kept = [line for line in statements[0].leading_lines if line.comment is not None]
    return [statements[0].with_changes(leading_lines=kept), *statements[1:]]
