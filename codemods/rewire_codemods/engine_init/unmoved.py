"""Calls at import that make an engine and are part of no conversion: each is refused, none passes in silence."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import libcst as cst

from rewire_codemods.applications.obstacle import Obstacle
from rewire_codemods.engine_init.creation import made_at_import

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from rewire_codemods.engine_init.calling import Calling
    from rewire_codemods.engine_init.elsewhere import Place, Search
    from rewire_codemods.engine_init.lending import Library

_APPLICATIONS = re.compile(r"\b(?:FastAPI|Starlette|Flask|Quart|Sanic|Litestar|Celery)\(")


def unmoved(search: Search, library: Library, tried: Collection[str]) -> list[tuple[str, Obstacle]]:
    """The file and the obstacle for each such call. What is made in a file of ``tried`` was converted, or refused."""
    answer = []
    for path in sorted(search.paths):
        if library.is_left_out(path):
            continue
        if path in search.unreadable:
            answer.append((path, search.unreadable[path]))
        answer += [(path, obstacle) for obstacle in _at_import(search, library, path, path in tried)]
    return answer


def _at_import(search: Search, library: Library, path: str, tried: bool) -> Iterator[Obstacle]:
    tree, seen = search.shelf.tree(path), set[int]()
    creating = {id(call) for call in made_at_import(library.makers(path))} if tried else set[int]()
    for calling, maker in search.calls_at_import(path):
        if id(calling.node) in creating:
            continue
        assignment = tree.enclosing(calling.node, cst.Assign, cst.AnnAssign, cst.NamedExpr)
        if assignment is not None and id(assignment) in seen:
            continue
        seen.add(id(assignment))
        yield _obstacle(search, library, path, calling, maker, assigned=assignment is not None)


def _obstacle(
    search: Search, library: Library, path: str, calling: Calling, maker: Place, *, assigned: bool
) -> Obstacle:
    tree = search.shelf.tree(path)
    origin, name = maker
    where = f"{origin}:{search.line_of(maker)}"
    place = f"{path}:{tree.line(calling.node)}"
    if name in search.callings(origin).bases:
        code, what = "engine-in-object", f"makes an object of {name} at import, which makes an engine ({where})"
    elif _builds_application(search, maker):
        code, what = "engine-in-factory", f"builds the application by {name}, which makes an engine ({where})"
    elif not assigned or "." in name:
        code, what = "engine-made-by-call", f"runs {name} at import, which makes an engine ({where})"
    elif origin != path:
        code, what = "engine-made-elsewhere", f"makes an engine at import by calling {name} ({where})"
        why = library.why_not(path, calling.target, maker)
        what += f", {why}" if why else ""
    else:
        code, what = "engine-shape", f"makes an engine at import by calling {name}, in a form that cannot be moved"
    return Obstacle(code, path, tree.span(calling.node), f"{place} {what}")


def _builds_application(search: Search, maker: Place) -> bool:
    """True for a function that makes the application as well."""
    path, name = maker
    tree = search.shelf.tree(path)
    found = next(
        (node for node in tree.module.body if isinstance(node, cst.FunctionDef) and node.name.value == name), None
    )
    if found is None:
        return False
    span = tree.span(found)
    return _APPLICATIONS.search(tree.text, span.start, span.end) is not None
