"""Choose the application whose lifespan opens the database."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

from rewire_codemods.applications.application import (
    Application,
    is_lifespan,
    launched,
    outer_applications,
    read_application,
)
from rewire_codemods.applications.obstacle import Obstacle
from rewire_codemods.applications.reach import dependents
from rewire_codemods.applications.reading import Shelf, bindings, references
from rewire_codemods.engine_init.roles import is_test

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rewire.codemod.cst import Tree
    from rewire_codemods.engine_init.definition import Definition


def find_application(shelf: Shelf, paths: Sequence[str], definition: Definition) -> Application:
    """The one application that uses the engine. Raises Obstacle where there is none, or more than one."""
    outer = outer_applications(shelf, [path for path in paths if not is_test(path)])
    users = dependents(shelf.project, definition.path)
    using = [entry for entry in outer if entry[0] in users] or (outer if len({path for path, _ in outer}) == 1 else [])
    if len(using) > 1:
        using = launched(shelf, using) or using
    span = definition.tree.span(definition.creation.statement)
    place = f"{definition.path}:{definition.tree.line(definition.creation.statement)}"
    if not using:
        raise Obstacle("no-application", definition.path, span, f"no FastAPI application uses the engine at {place}")
    if len(using) > 1:
        names = ", ".join(f"{path}:{shelf.tree(path).line(call)}" for path, call in using)
        raise Obstacle("two-applications", definition.path, span, f"the engine at {place} is used by {names}")
    application = read_application(shelf, using[0])
    if application.lifespan is None:
        _reject_unused_lifespan(application.tree, application.path)
    return application


def _reject_unused_lifespan(tree: Tree, path: str) -> None:
    """A lifespan that nothing passes on would run for the first time if we did."""
    for node in tree.module.body:
        if not isinstance(node, cst.FunctionDef) or not node.decorators or not is_lifespan(tree, node):
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
