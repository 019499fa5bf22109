"""Files that are started in the application's stead: they take it from its module and register more on it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import libcst as cst

from rewire.codemod.cst import dotted_name
from rewire_codemods.applications.origins import origin_of
from rewire_codemods.applications.reach import dependents, entry_path, loaded_by
from rewire_codemods.applications.reading import Moment, calls, moment_of
from rewire_codemods.engine_init.roles import is_environment, is_migration, is_test

if TYPE_CHECKING:
    from rewire_codemods.applications.application import Application
    from rewire_codemods.applications.reading import Shelf

_REGISTERS = frozenset(
    [
        "include_router",
        "mount",
        "add_middleware",
        "add_api_route",
        "add_route",
        "add_exception_handler",
        "add_websocket_route",
        "get",
        "post",
        "put",
        "delete",
        "patch",
        "head",
        "options",
        "websocket",
        "middleware",
        "exception_handler",
        "api_route",
    ]
)


def find_fronts(shelf: Shelf, application: Application) -> frozenset[str]:
    """The application's module and every file, imported by nobody, that completes the application or has it built."""
    project = shelf.project
    served = {entry_path(project, launch) for launch in project.launches if launch.role == "server"}
    names = {application.variable, application.factory.name.value if application.factory is not None else ""} - {""}
    found = {application.path}
    for path in dependents(project, application.path) if names else ():
        source = project.source(path)
        if source is None or path in found or is_test(path) or is_migration(path) or is_environment(path, source.text):
            continue
        if path not in served and (project.importers_of(path) or not _registers(source.text)):
            continue
        if path in served or _completes(shelf, path, application):
            found.add(path)
    return frozenset(found)


def served_by(shelf: Shelf, application: Application | None) -> frozenset[str]:
    """Every file that is loaded before the lifespan runs."""
    if application is None:
        return frozenset()
    return frozenset().union(*(loaded_by(shelf.project, path) for path in find_fronts(shelf, application)))


def _registers(text: str) -> bool:
    return (
        re.search(rf"\.(?:{'|'.join(sorted(_REGISTERS))})\(|^\w+\s*(?::[^=\n]+)?=\s*[\w.]+\(", text, re.M) is not None
    )


def _completes(shelf: Shelf, path: str, application: Application) -> bool:
    """True if the file's own code registers something on the application, or keeps what its factory builds."""
    tree = shelf.tree(path)
    for call in calls(tree):
        name = dotted_name(call.func)
        if name is None or moment_of(tree, call) is not Moment.IMPORT:
            continue
        owner, _, method = name.rpartition(".")
        if method in _REGISTERS and owner and _is(shelf, path, owner, application.path, application.variable):
            return True
        if application.factory is None or not isinstance(tree.parent(call), (cst.Assign, cst.AnnAssign)):
            continue
        if _is(shelf, path, name, application.path, application.factory.name.value):
            return True
    return False


def _is(shelf: Shelf, path: str, dotted: str, target: str, name: str) -> bool:
    origin = origin_of(shelf.project, path, dotted)
    return origin is not None and not origin.rest and (origin.path, origin.name) == (target, name)
