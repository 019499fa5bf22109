"""Carries out programs as Python would, as far as imports can see: names bound so far, errors, handlers, calls."""

from __future__ import annotations

import ast
import builtins
import types
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rewire.project.boot import program as p
from rewire.project.boot.calls import call_outside, edit_path
from rewire.project.boot.errors import Left, Raised, Returned, catches
from rewire.project.boot.outcome import Trouble
from rewire.project.boot.tree import HOME
from rewire.project.boot.values import UNKNOWN, External, Function, Instance, Klass, Module, is_known

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rewire.project.boot.evaluate import Evaluator
    from rewire.project.boot.machine import Machine
    from rewire.project.boot.outcome import PathEdit

IMPORT_TROUBLE = frozenset({"ImportError", "ModuleNotFoundError", "AttributeError", "NameError", "SyntaxError"})
"""Errors that imports cause; others a program raises for reasons of its own."""

_PRIMITIVE = (str, int, float, bool, list, tuple)
MAX_TURNS = 64
MAX_DEPTH = 60
_BUILTIN = frozenset(dir(builtins)) | {
    "__file__",
    "__builtins__",
    "__spec__",
    "__loader__",
    "__doc__",
    "__cached__",
    "WindowsError",
    "reveal_type",
}


@dataclass(slots=True)
class Scope:
    """Where names are looked up: ``names`` of the module, of a class body, or of a function's call."""

    module: Module
    names: dict[str, Any]
    local_names: frozenset[str] | None = None
    enclosing: dict[str, Any] | None = None


