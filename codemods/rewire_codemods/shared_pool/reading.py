"""Read one file into facts: its openings, and what the plan asks about the rest of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import libcst as cst

from rewire.codemod.cst import Tree, dotted_name, parse
from rewire_codemods.shared_pool.arguments import Reader
from rewire_codemods.shared_pool.definitions import (
    dependencies_of,
    dependency,
    dependency_aliases,
    describe,
    read_classes,
    read_constants,
    run_in_loops,
)
from rewire_codemods.shared_pool.facts import Arguments, FileFacts, Opening, Trouble
from rewire_codemods.shared_pool.margins import (
    bound_names,
    guard_calls,
    import_run,
    insertion_point,
    is_main_guard,
    read_removals,
)
from rewire_codemods.shared_pool.openings import examine, examine_parameter
from rewire_codemods.shared_pool.pools import read_makings, read_pools
from rewire_codemods.shared_pool.scopes import FunctionScope, ModuleScope, function_scope, module_scope
from rewire_codemods.shared_pool.statements import children, last_name, lines, members, names_in, walk

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from rewire.codemod import SourceFile
    from rewire_codemods.shared_pool.places import Opens

CONNECT = ("asyncpg.connect", "asyncpg.connection.connect")


Callers = frozenset[tuple[str, str]]
"""Which calls of a file reach a factory: qualified name of the function (``*``: any) and the callee as written."""


def read(source: SourceFile, factories: Callers = frozenset(), retry_loops: bool = False) -> FileFacts:
    """The facts of one file. With ``factories`` their calls are the openings, and not those of connect."""
    tree = parse(source.text)
    module = module_scope(tree.module)
    scopes = list(function_scopes(tree.module, module))
    openings = [
        opening for scope in scopes for opening in examine(scope, tree, opens_in(scope, factories), retry_loops)
    ]
    if not factories:
        openings += _elsewhere(tree, module, scopes, openings)
    makings = tuple(read_makings(tree, module, scopes))
    pools = tuple(read_pools(module, scopes))
    placed = bool(openings or makings or pools or "FastAPI(" in source.text)  # else nothing asks where things stand
    return FileFacts(
        path=source.path,
        openings=tuple(sorted(openings, key=lambda opening: opening.span)),
        functions=tuple(describe(scope, tree if placed else None) for scope in scopes),
        classes=tuple(read_classes(tree, module, scopes)),
        constants=tuple(read_constants(tree, module)),
        removals=tuple(read_removals(tree, module)) if placed else (),
        names=tuple(sorted(names_in(tree.module).items())),
        bound=tuple(sorted(bound_names(module, scopes))),
        imports=tuple(sorted(module.imports.items())),
        aliases=tuple(dependency_aliases(module)),
        makings=makings,
        pools=pools,
        insert_at=insertion_point(tree) if placed else 0,
        import_run=import_run(tree) if placed else (),
        runs=tuple(dict.fromkeys(run_in_loops(_top_level(tree.module), module.means_node))),
        guarded=any(is_main_guard(node) for node in tree.module.body),
        guard_calls=tuple(sorted(guard_calls(tree).items())),
    )


def _top_level(module: cst.Module) -> list[cst.CSTNode]:
    """What runs while the module is imported or started."""
    return [
        part
        for line in lines(module.body)
        if not isinstance(line.node, (cst.FunctionDef, cst.ClassDef))
        for part in line.header
    ]


def opens_in(scope: FunctionScope, factories: Callers) -> Opens:
    """What opens a connection in one function."""

    def opens(node: cst.CSTNode) -> bool:
        if not factories:
            return scope.means(node, CONNECT)
        dotted = dotted_name(node)
        if dotted is None or not {(scope.name, dotted), ("*", dotted)} & factories:
            return False
        first = dotted.partition(".")[0]
        return (scope.name, dotted) in factories or first in scope.imports or not scope.is_local(first)

    return opens


def loose_uses(source: SourceFile, factories: Callers) -> tuple[tuple[int, ...], bool]:
    """Lines where a factory is read but not called, and whether ``Depends`` takes it somewhere."""
    tree = parse(source.text)
    module = module_scope(tree.module)
    scopes = list(function_scopes(tree.module, module))
    calls = {id(node.func) for node in walk(tree.module) if isinstance(node, cst.Call)}
    depends = {id(node.args[0].value) for node in walk(tree.module) if isinstance(node, cst.Call) and dependency(node)}
    loose: list[int] = []
    for node, scope in _named(tree.module, scopes):
        dotted = dotted_name(node)
        name = scope.name if scope else ""
        if not {(name, dotted), ("*", dotted)} & factories or id(node) in calls | depends:
            continue
        if not (scope and scope.is_local((dotted or "").partition(".")[0])):
            loose.append(tree.line(node))
    texts = {text for _, text in factories}
    wanted = [node for node in walk(tree.module) if isinstance(node, cst.Call) and dependency(node) in texts]
    return tuple(loose), bool(wanted)


def read_calls(source: SourceFile, name: str, parameter: str) -> Iterator[tuple[str, Arguments]]:
    """Function and arguments of each call of something called ``name``; the first or ``parameter`` is the DSN."""
    tree = parse(source.text)
    module = module_scope(tree.module)
    for scope in function_scopes(tree.module, module):
        for line in scope.lines:
            for part in line.header if not isinstance(line.node, (cst.FunctionDef, cst.ClassDef)) else ():
                for node in walk(part):
                    if isinstance(node, cst.Call) and last_name(node.func) == name:
                        yield scope.name, Reader(tree, scope, module).arguments(node, ("dsn",), parameter)


def read_dependents(source: SourceFile, texts: Collection[str]) -> list[Opening]:
    """Functions that are given a connection by ``Depends``: what closes it there, and whether that can go."""
    tree = parse(source.text)
    module = module_scope(tree.module)
    found = []
    for scope in function_scopes(tree.module, module):
        for param, target in dependencies_of(scope):
            if target in texts:
                found.append(examine_parameter(scope, tree, param))
    return found


def function_scopes(
    tree: Any, module: ModuleScope, name: str = "", owner: str = "", outer: FunctionScope | None = None
) -> Iterator[FunctionScope]:
    """Every function of a file, methods and nested ones included, with qualified names (``Class.method``, ``f.g``)."""
    body = tree.body if isinstance(tree, cst.Module) else members(tree.body)
    for line in lines(body):
        node = line.node
        if isinstance(node, cst.FunctionDef):
            scope = function_scope(node, name + node.name.value, owner, module, outer)
            yield scope
            yield from function_scopes(node, module, scope.name + ".", "", scope)
        elif isinstance(node, cst.ClassDef):
            yield from function_scopes(node, module, name + node.name.value + ".", node.name.value, outer)


def _elsewhere(
    tree: Tree, module: ModuleScope, scopes: Sequence[FunctionScope], found: Sequence[Opening]
) -> Iterator[Opening]:
    """References to connect outside functions, in lambdas, and handed around as a value."""
    seen = {opening.span for opening in found}
    calls = {id(node.func): node for node in walk(tree.module) if isinstance(node, cst.Call)}
    for node, scope in _named(tree.module, scopes):
        means = scope.means(node, CONNECT) if scope else module.means(dotted_name(node) or "", CONNECT)
        if not means:
            continue
        call = calls.get(id(node))
        where = scope.name if scope else ""
        if call is None:
            yield Opening(tree.span(node), tree.line(node), where,
                          trouble=Trouble("not-a-call", "connect is handed around as a value"))  # fmt: skip
        elif tree.span(call) not in seen:
            reason = "it is opened inside a lambda" if scope else "it is opened at module level, not in a function"
            yield Opening(tree.span(call), tree.line(call), where, trouble=Trouble("not-async", reason),
                          arguments=Reader(tree, scope, module).arguments(call))  # fmt: skip


def _named(
    top: cst.CSTNode, scopes: Sequence[FunctionScope]
) -> Iterator[tuple[cst.BaseExpression, FunctionScope | None]]:
    """The dotted names that are read anywhere, outermost chains only, each with the function around it."""
    known = {id(scope.node): scope for scope in scopes}
    stack: list[tuple[cst.CSTNode, FunctionScope | None]] = [(top, None)]
    while stack:
        node, scope = stack.pop()
        scope = known.get(id(node), scope)
        if isinstance(node, (cst.Name, cst.Attribute)) and dotted_name(node):
            yield node, scope
        elif isinstance(node, (cst.Import, cst.ImportFrom)) or (scope is None and _aliases(node)):
            continue
        else:
            children = _expressions(node)
            stack.extend((child, scope) for child in reversed(children))


def _expressions(node: cst.CSTNode) -> Sequence[cst.CSTNode]:
    """Children that can read something: the names of definitions, parameters and keywords do not."""
    if isinstance(node, (cst.Arg, cst.Attribute)):
        return (node.value,)
    if isinstance(node, (cst.FunctionDef, cst.ClassDef, cst.Param)):
        return [child for child in children(node) if child is not node.name]
    return children(node)


def _aliases(node: cst.CSTNode) -> bool:
    """``connect = asyncpg.connect`` at module level: an alias, whose calls are found by themselves."""
    if not isinstance(node, (cst.Assign, cst.AnnAssign)):
        return False
    return node.value is not None and dotted_name(node.value) is not None
