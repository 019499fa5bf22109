"""Connections opened in the head of a ``with`` statement: forms that never worked, or never closed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

from rewire_codemods.shared_pool.facts import Recipe, Trouble
from rewire_codemods.shared_pool.lives import Found, Life
from rewire_codemods.shared_pool.references import references
from rewire_codemods.shared_pool.statements import Line, last_name, list_at, unwrap

if TYPE_CHECKING:
    from rewire.codemod.cst import Tree
    from rewire_codemods.shared_pool.scopes import FunctionScope


def examine_item(scope: FunctionScope, tree: Tree, line: Line, call: cst.Call, index: int, name: str) -> Found:
    """``async with asyncpg.connect()``, ``(await connect())``, ``aclosing(...)`` and ``closing(...)``."""
    node = line.node
    if not _is_form(node.items[index].item, call):
        return Found("", trouble=Trouble("not-bound", "the connection is not what the with statement enters"))
    if node.asynchronous is None and len(node.items) > 1:
        return Found("", trouble=Trouble("inner-block", "a synchronous with enters other things as well"))
    life = Life(scope, tree, line.path, name, int(line.path[-1]) + 1)
    life.until = life.end
    closes = []
    for reference in references(scope.lines, name) if name else ():
        if reference.path == line.path:
            continue
        if reference.path[: len(line.path)] != line.path:
            if reference.kind != "bind":
                return Found("", trouble=Trouble("use-after-close", f"{name} is used outside its with statement"))
        elif reference.kind == "close":
            closes.append(reference.path)
        elif reference.kind not in {"use", "yield"}:
            code = "escapes" if reference.kind in {"escape", "captured", "alias", "return"} else "bound-twice"
            return Found("", trouble=Trouble(code, f"{name} leaves its block ({reference.detail or reference.kind})"))
    life.drops = closes
    depth = len(line.path)
    drops = tuple((0, *path[depth:]) for path in closes)
    position = list_at(scope.statements, line.path[:-1])[int(line.path[-1])]
    recipe = Recipe(tree.span(position), "item", name, (0,), 1, 0, drops, item=index)
    return Found("with on connect", recipe=recipe, life=life)


def _is_form(item: cst.BaseExpression, call: cst.Call) -> bool:
    inner = unwrap(item)
    if inner is call:
        return True
    if isinstance(inner, cst.Call) and last_name(inner.func) in {"closing", "aclosing"} and len(inner.args) == 1:
        return unwrap(inner.args[0].value) is call
    return False
