"""Which functions touch the database when they are called, across files; and who calls one at import."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import libcst as cst

from rewire.codemod.cst import dotted_name
from rewire_codemods.applications.origins import origin_of
from rewire_codemods.applications.reading import Moment, calls, moment_of, top_statement
from rewire_codemods.engine_init.roles import is_migration

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from rewire.codemod.cst import Tree
    from rewire_codemods.engine_init.conversion import Conversion

Place = tuple[str, str]
"""A file and the name of a function or class of its own level."""
ROUTES = frozenset(
    {"get", "post", "put", "patch", "delete", "head", "options", "trace", "route", "api_route", "websocket"}
    | {"websocket_route", "middleware", "on_event", "exception_handler", "errorhandler", "before_request"}
)
"""Decorators that give an application a route or a handler: the application runs its lifespan before it calls one."""
_ADDS = frozenset({"Depends", "Security", "add_api_route", "add_route", "add_exception_handler", "add_event_handler"})


@dataclass(frozen=True, slots=True)
class Broadly:
    """What may come of a call: ``places``; and ``served``, with the objects that such functions are registered with.

    ``places`` counts any method of a class, and objects that modules make of such classes. ``served`` adds ``bot`` for
    ``@bot.message_handler()`` above one of them, and whoever mentions that: to run it is to run the handlers.
    """

    places: frozenset[Place]
    served: frozenset[Place]


def touching(conversion: Conversion, users: Collection[str]) -> frozenset[Place]:
    """Functions and classes that use the engine, its factories or another such function when they are called.

    Strictly, what a call itself runs: a class by its constructor.
    """
    uses = {path: _mentions(conversion, path) for path in users if not is_migration(path)}
    groups = {path: _groups(conversion.shelf.tree(path), path) for path in uses}
    return _grown(uses, groups, _sources(conversion))


def touching_broadly(conversion: Conversion, users: Collection[str]) -> Broadly:
    """As ``touching``, with what may come of it later."""
    uses = {path: _mentions_broadly(conversion, path) for path in users if not is_migration(path)}
    groups = {path: _groups(conversion.shelf.tree(path), path) for path in uses}
    places = _grown(uses, groups, _sources(conversion))
    return Broadly(places, _grown(uses, {path: _owners(conversion, path) for path in uses}, places))


def _sources(conversion: Conversion) -> frozenset[Place]:
    return frozenset({(conversion.path, conversion.definition.engine), *conversion.factories})


def _grown(
    uses: Mapping[str, Mapping[str, set[Place]]],
    groups: Mapping[str, Mapping[str, Collection[Place]]],
    start: Collection[Place],
) -> frozenset[Place]:
    """``start``, and whatever mentions something of it in its turn, each with the groups that it belongs to."""
    hot = set(start)
    for path, name in start:
        hot |= set(groups.get(path, {}).get(name, ()))
    grown = True
    while grown:
        grown = False
        for path, functions in uses.items():
            for name, mentioned in functions.items():
                if (path, name) not in hot and mentioned & hot:
                    hot |= {(path, name), *groups[path].get(name, ())}
                    grown = True
    return frozenset(hot)


def _mentions_broadly(conversion: Conversion, path: str) -> dict[str, set[Place]]:
    """Per function, class and module-level object of a file: what project names its whole code mentions."""
    tree = conversion.shelf.tree(path)
    answer: dict[str, set[Place]] = {}
    for node in tree.module.body:
        if isinstance(node, (cst.FunctionDef, cst.ClassDef)):
            answer[node.name.value] = mentioned(conversion, path, tree, node.body)
        elif isinstance(node, cst.SimpleStatementLine) and isinstance(node.body[0], cst.Assign):
            target = node.body[0].targets[0].target
            if isinstance(target, cst.Name):
                answer[target.value] = mentioned(conversion, path, tree, node.body[0].value)
    return answer


def _groups(tree: Tree, path: str) -> dict[str, list[Place]]:
    """Per function: the command groups (click, Typer) that it is registered with, through which it is called."""
    answer: dict[str, list[Place]] = {}
    for node, owner, method in registrations(tree):
        if isinstance(node, cst.FunctionDef) and method in ("command", "callback", "group"):
            answer.setdefault(node.name.value, []).append((path, owner))
    return answer


def _owners(conversion: Conversion, path: str) -> dict[str, set[Place]]:
    """Per function: the objects that it is registered with (``@bot.event``), which call it once they run.

    An application's routes are left out: whoever holds an application runs its lifespan.
    """
    answer: dict[str, set[Place]] = {}
    for node, owner, method in registrations(conversion.shelf.tree(path)):
        if method not in ROUTES:
            answer.setdefault(node.name.value, set()).update(_followed(conversion, path, {owner}))
    return answer


def registrations(tree: Tree) -> Iterator[tuple[cst.FunctionDef | cst.ClassDef, str, str]]:
    """Decorators ``@owner.method`` above functions of the module's own level and methods of its classes.

    The function or the class, the owner and the method.
    """
    for node in tree.module.body:
        functions = node.body.body if isinstance(node, cst.ClassDef) else (node,)
        for function in functions:
            for decorator in function.decorators if isinstance(function, cst.FunctionDef) else ():
                target = decorator.decorator.func if isinstance(decorator.decorator, cst.Call) else decorator.decorator
                owner, _, method = (dotted_name(target) or "").rpartition(".")
                if owner.isidentifier():
                    assert isinstance(node, (cst.FunctionDef, cst.ClassDef))
                    yield node, owner, method


def _mentions(conversion: Conversion, path: str) -> dict[str, set[Place]]:
    """Per function (or class, for its constructor) of a file: what project names its body mentions."""
    tree = conversion.shelf.tree(path)
    answer = {}
    for node in tree.module.body:
        body: cst.CSTNode | None = None
        if isinstance(node, cst.FunctionDef):
            body = node.body
        elif isinstance(node, cst.ClassDef):
            body = next(
                (
                    method.body
                    for method in node.body.body
                    if isinstance(method, cst.FunctionDef) and method.name.value == "__init__"
                ),
                None,
            )
        if body is not None and isinstance(node, (cst.FunctionDef, cst.ClassDef)):
            names = _names_run(conversion, tree, body)
            if isinstance(node, cst.FunctionDef):
                local = _locals(tree, node)
                names = {name for name in names if name.partition(".")[0] not in local}
            answer[node.name.value] = _followed(conversion, path, names)
    return answer


def _locals(tree: Tree, function: cst.FunctionDef) -> set[str]:
    """The parameters of a function and the names that it assigns, which hide those of the module; no imports."""
    found: set[str] = set()
    shared: set[str] = set()
    for node in tree.walk(function):
        if isinstance(node, cst.Param):
            found.add(node.name.value)
        elif isinstance(node, cst.Global):
            shared |= {item.name.value for item in node.names}
        elif isinstance(node, (cst.AssignTarget, cst.AnnAssign, cst.NamedExpr, cst.For, cst.CompFor)):
            found |= {inner.value for inner in tree.walk(node.target) if isinstance(inner, cst.Name)}
        elif isinstance(node, cst.AsName):
            found |= {inner.value for inner in tree.walk(node.name) if isinstance(inner, cst.Name)}
    return found - shared


def mentioned(conversion: Conversion, path: str, tree: Tree, node: cst.CSTNode) -> set[Place]:
    """The project names that the code of ``node`` mentions, followed to where they are defined."""
    return _followed(conversion, path, {name for inner in tree.walk(node) if (name := _name_of(tree, inner))})


def _name_of(tree: Tree, node: cst.CSTNode) -> str | None:
    """The whole dotted name that a node is; None for its parts, keywords and everything else."""
    if not isinstance(node, (cst.Name, cst.Attribute)):
        return None
    above = tree.parent(node)
    if isinstance(above, cst.Attribute) or (isinstance(above, cst.Arg) and node is above.keyword):
        return None
    return dotted_name(node)


def _names_run(conversion: Conversion, tree: Tree, node: cst.CSTNode) -> set[str]:
    """The names that running ``node`` itself may use: not what it stores, nor functions in it that it does not call."""
    names = set()
    called = {call.func.value for call in calls(tree, node) if isinstance(call.func, cst.Name)}
    stack = [node]
    while stack:
        inner = stack.pop()
        if id(inner) in conversion.excused:
            continue
        if isinstance(inner, cst.FunctionDef) and (inner.decorators or inner.name.value not in called):
            continue
        above = tree.parent(inner)
        stored = isinstance(above, (cst.Assign, cst.AnnAssign)) and above.value is inner
        name = _name_of(tree, inner)
        if name and not stored:
            names.add(name)
        stack.extend(inner.children)
    return names


def _followed(conversion: Conversion, path: str, names: Collection[str]) -> set[Place]:
    """Where the names of one file are defined in the project."""
    found = set()
    for imported in conversion.shelf.project.imports(path):
        if imported.scope == "function" and imported.name not in (None, "*"):
            target = conversion.shelf.project.resolve(imported)
            if target is not None and target.path and target.attribute and imported.bound in names:
                found.add((target.path, target.attribute))
    for name in names:
        origin = origin_of(conversion.shelf.project, path, name)
        if origin is not None and origin.path is not None:
            found.add((origin.path, origin.name))
    return found


def calls_at_import(
    conversion: Conversion, path: str, hot: Collection[Place], *, methods: bool = False
) -> list[cst.Call]:
    """The calls in a module's own code that touch the database while it is imported; ``methods``: of objects too."""
    tree = conversion.shelf.tree(path)
    answer = []
    for call in calls(tree):
        name = dotted_name(call.func)
        if name is None or moment_of(tree, call) not in (Moment.IMPORT, Moment.DEFAULT):
            continue
        origin = origin_of(conversion.shelf.project, path, name)
        if origin is None or origin.path is None or (origin.rest and not methods):
            continue
        if (origin.path, origin.name) in hot:
            answer.append(call)
    return answer


