"""Code that runs beside the application: task workers, child processes, threads that are started at import."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

from rewire.codemod import Note, Span
from rewire.codemod.cst import dotted_name
from rewire_codemods.applications.obstacle import Obstacle
from rewire_codemods.applications.origins import origin_of
from rewire_codemods.applications.reach import entry_path
from rewire_codemods.applications.reading import Moment, called, calls, moment_of
from rewire_codemods.engine_init.roles import is_test

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from rewire.codemod.cst import Tree
    from rewire_codemods.engine_init.conversion import Conversion
    from rewire_codemods.engine_init.facts import FileFacts
    from rewire_codemods.engine_init.touching import Place

_TASKS = frozenset({"task", "shared_task", "actor", "job", "periodic_task", "db_task", "db_periodic_task"})
_QUEUES = frozenset({"enqueue", "enqueue_call", "enqueue_in", "enqueue_at", "enqueue_job"})
_POOLS = frozenset({"ProcessPoolExecutor", "Pool"})
_SENDS = frozenset({"submit", "map", "imap", "imap_unordered", "starmap", "apply", "apply_async", "map_async"})
_THREADS = frozenset({"Thread", "Timer"})
_STARTS = frozenset({"submit", "start_new_thread", "run_in_executor", "create_task", "ensure_future"})


def reject_workers(
    conversion: Conversion,
    users: Collection[str],
    facts: Mapping[str, FileFacts],
    hot: Collection[Place],
    opened: Collection[str],
) -> None:
    """Raise Obstacle where a task worker or a child process reaches the engine: it never runs the lifespan.

    ``hot`` is broad: a task that makes an object may call any method of it. ``opened`` are the scripts that get an
    init_db of their own, by which a process that Python starts with one of them is served.
    """
    project = conversion.shelf.project
    for launch in project.launches:
        path = entry_path(project, launch)
        if launch.entry_kind in ("script", "main-module") and path in opened:
            continue
        if launch.role == "worker" and path is not None and path in users:
            raise Obstacle(
                "worker", path, Span(0, 0), f"{launch.command!r} ({launch.source}) starts a worker that uses the engine"
            )
    for path, found in facts.items():
        if not found.worker or is_test(path):
            continue
        near = {path, *(imported.path for imported in project.importers_of(path))}
        using = sorted(place for place in near if place in users and _has_tasks(conversion, place))
        if using:
            raise Obstacle("worker", path, Span(0, 0), f"the tasks of {path} use the engine in {using[0]}")
        for node, what in _sent_away(conversion, path, hot):
            tree = conversion.shelf.tree(path)
            raise Obstacle("worker", path, tree.span(node), f"{path}:{tree.line(node)} {what}, which uses the engine")


def _has_tasks(conversion: Conversion, path: str) -> bool:
    tree = conversion.shelf.tree(path)
    for node in tree.walk():
        if isinstance(node, cst.Decorator):
            target = node.decorator.func if isinstance(node.decorator, cst.Call) else node.decorator
            if (dotted_name(target) or "").rpartition(".")[2] in _TASKS:
                return True
    return False


def _sent_away(conversion: Conversion, path: str, hot: Collection[Place]) -> Iterator[tuple[cst.CSTNode, str]]:
    """Functions over the engine that another process runs: the place, and what happens there."""
    tree = conversion.shelf.tree(path)
    pools = any(_is_process_pool(tree, call) for call in calls(tree))
    for call in calls(tree):
        last = (dotted_name(call.func) or _method(call)).rpartition(".")[2]
        process = last == "Process" or last in _QUEUES or (pools and last in _SENDS)
        for name in _handed(conversion, path, call, hot) if process else ():
            yield call, f"hands {name} to another process"
    for node in tree.module.body:
        if isinstance(node, cst.ClassDef) and node.name.value == "WorkerSettings":
            yield node, "configures an arq worker"


def _is_process_pool(tree: Tree, call: cst.Call) -> bool:
    if (dotted_name(call.func) or "").rpartition(".")[2] not in _POOLS:
        return False
    return called(tree, call).startswith(("multiprocessing.", "concurrent.futures."))


def _method(call: cst.Call) -> str:
    return call.func.attr.value if isinstance(call.func, cst.Attribute) else ""


def _handed(conversion: Conversion, path: str, call: cst.Call, hot: Collection[Place]) -> list[str]:
    """The functions among a call's arguments that use the engine when they run."""
    tree = conversion.shelf.tree(path)
    found: list[str] = []
    for arg in call.args:
        if isinstance(arg.value, cst.SimpleString):
            found += _named(conversion, path, str(arg.value.evaluated_value), hot)
            continue
        held = calls(tree, arg.value) if isinstance(arg.value, (cst.Lambda, cst.Call)) else ()
        names = [dotted_name(arg.value), *(dotted_name(inner.func) for inner in held)]
        found += [name for name in names if name is not None and _is_hot(conversion, path, name, hot)]
    return found


def _named(conversion: Conversion, path: str, text: str, hot: Collection[Place]) -> list[str]:
    """The function that a string names (``"shop.jobs.sweep"``, ``"sweep"`` for arq and saq), if it uses the engine."""
    module, _, function = text.rpartition(".")
    if not module:
        return [function] if any(name == function for _, name in hot) else []
    if not function.isidentifier() or not all(part.isidentifier() for part in module.split(".")):
        return []
    place = conversion.shelf.project.find_module(module, importer=path)
    return [function] if place is not None and (place, function) in hot else []


def _is_hot(conversion: Conversion, path: str, name: str, hot: Collection[Place]) -> bool:
    origin = origin_of(conversion.shelf.project, path, name)
    return origin is not None and not origin.rest and origin.path is not None and (origin.path, origin.name) in hot


def threads_at_import(conversion: Conversion, path: str, hot: Collection[Place]) -> list[cst.Call]:
    """Calls in a module's own code that start a thread or a task over the engine while it is imported."""
    tree = conversion.shelf.tree(path)
    answer = []
    for call in calls(tree):
        last = (dotted_name(call.func) or _method(call)).rpartition(".")[2]
        if last not in _THREADS | _STARTS or moment_of(tree, call) is not Moment.IMPORT:
            continue
        if _handed(conversion, path, call, hot) and (last in _STARTS or _is_started(tree, call)):
            answer.append(call)
    return answer


def _is_started(tree: Tree, call: cst.Call) -> bool:
    """True for ``Thread(...).start()``, or for a name given to it whose ``start`` is called at import."""
    parent = tree.parent(call)
    if isinstance(parent, cst.Attribute):
        return parent.attr.value == "start"
    if not isinstance(parent, cst.Assign):
        return False
    name = dotted_name(parent.targets[0].target)
    return any(
        name is not None and dotted_name(other.func) == f"{name}.start" and moment_of(tree, other) is Moment.IMPORT
        for other in calls(tree)
    )


def note_jobs(conversion: Conversion, users: Collection[str], hot: Collection[Place]) -> None:
    """A note for each job over the engine that a module gives to a scheduler while it is imported."""
    for path in sorted(conversion.served & set(users)):
        source = conversion.shelf.source(path)
        if ".add_job(" not in source.text:
            continue
        tree = conversion.shelf.tree(path)
        for call in calls(tree):
            if _method(call) != "add_job" or moment_of(tree, call) is not Moment.IMPORT:
                continue
            for name in _handed(conversion, path, call, hot):
                text = f"the job {name} fails if the scheduler runs it before the application has started"
                conversion.notes.append(Note("engine-init", text, path, tree.line(call)))
