"""Carries out programs as Python would, as far as imports can see: names bound so far, errors, handlers, calls."""

from __future__ import annotations

import ast
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from rewire.project.boot.calls import edit_path
from rewire.project.boot.errors import IMPORT_TROUBLE, Left, Raised, Returned, catches
from rewire.project.boot.interpret import Interpreter
from rewire.project.boot.lookup import Scope
from rewire.project.boot.values import UNKNOWN, External, Function, Klass, Module

if TYPE_CHECKING:
    from rewire.project.boot import program as p

MAX_TURNS = 64
"""Turns of a loop over a known list that are carried out one by one."""

_FLAGS = (bool, int, str)
"""Values that a later test may look at."""

_KEEPS_FUNCTION = frozenset({"staticmethod", "classmethod", "cache", "lru_cache", "wraps", "command", "group"})
"""Decorators after which calling the name still runs the function's body."""


class Run(Interpreter):
    """One start, carried out."""

    def _do_import(self, op: p.Import, scope: Scope) -> None:
        for name, asname in op.names:
            self.machine.importer = self.real(self.stack[-1][0]) or ""
            if asname is None:
                self.machine.load(name)
                scope.put(name.partition(".")[0], self.machine.load(name.partition(".")[0]))
            elif "." in name:
                scope.put(asname, self.import_as(name, op.line))
            else:
                scope.put(asname, self.machine.load(name))

    def import_as(self, name: str, line: int) -> Any:
        """What ``import a.b as c`` binds; notes it where ``from a import b as c`` would not have done the same."""
        place, alike = self.machine.importer, False
        top, *parts = name.split(".")
        parent_name, tail = ".".join([top, *parts[:-1]]), parts[-1]
        try:
            parent = self.machine.load(parent_name, (tail,), name)
            bare = isinstance(parent, Module) and (name in self.machine.modules or not self.machine.has(parent, tail))
            self.machine.load(name)
            value: Any = self.machine.load(top)
            for part in parts[:-1]:
                value = self.machine.take(value, part) if isinstance(value, Module | External) else UNKNOWN
            alike = bare and value is parent
            return self.machine.take(value, tail) if isinstance(value, Module | External) else UNKNOWN
        finally:
            if not alike:
                self.unlike.add((place, line))

    def _do_importfrom(self, op: p.ImportFrom, scope: Scope) -> None:
        names = [name for name, _ in op.names]
        target = self.machine.absolute(scope.module, op.level, op.module)
        self.machine.importer = self.real(self.stack[-1][0]) or ""
        module = self.machine.load(target, names, target)
        self.machine.fill(module, names)
        for name, asname in op.names:
            if name == "*":
                self.star(module, scope)
            else:
                scope.put(asname or name, self.machine.take(module, name))

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
            scope.put(name, value)

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
            old = scope.names.get(target[0], value)
            doubtful = self.uncertain and type(old) is type(value) and isinstance(old, _FLAGS) and old != value
            scope.put(target[0], UNKNOWN if doubtful else value)
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
        scope.put(op.name, UNKNOWN if op.decorators else Function(op, scope.module, enclosing))
        self.apply_decorators(op, scope)

    def apply_decorators(self, op: p.Define, scope: Scope) -> None:
        """Run the project's own decorators; those that only wrap the function do not hide its body."""
        for chain, called in reversed(op.decorators):
            if chain[-1] in _KEEPS_FUNCTION:
                scope.put(op.name, Function(op, scope.module, None, wrapped=True))
            value = self.quiet(scope)(chain)
            if not called and isinstance(value, Function) and self.follow_calls:
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
        scope.put(op.name, Klass(op, scope.module, inner.names, bases))

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
            scope.put(handler.name, UNKNOWN)
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
                scope.put(op.names[0], value)
                try:
                    self.block(op.body, scope)
                except Left as left:
                    if left.is_break:
                        return
            self.block(op.orelse, scope)
            return
        for name in op.names:
            scope.put(name, UNKNOWN)
        truth = self.evaluator.truth(op.test, self.quiet(scope)) if op.is_while else None
        if truth:
            with suppress(Left):
                self.block(op.body, scope)
        elif truth is None:
            self.maybe(op.body, scope)
        self.maybe(op.orelse, scope)

    def _do_branches(self, op: p.Branches, scope: Scope) -> None:
        self.spend(op.uses, scope)
        for name in op.names:
            scope.put(name, UNKNOWN)
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
        if scope.doubt and scope.local_names is not None:
            raise Returned(UNKNOWN)
        error = Raised(op.kind.rpartition(".")[2], op.text)
        error.deliberate = not self.handling  # in a handler it passes on what went wrong there
        raise error

    def _do_return(self, op: p.Return, scope: Scope) -> None:
        last = self.spend(op.uses, scope)
        value = self.value(op.value, scope) if op.value is not None else UNKNOWN
        raise Returned(
            last if value is UNKNOWN and isinstance(op.value, ast.Call | ast.Name | ast.Attribute) else value
        )

    def _do_leave(self, op: p.Leave, scope: Scope) -> None:
        raise Left(op.is_break)
