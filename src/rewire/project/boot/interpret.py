"""The frame around carrying out programs: the stack, what is read and called, what went wrong."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rewire.project.boot.calls import call_outside
from rewire.project.boot.errors import Left, Raised, Returned, is_import_trouble
from rewire.project.boot.lookup import Lookup, Scope
from rewire.project.boot.outcome import Trouble
from rewire.project.boot.tree import HOME
from rewire.project.boot.values import UNKNOWN, External, Function, Instance, Klass, Module

if TYPE_CHECKING:
    import ast
    from collections.abc import Callable, Sequence

    from rewire.project.boot import program as p
    from rewire.project.boot.evaluate import Evaluator
    from rewire.project.boot.outcome import PathEdit

MAX_DEPTH = 60


class Interpreter(Lookup):
    """One start's stack, names and calls; ``Run`` adds what each operation does."""

    def __init__(self, evaluator: Evaluator, real: Callable[[str], str | None]) -> None:
        super().__init__(evaluator)
        self.real = real
        self.handling: list[Raised] = []
        self.called: dict[tuple[int, str], Any] = {}
        self.uncertain = 0
        self.follow_calls = True
        self.swallowed: list[Trouble] = []
        self.possible: list[Trouble] = []
        self.path_edits: list[PathEdit] = []
        self.unlike: set[tuple[str, int]] = set()
        self.path_unknown = False
        self._methods: dict[type[p.Op], Callable[[Any, Scope], None]] = {}

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
        methods = self._methods
        for op in ops:
            frame[1] = op.line
            kind = type(op)
            method = methods.get(kind)
            if method is None:
                method = methods[kind] = getattr(self, "_do_" + kind.__name__.lower())
            try:
                method(op, scope)
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
            if is_import_trouble(error, later=self.later):
                self.possible.append(self.trouble(error))
        except (Returned, Left):
            scope.doubt = True
        finally:
            self.uncertain -= 1

    # Expressions

    def spend(self, uses: Sequence[p.Use], scope: Scope) -> Any:
        """Read and call what an expression reads and calls; the value of the last one."""
        frame = self.stack[-1]
        value: Any = UNKNOWN
        for use in uses:
            frame[1] = use.line
            if use.over is not None or use.when:
                value = self.spend_perhaps(use, scope)
                continue
            value = self.resolve(use.chain, scope, use.lines)
            if use.call is not None:
                value = self.call(value, use, scope)
        return value

    def spend_perhaps(self, use: p.Use, scope: Scope) -> Any:
        """Read a chain in a comprehension or behind a condition: for certain only if that is known to hold."""
        certain = True
        for test, wanted in use.when:
            truth = self.evaluator.truth(test, self.quiet(scope))
            if truth is not None and truth is not wanted:
                return UNKNOWN
            certain = certain and truth is not None
        if use.over is not None:
            values = self.value(use.over, scope)
            if isinstance(values, list | tuple) and not values:
                return UNKNOWN
            certain = certain and isinstance(values, list | tuple)
        plain = replace(use, over=None, when=())
        if certain:
            return self.spend((plain,), scope)
        self.uncertain += 1
        try:
            return self.spend((plain,), scope)
        except Raised as error:
            error.frames = error.frames or [(place, line) for place, line in reversed(self.stack)]
            if is_import_trouble(error, later=self.later):
                self.possible.append(self.trouble(error))
            return UNKNOWN
        finally:
            self.uncertain -= 1

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
        scope = Scope(module, {}, function.define.local_names, function.enclosing, function.define.global_names)
        self.stack.append([module.file, function.define.line])
        try:
            self.block(function.define.body, scope)
        except Returned as returned:
            return returned.value
        except Left:
            return UNKNOWN
        finally:
            self.stack.pop()
        return UNKNOWN if scope.doubt else None

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
