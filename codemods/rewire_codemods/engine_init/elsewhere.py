"""Engines that a module has made, at import, by a function of another module: found so that none passes in silence."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import libcst as cst

from rewire.codemod.cst import dotted_name
from rewire_codemods.applications.obstacle import Obstacle
from rewire_codemods.applications.origins import origin_of
from rewire_codemods.applications.reading import Moment, Shelf, calls, moment_of
from rewire_codemods.engine_init.creation import maker_calls
from rewire_codemods.engine_init.facts import FileFacts
from rewire_codemods.engine_init.roles import is_own

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rewire.codemod import Project, SourceFile
    from rewire.codemod.cst import Tree

_APPLICATION = re.compile(r"\b(?:FastAPI|Starlette|Flask|Quart|Sanic|Litestar|Celery)\(")

Makers = dict[tuple[str, str], int]
"""The line of each function that makes an engine when it is called, by its file and its name."""


def engine_functions(tree: Tree) -> tuple[tuple[str, int], ...]:
    """The functions of a module that make an engine as soon as they are called: name and 1-based line.

    A function that builds an application is none: its engine is the application's own. A generator or a coroutine
    makes nothing when it is called at import.
    """
    found: dict[str, cst.FunctionDef] = {}
    for call in maker_calls(tree):
        node = tree.enclosing(call, cst.FunctionDef, cst.Lambda)
        if isinstance(node, cst.FunctionDef) and moment_of(tree, call) is Moment.LATER and _is_plain(tree, node):
            found[node.name.value] = node
    return tuple((name, tree.line(node)) for name, node in found.items())


def _is_plain(tree: Tree, node: cst.FunctionDef) -> bool:
    if node.asynchronous is not None or tree.enclosing(node, cst.FunctionDef, cst.ClassDef) is not None:
        return False
    if any(isinstance(inner, cst.Yield) for inner in tree.walk(node)):
        return False
    span = tree.span(node)
    return not _APPLICATION.search(tree.text, span.start, span.end)


def made_elsewhere(shelf: Shelf, facts: Mapping[str, FileFacts]) -> Iterator[tuple[str, Obstacle]]:
    """The file and the obstacle for each assignment at import whose value a function of another file makes."""
    project = shelf.project
    makers: Makers = {(path, name): line for path, found in facts.items() for name, line in found.functions}
    names: dict[str, set[str]] = {}
    for path, name in makers:
        for place, known in _reached(project, path, name):
            names.setdefault(place, set()).add(known)
    for path in sorted(names):
        source = project.source(path)
        if source is None or not project.is_selected(path) or not _says_call(project, source, names[path], makers):
            continue
        if is_own(project, path, source.text, facts.get(path, FileFacts()).application):
            continue
        try:
            yield from ((path, obstacle) for obstacle in _assignments(shelf, path, names[path], makers))
        except Obstacle as obstacle:
            yield path, obstacle


def _reached(project: Project, path: str, name: str) -> set[tuple[str, str]]:
    """The files that can call a function at import, each with the function's name there; re-exports are followed."""
    found: set[tuple[str, str]] = set()
    # A file, what others take from it (the function or a module that holds it), and the function's own name.
    pending = [(path, name, name)]
    seen = set(pending)
    while pending:
        place, offered, known = pending.pop()
        for imported in project.importers_of(place):
            target = project.resolve(imported)
            if imported.path == path or imported.scope == "function" or target is None:
                continue
            if imported.name != "*" and target.attribute not in (None, offered):
                continue
            bound = offered if imported.name == "*" else imported.bound
            entry = (imported.path, bound, bound if offered == known and target.attribute == offered else known)
            found.add((imported.path, entry[2]))
            if entry not in seen:
                seen.add(entry)
                pending.append(entry)
    return found


def _says_call(project: Project, source: SourceFile, names: set[str], makers: Makers) -> bool:
    """True if the text calls one of those functions somewhere: only such a file is parsed."""
    ends = "|".join(map(re.escape, sorted(names)))
    written = set(re.findall(rf"(?<![\w.])((?:\w+\.)*(?:{ends}))\s*\(", source.text))
    return any(_maker(project, source.path, dotted, makers) is not None for dotted in written)


def _maker(project: Project, path: str, dotted: str, makers: Makers) -> tuple[str, str] | None:
    """The function of another file that ``dotted`` means in ``path``; None if it is none of the makers."""
    origin = origin_of(project, path, dotted)
    if origin is None or origin.path in (None, path) or origin.rest:
        return None
    key = (origin.path or "", origin.name)
    return key if key in makers else None


def _assignments(shelf: Shelf, path: str, names: set[str], makers: Makers) -> Iterator[Obstacle]:
    tree = shelf.tree(path)
    seen: set[int] = set()
    for call in calls(tree):
        dotted = dotted_name(call.func)
        if dotted is None or dotted.rpartition(".")[2] not in names or moment_of(tree, call) is not Moment.IMPORT:
            continue
        assignment = tree.enclosing(call, cst.Assign, cst.AnnAssign, cst.NamedExpr)
        maker = _maker(shelf.project, path, dotted, makers)
        if assignment is None or id(assignment) in seen or maker is None:
            continue
        seen.add(id(assignment))
        yield Obstacle(
            "engine-made-elsewhere",
            path,
            tree.span(call),
            f"{path}:{tree.line(call)} makes an engine at import by calling {maker[1]} ({maker[0]}:{makers[maker]})",
        )
