"""What a Python file's own constants and imports stand for, as far as they are written out."""

from __future__ import annotations

import ast
import warnings
from collections import deque
from typing import TYPE_CHECKING, Any

from rewire.project.boot.values import UNKNOWN, External

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rewire.project.boot.evaluate import Evaluator


def parsed(text: str) -> ast.Module | None:
    """The tree of a Python text; None where it cannot be parsed."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def constants(tree: ast.Module, evaluator: Evaluator, place: str) -> Callable[[tuple[str, ...]], Any]:
    """What gives the values of the constants and imports of a module that lies at ``place``."""
    names: dict[str, Any] = {"__file__": place, "str": External("builtins.str")}

    def look(chain: tuple[str, ...]) -> Any:
        value = names.get(chain[0], UNKNOWN)
        for part in chain[1:]:
            value = External(f"{value.name}.{part}") if isinstance(value, External) else UNKNOWN
        return value

    for node in statements(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                names[alias.asname or alias.name.partition(".")[0]] = External(
                    alias.name if alias.asname else alias.name.partition(".")[0]
                )
        elif isinstance(node, ast.ImportFrom) and not node.level:
            for alias in node.names:
                names[alias.asname or alias.name] = External(f"{node.module}.{alias.name}")
    for statement in tree.body:
        if (
            isinstance(statement, ast.Assign)
            and len(statement.targets) == 1
            and isinstance(statement.targets[0], ast.Name)
        ):
            names[statement.targets[0].id] = evaluator.value(statement.value, look)
    return look


def statements(tree: ast.Module) -> Iterator[ast.AST]:
    """The statements of all blocks, in the order of ``ast.walk``."""
    pending: deque[ast.AST] = deque([tree])
    while pending:
        node = pending.popleft()
        yield node
        for name in node._fields:
            block = getattr(node, name, None)
            if isinstance(block, list):
                pending.extend(one for one in block if isinstance(one, ast.stmt | ast.ExceptHandler | ast.match_case))
