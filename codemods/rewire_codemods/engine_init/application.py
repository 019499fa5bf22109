"""Find the application whose lifespan opens the database, and read how it starts and stops today."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import libcst as cst

from rewire.codemod.cst import dotted_name
from rewire_codemods.applications.obstacle import Obstacle
from rewire_codemods.applications.origins import origin_of
from rewire_codemods.applications.reach import dependents, entry_path
from rewire_codemods.applications.reading import Shelf, bindings, called, calls, references
from rewire_codemods.engine_init.roles import is_test

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rewire.codemod.cst import Tree
    from rewire_codemods.engine_init.definition import Definition


@dataclass(frozen=True, slots=True)
class Application:
    """The FastAPI call that is wired. ``variable`` is the name it is given; ``factory`` the function it stands in.

    ``lifespan`` is the function passed to it, in the file ``lifespan_path``; None where it has none.
    """

    path: str
    tree: Tree
    call: cst.Call
    variable: str
    factory: cst.FunctionDef | None
    lifespan: cst.FunctionDef | None = None
    lifespan_path: str = ""


def is_application(tree: Tree, call: cst.Call) -> bool:
    """True for ``FastAPI(...)``, however imported."""
    name = called(tree, call)
    return name.rpartition(".")[2] == "FastAPI" and name.partition(".")[0] == "fastapi"


def find_application(shelf: Shelf, paths: Sequence[str], definition: Definition) -> Application:
    """The one application that uses the engine. Raises Obstacle where there is none, or more than one."""
    found = []
    for path in paths:
        if is_test(path):
            continue
        tree = shelf.tree(path)
        found += [(path, call) for call in calls(tree) if is_application(tree, call)]
    mounted = {place for path in paths if not is_test(path) for place in _mounted(shelf, path)}
    outer = [(path, call) for path, call in found if (path, _variable(shelf.tree(path), call)) not in mounted]
    users = dependents(shelf.project, definition.path)
    using = [entry for entry in outer if entry[0] in users] or (outer if len({path for path, _ in outer}) == 1 else [])
    if len(using) > 1:
        using = _launched(shelf, using)
    span = definition.tree.span(definition.creation.statement)
    place = f"{definition.path}:{definition.tree.line(definition.creation.statement)}"
    if not using:
        raise Obstacle("no-application", definition.path, span, f"no FastAPI application uses the engine at {place}")
    if len(using) > 1:
        names = ", ".join(f"{path}:{shelf.tree(path).line(call)}" for path, call in using)
        raise Obstacle("two-applications", definition.path, span, f"the engine at {place} is used by {names}")
    ((path, call),) = using
    return _read(shelf, path, call)


def _mounted(shelf: Shelf, path: str) -> list[tuple[str, str]]:
    """The applications that a file mounts below another one: file and variable."""
    tree = shelf.tree(path)
    answer = []
    for call in calls(tree):
        if not isinstance(call.func, cst.Attribute) or call.func.attr.value != "mount":
            continue
        given = [arg for arg in call.args if arg.keyword is None][1:2]
        given += [arg for arg in call.args if arg.keyword is not None and arg.keyword.value == "app"]
        name = dotted_name(given[0].value) if given else None
        origin = origin_of(shelf.project, path, name) if name else None
        if origin is not None and origin.path is not None:
            answer.append((origin.path, origin.name))
    return answer


def _launched(shelf: Shelf, using: Sequence[tuple[str, cst.Call]]) -> list[tuple[str, cst.Call]]:
    """Those that launch commands name; all of them if none is named."""
    answer: dict[tuple[str, int], tuple[str, cst.Call]] = {}
    for launch in shelf.project.launches:
        path = entry_path(shelf.project, launch)
        named = [entry for entry in using if entry[0] == path]
        if path is not None and launch.attribute:
            origin = origin_of(shelf.project, path, launch.attribute)
            exact = [
                (place, call)
                for place, call in using
                if origin is not None
                and place == origin.path
                and (_variable(shelf.tree(place), call) == origin.name or _in_factory(shelf, place, call, origin.name))
            ]
            named = exact or named
        if launch.role in ("server", "unknown"):
            answer.update({(place, id(call)): (place, call) for place, call in named})
    return list(answer.values()) or list(using)


def _in_factory(shelf: Shelf, path: str, call: cst.Call, name: str) -> bool:
    holder = shelf.tree(path).enclosing(call, cst.FunctionDef)
    return isinstance(holder, cst.FunctionDef) and holder.name.value == name


def _variable(tree: Tree, call: cst.Call) -> str:
    parent = tree.parent(call)
    target: cst.BaseExpression | None = None
    if isinstance(parent, cst.Assign):
        target = parent.targets[0].target
    elif isinstance(parent, cst.AnnAssign):
        target = parent.target
    return target.value if isinstance(target, cst.Name) else ""


def _read(shelf: Shelf, path: str, call: cst.Call) -> Application:
    tree = shelf.tree(path)
    holder = tree.enclosing(call, cst.FunctionDef)
    factory = holder if isinstance(holder, cst.FunctionDef) else None
    given = next((arg for arg in call.args if arg.keyword is not None and arg.keyword.value == "lifespan"), None)
    bare = Application(path, tree, call, _variable(tree, call), factory)
    if given is None or (isinstance(given.value, cst.Name) and given.value.value == "None"):
        _reject_unused_lifespan(tree, path)
        return bare
    place, function = _lifespan(shelf, path, given)
    return Application(path, tree, call, bare.variable, factory, function, place)


def _lifespan(shelf: Shelf, path: str, given: cst.Arg) -> tuple[str, cst.FunctionDef]:
    """The function that a ``lifespan=`` argument names, here or in the module it is imported from."""
    tree = shelf.tree(path)
    dotted = dotted_name(given.value)
    origin = origin_of(shelf.project, path, dotted) if dotted else None
    if origin is not None and origin.path is not None and not origin.rest:
        other = shelf.tree(origin.path)
        named = [node for node in other.walk() if isinstance(node, cst.FunctionDef) and node.name.value == origin.name]
        if len(named) == 1 and is_lifespan(named[0]):
            return origin.path, named[0]
    raise Obstacle(
        "lifespan-unreadable", path, tree.span(given), f"the lifespan at {path}:{tree.line(given)} cannot be read"
    )


def is_lifespan(node: cst.FunctionDef) -> bool:
    """True for an ``@asynccontextmanager`` generator with an indented body."""
    names = {(dotted_name(decorator.decorator) or "").rpartition(".")[2] for decorator in node.decorators}
    return (
        node.asynchronous is not None and names == {"asynccontextmanager"} and isinstance(node.body, cst.IndentedBlock)
    )


def _reject_unused_lifespan(tree: Tree, path: str) -> None:
    """A lifespan that nothing passes on would run for the first time if we did."""
    for node in tree.module.body:
        if not isinstance(node, cst.FunctionDef) or not is_lifespan(node):
            continue
        takes_one = len(node.params.params) == 1
        if takes_one and not references(tree, node.name.value) and bindings(tree, node.name.value):
            line = tree.line(node)
            raise Obstacle(
                "lifespan-unused",
                path,
                tree.span(node.name),
                f"{node.name.value} at {path}:{line} is never passed to the application",
            )
