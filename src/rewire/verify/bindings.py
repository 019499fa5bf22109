"""Statements that bind what they bound and read no other name: they cannot unbind anything, wherever they are."""

from __future__ import annotations

import ast
import builtins
import warnings
from collections import Counter
from functools import lru_cache

_PLAIN = (ast.Expr, ast.Return, ast.Assign, ast.AugAssign, ast.Raise, ast.Assert)
_OWN_SCOPE = (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.NamedExpr)
_BUILTINS = frozenset(dir(builtins))


@lru_cache(maxsize=8192)
def keeps_names(old: str, new: str) -> bool:
    """True if both are runs of plain statements with the same targets, and ``new`` loads no name oftener than ``old``.

    Builtins may come: every scope has them. Annotations and scopes within an expression (lambda, comprehension,
    ``:=``) are not judged here. False where this Python cannot read one of the two.
    """
    before, after = _read(old), _read(new)
    if before is None or after is None:
        return False
    if [_targets(statement) for statement in before] != [_targets(statement) for statement in after]:
        return False
    gained = _loads(after) - _loads(before)
    return gained.keys() <= _BUILTINS


def _read(text: str) -> list[ast.stmt] | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            module = ast.parse(f"if 1:\n{text}" if text[:1] in (" ", "\t") else text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    body = module.body
    if text[:1] in (" ", "\t"):
        header = body[0] if len(body) == 1 else None
        if not isinstance(header, ast.If):
            return None
        body = header.body
    nodes = [node for statement in body for node in ast.walk(statement)]
    plain = all(isinstance(statement, _PLAIN) for statement in body)
    return body if plain and not any(isinstance(node, _OWN_SCOPE) for node in nodes) else None


def _targets(statement: ast.stmt) -> str:
    if isinstance(statement, ast.Assign):
        return " = ".join(map(ast.dump, statement.targets))
    if isinstance(statement, ast.AugAssign):
        return ast.dump(statement.target)
    return ""


def _loads(body: list[ast.stmt]) -> Counter[str]:
    return Counter(
        node.id for statement in body for node in ast.walk(statement) if isinstance(node, ast.Name) and _is_load(node)
    )


def _is_load(node: ast.Name) -> bool:
    return isinstance(node.ctx, ast.Load)
