"""What a call reaches, and which limit is there already."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Literal

import libcst as cst

from rewire_codemods.connect_timeout import tables
from rewire_codemods.connect_timeout.candidates import possible
from rewire_codemods.connect_timeout.facts import CallFact, Sink
from rewire_codemods.connect_timeout.guards import is_asyncpg
from rewire_codemods.connect_timeout.literals import has_key, is_none, last_name
from rewire_codemods.connect_timeout.texts import driver_of
from rewire_codemods.connect_timeout.values import sole_value

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rewire_codemods.connect_timeout.origins import Origins

_POOLISH = re.compile(r"pool|conn|database|db|pg", re.IGNORECASE)
_PLAIN: Mapping[str, Sink] = {
    tables.CONNECT: "connect",
    tables.LATER_CONNECTS: "connect",
    **dict.fromkeys(tables.CREATE_POOL, "create_pool"),
    tables.ACQUIRE: "acquire",
}
_OWN_CREATORS = ("async_creator", "creator", "async_creator_fn")


class Sinks:
    """Reads calls of one file."""

    def __init__(self, path: str, origins: Origins) -> None:
        self.path = path
        self.origins = origins
        self.names = origins.names

    def read(self, call: cst.Call) -> CallFact:
        """All that a decision needs to know of ``call``."""
        sink = self.sink(call)
        tree = self.names.tree
        return CallFact(
            path=self.path,
            span=tree.span(call),
            line=tree.line(call),
            sink=sink,
            name=tree.code(call.func),
            limit=self.limit(call, sink),
            own=self._own(call, sink),
            splat=any(arg.star == "**" and self._splatted(arg) is None for arg in call.args),
            keywords=tuple(arg.keyword.value for arg in call.args if arg.keyword is not None),
            arguments=self._arguments(call) if sink.startswith("engine") else "none",
        )

    def sink(self, call: cst.Call) -> Sink:
        """What the call reaches."""
        func = call.func
        called = self.origins.of(func)
        if called in tables.PARTIAL and call.args:
            func = call.args[0].value
            called = self.origins.of(func)
        if called in _PLAIN:
            return _PLAIN[called]
        if called in tables.ASYNC_ENGINES or called in tables.SYNC_ENGINES:
            return self._engine(call, unproved=called in tables.ASYNC_ENGINES)
        if called in tables.URL_MAKERS:
            return "url" if driver_of(call, self.origins) == "asyncpg" else "other"
        if called.split(".")[0].removesuffix("()") in tables.OTHER_DRIVERS:
            return "driver"
        if self._makes_pool(called):
            return "create_pool"
        chosen = self._chosen(call, func, called)
        return "unproved" if chosen == "other" and self._may_be_pool(call, called) else chosen

    def _makes_pool(self, called: str) -> bool:
        """True for a class of the project's that is asyncpg's pool with nothing of its own in between."""
        home, known = self.origins.definition(called) or (None, None)
        return (
            home is not None
            and isinstance(known, cst.ClassDef)
            and home.of_member(known, "__init__") == tables.POOL_CLASS
        )

    def _chosen(self, call: cst.Call, func: cst.BaseExpression, called: str) -> Sink:
        """What is called where it is one of several, or an unknown function that is handed one of asyncpg's."""
        found = possible(func, self.origins)
        reached = {_PLAIN[origin] for origin in found if origin in _PLAIN}
        if reached and all(origin in _PLAIN for origin in found):
            return min(reached)
        if reached - {"acquire"}:
            return "chosen"
        if self.origins.definition(called) is None and self.is_given_connector(call):
            return "chosen"
        engines = found & (tables.ASYNC_ENGINES | tables.SYNC_ENGINES)
        return self._engine(call, unproved=True) if engines else "other"

    def is_given_connector(self, call: cst.Call) -> bool:
        """True if one of the arguments is asyncpg's own function that opens connections."""
        values = (arg.value for arg in call.args if not arg.star)
        return any(self.origins.of(value) in tables.CONNECTORS for value in values)

    def _may_be_pool(self, call: cst.Call, called: str) -> bool:
        """True for ``x.acquire(...)`` where ``x`` may be a pool for all that is known, and not just some lock."""
        if not isinstance(call.func, cst.Attribute) or call.func.attr.value != "acquire":
            return False
        if called.startswith(("@", "asyncpg.")) or called.partition(".")[0] in sys.stdlib_module_names:
            return False
        return _POOLISH.search(last_name(call.func.value)) is not None or "asyncpg" in self.names.tree.text

    def limit(self, call: cst.Call, sink: Sink) -> str:
        """The limit that is there already, as a person would name it; ``""`` for none."""
        if sink.startswith("engine"):
            return "timeout" if self._arguments(call) == "timed" else ""
        if any(arg.keyword is not None and arg.keyword.value == tables.NEW for arg in call.args):
            return "timeout="
        if any(arg.star == "**" and has_key(self._splatted(arg), tables.NEW) for arg in call.args):
            return "timeout="
        return self._waited(call) or self._deadline(call)

    def _waited(self, call: cst.Call) -> str:
        """``asyncio.wait_for`` directly around the call (``asyncio.shield`` between them does not count)."""
        arg = self.names.parent(call)
        outer = self.names.parent(arg) if isinstance(arg, cst.Arg) else None
        if not isinstance(outer, cst.Call):
            return ""
        called = self.origins.of(outer.func)
        if called == "asyncio.shield":
            return self._waited(outer)
        if called not in tables.WAITS:
            return ""
        named = {entry.keyword.value: entry.value for entry in outer.args if entry.keyword is not None}
        plain = [entry.value for entry in outer.args if entry.keyword is None and not entry.star]
        seconds = named.get("timeout") or (plain[1] if len(plain) > 1 else None)
        return "asyncio.wait_for" if seconds is not None and not is_none(seconds) else ""

    def _deadline(self, call: cst.Call) -> str:
        """An ``async with asyncio.timeout(...)`` whose own block holds the call, with no other block between."""
        below: cst.CSTNode = call
        for holder in self.names.above(call):
            if isinstance(holder, cst.With):
                items = holder.items[: holder.items.index(below)] if below in holder.items else holder.items
                if any(self._is_deadline(item.item) for item in items):
                    return "asyncio.timeout"
                if below is holder.body:
                    return ""
            elif isinstance(holder, (cst.BaseCompoundStatement, cst.Lambda)):
                return ""
            below = holder
        return ""

    def _is_deadline(self, node: cst.CSTNode) -> bool:
        if not isinstance(node, cst.Call) or not node.args or is_none(node.args[0].value):
            return False
        return self.origins.of(node.func) in tables.DEADLINES

    def _own(self, call: cst.Call, sink: Sink) -> str:
        """The argument by which the user's own connect function takes over."""
        given = {arg.keyword.value: arg.value for arg in call.args if arg.keyword is not None}
        if sink == "create_pool" and not is_none(given.get("connect")):
            return "connect=" if "connect" in given else ""
        if sink.startswith("engine"):
            for name in _OWN_CREATORS:
                if name in given and not is_none(given[name]):
                    return f"{name}="
            held = self.dict_behind(given.get("connect_args"))
            for name in _OWN_CREATORS:
                if has_key(held, name):
                    return f'connect_args["{name}"]'
        return ""

    def _engine(self, call: cst.Call, *, unproved: bool) -> Sink:
        url = argument(call, 0, "url")
        driver = driver_of(url, self.origins)
        if driver == "asyncpg":
            return "engine"
        if driver is not None or not unproved:
            return "driver"
        guarded = is_asyncpg(call, self.names)
        if guarded is False:
            return "driver"
        return "engine" if guarded or self._is_asyncpgs_own(argument(call, None, "connect_args")) else "engine-unproved"

    def _is_asyncpgs_own(self, arguments: cst.CSTNode | None) -> bool:
        """True for ``connect_args`` that only asyncpg understands, whatever the URL is."""
        if isinstance(arguments, cst.IfExp):
            return self._is_asyncpgs_own(arguments.body) or self._is_asyncpgs_own(arguments.orelse)
        held = self.dict_behind(arguments)
        return any(has_key(held, word) for word in tables.OWN_ARGUMENTS)

    def _arguments(self, call: cst.Call) -> Literal["none", "open", "timed", "elsewhere"]:
        given = argument(call, None, "connect_args")
        if given is None:
            return "elsewhere" if any(arg.star == "**" for arg in call.args) else "none"
        if has_key(self.dict_behind(given), tables.NEW):
            return "timed"
        return "open" if isinstance(given, cst.Dict) else "elsewhere"

    def _splatted(self, arg: cst.Arg) -> cst.CSTNode | None:
        return self.dict_behind(arg.value)

    def dict_behind(self, node: cst.CSTNode | None) -> cst.CSTNode | None:
        """The dict display or ``dict(...)`` call behind an expression; None if it cannot be told."""
        if isinstance(node, (cst.Name, cst.Attribute)):
            node = sole_value(node, self.origins)
        if isinstance(node, cst.Call) and self.origins.of(node.func) not in tables.DICTS:
            return None
        return node if isinstance(node, (cst.Dict, cst.Call)) else None


def argument(call: cst.Call, place: int | None, name: str) -> cst.CSTNode | None:
    """An argument by position or name."""
    for index, arg in enumerate(call.args):
        if arg.keyword is not None and arg.keyword.value == name:
            return arg.value
        if arg.keyword is None and not arg.star and index == place:
            return arg.value
    return None
