"""Calls as the call graph needs them: the callee as written, and whether the connection is handed over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import libcst as cst

from rewire.codemod.cst import Tree, dotted_name
from rewire_codemods.shared_pool.facts import Called
from rewire_codemods.shared_pool.statements import last_name, walk

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rewire_codemods.shared_pool.scopes import FunctionScope

_SLOW = frozenset({"sleep", "gather", "wait", "to_thread", "run_in_executor", "request", "get", "post", "put", "patch",
                   "delete", "send", "ainvoke", "chat", "create", "acompletion", "communicate"})  # fmt: skip
_SLOW_ROOTS = frozenset(
    {"asyncio", "httpx", "aiohttp", "requests", "session", "client", "http", "openai", "anthropic", "smtp", "bot"}
)


def calls_in(
    nodes: Sequence[Any], tree: Tree | None, names: set[str], scope: FunctionScope | None = None
) -> Iterator[Called]:
    """The calls in some statements whose callee can be written as dotted names; methods of ``names`` are left out."""
    for top in nodes:
        awaited = {id(node.expression) for node in walk(top) if isinstance(node, cst.Await)}
        for node in walk(top):
            if not isinstance(node, cst.Call):
                continue
            callee = callee_name(node.func)
            if not callee or callee.partition(".")[0] in names:
                continue
            passes = any(isinstance(arg.value, cst.Name) and arg.value.value in names for arg in node.args)
            yield Called(callee, tree.line(node) if tree else 0, passes, 0, id(node) in awaited)


def callee_name(node: cst.BaseExpression) -> str:
    """``a.b.c``; a call in the middle keeps its parentheses (``get().b``); ``?.b`` for anything else."""
    dotted = dotted_name(node)
    if dotted is not None:
        return dotted
    if isinstance(node, cst.Attribute):
        inner = node.value.func if isinstance(node.value, cst.Call) else None
        left = f"{callee_name(inner)}()" if inner is not None else "?"
        return f"{left}.{node.attr.value}"
    return ""


def slow_calls(nodes: Sequence[Any], name: str) -> tuple[str, ...]:
    """Awaited calls in a block that look like waiting for something else than the database."""
    found: list[str] = []
    for top in nodes:
        for node in walk(top):
            if isinstance(node, cst.Await) and isinstance(node.expression, cst.Call):
                callee = callee_name(node.expression.func)
                root = callee.removeprefix("self.").partition(".")[0].strip("_").lower()
                if (
                    root != name
                    and last_name(node.expression.func) in _SLOW
                    and (root in _SLOW_ROOTS or any(word in root for word in ("client", "session", "http")))
                ):
                    found.append(callee)
    return tuple(dict.fromkeys(found))
