"""Pools that a file has already: where they are made, which module-level name holds one, who gets and sets it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

from rewire_codemods.shared_pool.arguments import Reader
from rewire_codemods.shared_pool.facts import PoolMaking, PoolName
from rewire_codemods.shared_pool.statements import small, smalls, walk

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rewire.codemod.cst import Tree
    from rewire_codemods.shared_pool.scopes import FunctionScope, ModuleScope

CREATE = ("asyncpg.create_pool", "asyncpg.pool.create_pool")


def read_makings(tree: Tree, module: ModuleScope, scopes: Sequence[FunctionScope]) -> Iterator[PoolMaking]:
    """Every ``create_pool`` call in a function."""
    for scope in scopes:
        for line in scope.lines:
            for part in line.header if not isinstance(line.node, (cst.FunctionDef, cst.ClassDef)) else ():
                for node in walk(part):
                    if isinstance(node, cst.Call) and scope.means(node.func, CREATE):
                        size = next((tree.code(arg.value) for arg in node.args if _keyword(arg) == "max_size"), "")
                        arguments = Reader(tree, scope, module).arguments(node)
                        yield PoolMaking(tree.line(node), scope.name, arguments, _filled(scope, line.node), size)


def _keyword(arg: cst.Arg) -> str:
    return arg.keyword.value if arg.keyword else ""


def _filled(scope: FunctionScope, node: object) -> str:
    """The module-level name that an assignment in a function puts something into."""
    for name in _targets(node):
        if name in scope.globals:
            return name
    return ""


def _targets(node: object) -> Sequence[str]:
    part = small(node)
    targets = [target.target for target in part.targets] if isinstance(part, cst.Assign) else []
    if isinstance(part, cst.AnnAssign):
        targets = [part.target]
    return [target.value for target in targets if isinstance(target, cst.Name)]


def read_pools(module: ModuleScope, scopes: Sequence[FunctionScope]) -> Iterator[PoolName]:
    """Module-level names that hold a pool, by what is put into them or by what they are called."""
    for name in module.values:
        setters = [scope.name for scope in scopes if _sets(scope, name)]
        makes = any(_makes(scope, name) for scope in scopes)
        if not makes and "pool" not in name.lower():
            continue
        getters = [
            scope for scope in scopes if not scope.owner and _returns_only(scope, name) and not _sets(scope, name)
        ]
        if setters or getters:
            yield PoolName(
                name,
                tuple(scope.name for scope in getters if not scope.is_async),
                tuple(scope.name for scope in getters if scope.is_async),
                tuple(setters),
            )


def _sets(scope: FunctionScope, name: str) -> bool:
    return name in scope.globals and any(
        value is not None and not (isinstance(value, cst.Name) and value.value == "None")
        for value in scope.values.get(name, ())
    )


def _makes(scope: FunctionScope, name: str) -> bool:
    for value in scope.values.get(name, ()) if name in scope.globals else ():
        for node in walk(value) if value is not None else ():
            if isinstance(node, cst.Call) and scope.means(node.func, CREATE):
                return True
    return False


def _returns_only(scope: FunctionScope, name: str) -> bool:
    returned = [part.value for line in scope.lines for part in smalls(line.node) if isinstance(part, cst.Return)]
    return bool(returned) and all(isinstance(value, cst.Name) and value.value == name for value in returned)