def handed_at_import(conversion: Conversion, path: str, hot: Collection[Place]) -> list[cst.Call]:
    """Calls in a script's own code that hand a function over the database to somebody who will call it.

    ``scheduler.add_job(sweep)``, ``app.add_handler(CommandHandler("start", greet))``: statements of their own. Routes
    and dependencies of an application are none, since its lifespan opens the database.
    """
    tree = conversion.shelf.tree(path)
    answer = []
    for call in calls(tree):
        if moment_of(tree, call) is not Moment.IMPORT or _last(call) in _ADDS:
            continue
        statement = top_statement(tree, call)
        if not isinstance(statement, cst.SimpleStatementLine) or not isinstance(statement.body[0], cst.Expr):
            continue
        if any(_is_function(conversion, path, arg.value, hot) for arg in call.args):
            answer.append(call)
    return answer


def _is_function(conversion: Conversion, path: str, value: cst.BaseExpression, hot: Collection[Place]) -> bool:
    name = dotted_name(value)
    origin = origin_of(conversion.shelf.project, path, name) if name is not None else None
    return origin is not None and not origin.rest and origin.path is not None and (origin.path, origin.name) in hot


def _last(call: cst.Call) -> str:
    return call.func.attr.value if isinstance(call.func, cst.Attribute) else getattr(call.func, "value", "")