class Run:
    """One start, carried out."""

    def __init__(self, evaluator: Evaluator, real: Callable[[str], str | None]) -> None:
        self.evaluator = evaluator
        self.machine: Machine
        self.real = real
        self.stack: list[list[Any]] = []
        """[place, line] of every frame, outermost first."""
        self.handling: list[Raised] = []
        self.called: dict[tuple[int, str], Any] = {}
        self.function_attributes: set[tuple[int, str]] = set()
        self.uncertain = 0
        self.later = False
        self.follow_calls = True
        self.swallowed: list[Trouble] = []
        self.possible: list[Trouble] = []
        self.path_edits: list[PathEdit] = []
        self.path_unknown = False

    # Frames and trouble

    def trouble(self, error: Raised, caught: int = 0) -> Trouble:
        """``error`` as a value."""
        frames = [(self.real(place) or place, line) for place, line in error.frames]
        path, line = frames[0] if frames else ("", 0)
        return Trouble(
            path,
            line,
            error.kind,
            error.text.replace(HOME + "/", ""),
            tuple(reversed(frames[1:])),
            caught,
            error.wanted,
        )

    def run_module(self, module: Module, body: Sequence[p.Op]) -> None:
        """Carry out a module's body."""
        self.stack.append([module.file, 1])
        follow, self.follow_calls = self.follow_calls, True
        try:
            self.block(body, Scope(module, module.names))
        except (Returned, Left):
            pass
        finally:
            self.follow_calls = follow
            self.stack.pop()

    def block(self, ops: Sequence[p.Op], scope: Scope) -> None:
        """Carry out operations in order."""
        frame = self.stack[-1]
        for op in ops:
            frame[1] = op.line
            try:
                getattr(self, "_do_" + type(op).__name__.lower())(op, scope)
            except Raised as error:
                if not error.frames:
                    error.frames = [(place, line) for place, line in reversed(self.stack)]
                raise

    def maybe(self, ops: Sequence[p.Op], scope: Scope) -> None:
        """Carry out operations that may or may not run: their errors are possible ones, their bindings count."""
        if not ops:
            return
        self.uncertain += 1
        try:
            self.block(ops, scope)
        except Raised as error:
            if error.kind in IMPORT_TROUBLE:
                self.possible.append(self.trouble(error))
        except (Returned, Left):
            pass
        finally:
            self.uncertain -= 1

    # Names

    def look(self, name: str, scope: Scope) -> Any:
        """The value of a name; raises NameError where the project cannot have bound it."""
        if name in scope.names:
            return scope.names[name]
        if scope.local_names is not None:
            if name in scope.local_names:
                return UNKNOWN
            if scope.enclosing is not None and name in scope.enclosing:
                return scope.enclosing[name]
        if name in scope.module.names:
            return scope.module.names[name]
        if name in _BUILTIN:
            return External(f"builtins.{name}")
        if scope.module.open or scope.module.vague or self.later or scope.enclosing is not None:
            return UNKNOWN
        raise Raised("NameError", f"name {name!r} is not defined", wanted=name)

    def resolve(self, chain: tuple[str, ...], scope: Scope, lines: tuple[int, ...] = ()) -> Any:
        """The value of a dotted chain; ``lines`` are where its parts stand, if not all on one line."""
        value = self.look(chain[0], scope)
        for index, name in enumerate(chain[1:], 1):
            if lines:
                self.stack[-1][1] = lines[index]
            value = self.attribute(value, name)
        return value

    def attribute(self, value: Any, name: str) -> Any:
        """The value of ``value.name``."""
        if isinstance(value, Module):
            return self.machine.attribute(value, name)
        if isinstance(value, External):
            return self.machine.modules.get(f"{value.name}.{name}") or External(f"{value.name}.{name}")
        if isinstance(value, Klass):
            return value.find(name) or UNKNOWN
        if isinstance(value, Instance):
            return value.klass.find(name) or UNKNOWN
        kind: object = types.FunctionType if isinstance(value, Function) else value
        if value is None or isinstance(value, _PRIMITIVE):
            name_of_kind = type(value).__name__
        elif isinstance(value, Function) and (id(value.define), name) not in self.function_attributes:
            name_of_kind = "function"
        else:
            return UNKNOWN
        if not hasattr(kind, name):
            raise Raised("AttributeError", f"{name_of_kind!r} object has no attribute {name!r}")
        return UNKNOWN

    def quiet(self, scope: Scope) -> Callable[[tuple[str, ...]], Any]:
        """``resolve`` for the evaluator: what cannot be resolved is unknown."""

        def look(chain: tuple[str, ...]) -> Any:
            try:
                return self.resolve(chain, scope)
            except Raised:
                return UNKNOWN

        return look

    def value(self, node: ast.expr, scope: Scope) -> Any:
        """The value of an expression, as far as it is known."""
        return self.evaluator.value(node, self.quiet(scope))

    def spend(self, uses: Sequence[p.Use], scope: Scope) -> Any:
        """Read and call what an expression reads and calls; the value of the last one."""
        frame = self.stack[-1]
        value: Any = UNKNOWN
        for use in uses:
            frame[1] = use.line
            if use.over is not None:
                self.spend_inside(use, scope)
                continue
            value = self.resolve(use.chain, scope, use.lines)
            if use.call is not None:
                value = self.call(value, use, scope)
        return value

    def spend_inside(self, use: p.Use, scope: Scope) -> None:
        """Read a chain inside a comprehension: for certain only if there is something to run over."""
        assert use.over is not None
        values = self.value(use.over, scope)
        known = isinstance(values, list | tuple)
        if known and not values:
            return
        try:
            self.resolve(use.chain, scope, use.lines)
        except Raised as error:
            if known:
                raise
            error.frames = [(place, line) for place, line in reversed(self.stack)]
            self.possible.append(self.trouble(error))

    # Calls

    def call(self, value: Any, use: p.Use, scope: Scope) -> Any:
        """Call ``value``; only what the project itself defines is carried out."""
        assert use.call is not None
        if isinstance(value, External):
            return call_outside(self, value.name, use.call, scope)
        if use.chain[0] == "__all__" and len(use.chain) == 2:
            self.extend_all(use.chain[1], use.call, scope)
        if not self.follow_calls:
            return UNKNOWN
        if isinstance(value, Function):
            return self.call_function(value, awaited=use.awaited)
        if isinstance(value, Klass):
            init = value.find("__init__")
            if isinstance(init, Function):
                self.call_function(init)
            return Instance(value)
        return UNKNOWN

    def call_function(self, function: Function, *, awaited: bool = False) -> Any:
        """Carry out a function's body, once a start; what it returns."""
        define = function.define
        if define.is_generator or (define.is_async and not awaited):
            return UNKNOWN
        key = (id(define), function.module.name)
        if key in self.called or len(self.stack) > MAX_DEPTH:
            return self.called.get(key, UNKNOWN)
        self.called[key] = UNKNOWN
        try:
            self.called[key] = self.enter(function)
        except Raised:
            del self.called[key]
            raise
        return self.called[key]

    def enter(self, function: Function) -> Any:
        """Carry out a function's body in a scope of its own."""
        module = function.module
        scope = Scope(module, {}, function.define.local_names, function.enclosing)
        self.stack.append([module.file, function.define.line])
        try:
            self.block(function.define.body, scope)
        except Returned as returned:
            return returned.value
        except Left:
            return UNKNOWN
        finally:
            self.stack.pop()
        return None

    def extend_all(self, how: str, call: ast.Call, scope: Scope) -> None:
        """``__all__.extend(...)`` and the like."""
        listed = scope.module.names.get("__all__")
        value = self.value(call.args[0], scope) if call.args else UNKNOWN
        if isinstance(listed, list) and how == "append" and isinstance(value, str):
            scope.module.names["__all__"] = [*listed, value]
        elif isinstance(listed, list) and how in ("extend", "__add__") and isinstance(value, list | tuple):
            scope.module.names["__all__"] = [*listed, *value]
        elif how != "sort":
            scope.module.names["__all__"] = UNKNOWN

    # Operations

    def _do_import(self, op: p.Import, scope: Scope) -> None:
        for name, asname in op.names:
            module = self.machine.load(name)
            if asname is None:
                scope.names[name.partition(".")[0]] = self.machine.load(name.partition(".")[0])
                continue
            if "." in name:
                value: Any = self.machine.load(name.partition(".")[0])
                for part in name.split(".")[1:]:
                    value = self.machine.take(value, part) if isinstance(value, Module | External) else UNKNOWN
                module = value
            scope.names[asname] = module

    def _do_importfrom(self, op: p.ImportFrom, scope: Scope) -> None:
        names = tuple(name for name, _ in op.names)
        target = self.machine.absolute(scope.module, op.level, op.module)
        module = self.machine.load(target, names, target)
        self.machine.fill(module, names)
        for name, asname in op.names:
            if name == "*":
                self.star(module, scope)
            else:
                scope.names[asname or name] = self.machine.take(module, name)

    def star(self, module: Module | External, scope: Scope) -> None:
        """``from module import *``."""
        if isinstance(module, External):
            scope.module.open = True
            return
        public = self.machine.public(module)
        if module.open or public is None or "__getattr__" in module.names:
            scope.module.open = True
        for name in public if public is not None else [name for name in module.names if not name.startswith("_")]:
            value = self.machine.attribute(module, name)
            scope.names[name] = value

    def _do_evaluate(self, op: p.Evaluate, scope: Scope) -> None:
        self.spend(op.uses, scope)

    def _do_assign(self, op: p.Assign, scope: Scope) -> None:
        last = self.spend(op.uses, scope)
        value: Any = UNKNOWN
        if op.value is not None:
            value = self.value(op.value, scope)
            if value is UNKNOWN and op.uses and isinstance(op.value, ast.Call | ast.Name | ast.Attribute | ast.Await):
                value = last
        for target in op.targets:
            self.bind(target, value, op, scope)

    def bind(self, target: tuple[str, ...], value: Any, op: p.Assign, scope: Scope) -> None:
        """Give a name, an attribute of a module, or ``sys.path`` a value."""
        if len(target) == 1:
            if op.augmented:
                old = scope.names.get(target[0])
                value = old + list(value) if isinstance(old, list) and isinstance(value, list | tuple) else UNKNOWN
            scope.names[target[0]] = value
            return
        base = self.quiet(scope)(target[:-1])
        if isinstance(base, Module):
            base.names[target[-1]] = value
        elif isinstance(base, Function):
            self.function_attributes.add((id(base.define), target[-1]))
        elif isinstance(base, External):
            name = f"{base.name}.{target[-1]}"
            if name == "sys.path" or base.name == "sys.path":
                edit_path(self, "+=" if op.augmented else name.removeprefix("sys.path"), [value])
            elif base.name == "sys.modules" and target[-1].startswith("["):
                key = target[-1][1:-1]
                self.machine.modules[key] = value if isinstance(value, Module) else External(key)

    def _do_define(self, op: p.Define, scope: Scope) -> None:
        frame = self.stack[-1]
        self.spend(op.uses, scope)
        frame[1] = op.line
        enclosing = None
        if scope.local_names is not None:
            enclosing = {**(scope.enclosing or {}), **dict.fromkeys(scope.local_names, UNKNOWN), **scope.names}
        scope.names[op.name] = UNKNOWN if op.decorated else Function(op, scope.module, enclosing)
        if op.decorated:
            self.apply_decorators(op, scope)

    def apply_decorators(self, op: p.Define, scope: Scope) -> None:
        """Decorators that leave the function what it is, or of which nothing is known, do not hide its body."""
        for use in op.uses:
            if use.call is None and use.chain[-1] in (
                "staticmethod",
                "classmethod",
                "cache",
                "lru_cache",
                "wraps",
                "command",
                "group",
            ):
                scope.names[op.name] = Function(op, scope.module, None)
            value = self.quiet(scope)(use.chain)
            if use.call is None and isinstance(value, Function) and self.follow_calls:
                self.call_function(value)

    def _do_class(self, op: p.Class, scope: Scope) -> None:
        self.spend(op.uses, scope)
        inner = Scope(
            scope.module,
            {
                "__name__": scope.module.name,
                "__qualname__": op.name,
                "__module__": scope.module.name,
                **dict.fromkeys(op.parameters, UNKNOWN),
            },
            frozenset(),
            scope.enclosing,
        )
        if scope.local_names is not None:
            inner.enclosing = {**(scope.enclosing or {}), **dict.fromkeys(scope.local_names, UNKNOWN), **scope.names}
        self.block(op.body, inner)
        bases = tuple(self.quiet(scope)(chain) for chain in op.bases)
        scope.names[op.name] = Klass(op, scope.module, inner.names, bases)

    def _do_if(self, op: p.If, scope: Scope) -> None:
        self.spend(op.uses, scope)
        truth = self.evaluator.truth(op.test, self.quiet(scope))
        if truth is None:
            self.maybe(op.body, scope)
            self.maybe(op.orelse, scope)
        else:
            self.block(op.body if truth else op.orelse, scope)

    def _do_try(self, op: p.Try, scope: Scope) -> None:
        try:
            self.guarded(op, scope)
        finally:
            if op.final:
                self.block(op.final, scope)

    def guarded(self, op: p.Try, scope: Scope) -> None:
        """``try`` without its ``finally``."""
        depth = len(self.stack)
        try:
            self.block(op.body, scope)
        except Raised as error:
            handler = next((one for one in op.handlers if catches(one.types, error.kind)), None)
            if handler is None:
                raise
            del self.stack[depth:]
            self.handle(error, handler, scope)
            return
        self.block(op.orelse, scope)

    def handle(self, error: Raised, handler: p.Handler, scope: Scope) -> None:
        """Carry out an ``except`` clause for ``error``."""
        caught = self.trouble(error, handler.line)
        if handler.name:
            scope.names[handler.name] = UNKNOWN
        self.handling.append(error)
        try:
            self.block(handler.body, scope)
        finally:
            self.handling.pop()
            if handler.name:
                scope.names.pop(handler.name, None)
        if error.kind in IMPORT_TROUBLE and not self.later:
            self.swallowed.append(caught)

    def _do_loop(self, op: p.Loop, scope: Scope) -> None:
        self.spend(op.uses, scope)
        values = self.value(op.values, scope) if op.values is not None else UNKNOWN
        if isinstance(values, list | tuple) and len(values) <= MAX_TURNS and len(op.names) == 1:
            for value in values:
                scope.names[op.names[0]] = value
                try:
                    self.block(op.body, scope)
                except Left as left:
                    if left.is_break:
                        return
            self.block(op.orelse, scope)
            return
        for name in op.names:
            scope.names[name] = UNKNOWN
        truth = self.evaluator.truth(op.test, self.quiet(scope)) if op.is_while else None
        if truth:
            try:
                self.block(op.body, scope)
            except Left:
                pass
        elif truth is None:
            self.maybe(op.body, scope)
        self.maybe(op.orelse, scope)

    def _do_branches(self, op: p.Branches, scope: Scope) -> None:
        self.spend(op.uses, scope)
        for name in op.names:
            scope.names[name] = UNKNOWN
        for body in op.bodies:
            self.maybe(body, scope)

    def _do_delete(self, op: p.Delete, scope: Scope) -> None:
        if self.uncertain:
            return
        for name in op.names:
            if name not in scope.names and scope.local_names is None and not scope.module.open and not self.later:
                raise Raised("NameError", f"name {name!r} is not defined", wanted=name)
            scope.names.pop(name, None)

    def _do_raise(self, op: p.Raise, scope: Scope) -> None:
        self.spend(op.uses, scope)
        if op.kind is None:
            if self.handling:
                raise self.handling[-1]
            raise Raised("RuntimeError", "No active exception to reraise")
        raise Raised(op.kind.rpartition(".")[2], op.text)

    def _do_return(self, op: p.Return, scope: Scope) -> None:
        last = self.spend(op.uses, scope)
        value = self.value(op.value, scope) if op.value is not None else UNKNOWN
        raise Returned(
            last if value is UNKNOWN and isinstance(op.value, ast.Call | ast.Name | ast.Attribute) else value
        )

    def _do_leave(self, op: p.Leave, scope: Scope) -> None:
        raise Left(op.is_break)

    def known(self, node: ast.expr, scope: Scope) -> Any:
        """The value of an argument, or UNKNOWN."""
        value = self.value(node, scope)
        return value if is_known(value) else UNKNOWN
