"""What a name means while a program is carried out: its scope, its value, the value of an attribute."""

from __future__ import annotations

import builtins
import types
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rewire.project.boot.errors import Raised
from rewire.project.boot.values import UNKNOWN, External, Function, Instance, Klass, Module, is_known

if TYPE_CHECKING:
    import ast
    from collections.abc import Callable

    from rewire.project.boot.evaluate import Evaluator
    from rewire.project.boot.machine import Machine

_PRIMITIVE = (str, int, float, bool, list, tuple)
_OBJECTS = (Klass, Instance)
_LASTING = (Module, External, Function, Klass)
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
    global_names: frozenset[str] = frozenset()
    doubt: bool = False
    """A condition that is not known may have left the function already."""

    def put(self, name: str, value: Any) -> None:
        """Bind ``name``, in the module if the function declares it global."""
        (self.module.names if name in self.global_names else self.names)[name] = value


class Lookup:
    """The part of ``interpret.Interpreter`` that answers for names."""

    machine: Machine

    def __init__(self, evaluator: Evaluator) -> None:
        self.evaluator = evaluator
        self.stack: list[list[Any]] = []
        """[place, line] of every frame, outermost first."""
        self.function_attributes: set[tuple[int, str]] = set()
        self.later = False

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
        if len(chain) == 1:
            return value
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
        if isinstance(value, _OBJECTS):
            found = (value if isinstance(value, Klass) else value.klass).find(name)
            # A constant in a class body may be a member of an enumeration, a field, a descriptor: not that constant.
            return found if isinstance(found, _LASTING) else UNKNOWN
        kind: object = types.FunctionType if isinstance(value, Function) else value
        if value is None or isinstance(value, _PRIMITIVE):
            name_of_kind = type(value).__name__
        elif isinstance(value, Function) and not (
            value.wrapped or (id(value.define), name) in self.function_attributes
        ):
            name_of_kind = "function"
        else:
            return UNKNOWN
        if not hasattr(kind, name) and not name.startswith("__"):
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

    def known(self, node: ast.expr, scope: Scope) -> Any:
        """The value of an argument, or UNKNOWN."""
        value = self.value(node, scope)
        return value if is_known(value) else UNKNOWN
