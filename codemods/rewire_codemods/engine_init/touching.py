"""Which functions touch the database when they are called, across files; and who calls one at import."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

from rewire.codemod.cst import dotted_name
from rewire_codemods.applications.origins import origin_of
from rewire_codemods.applications.reading import Moment, calls, moment_of
from rewire_codemods.engine_init.roles import is_migration

if TYPE_CHECKING:
    from collections.abc import Collection

    from rewire.codemod.cst import Tree
    from rewire_codemods.engine_init.conversion import Conversion

Place = tuple[str, str]
"""A file and the name of a function or class of its own level."""


def touching(conversion: Conversion, users: Collection[str], *, broadly: bool = False) -> frozenset[Place]:
    """Functions and classes that use the engine, its factories or another such function when they are called.

    Strictly, what a call itself runs: a class by its constructor. ``broadly``, what may come of it: any method of a
    class, and objects that modules make of such classes.
    """
    hot: set[Place] = {(conversion.path, conversion.definition.engine), *conversion.factories}
    find = _mentions_broadly if broadly else _mentions
    uses = {path: find(conversion, path) for path in users if not is_migration(path)}
    groups = {path: _groups(conversion.shelf.tree(path)) for path in uses}
    grown = True
    while grown:
        grown = False
        for path, functions in uses.items():
            for name, mentioned in functions.items():
                if (path, name) not in hot and mentioned & hot:
                    hot |= {(path, name), *((path, group) for group in groups[path].get(name, ()))}
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


def _groups(tree: Tree) -> dict[str, list[str]]:
    """Per function: the command groups (click, Typer) that it is registered with, through which it is called."""
    answer: dict[str, list[str]] = {}
    for node in tree.module.body:
        for decorator in node.decorators if isinstance(node, cst.FunctionDef) else ():
            target = decorator.decorator.func if isinstance(decorator.decorator, cst.Call) else decorator.decorator
            owner, _, method = (dotted_name(target) or "").rpartition(".")
            if method in ("command", "callback", "group") and owner.isidentifier():
                assert isinstance(node, cst.FunctionDef)
                answer.setdefault(node.name.value, []).append(owner)
    return answer


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
