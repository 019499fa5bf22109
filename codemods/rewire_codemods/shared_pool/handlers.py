"""Open and close the pool by startup and shutdown handlers, in an application that has such handlers already."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import libcst as cst

from rewire.codemod import INSERT, Project, Site, Span
from rewire.codemod.cst import dotted_name
from rewire_codemods.applications.origins import origin_of
from rewire_codemods.applications.reading import calls, is_main_guard
from rewire_codemods.shared_pool.facts import Trouble
from rewire_codemods.shared_pool.roles import is_test
from rewire_codemods.shared_pool.statements import last_name
from rewire_codemods.shared_pool.texts import end_of_line, start_of_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rewire.codemod.cst import Tree
    from rewire_codemods.applications.application import Application
    from rewire_codemods.applications.reading import Shelf

NAME = "shared-pool"
_LISTENS = re.compile(r"\.on_event\(|add_event_handler\(")
_GIVEN = re.compile(r"\bon_(?:startup|shutdown)\s*=")
_WEB = re.compile(r"\b(?:fastapi|starlette)\b")
_SHUTS = re.compile(r"""["']shutdown["']|on_shutdown\s*=""")
_BLANK = re.compile(r"(?:[ \t]*(?:\r\n|\r|\n))*")
_REGISTERS = frozenset({"on_event", "add_event_handler"})


def listeners(project: Project) -> list[str]:
    """The files that register handlers of start and stop, on an application or a router: a lifespan silences them."""
    found = []
    for path in project.paths:
        source = None if is_test(path) else project.source(path)
        text = source.text if source is not None else ""
        if _LISTENS.search(text) or (_GIVEN.search(text) and _WEB.search(text)):
            found.append(path)
    return found


def handler_sites(
    shelf: Shelf, application: Application, listening: Sequence[str], opening: str, closing: str
) -> list[Site] | Trouble:
    """Two handlers: the first to start and the last to stop, so that all others find the pool open."""
    tree = application.tree
    body = _body(application)
    if body is None or not application.variable:
        return _elsewhere(application, "is not bound to a name in a statement of its own")
    if any(
        arg.keyword is not None and arg.keyword.value in {"on_startup", "on_shutdown"} for arg in application.call.args
    ):
        return _elsewhere(application, "is given its handlers as arguments, which run before any other")
    for path in listening:
        if path != application.path and (line := _registers_from_outside(shelf, application, path)):
            return _elsewhere(application, f"gets a handler from {path}:{line}")
    shuts = any(_SHUTS.search(source.text) for path in listening if (source := shelf.project.source(path)))
    first = _statement(application, body)
    last = _last_mention(tree, body, application.variable) if shuts else first
    indent = _indent(tree, first)
    app = application.variable
    step = tree.module.default_indent
    start = f'@{app}.on_event("startup")\nasync def open_shared_pool():\n{step}{opening}\n'
    stop = f'@{app}.on_event("shutdown")\nasync def close_shared_pool():\n{step}{closing}\n'
    blank = "\n" if indent else "\n\n"
    groups = [(first, [start, stop])] if last is first else [(first, [start]), (last, [stop])]
    return [_insertion(application, after, functions, indent, blank) for after, functions in groups]


def _elsewhere(application: Application, why: str) -> Trouble:
    line = application.tree.line(application.call)
    return Trouble("handlers-elsewhere", f"the application at {application.path}:{line} {why}")


def _body(application: Application) -> Sequence[cst.BaseStatement] | None:
    """The statements of the module or the factory, where the application is made by one of them."""
    holder = application.factory.body if application.factory is not None else application.tree.module
    if not isinstance(holder, (cst.Module, cst.IndentedBlock)):
        return None
    statements = [node for node in holder.body if isinstance(node, cst.BaseStatement)]
    line = application.tree.parent(application.tree.parent(application.call))  # type: ignore[arg-type]
    return statements if any(node is line for node in statements) else None


def _statement(application: Application, body: Sequence[cst.BaseStatement]) -> cst.BaseStatement:
    line = application.tree.parent(application.tree.parent(application.call))  # type: ignore[arg-type]
    return next(node for node in body if node is line)


def _registers_from_outside(shelf: Shelf, application: Application, path: str) -> int:
    """The line of another file that registers a handler on the application: ours may stop before it or after it."""
    tree = shelf.tree(path)
    for call in calls(tree):
        owner, _, method = (dotted_name(call.func) or "").rpartition(".")
        if method in _REGISTERS and owner and call.args and _SHUTS.search(tree.code(call)):
            origin = origin_of(shelf.project, path, owner)
            if origin is not None and (origin.path, origin.name) == (application.path, application.variable):
                return tree.line(call)
    return 0


def _last_mention(tree: Tree, body: Sequence[cst.BaseStatement], name: str) -> cst.BaseStatement:
    """The last statement that may register something: returns, main guards and what serves come behind it."""
    found = [node for node in body if _mentions(tree, node, name) and not _ends(tree, node)]
    return found[-1]


def _mentions(tree: Tree, node: cst.BaseStatement, name: str) -> bool:
    return any(isinstance(inner, cst.Name) and inner.value == name for inner in tree.walk(node))


def _ends(tree: Tree, node: cst.BaseStatement) -> bool:
    if is_main_guard(node):
        return True
    if isinstance(node, cst.SimpleStatementLine) and any(isinstance(part, cst.Return) for part in node.body):
        return True
    simple = isinstance(node, cst.SimpleStatementLine)
    return simple and any(last_name(call.func) in {"run", "serve"} for call in calls(tree, node))


def _indent(tree: Tree, node: cst.BaseStatement) -> str:
    start = tree.span(node).start
    return tree.text[start_of_line(tree.text, start) : start]


def _insertion(
    application: Application, after: cst.BaseStatement, functions: Sequence[str], indent: str, blank: str
) -> Site:
    tree = application.tree
    place = end_of_line(tree.text, tree.span(after).end)
    rest = tree.text[place:]
    there = _BLANK.match(rest)
    missing = len(blank) - len(there[0].splitlines() if there else ()) if rest.strip() else 0
    text = blank + blank.join(functions) + "\n" * missing
    lines = [indent + line if line.strip() else line for line in text.splitlines(keepends=True)]
    return Site(NAME, application.path, Span(place, place), INSERT, "".join(lines),
                "the application opens and closes the pool", "lifespan", support=True)  # fmt: skip
