"""Startup and shutdown handlers of an application: ``@app.on_event``, ``add_event_handler``, ``on_startup=``."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import libcst as cst

from rewire.codemod.cst import dotted_name
from rewire_codemods.applications.obstacle import Obstacle
from rewire_codemods.applications.reading import Shelf, bindings, called, calls
from rewire_codemods.engine_init.roles import is_test

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rewire.codemod import Span
    from rewire.codemod.cst import Tree
    from rewire_codemods.applications.application import Application


@dataclass(slots=True)
class Handlers:
    """What an application runs at start and stop, in the order in which Starlette runs it: call texts.

    ``decorators``, ``statements`` and ``arguments`` are what registers them now and goes.
    """

    startup: list[str] = field(default_factory=list)
    shutdown: list[str] = field(default_factory=list)
    decorators: list[cst.Decorator] = field(default_factory=list)
    statements: list[cst.BaseStatement] = field(default_factory=list)
    arguments: list[cst.Arg] = field(default_factory=list)
    nested: bool = False

    def __bool__(self) -> bool:
        return bool(self.startup or self.shutdown)


def read_handlers(shelf: Shelf, application: Application, paths: Sequence[str]) -> Handlers:
    """The handlers that have to be folded into the new lifespan. Raises Obstacle where that is not safe."""
    _reject_elsewhere(shelf, application, paths)
    handlers = Handlers()
    tree = application.tree
    for arg in application.call.args:
        if arg.keyword is not None and arg.keyword.value in ("on_startup", "on_shutdown"):
            _read_argument(application, arg, handlers)
    for call in calls(tree):
        name = dotted_name(call.func) or ""
        if not application.variable or not call.args:
            continue
        if name == f"{application.variable}.on_event":
            _read_decorator(application, call, handlers)
        elif name == f"{application.variable}.add_event_handler":
            _read_statement(application, call, handlers)
    return handlers


def _obstacle(path: str, tree: Tree, node: cst.CSTNode, why: str) -> Obstacle:
    span: Span = tree.span(node)
    return Obstacle("handlers-elsewhere", path, span, f"the handler at {path}:{tree.line(node)} {why}")


def _reject_elsewhere(shelf: Shelf, application: Application, paths: Sequence[str]) -> None:
    """Handlers of routers, and those registered from other files, would silently never run beside a lifespan."""
    for path in paths:
        if is_test(path):
            continue
        tree = shelf.tree(path)
        routers = _routers(tree)
        for call in calls(tree):
            name = dotted_name(call.func) or ""
            owner, _, method = name.rpartition(".")
            if method not in ("on_event", "add_event_handler"):
                continue
            if path == application.path and owner == application.variable:
                continue
            if path != application.path or owner in routers:
                if _belongs_to_other(tree, owner):
                    continue
                raise _obstacle(path, tree, call, "is not registered on the application in its own module")


def _routers(tree: Tree) -> set[str]:
    return {
        target.target.value
        for node in tree.walk()
        if isinstance(node, cst.Assign) and isinstance(node.value, cst.Call)
        for target in node.targets
        if isinstance(target.target, cst.Name) and called(tree, node.value).rpartition(".")[2] == "APIRouter"
    }


def _belongs_to_other(tree: Tree, owner: str) -> bool:
    """True if ``owner`` is another FastAPI application made in this file."""
    return any(
        isinstance(node, cst.Assign)
        and isinstance(node.value, cst.Call)
        and called(tree, node.value).rpartition(".")[2] == "FastAPI"
        and any(isinstance(target.target, cst.Name) and target.target.value == owner for target in node.targets)
        for node in tree.walk()
    )


def _read_argument(application: Application, arg: cst.Arg, handlers: Handlers) -> None:
    tree = application.tree
    assert arg.keyword is not None
    elements = arg.value.elements if isinstance(arg.value, (cst.List, cst.Tuple)) else None
    if elements is None:
        raise _obstacle(application.path, tree, arg, "is not in a plain list")
    for element in elements:
        kind = "startup" if arg.keyword.value == "on_startup" else "shutdown"
        getattr(handlers, kind).append(_call_text(application, element.value))
    handlers.arguments.append(arg)


def _read_statement(application: Application, call: cst.Call, handlers: Handlers) -> None:
    tree = application.tree
    line = tree.parent(tree.parent(call)) if isinstance(tree.parent(call), cst.Expr) else None  # type: ignore[arg-type]
    if not isinstance(line, cst.SimpleStatementLine) or len(line.body) != 1 or len(call.args) != 2:
        raise _obstacle(application.path, tree, call, "is not registered in a statement of its own")
    _reject_conditional(application, line)
    _kind(application, call, handlers).append(_call_text(application, call.args[1].value))
    handlers.statements.append(line)


def _read_decorator(application: Application, call: cst.Call, handlers: Handlers) -> None:
    tree = application.tree
    decorator = tree.parent(call)
    function = tree.parent(decorator) if decorator is not None else None
    if not isinstance(decorator, cst.Decorator) or not isinstance(function, cst.FunctionDef):
        raise _obstacle(application.path, tree, call, "is not registered by a decorator")
    _reject_conditional(application, function)
    handlers.nested = handlers.nested or tree.enclosing(function, cst.FunctionDef) is not None
    same = [
        node for node in tree.walk() if isinstance(node, cst.FunctionDef) and node.name.value == function.name.value
    ]
    if len(same) > 1 or len(bindings(tree, function.name.value)) > 1:
        raise _obstacle(application.path, tree, call, f"shares the name {function.name.value} with something else")
    wait = "await " if function.asynchronous is not None else ""
    _kind(application, call, handlers).append(f"{wait}{function.name.value}()")
    handlers.decorators.append(decorator)


def _kind(application: Application, call: cst.Call, handlers: Handlers) -> list[str]:
    event = call.args[0].value
    word = event.evaluated_value if isinstance(event, cst.SimpleString) else None
    if word == "startup":
        return handlers.startup
    if word == "shutdown":
        return handlers.shutdown
    raise _obstacle(application.path, application.tree, call, "names its event in a way that cannot be read")


def _call_text(application: Application, value: cst.BaseExpression) -> str:
    """The call of a handler given by name: awaited if it is a coroutine function of this file."""
    tree = application.tree
    name = dotted_name(value)
    if name is None:
        raise _obstacle(application.path, tree, value, "is not given by name")
    functions = [node for node in tree.walk() if isinstance(node, cst.FunctionDef) and node.name.value == name]
    if len(functions) != 1:
        raise _obstacle(application.path, tree, value, "is not one function of the application's module")
    return f"{'await ' if functions[0].asynchronous is not None else ''}{name}()"


def _reject_conditional(application: Application, node: cst.CSTNode) -> None:
    tree = application.tree
    block = tree.parent(node)
    holder = tree.parent(block) if isinstance(block, cst.IndentedBlock) else block
    if not isinstance(holder, (cst.Module, cst.FunctionDef)):
        raise _obstacle(application.path, tree, node, "is registered under a condition")
