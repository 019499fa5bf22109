"""Calls as the call graph needs them: the callee as written, and whether the connection is handed over."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import libcst as cst

from rewire.codemod.cst import Tree, dotted_name
from rewire_codemods.shared_pool.facts import Called
from rewire_codemods.shared_pool.statements import last_name, walk

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence, Set

    from rewire_codemods.shared_pool.scopes import FunctionScope

_SLOW = frozenset(
    {
        "sleep", "gather", "wait", "to_thread", "run_in_executor", "request", "get", "post", "put", "patch",
        "delete", "send", "send_message", "send_photo", "answer", "reply", "ainvoke", "chat", "create",
        "acompletion", "communicate",
    }
)  # fmt: skip
_LOCK = re.compile(r"(?i)lock|mutex|sem(?:aphore)?(?:_|$)|throttle")
_SLOW_ROOTS = frozenset(
    {"asyncio", "httpx", "aiohttp", "requests", "session", "client", "http", "openai", "anthropic", "smtp", "bot"}
)


def calls_in(
    nodes: Sequence[Any],
    tree: Tree | None,
    names: set[str],
    scope: FunctionScope | None = None,
    holders: Set[str] = frozenset(),
) -> Iterator[Called]:
    """The calls in some statements whose callee can be written as dotted names; methods of ``names`` are left out.

    ``holders`` are objects that have been given the connection: their methods have it, too.
    """
    for top in nodes:
        awaited = {id(node.expression) for node in walk(top) if isinstance(node, cst.Await)}
        for node in walk(top):
            if not isinstance(node, cst.Call):
                continue
            callee = callee_name(node.func)
            first = callee.partition(".")[0]
            if not callee or (first in names and first not in holders):
                continue
            passes = first in holders or any(
                isinstance(arg.value, cst.Name) and arg.value.value in names for arg in node.args
            )
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


def lock_name(node: cst.BaseExpression) -> str:
    """The dotted name of a lock or a semaphore, as far as its name says so; empty for anything else."""
    dotted = dotted_name(node) or ""
    return dotted if _LOCK.search(dotted.rpartition(".")[2]) else ""


def locks_in(nodes: Sequence[Any]) -> Iterator[str]:
    """What some statements wait for besides the database: ``async with lock``, ``await lock.acquire()``."""
    for top in nodes:
        for node in walk(top):
            if isinstance(node, cst.WithItem) and (name := lock_name(node.item)):
                yield name
            taken = node.func if isinstance(node, cst.Call) and last_name(node.func) == "acquire" else None
            if isinstance(taken, cst.Attribute) and (name := lock_name(taken.value)):
                yield name


def queries_in(nodes: Sequence[Any], names: set[str]) -> Iterator[str]:
    """The dotted names that stand as the query in calls of the methods of ``names``."""
    for top in nodes:
        for node in walk(top):
            if isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute) and node.args:
                dotted = dotted_name(node.args[0].value)
                if dotted and (dotted_name(node.func.value) or "") in names:
                    yield dotted


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
                    and (root in _SLOW_ROOTS or any(word in root for word in ("client", "session", "http", "queue")))
                ):
                    found.append(callee)
            elif isinstance(node, cst.For) and node.asynchronous and not _mentions(node.iter, name):
                found.append(cst.Module([]).code_for_node(node.iter))
    return tuple(dict.fromkeys(found))


def _mentions(node: cst.CSTNode, name: str) -> bool:
    return any(isinstance(inner, cst.Name) and inner.value == name for inner in walk(node))
