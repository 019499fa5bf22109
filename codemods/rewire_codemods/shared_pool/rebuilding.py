"""Rebuild a run of statements by a recipe: a block put around some, others dropped, every comment carried along."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import libcst as cst

from rewire_codemods.shared_pool.statements import every_token, members, suites, walk

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rewire_codemods.shared_pool.facts import Path, Recipe

Comments = list[cst.EmptyLine]


def comment_lines(*nodes: cst.CSTNode | None) -> Comments:
    """The comments in some nodes, each on a line of its own."""
    return [
        cst.EmptyLine(comment=inner)
        for node in nodes
        if node is not None
        for inner in every_token(node)
        if isinstance(inner, cst.Comment)
    ]


@dataclass
class _Run:
    """Statements rebuilt so far, and the comments of dropped ones that wait for the next statement."""

    statements: list[Any] = field(default_factory=list)
    waiting: Comments = field(default_factory=list)
    beheaded: bool = False

    def add(self, *nodes: Any) -> None:
        for node in nodes:
            if self.waiting and not isinstance(node, cst.SimpleStatementSuite):
                node = node.with_changes(leading_lines=[*self.waiting, *node.leading_lines])
                self.waiting = []
            self.statements.append(node)


class Rebuilder:
    """Carries one recipe out on the statements of its block."""

    def __init__(self, recipe: Recipe, acquire: str) -> None:
        self._recipe = recipe
        self._acquire = acquire
        self._drops = frozenset(recipe.drops)

    def rebuild(self, statements: Sequence[Any]) -> list[Any]:
        """The new statements; comments left at the end go into the last block."""
        run = self._run(statements, ())
        if run.waiting:
            run.statements[-1] = _with_footer(run.statements[-1], run.waiting)
        return run.statements

    def _run(self, statements: Sequence[Any], above: Path) -> _Run:
        run = _Run()
        index = 0
        while index < len(statements):
            path = (*above, index)
            if path == self._recipe.connect and self._recipe.form == "block":
                index = self._wrap(run, statements, above, index)
                continue
            self._keep(run, statements[index], path)
            index += 1
        return run

    def _keep(self, run: _Run, node: Any, path: Path) -> None:
        recipe = self._recipe
        if path in self._drops:
            run.waiting += comment_lines(node)
            run.beheaded = run.beheaded or not run.statements
        elif path == recipe.connect and recipe.form == "stack":
            run.add(self._entered(node))
        elif path == recipe.yields:
            run.add(_yielding(node, recipe.name))
        else:
            self._descend(run, node, path)

    def _wrap(self, run: _Run, statements: Sequence[Any], above: Path, index: int) -> int:
        """Put the block there; answer with the index behind it."""
        recipe = self._recipe
        connect = statements[index]
        until = max(recipe.until, index + 1)
        inner = _Run()
        for position in range(index + 1, until):
            self._keep(inner, statements[position], (*above, position))
        if isinstance(connect.body[0], cst.Return):
            inner.add(cst.SimpleStatementLine([cst.Expr(cst.Yield(cst.Name(recipe.name)))]))
        cut = len(inner.statements) - recipe.left
        inside, outside = inner.statements[:cut], inner.statements[cut:]
        body = cst.IndentedBlock(
            body=_first_without_blanks(inside) or [_pass()],
            indent=recipe.indent,
            header=connect.trailing_whitespace,
            footer=inner.waiting if not outside else (),
        )
        item = cst.WithItem(cst.parse_expression(self._acquire), cst.AsName(cst.Name(recipe.name)))
        lines = [*connect.leading_lines, *comment_lines(*connect.body)]
        run.add(cst.With([item], body, asynchronous=cst.Asynchronous(), leading_lines=lines))
        run.add(*outside)
        if outside:
            run.waiting += inner.waiting
        return until

    def _entered(self, node: Any) -> Any:
        """``conn = await stack.enter_async_context(...)``."""
        entering = cst.parse_expression(f"await {self._recipe.stack}.enter_async_context({self._acquire})")
        target = cst.AssignTarget(cst.Name(self._recipe.name))
        return node.with_changes(body=[cst.Assign([target], entering)])

    def _descend(self, run: _Run, node: Any, path: Path) -> None:
        """Rebuild the suites of a compound statement that hold something to change."""
        touched = {
            name: self._run(inner, (*path, name))
            for name, inner in suites(node)
            if any(mark[: len(path) + 1] == (*path, name) for mark in self._marks())
        }
        if path == self._recipe.connect and self._recipe.form == "item":
            node = self._replaced_item(node)
        if not touched:
            run.add(node)
        elif isinstance(node, (cst.Try, cst.TryStar)) and self._dissolves(node, touched):
            self._dissolve(run, node, touched, path)
        elif _vanishes(node, touched):
            run.waiting += [*comment_lines(*node.leading_lines), *touched["body"].waiting]
        else:
            rebuilt, left = _with_suites(node, touched)
            run.add(rebuilt)
            run.waiting += left

    def _marks(self) -> Sequence[Path]:
        recipe = self._recipe
        marks = list(recipe.drops)
        if recipe.connect:
            marks.append(recipe.connect)
        if recipe.yields:
            marks.append(recipe.yields)
        return marks

    def _replaced_item(self, node: cst.With) -> cst.With:
        items = list(node.items)
        items[self._recipe.item] = items[self._recipe.item].with_changes(item=cst.parse_expression(self._acquire))
        if node.asynchronous is None:
            return node.with_changes(items=items, asynchronous=cst.Asynchronous())
        return node.with_changes(items=items)

    def _dissolves(self, node: Any, touched: Mapping[str, _Run]) -> bool:
        final = touched.get("finalbody")
        return not node.handlers and final is not None and not final.statements

    def _dissolve(self, run: _Run, node: Any, touched: Mapping[str, _Run], path: Path) -> None:
        """A ``try`` with nothing left but its body: the body takes its place."""
        body = touched.get("body") or self._run(members(node.body), (*path, "body"))
        run.waiting += [line for line in node.leading_lines if line.comment is not None or not run.waiting]
        inside = body.statements
        if isinstance(node.body, cst.IndentedBlock):
            run.waiting += comment_lines(node.body.header)
        if inside and isinstance(inside[0], cst.SimpleStatementSuite):
            inside = [cst.SimpleStatementLine(inside[0].body, trailing_whitespace=inside[0].trailing_whitespace)]
        run.add(*inside)
        if isinstance(node.body, cst.IndentedBlock):
            run.waiting += comment_lines(*node.body.footer)
        run.waiting += [*body.waiting, *_clause_comments(node.finalbody), *touched["finalbody"].waiting]
        run.waiting += _footer_comments(node.finalbody)


def _vanishes(node: Any, touched: Mapping[str, _Run]) -> bool:
    """An ``if`` that only decided whether to close: nothing in it, no else, and a test that does nothing."""
    if not isinstance(node, cst.If) or node.orelse is not None or touched["body"].statements:
        return False
    idle = (cst.Name, cst.Comparison, cst.ComparisonTarget, cst.UnaryOperation, cst.BooleanOperation, cst.Attribute,
            cst.SimpleString, cst.Integer, cst.BaseCompOp, cst.BaseBooleanOp, cst.BaseUnaryOp,
            cst.BaseParenthesizableWhitespace, cst.LeftParen, cst.RightParen, cst.Dot)  # fmt: skip
    return all(isinstance(inner, idle) for inner in walk(node.test))


def _with_suites(node: Any, touched: Mapping[str, _Run]) -> tuple[Any, Comments]:
    """``node`` with the rebuilt suites in place: an emptied optional clause goes, any other gets a ``pass``.

    And the comments of clauses that went.
    """
    left: Comments = []
    handlers = list(getattr(node, "handlers", ()))
    cases = list(getattr(node, "cases", ()))
    for name, run in touched.items():
        if name == "body":
            node = node.with_changes(body=_filled(node.body, run))
        elif name.startswith("handler"):
            index = int(name.removeprefix("handler"))
            handlers[index] = handlers[index].with_changes(body=_filled(handlers[index].body, run))
        elif name.startswith("case"):
            index = int(name.removeprefix("case"))
            cases[index] = cases[index].with_changes(body=_filled(cases[index].body, run))
    if handlers:
        node = node.with_changes(handlers=handlers)
    if cases:
        node = node.with_changes(cases=cases)
    for name in ("orelse", "finalbody"):
        if name in touched:
            node, comments = _with_clause(node, name, touched[name])
            left += comments
    return node, left


def _with_clause(node: Any, name: str, run: _Run) -> tuple[Any, Comments]:
    """Replace ``else`` or ``finally``; the comments of one that goes."""
    clause = getattr(node, name)
    if isinstance(clause, cst.If):
        if len(run.statements) == 1 and isinstance(run.statements[0], cst.If):
            return node.with_changes(**{name: run.statements[0]}), run.waiting
        new = cst.Else(cst.IndentedBlock(run.statements)) if run.statements else None
        return node.with_changes(**{name: new}), run.waiting
    if run.statements:
        return node.with_changes(**{name: clause.with_changes(body=_filled(clause.body, run))}), []
    return node.with_changes(**{name: None}), [*_clause_comments(clause), *run.waiting, *_footer_comments(clause)]


def _clause_comments(clause: Any) -> Comments:
    header = clause.body.header if isinstance(clause.body, cst.IndentedBlock) else None
    return comment_lines(*clause.leading_lines, header)


def _footer_comments(clause: Any) -> Comments:
    return comment_lines(*clause.body.footer) if isinstance(clause.body, cst.IndentedBlock) else []


def _filled(suite: cst.BaseSuite, run: _Run) -> cst.BaseSuite:
    if run.statements and isinstance(run.statements[0], cst.SimpleStatementSuite):
        return run.statements[0]
    body = (_first_without_blanks(run.statements) if run.beheaded else run.statements) or [_pass()]
    if isinstance(suite, cst.IndentedBlock):
        return suite.with_changes(body=body, footer=[*run.waiting, *suite.footer])
    return cst.IndentedBlock(body, footer=run.waiting)


def _with_footer(node: Any, comments: Comments) -> Any:
    """``node`` with comments at the end of its last suite, or on lines before it where it has none."""
    if not comments:
        return node
    holder = getattr(node, "finalbody", None) or getattr(node, "orelse", None)
    if holder is None and getattr(node, "handlers", None):
        last = _with_footer(node.handlers[-1], comments)
        return node.with_changes(handlers=[*node.handlers[:-1], last])
    if holder is not None:
        field_name = "finalbody" if getattr(node, "finalbody", None) else "orelse"
        return node.with_changes(**{field_name: _with_footer(holder, comments)})
    suite = getattr(node, "body", None)
    if isinstance(suite, cst.IndentedBlock):
        return node.with_changes(body=suite.with_changes(footer=[*suite.footer, *comments]))
    return node.with_changes(leading_lines=[*node.leading_lines, *comments])


def _yielding(node: Any, name: str) -> Any:
    return node.with_changes(body=[cst.Expr(cst.Yield(cst.Name(name)))])


def _first_without_blanks(statements: Sequence[Any]) -> list[Any]:
    if not statements:
        return []
    lines = list(statements[0].leading_lines)
    while lines and lines[0].comment is None:
        del lines[0]
    return [statements[0].with_changes(leading_lines=lines), *statements[1:]]


def _pass() -> cst.SimpleStatementLine:
    return cst.SimpleStatementLine([cst.Pass()])
