"""What a call does with a value that is handed to it: opens a connection, copies, shows it, or hands it on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import libcst as cst

from rewire_codemods.connect_timeout import layout, tables
from rewire_codemods.connect_timeout.candidates import possible
from rewire_codemods.connect_timeout.keeping import Back, Keeping, Steps
from rewire_codemods.connect_timeout.lineage import Line, line_of
from rewire_codemods.connect_timeout.sinks import Sinks

if TYPE_CHECKING:
    from rewire_codemods.connect_timeout.facts import UseKind
    from rewire_codemods.connect_timeout.origins import Origins

_DEEP = 3
"""Through how many functions of the project's a value is followed."""


@dataclass(frozen=True)
class Callee:
    """A function of the project's: its file's origins, and how many leading parameters are bound already."""

    home: Origins
    function: cst.FunctionDef | cst.Lambda
    bound: int
    line: Line = ()
    """The class of the object that it makes or is called on."""

    @property
    def name(self) -> str:
        """What a person would call it."""
        return f"{self.function.name.value}()" if isinstance(self.function, cst.FunctionDef) else "the lambda"


class Passing(Keeping):
    """The part of ``flows.Flow`` that follows a value into calls."""

    def argument(self, node: cst.CSTNode, arg: cst.Arg, steps: Steps) -> None:
        """The value is an argument: look at what is called, and as which of its parameters."""
        call = self.names.parent(arg)
        if not isinstance(call, cst.Call):
            self.add("escape", node, "used as a base class")
            return
        called = self.origins.of(call.func)
        if arg.star == "**" and called in tables.DICTS:
            self.follow(call, steps)
        elif arg.star:
            self._splat(node, arg, call, steps)
        elif called in tables.ENVIRONMENT_CALLS:
            self.flags.add("environment")
            self.follow(call, steps)
        elif called in tables.COPIES or (called in tables.DICTS and arg.keyword is None):
            self.follow(call, steps)
        elif called in tables.DICTS and arg.keyword is not None:
            self.follow(call, (arg.keyword.value, *steps))
        elif called in tables.URL_CALLS or (called == "builtins.str" and self.text):
            self.flags.add("built")
            self.follow(call, steps)
        elif self.is_shown(call, called):
            self.add("shown", node)
        elif (
            isinstance(call.func, cst.Attribute) and call.func.attr.value == "update" and not called.endswith(".update")
        ):
            self.assigned_to(call.func.value, steps)
        else:
            self._passed(node, arg, call, steps)

    def is_shown(self, call: cst.Call, called: str) -> bool:
        """True for calls that only print, count or log what they get."""
        if called.removeprefix("builtins.") in tables.SHOWS and called:
            return True
        return isinstance(call.func, cst.Attribute) and call.func.attr.value in tables.LOG_METHODS

    def _splat(self, node: cst.CSTNode, arg: cst.Arg, call: cst.Call, steps: Steps) -> None:
        callees = self.callees(call) if arg.star == "**" and not steps else []
        taken = [callee for callee in callees if self._indirect > _DEEP or not self.gathered(callee, call)]
        if callees and not taken:
            return
        fact = self.sinks.read(call)
        kind: UseKind = "escape"
        if arg.star == "**" and not steps:
            kind = "splat"
        elif arg.star == "**" and steps == ("connect_args",) and fact.sink.startswith("engine"):
            kind = "connect_args"
        elif arg.star == "**" and steps == ("server_settings",) and fact.sink in ("connect", "create_pool"):
            kind = "server_settings"
        elif arg.star == "**" and steps in (("dsn",), ("url",)) and self.text:
            kind = "dsn" if steps == ("dsn",) else "url"
        elif arg.star == "**" and fact.sink != "other":
            return
        self.add(kind, node, f"unpacked into {fact.name}()", call=fact)

    def _passed(self, node: cst.CSTNode, arg: cst.Arg, call: cst.Call, steps: Steps) -> None:
        fact = self.sinks.read(call)
        word = arg.keyword.value if arg.keyword is not None else ""
        first = arg.keyword is None and call.args[0] is arg
        kind: UseKind | None = None
        engine = fact.sink.startswith("engine")
        if engine and word == "connect_args" and steps in ((), ("server_settings",)):
            kind = "engine_settings" if steps else "connect_args"
        elif fact.sink in ("connect", "create_pool") and word == "server_settings" and not steps:
            kind = "server_settings"
        elif self.text and not steps and fact.sink in ("connect", "create_pool") and (first or word == "dsn"):
            kind = "dsn"
        elif self.text and not steps and (engine or fact.sink == "driver") and (first or word == "url"):
            kind = "url"
        if kind is not None:
            comment = layout.drops_comment(layout.of_call(call), call.args.index(arg))
            self.add(kind, node, f"passed to {fact.name}()", call=fact, comment=comment)
        elif not self._into_function(arg, call, steps):
            self.add("escape", node, f"passed to {fact.name}()", call=fact)

    def callees(self, call: cst.Call) -> list[Callee]:
        """The functions of the project's one of which a call runs; none where it may also run another."""
        sole = self.callee(call)
        if sole is not None:
            return [sole]
        found = possible(call.func, self.origins)
        known = [callee for origin in sorted(found) if (callee := self._defined(origin, call)) is not None]
        return known if len(known) == len(found) else []

    def callee(self, call: cst.Call) -> Callee | None:
        """The function of the project's that a call runs (for a class its ``__init__``), in whatever file."""
        func = call.func
        if self.origins.of(func) in tables.PARTIAL and call.args:
            func = call.args[0].value
        return self._defined(self.origins.of(func), call)

    def _defined(self, origin: str, call: cst.Call) -> Callee | None:
        made = origin.endswith("()")
        home, node = self.origins.definition(origin.removesuffix("()")) or (None, None)
        if home is None or (made and not isinstance(node, cst.ClassDef)):
            return None
        if isinstance(node, cst.ClassDef):
            line = line_of(home, node)
            home, node = home.definition(home.of_member(node, "__call__" if made else "__init__")) or (home, None)
            return Callee(home, node, 1, line) if isinstance(node, cst.FunctionDef) else None
        if isinstance(node, cst.Lambda):
            return Callee(home, node, 0)
        if not isinstance(node, cst.FunctionDef):
            return None
        decorators = {home.names.tree.code(entry.decorator) for entry in node.decorators}
        plain = "staticmethod" in decorators or ("classmethod" not in decorators and self._is_class(call.func))
        method = home.names.scope(node).kind == "class"
        return Callee(home, node, 1 if method and not plain else 0, self._line(call.func) if method else ())

    def _line(self, func: cst.BaseExpression) -> Line:
        """The class of the object on which a method is called: ``self``, ``super()``, or one that is known."""
        receiver = func.value if isinstance(func, cst.Attribute) else None
        if receiver is None:
            return ()
        inside = self.names.class_of(receiver)
        origin = self.origins.of(receiver)
        if inside is not None or origin == "builtins.super()" or self._is_class(func):
            if self.line:
                return self.line
            scope = self.names.scope(receiver)
            while scope.kind != "class" and scope.parent is not None:
                scope = scope.parent
            return line_of(self.origins, scope.node) if isinstance(scope.node, cst.ClassDef) else ()
        home, known = self.origins.definition(origin.removesuffix("()")) or (None, None)
        return line_of(home, known) if home is not None and isinstance(known, cst.ClassDef) else ()

    def _is_class(self, func: cst.BaseExpression) -> bool:
        """True for ``Base.method``, which is called with the object as its first argument."""
        receiver = self.origins.of(func.value) if isinstance(func, cst.Attribute) else ""
        known = self.origins.definition(receiver)
        return known is not None and isinstance(known[1], cst.ClassDef)

    def gathered(self, callee: Callee, call: cst.Call) -> bool:
        """Follow what ``**kwargs`` of a function gets; False if the key goes to a parameter of its own."""
        params = callee.function.params
        words = {param.name.value for param in (*params.params, *params.kwonly_params)}
        if params.star_kwarg is None or tables.KEY in words:
            return False
        if tables.NEW in words:
            self.flags.add("taken")
        self._enter(callee, call, params.star_kwarg, ())
        return True

    def _into_function(self, arg: cst.Arg, call: cst.Call, steps: Steps) -> bool:
        """Follow an argument into a function or class of the project's; False if that cannot be done."""
        callee = self.callee(call)
        if callee is None or any(entry.star for entry in call.args):
            return False
        if self.origins.of(call.func) in tables.PARTIAL:
            return False
        params = callee.function.params
        positional = [*params.posonly_params, *params.params][callee.bound :]
        if arg.keyword is not None:
            word = arg.keyword.value
            found = next((param for param in (*positional, *params.kwonly_params) if param.name.value == word), None)
        else:
            place = call.args.index(arg)
            found = positional[place] if place < len(positional) else None
        if found is None and arg.keyword is not None and params.star_kwarg is not None:
            return self._enter(callee, call, params.star_kwarg, (arg.keyword.value, *steps))
        return found is not None and self._enter(callee, call, found, steps)

    def _enter(self, callee: Callee, call: cst.Call, param: cst.Param, steps: Steps) -> bool:
        """Follow a parameter, in this file or another; False where that goes too deep."""
        if self._indirect > _DEEP:
            return False
        back = Back(self, call, callee.function, self._indirect, self.line, self.back)
        if callee.home is self.origins:
            self.line, self.back = callee.line, back
            self.parameter(param, steps)
            self.line, self.back = back.line, back.outer
            return True
        there = type(self)(Sinks(callee.home.path, callee.home), text=self.text, loose=self.loose)
        there._indirect = self._indirect + 1
        there.line, there.back = callee.line, back
        there.parameter(param, steps)
        self.uses += there.uses
        self.exports += there.exports
        self.flags |= there.flags
        return True
