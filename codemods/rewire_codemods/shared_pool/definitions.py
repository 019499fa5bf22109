"""Functions, classes and constants of one file, as the call graph and the databases ask about them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import libcst as cst

from rewire.codemod.cst import Tree, dotted_name
from rewire_codemods.shared_pool import state
from rewire_codemods.shared_pool.arguments import Reader
from rewire_codemods.shared_pool.called import callee_name, calls_in, lock_name
from rewire_codemods.shared_pool.facts import Class, Constant, Function, Hold
from rewire_codemods.shared_pool.scopes import FunctionScope, ModuleScope, every_parameter
from rewire_codemods.shared_pool.statements import code_of, last_name, members, small, walk

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Means = Callable[[cst.CSTNode, Iterable[str]], bool]
"""Whether an expression is one of some dotted names, where it stands."""

_RUNNERS = ("asyncio.run", "anyio.run", "uvloop.run", "trio.run", "asgiref.sync.async_to_sync", "asyncio.runners.run")
_ACQUIRES = re.compile(r"(?i)pool\w*(?:\(\))?\.(?:acquire|fetch\w*|execute|executemany|copy_\w+)$")


def describe(scope: FunctionScope, tree: Tree | None) -> Function:
    """One function, with everything that it calls."""
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
        state=state.in_nodes(body, scope),
        types=tuple(_types(scope)),
        depends=tuple(dependencies_of(scope)),
        decorators=tuple(_decorator(decorator) for decorator in node.decorators),
        yields=any(isinstance(inner, cst.Yield) for part in body for inner in walk(part)),
        parameters=scope.parameters,
        closes=tuple(sorted(_closed(body))),
        enters=tuple(_entered(scope)),
        holds=tuple(_held(scope, tree)),
        runs=tuple(dict.fromkeys(run_in_loops(body, scope.means))),
        returns=code_of(node.returns.annotation) if node.returns else "",
    )


def _closed(body: Sequence[cst.CSTNode]) -> set[str]:
    """Names, dotted ones too, whose ``close`` or ``terminate`` is called."""
    return {
        dotted
        for part in body
        for node in walk(part)
        if isinstance(node, cst.Call)
        and isinstance(node.func, cst.Attribute)
        and node.func.attr.value in {"close", "terminate"}
        and (dotted := dotted_name(node.func.value)) is not None
    }


def _entered(scope: FunctionScope) -> Iterator[tuple[str, str]]:
    """Name and callee of each ``async with callee() as name``."""
    for line in scope.lines:
        for item in line.node.items if isinstance(line.node, cst.With) else ():
            bound = item.asname.name if item.asname else None
            if isinstance(item.item, cst.Call) and isinstance(bound, cst.Name):
                yield bound.value, callee_name(item.item.func)


def _held(scope: FunctionScope, tree: Tree | None) -> Iterator[Hold]:
    for line in scope.lines:
        node = line.node
        heads = [item.item for item in node.items] if isinstance(node, cst.With) else []
        if isinstance(node, cst.For) and node.asynchronous:
            heads = [node.iter]
        for head in heads:
            callee = callee_name(head.func) if isinstance(head, cst.Call) else lock_name(head)
            if callee:
                body = members(node.body)
                ends = (tree.line(body[0]), tree.line(body[-1])) if tree else (0, 0)
                yield Hold(callee, tuple(calls_in([node.body], tree, set(), scope)), ends)


def run_in_loops(body: Sequence[cst.CSTNode], means: Means) -> Iterator[str]:
    """What ``asyncio.run``, ``loop.run_until_complete`` and ``async_to_sync`` are given, calls and plain names."""
    for part in body:
        for node in walk(part):
            if isinstance(node, cst.Call) and _runs_a_loop(node, means):
                for inner in walk(node):
                    callee = callee_name(inner.func if isinstance(inner, cst.Call) else inner)  # type: ignore[arg-type]
                    if inner is not node and callee:
                        yield callee


def _runs_a_loop(node: cst.Call, means: Means) -> bool:
    if means(node.func, _RUNNERS):
        return True
    return last_name(node.func) in {"run_until_complete", "async_to_sync"}


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


def dependencies_of(scope: FunctionScope) -> Iterator[tuple[str, str]]:
    """Parameter and dependency of each ``Depends(...)``; ``?Alias`` where the annotation is a plain name."""
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


def dependency_aliases(module: ModuleScope) -> Iterator[tuple[str, str]]:
    """``DB = Annotated[Connection, Depends(get_db)]``."""
    for name, values in module.values.items():
        for value in values:
            found = [target for inner in (walk(value) if value else ()) if (target := dependency(inner))]
            if isinstance(value, cst.Subscript) and found:
                yield name, found[0]


def read_classes(tree: Tree, module: ModuleScope, scopes: Sequence[FunctionScope]) -> Iterator[Class]:
    """Every class: its bases, and what its attributes hold."""
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
        kept = tuple((key, value) for key, value in values.items() if value)
        yield Class(name, bases, tuple(types.items()), kept, tuple(_texts(node)))


def _texts(node: cst.ClassDef) -> Iterator[tuple[str, str]]:
    """Plain string constants of a class's own body."""
    for member in members(node.body):
        part = small(member)
        if isinstance(part, cst.Assign) and len(part.targets) == 1 and isinstance(part.targets[0].target, cst.Name):
            value = part.value
            if isinstance(value, (cst.SimpleString, cst.ConcatenatedString)) and isinstance(value.evaluated_value, str):
                yield part.targets[0].target.value, value.evaluated_value


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


def read_constants(tree: Tree, module: ModuleScope) -> Iterator[Constant]:
    """Module-level names that are bound once, by a plain assignment."""
    reader = Reader(tree, None, module)
    for name, found in module.values.items():
        if len(found) != 1 or found[0] is None:
            continue
        value = found[0]
        instance = callee_name(value.func) if isinstance(value, cst.Call) else ""
        yield Constant(name, reader.expression(value), instance)
