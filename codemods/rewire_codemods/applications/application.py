"""Find the FastAPI applications of a project, and read how each starts and stops today."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import libcst as cst

from rewire.codemod.cst import dotted_name
from rewire_codemods.applications.obstacle import Obstacle
from rewire_codemods.applications.origins import origin_of
from rewire_codemods.applications.reach import entry_path
from rewire_codemods.applications.reading import called, calls

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rewire.codemod.cst import Tree
    from rewire_codemods.applications.reading import Shelf

Place = tuple[str, cst.Call]
"""A ``FastAPI(...)`` call and the file that holds it."""

_GIVES_LIFESPAN = re.compile(r"""["']lifespan["']|\blifespan\s*=""")


@dataclass(frozen=True, slots=True)
class Application:
    """One ``FastAPI(...)`` call. ``variable`` is the name it is given; ``factory`` the function it stands in.

    ``lifespan`` is the function that starts and stops it, in the file ``lifespan_path``; None where it has none.
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


def outer_applications(shelf: Shelf, paths: Sequence[str]) -> list[Place]:
    """Every application made in ``paths``, without those mounted below another one: no lifespan of theirs ever runs."""
    found = [
        (path, call) for path in paths for call in calls(shelf.tree(path)) if is_application(shelf.tree(path), call)
    ]
    mounted = {place for path in paths for place in _mounted(shelf, path)}
    return [(path, call) for path, call in found if (path, variable_of(shelf.tree(path), call)) not in mounted]


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


def launched(shelf: Shelf, places: Sequence[Place]) -> list[Place]:
    """Those of ``places`` that launch commands name; none of them if no command does."""
    answer: dict[tuple[str, int], Place] = {}
    for launch in shelf.project.launches:
        path = entry_path(shelf.project, launch)
        named = [entry for entry in places if entry[0] == path]
        if path is not None and launch.attribute:
            origin = origin_of(shelf.project, path, launch.attribute)
            exact = [
                (place, call)
                for place, call in places
                if origin is not None
                and place == origin.path
                and (
                    variable_of(shelf.tree(place), call) == origin.name or _in_factory(shelf, place, call, origin.name)
                )
            ]
            named = exact or named
        if launch.role in ("server", "unknown"):
            answer.update({(place, id(call)): (place, call) for place, call in named})
    return list(answer.values())


def _in_factory(shelf: Shelf, path: str, call: cst.Call, name: str) -> bool:
    holder = shelf.tree(path).enclosing(call, cst.FunctionDef)
    return isinstance(holder, cst.FunctionDef) and holder.name.value == name


def variable_of(tree: Tree, call: cst.Call) -> str:
    """The plain name that a call's value is given; empty where it is given none."""
    parent = tree.parent(call)
    target: cst.BaseExpression | None = None
    if isinstance(parent, cst.Assign):
        target = parent.targets[0].target
    elif isinstance(parent, cst.AnnAssign):
        target = parent.target
    return target.value if isinstance(target, cst.Name) else ""


def read_application(shelf: Shelf, place: Place) -> Application:
    """How one application starts and stops. Raises Obstacle where that cannot be told."""
    path, call = place
    tree = shelf.tree(path)
    holder = tree.enclosing(call, cst.FunctionDef)
    factory = holder if isinstance(holder, cst.FunctionDef) else None
    bare = Application(path, tree, call, variable_of(tree, call), factory)
    assigned = _assigned_lifespan(shelf, bare)
    given = assigned or next(
        (arg.value for arg in call.args if arg.keyword is not None and arg.keyword.value == "lifespan"), None
    )
    if given is None or (isinstance(given, cst.Name) and given.value == "None"):
        _reject_splat(shelf, bare)
        return bare
    where, function = _lifespan(shelf, path, given)
    return Application(path, tree, call, bare.variable, factory, function, where)


def _assigned_lifespan(shelf: Shelf, application: Application) -> cst.BaseExpression | None:
    """The value of ``app.router.lifespan_context = ...``, which wins over the argument. Raises Obstacle for several."""
    found: list[cst.BaseExpression] = []
    for path in shelf.project.paths:
        source = shelf.project.source(path)
        if source is None or "lifespan_context" not in source.text:
            continue
        tree = shelf.tree(path)
        for node in tree.walk():
            if not isinstance(node, cst.Assign):
                continue
            for target in node.targets:
                owner, _, attribute = (dotted_name(target.target) or "").rpartition(".router.")
                if attribute != "lifespan_context" or not _is_it(shelf, application, path, owner):
                    continue
                simple = path == application.path and _runs_with(application, node)
                if found or not simple:
                    raise _unreadable(path, tree, node)
                found.append(node.value)
    return found[0] if found else None


def _is_it(shelf: Shelf, application: Application, path: str, owner: str) -> bool:
    """True if ``owner`` in the file ``path`` may be the application."""
    if path == application.path:
        return owner == application.variable or not application.variable
    origin = origin_of(shelf.project, path, owner) if owner else None
    return (
        origin is None or origin.path is None or (origin.path, origin.name) == (application.path, application.variable)
    )


def _runs_with(application: Application, node: cst.Assign) -> bool:
    """True for a statement of the same list as the application's own, under no condition."""
    tree = application.tree
    block = tree.parent(tree.parent(node))  # type: ignore[arg-type]
    if isinstance(block, cst.Module):
        return application.factory is None
    return isinstance(block, cst.IndentedBlock) and tree.parent(block) is application.factory is not None


def _reject_splat(shelf: Shelf, application: Application) -> None:
    """``FastAPI(**settings)`` may hold a lifespan: it cannot, where nobody in the project writes that word as a key."""
    splat = next((arg for arg in application.call.args if arg.star == "**"), None)
    if splat is None:
        return
    for path in shelf.project.paths:
        source = shelf.project.source(path)
        if source is not None and "lifespan" in source.text and _GIVES_LIFESPAN.search(source.text):
            raise _unreadable(application.path, application.tree, splat)


def _unreadable(path: str, tree: Tree, node: cst.CSTNode) -> Obstacle:
    return Obstacle(
        "lifespan-unreadable", path, tree.span(node), f"the lifespan at {path}:{tree.line(node)} cannot be read"
    )


def _lifespan(shelf: Shelf, path: str, given: cst.BaseExpression) -> tuple[str, cst.FunctionDef]:
    """The function that a lifespan is given as, here or in the module it is imported from."""
    tree = shelf.tree(path)
    for where, name in _origins(shelf, path, given):
        other = shelf.tree(where)
        named = [node for node in other.walk() if isinstance(node, cst.FunctionDef) and node.name.value == name]
        if len(named) == 1 and is_lifespan(other, named[0]):
            return where, named[0]
    raise _unreadable(path, tree, given)


def _origins(shelf: Shelf, path: str, given: cst.BaseExpression) -> list[tuple[str, str]]:
    """File and name of what an expression means: at module level, and by an import inside a function."""
    dotted = dotted_name(given)
    if dotted is None:
        return []
    found = []
    for imported in shelf.project.imports(path):
        target = shelf.project.resolve(imported) if imported.bound == dotted and imported.scope == "function" else None
        if target is not None and target.path is not None and target.attribute is not None:
            found.append(origin_of(shelf.project, target.path, target.attribute))
    found.append(origin_of(shelf.project, path, dotted))
    return [(origin.path, origin.name) for origin in found if origin and origin.path is not None and not origin.rest]


def is_lifespan(tree: Tree, node: cst.FunctionDef) -> bool:
    """True for an ``@asynccontextmanager`` generator (or a bare one, which Starlette wraps) with an indented body."""
    names = {(dotted_name(decorator.decorator) or "").rpartition(".")[2] for decorator in node.decorators}
    if node.asynchronous is None or not isinstance(node.body, cst.IndentedBlock):
        return False
    return names == {"asynccontextmanager"} or (not node.decorators and _yields(tree, node))


def _yields(tree: Tree, node: cst.FunctionDef) -> bool:
    return any(
        isinstance(found, cst.Yield) and tree.enclosing(found, cst.FunctionDef, cst.Lambda) is node
        for found in tree.walk(node.body)
    )
