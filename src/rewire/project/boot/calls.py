"""Calls of what lies outside the project that change what is imported: ``sys.path``, ``import_module``, ``exit``."""

from __future__ import annotations

import posixpath
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from rewire.project.boot.errors import Raised
from rewire.project.boot.outcome import PathEdit
from rewire.project.boot.values import UNKNOWN, Function, Module

if TYPE_CHECKING:
    import ast
    from collections.abc import Sequence

    from rewire.project.boot.interpret import Interpreter
    from rewire.project.boot.lookup import Scope

_EXITS = frozenset({"sys.exit", "builtins.exit", "builtins.quit", "os._exit"})
_OPENERS = frozenset({"builtins.globals", "builtins.exec", "builtins.vars", "builtins.locals", "builtins.setattr"})
_RUNNERS = frozenset({"asyncio.run", "anyio.run", "trio.run", "uvloop.run"})
_SERVERS = frozenset({"uvicorn.run", "uvicorn.Config", "granian.Granian", "hypercorn.run"})


def call_outside(run: Interpreter, name: str, call: ast.Call, scope: Scope) -> Any:
    """Carry out a call of ``name`` (dotted, outside the project) as far as it matters."""
    if name in ("importlib.import_module", "builtins.__import__"):
        return _import_module(run, name, call, scope)
    if name.startswith("sys.path.") or name == "site.addsitedir":
        how = "append" if name == "site.addsitedir" else name.removeprefix("sys.path.")
        if how in ("insert", "append", "extend", "remove", "pop"):
            edit_path(run, how, [run.known(argument, scope) for argument in call.args])
        return UNKNOWN
    if name in ("sys.meta_path.append", "sys.meta_path.insert"):
        run.machine.makers.add(scope.module.name)
    if name in _EXITS:
        _exit(run, name, call, scope)
    if name in _OPENERS:
        scope.module.open = True
    elif name in _RUNNERS or name.endswith(".run_until_complete"):
        _run_coroutine(run, call, scope)
    elif name in _SERVERS:
        _serve(run, call, scope)
    elif name == "os.chdir" and call.args:
        place = run.known(call.args[0], scope)
        if isinstance(place, str | PurePosixPath):
            run.evaluator.cwd = posixpath.normpath(posixpath.join(run.evaluator.cwd, str(place)))
    return UNKNOWN


def _import_module(run: Interpreter, name: str, call: ast.Call, scope: Scope) -> Any:
    """``importlib.import_module("a.b")``, ``__import__("a.b")`` with a name that is known."""
    target = run.known(call.args[0], scope) if call.args else UNKNOWN
    if not isinstance(target, str) or not target:
        return UNKNOWN
    level = len(target) - len(target.lstrip("."))
    if level:
        package = next((keyword.value for keyword in call.keywords if keyword.arg == "package"), None)
        package = call.args[1] if package is None and len(call.args) > 1 else package
        anchor = run.known(package, scope) if package is not None else UNKNOWN
        if not isinstance(anchor, str):
            return UNKNOWN
        target = run.machine.absolute(Module("", None, None, anchor), level, target[level:])
    module = run.machine.load(target)
    takes_names = len(call.args) >= 4 or any(keyword.arg == "fromlist" for keyword in call.keywords)
    is_top = name == "builtins.__import__" and not takes_names
    return run.machine.load(target.partition(".")[0]) if is_top else module


def _exit(run: Interpreter, name: str, call: ast.Call, scope: Scope) -> None:
    """The end of the process, with the exit code where that is known."""
    code = run.value(call.args[0], scope) if call.args else None
    if code is None or code is UNKNOWN or isinstance(code, Function):
        code = ""
    raise Raised("SystemExit", str(code) if isinstance(code, str | int) else "")


def _run_coroutine(run: Interpreter, call: ast.Call, scope: Scope) -> None:
    """``asyncio.run(main())``: the coroutine function's body runs now."""
    from rewire.project.boot.uses import chain_of

    for argument in call.args[:1]:
        inner = getattr(argument, "func", argument)
        chain = chain_of(inner)
        value = run.quiet(scope)(chain) if chain else UNKNOWN
        if isinstance(value, Function) and run.follow_calls:
            run.call_function(value, awaited=True)


def _serve(run: Interpreter, call: ast.Call, scope: Scope) -> None:
    """``uvicorn.run("module:attribute")`` imports the module by that name, in this process or in one like it."""
    target = run.known(call.args[0], scope) if call.args else UNKNOWN
    if not isinstance(target, str) or ":" not in target:
        return
    for keyword in call.keywords:
        if keyword.arg == "app_dir" and isinstance(folder := run.known(keyword.value, scope), str):
            run.machine.path.insert(0, posixpath.normpath(posixpath.join(run.evaluator.cwd, folder)))
    module, _, attribute = target.partition(":")
    loaded = run.machine.load(module)
    if isinstance(loaded, Module) and attribute:
        first = attribute.partition(".")[0]
        if not run.machine.has(loaded, first) and not loaded.open:
            raise Raised(
                "ImportFromStringError", f'Attribute "{attribute}" not found in module "{module}".', wanted=target
            )


def edit_path(run: Interpreter, how: str, arguments: Sequence[Any]) -> None:
    """Carry out an edit of ``sys.path`` and take note of it."""
    path = run.machine.path
    if how == "pop":
        if path and arguments[:1] == [0]:
            path.pop(0)
        return
    values = arguments[1:2] if how == "insert" else arguments[:1]
    flat: list[Any] = []
    for value in values:
        flat += value if isinstance(value, list | tuple) else [value]
    known = [
        posixpath.normpath(posixpath.join(run.evaluator.cwd, str(v)))
        for v in flat
        if isinstance(v, str | PurePosixPath)
    ]
    if how == "remove":
        for place in known:
            if place in path:
                path.remove(place)
        return
    unknown = len(known) < len(flat)
    run.path_unknown = run.path_unknown or unknown
    _note(run, known, unknown)
    if how == "insert":
        index = arguments[0] if isinstance(arguments[0], int) else 0
        path[index:index] = known
    elif how in ("append", "extend", "+="):
        path.extend(known)
    elif how == "":
        if not unknown:
            path[:] = known
    else:
        path[0:0] = known
    run.evaluator.path = path


def _note(run: Interpreter, places: Sequence[str], unknown: bool) -> None:
    """Record an edit of ``sys.path`` by the line that makes it."""
    file, line = run.stack[-1] if run.stack else ("", 0)
    tree = run.machine.tree
    added = tuple(folder for place in places if (folder := tree.directory(place)) is not None)
    missing = tuple(place for place in places if not tree.is_dir(place))
    edit = PathEdit(run.real(file) or file, line, added, missing, unknown)
    if edit not in run.path_edits:
        run.path_edits.append(edit)
