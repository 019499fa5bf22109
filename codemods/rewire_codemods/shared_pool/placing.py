"""Where a connection is opened among loops, handlers and inner blocks: what forbids a block, and the shape's name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import libcst as cst

from rewire_codemods.shared_pool.facts import Path, Trouble
from rewire_codemods.shared_pool.statements import at, last_name, lines, members, smalls, walk

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rewire_codemods.shared_pool.lives import Life
    from rewire_codemods.shared_pool.scopes import FunctionScope


@dataclass(frozen=True)
class Outside:
    """A reference that does not stand behind the connect in its own list."""

    path: Path
    closes: bool


def parents(statements: Sequence[Any], path: Path) -> Iterator[tuple[Path, Any, str]]:
    """The compound statements around ``path``, innermost first, each with the suite that leads to it."""
    for depth in range(len(path) - 2, 0, -2):
        yield path[:depth], at(statements, path[:depth]), str(path[depth])


def retried(scope: FunctionScope, path: Path) -> Trouble | None:
    """A loop that tries to connect (or the whole operation) until it works once."""
    tries: list[tuple[Any, str]] = []
    for _, node, suite in parents(scope.statements, path):
        if isinstance(node, (cst.Try, cst.TryStar)) and suite == "body" and node.handlers:
            tries.append((node, suite))
        elif isinstance(node, (cst.For, cst.While)) and suite == "body":
            if tries and _counts(node) and any(_goes_on(part) and _succeeds(part) for part, _ in tries):
                return Trouble("retry-loop", "a loop tries again when connecting or the work after it fails")
            tries = []
    return None


def _counts(node: Any) -> bool:
    """A loop that counts attempts: ``while``, ``for _ in range(...)``; not one over data."""
    if isinstance(node, cst.While):
        return True
    return isinstance(node.iter, cst.Call) and last_name(node.iter.func) in {"range", "count"}


def _goes_on(node: Any) -> bool:
    """Some handler lets the loop go on."""
    return any(not _always_leaves(members(handler.body)) for handler in node.handlers)


def _always_leaves(statements: Sequence[Any]) -> bool:
    last = statements[-1] if statements else None
    return any(isinstance(part, (cst.Return, cst.Raise, cst.Break)) for part in smalls(last))


def _succeeds(node: Any) -> bool:
    """Success leaves the loop: a return or break in the try, or right after it in the else."""
    inside = [*members(node.body), *(members(node.orelse.body) if node.orelse else ())]
    return any(isinstance(part, (cst.Return, cst.Break)) for line in lines(inside) for part in smalls(line.node))


def judge_outside(scope: FunctionScope, path: Path, outside: Sequence[Outside]) -> Trouble | None:
    """Closes may stand outside the block; a use may not. The code says what kind of place forbids it."""
    for reference in outside:
        if reference.closes:
            continue
        for above, node, suite in parents(scope.statements, path):
            if reference.path[: len(above)] != above or len(reference.path) == len(above):
                continue
            if isinstance(node, (cst.Try, cst.TryStar)) and suite == "body":
                return Trouble(
                    "handler-uses-connection", "an except, else or finally outside the block uses the connection"
                )
            if isinstance(node, cst.If):
                break
        return _used_behind(scope, path)
    return None


def _used_behind(scope: FunctionScope, path: Path) -> Trouble:
    for _, node, suite in parents(scope.statements, path):
        if isinstance(node, (cst.For, cst.While)):
            return Trouble("retry-loop", "the connection is opened in a loop and used behind it")
        if isinstance(node, (cst.Try, cst.TryStar)) and suite == "body":
            return Trouble(
                "connect-in-own-try", "the connect has handlers of its own, which would see the work's errors too"
            )
    return Trouble("inner-block", "the connection is opened in an inner block and used behind it")


def shape_name(life: Life, hands: str) -> str:
    """The row of the table of shapes that this connection belongs to, for the report and the review."""
    if hands == "returns":
        return "factory"
    if hands == "yields":
        return "yield"
    closes = list(life.drops)
    if not closes:
        return "leak"
    if life.outside:
        return "guarded in finally"
    loop = any(isinstance(node, (cst.For, cst.While)) for _, node, _ in parents(life.scope.statements, life.path))
    finals = [path for path in closes if "finalbody" in path]
    if not finals:
        if loop:
            return "loop"
        if any(len(path) > len(life.path) for path in closes):
            return "early return" if not life.flow_open else "leak on a path"
        return "straight line"
    final = finals[0]
    holder = at(life.scope.statements, final[: final.index("finalbody")])
    if any((*final[:-1], index) not in closes for index in range(len(members(holder.finalbody.body)))):
        return "finally with more"
    if loop:
        return "loop"
    if holder.handlers:
        return "try, except, finally"
    between = int(final[len(life.above)]) - life.index > 1
    return "statements between" if between else "try, finally"


def mentions(node: cst.CSTNode, name: str) -> bool:
    """True if ``name`` occurs in ``node``."""
    return any(isinstance(inner, cst.Name) and inner.value == name for inner in walk(node))
