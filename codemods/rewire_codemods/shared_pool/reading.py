"""Read one file into facts: its openings, and what the plan asks about the rest of it."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

import libcst as cst

from rewire.codemod.cst import Tree, dotted_name, parse
from rewire_codemods.shared_pool import state
from rewire_codemods.shared_pool.arguments import Reader, removal_of
from rewire_codemods.shared_pool.called import callee_name, calls_in
from rewire_codemods.shared_pool.facts import Arguments, Class, Constant, FileFacts, Function, Opening, Removal, Trouble
from rewire_codemods.shared_pool.openings import Opens, examine, examine_parameter
from rewire_codemods.shared_pool.pools import read_makings, read_pools
from rewire_codemods.shared_pool.scopes import (
    FunctionScope,
    ModuleScope,
    every_parameter,
    function_scope,
    imported,
    module_scope,
)
from rewire_codemods.shared_pool.statements import (
    children,
    code_of,
    has_comment,
    last_name,
    lines,
    members,
    names_in,
    small,
    walk,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from rewire.codemod import SourceFile, Span

CONNECT = ("asyncpg.connect", "asyncpg.connection.connect")
_ACQUIRES = re.compile(r"(?i)pool\w*(?:\(\))?\.(?:acquire|fetch\w*|execute|executemany|copy_\w+)$")


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
        functions=tuple(_function(scope, tree if placed else None) for scope in scopes),
        classes=tuple(_classes(tree, module, scopes)),
        constants=tuple(_constants(tree, module)),
        removals=tuple(_removals(tree, module)) if placed else (),
        names=tuple(sorted(names_in(tree.module).items())),
        bound=tuple(sorted(_bound(module, scopes))),
        imports=tuple(sorted(module.imports.items())),
        aliases=tuple(_dependency_aliases(module)),
        makings=makings,
        pools=pools,
        insert_at=_insert_at(tree) if placed else 0,
        import_run=_import_run(tree) if placed else (),
        guarded=any(_is_main_guard(node) for node in tree.module.body),
        guard_calls=tuple(sorted(_guard_calls(tree).items())),
    )


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
    """Function and arguments of each call of something called ``name``, its first or ``parameter`` taken for the DSN."""
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
        for param, target in _depends(scope):
            if target in texts:
                found.append(examine_parameter(scope, tree, param))
    return found


def function_scopes(
    tree: cst.CSTNode, module: ModuleScope, name: str = "", owner: str = "", outer: FunctionScope | None = None
) -> Iterator[FunctionScope]:
    """Every function of a file, methods and nested ones included, with qualified names (``Class.method``, ``f.g``)."""
    body = tree.body if isinstance(tree, cst.Module) else members(tree.body)  # type: ignore[attr-defined]
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
        elif isinstance(node, (cst.Import, cst.ImportFrom)):
            continue
        elif isinstance(node, (cst.Assign, cst.AnnAssign)) and scope is None and _aliases(node):
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


def _aliases(node: cst.Assign | cst.AnnAssign) -> bool:
    """``connect = asyncpg.connect`` at module level: an alias, whose calls are found by themselves."""
    return node.value is not None and dotted_name(node.value) is not None


def _function(scope: FunctionScope, tree: Tree | None) -> Function:
    body = [
        part for line in scope.lines for part in line.header if not isinstance(part, (cst.FunctionDef, cst.ClassDef))
    ]
    calls = tuple(calls_in(body, tree, set(), scope))
    node = scope.node
    return Function(
        name=scope.name,
        line=tree.line(node) if tree else 0,
        is_async=scope.is_async,
        calls=calls,
        acquires=any(_ACQUIRES.search(call.callee) for call in calls),
        state=state.in_nodes(body, scope.module),
        types=tuple(_types(scope)),
        depends=tuple(_depends(scope)),
        decorators=tuple(_decorator(decorator) for decorator in node.decorators),
        yields=any(isinstance(inner, cst.Yield) for part in body for inner in walk(part)),
        returns=code_of(node.returns.annotation) if node.returns else "",
    )


def _decorator(node: cst.Decorator) -> str:
    inner = node.decorator
    return callee_name(inner.func if isinstance(inner, cst.Call) else inner)


def _types(scope: FunctionScope) -> Iterator[tuple[str, str]]:
    for param in every_parameter(scope.node.params):
        annotation = _annotated_type(param.annotation)
        if annotation:
            yield param.name.value, annotation
    for name, values in scope.values.items():
        if len(values) == 1 and isinstance(values[0], cst.Call):
            callee = callee_name(values[0].func)
            if callee:
                yield name, callee
    yield from ((name, origin) for name, origin in scope.imports.items())


def _annotated_type(annotation: cst.Annotation | None) -> str:
    """The class that an annotation names; ``Annotated`` and ``Optional`` are looked through."""
    node = annotation.annotation if annotation else None
    while isinstance(node, cst.Subscript) and last_name(node.value) in {"Annotated", "Optional"}:
        index = node.slice[0].slice
        node = index.value if isinstance(index, cst.Index) else None
    if isinstance(node, cst.BinaryOperation):
        node = node.left
    return (dotted_name(node) or "") if node is not None else ""


def _depends(scope: FunctionScope) -> Iterator[tuple[str, str]]:
    for param in every_parameter(scope.node.params):
        target = dependency(param.default) or _annotated_dependency(param.annotation)
        if target:
            yield param.name.value, target
        elif param.annotation and isinstance(param.annotation.annotation, cst.Name):
            yield param.name.value, "?" + param.annotation.annotation.value


def dependency(node: cst.CSTNode | None) -> str:
    """The dotted name inside ``Depends(...)``; empty for anything else."""
    if isinstance(node, cst.Call) and last_name(node.func) in {"Depends", "Security"} and node.args:
        return dotted_name(node.args[0].value) or ""
    return ""


def _annotated_dependency(annotation: cst.Annotation | None) -> str:
    node = annotation.annotation if annotation else None
    return next((found for inner in walk(node) if (found := dependency(inner))), "") if node is not None else ""


def _dependency_aliases(module: ModuleScope) -> Iterator[tuple[str, str]]:
    """``DB = Annotated[Connection, Depends(get_db)]``."""
    for name, values in module.values.items():
        for value in values:
            found = [target for inner in (walk(value) if value else ()) if (target := dependency(inner))]
            if isinstance(value, cst.Subscript) and found:
                yield name, found[0]


def _classes(tree: Tree, module: ModuleScope, scopes: Sequence[FunctionScope]) -> Iterator[Class]:
    for node in walk(tree.module):
        if not isinstance(node, cst.ClassDef):
            continue
        name = node.name.value
        types: dict[str, str] = {}
        values: dict[str, Any] = {}
        for scope in scopes:
            if scope.owner == name:
                _read_attributes(tree, scope, types, values)
        bases = tuple(dotted_name(arg.value) or "" for arg in node.bases)
        yield Class(name, bases, tuple(types.items()), tuple((key, value) for key, value in values.items() if value))


def _read_attributes(tree: Tree, scope: FunctionScope, types: dict[str, str], values: dict[str, Any]) -> None:
    known = dict(_types(scope))
    for line in scope.lines:
        part = small(line.node)
        if not isinstance(part, (cst.Assign, cst.AnnAssign)) or part.value is None:
            continue
        target = part.targets[0].target if isinstance(part, cst.Assign) else part.target
        dotted = dotted_name(target) or ""
        if not dotted.startswith("self.") or dotted.count(".") != 1:
            continue
        attribute = dotted[5:]
        value: Any = part.value.left if isinstance(part.value, cst.BooleanOperation) else part.value
        if isinstance(value, cst.Name) and value.value in known:
            types.setdefault(attribute, known[value.value])
        elif isinstance(value, cst.Call):
            types.setdefault(attribute, callee_name(value.func))
        expression = Reader(tree, scope, scope.module).expression(part.value)
        values[attribute] = expression if attribute not in values or values[attribute] == expression else None


def _constants(tree: Tree, module: ModuleScope) -> Iterator[Constant]:
    reader = Reader(tree, None, module)
    for name, found in module.values.items():
        if len(found) != 1 or found[0] is None:
            continue
        value = found[0]
        instance = callee_name(value.func) if isinstance(value, cst.Call) else ""
        yield Constant(name, reader.expression(value), instance)


def _removals(tree: Tree, module: ModuleScope) -> Iterator[Removal]:
    """Module-level imports and constants that stand alone on their line, without a comment on it."""
    for node in tree.module.body:
        part = small(node)
        if not isinstance(node, cst.SimpleStatementLine) or part is None or has_comment(node):
            continue
        if isinstance(part, (cst.Import, cst.ImportFrom)):
            if not (isinstance(part, cst.ImportFrom) and last_name(part.module or cst.Name("x")) == "__future__"):
                yield from (Removal(tree.span(node), name, "import") for name in imported(part))
        elif isinstance(part, (cst.Assign, cst.AnnAssign)):
            target = part.targets[0].target if isinstance(part, cst.Assign) else part.target
            if isinstance(target, cst.Name) and len(module.values.get(target.value, ())) == 1:
                removal = removal_of(tree, node, target.value)
                if removal:
                    yield removal


def _bound(module: ModuleScope, scopes: Iterable[FunctionScope]) -> set[str]:
    found = {*module.imports, *module.values, *module.defined}
    for scope in scopes:
        found |= {*scope.parameters, *scope.values, *scope.imports}
    return found


def _insert_at(tree: Tree) -> int:
    """The line behind the last import that stands before the first definition; behind the docstring otherwise."""
    last = None
    for index, node in enumerate(tree.module.body):
        if isinstance(node, (cst.FunctionDef, cst.ClassDef)):
            break
        part = small(node)
        docstring = index == 0 and isinstance(part, cst.Expr) and isinstance(part.value, cst.SimpleString)
        if isinstance(part, (cst.Import, cst.ImportFrom)) or docstring:
            last = node
    if last is None:
        return 0
    end = tree.span(last).end
    found = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|$)").match(tree.text, end)
    return found.end() if found else end


def _import_run(tree: Tree) -> tuple[Span, ...]:
    """The import statements that stand together, nothing between them, up to where an import would be added."""
    end = _insert_at(tree)
    run: list[Span] = []
    for node in tree.module.body:
        span = tree.span(node)
        if span.start >= end:
            break
        if isinstance(small(node), (cst.Import, cst.ImportFrom)):
            run.append(span)
        else:
            run.clear()
    return tuple(run)


def _is_main_guard(node: cst.CSTNode) -> bool:
    if not isinstance(node, cst.If) or not isinstance(node.test, cst.Comparison):
        return False
    return isinstance(node.test.left, cst.Name) and node.test.left.value == "__name__"


def _guard_calls(tree: Tree) -> Counter[str]:
    found: Counter[str] = Counter()
    for node in tree.module.body:
        if _is_main_guard(node):
            found.update(names_in(node))
    return found
