"""What an ``if`` around a place says of the driver: ``if "asyncpg" not in url:`` knows that it is another one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import libcst as cst

from rewire_codemods.connect_timeout.literals import last_name, text_of_string

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rewire_codemods.connect_timeout.scopes import Names

_OTHERS = re.compile(r"psycopg|sqlite|mysql|mariadb|oracle|mssql|pg8000", re.IGNORECASE)
_SUBJECT = re.compile(r"ur[il]|dsn|driver|dialect|scheme|backend|database|engine", re.IGNORECASE)
_LEAVES = (cst.Return, cst.Raise, cst.Continue, cst.Break)


def is_asyncpg(node: cst.CSTNode, names: Names) -> bool | None:
    """True or False where the conditions under which ``node`` runs tell that the driver is asyncpg, or is not."""
    answers = {_meaning(test, held) for test, held in _conditions(node, names)}
    return None if answers >= {True, False} else next((answer for answer in answers if answer is not None), None)


def _conditions(node: cst.CSTNode, names: Names) -> Iterator[tuple[cst.BaseExpression, bool]]:
    """Every test that decides whether ``node`` runs, within its function, and the outcome that it needs."""
    below = node
    for holder in names.above(node):
        if isinstance(holder, (cst.FunctionDef, cst.ClassDef, cst.Lambda)):
            return
        if isinstance(holder, (cst.If, cst.IfExp)) and below is not holder.test:
            yield holder.test, below is holder.body
        elif isinstance(holder, (cst.IndentedBlock, cst.Module)):
            for earlier in holder.body:
                if earlier is below:
                    break
                if isinstance(earlier, cst.If) and earlier.orelse is None and _leaves(earlier.body):
                    yield earlier.test, False
        below = holder


def _leaves(body: cst.BaseSuite) -> bool:
    """True for a block that ends in ``return`` or the like."""
    last = body.body[-1] if body.body else None
    if isinstance(last, cst.SimpleStatementLine):
        last = last.body[-1]
    return isinstance(last, _LEAVES)


def _meaning(test: cst.BaseExpression, held: bool) -> bool | None:
    """What it says of asyncpg that ``test`` came out as ``held``."""
    if isinstance(test, cst.UnaryOperation) and isinstance(test.operator, cst.Not):
        return _meaning(test.expression, not held)
    if isinstance(test, cst.BooleanOperation):
        sides = {_meaning(test.left, held), _meaning(test.right, held)}
        if held is isinstance(test.operator, cst.And):  # both sides came out so
            return next((side for side in sides if side is not None), None)
        return sides.pop() if len(sides) == 1 else None
    word, asked, negated = _asked(test)
    if word is None or not _SUBJECT.search(asked):
        return None
    if "asyncpg" in word:
        return held is not negated
    return False if held is not negated and _OTHERS.search(word) else None


def _asked(test: cst.BaseExpression) -> tuple[str | None, str, bool]:
    """The text that a test looks for, the expression that it looks at, and whether it asks for the contrary."""
    code = cst.Module([]).code_for_node
    if isinstance(test, cst.Comparison) and len(test.comparisons) == 1:
        operator, other = test.comparisons[0].operator, test.comparisons[0].comparator
        if isinstance(operator, (cst.In, cst.NotIn)):
            return text_of_string(test.left), code(other), isinstance(operator, cst.NotIn)
        if isinstance(operator, (cst.Equal, cst.NotEqual)):
            return text_of_string(other), code(test.left), isinstance(operator, cst.NotEqual)
    if isinstance(test, cst.Call) and test.args and last_name(test.func) in ("startswith", "endswith"):
        return text_of_string(test.args[0].value), code(test.func), False
    return None, "", False
