"""Libraries that hand their own arguments on to asyncpg: databases, tortoise, piccolo, gino and a few small ones.

What each does with ``connect_timeout`` was read in its source. databases: options go into ``asyncpg.create_pool``, the
query of the URL does not. tortoise: ``credentials``, and the query of the URL, go into ``create_pool``. piccolo:
``config`` does. gino refuses what neither ``create_pool`` nor ``connect`` of asyncpg has. buildpg and asyncpg_listen
hand everything on.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import libcst as cst

from rewire_codemods.connect_timeout import tables
from rewire_codemods.connect_timeout.facts import LayerFact
from rewire_codemods.connect_timeout.layout import index_of_key, index_of_keyword
from rewire_codemods.connect_timeout.literals import last_name, text_of_string
from rewire_codemods.connect_timeout.sinks import argument
from rewire_codemods.connect_timeout.texts import driver_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rewire_codemods.connect_timeout.sinks import Sinks

_DATABASES = frozenset({"databases.Database", "databases.core.Database"})
_PICCOLO = frozenset({"piccolo.engine.postgres.PostgresEngine", "piccolo.engine.PostgresEngine"})
_HAND_ON = frozenset(
    {"asyncpg_listen.connect_func", *(f"buildpg.asyncpg.{name}" for name in ("connect_b", "create_pool_b"))}
)
_BINDS = frozenset({"set_bind", "with_bind"})
_DRIVERS = frozenset({"asyncpg", "postgresql", "postgres"})
"""What a URL says whose layer takes asyncpg for it; ``postgresql+aiopg`` says ``aiopg``."""

_TORTOISE_URL = re.compile(rf"\s*(?:asyncpg|postgres|postgresql)://[^\s]*[?&]{tables.KEY}=", re.IGNORECASE)


def layer_facts(sinks: Sinks) -> Iterator[LayerFact]:
    """Every limit in one file that such a library hands on."""
    imported = {name.lstrip(".").partition(".")[0] for name in _imports(sinks)}
    for call in sinks.names.nodes.get(cst.Call, ()):
        if isinstance(call, cst.Call):
            yield from _of_call(call, sinks, gino="gino" in imported)
    for node in sinks.names.nodes.get(cst.Dict, ()):
        if isinstance(node, cst.Dict):
            yield from _of_credentials(node, sinks)
    if "tortoise" in imported or "tortoise.backends.asyncpg" in sinks.names.tree.text:
        for text in sinks.names.nodes.get(cst.SimpleString, ()):
            if _TORTOISE_URL.match(text_of_string(text) or ""):
                yield _fact(text, sinks, "tortoise hands the URL's parameters on to asyncpg.create_pool()")


def _imports(sinks: Sinks) -> Iterator[str]:
    for bindings in sinks.names.module.bindings.values():
        for binding in bindings:
            if binding.kind == "import":
                yield binding.dotted


def _of_call(call: cst.Call, sinks: Sinks, *, gino: bool) -> Iterator[LayerFact]:
    """The keyword, or the key of a dict that is unpacked or given."""
    called = sinks.origins.of(call.func)
    if called in _DATABASES:
        driver = driver_of(argument(call, 0, "url"), sinks.origins)
        if driver is not None and driver not in _DRIVERS:
            return
        what = "databases hands it on to asyncpg.create_pool()"
        what += "" if driver else ", where its URL, which is not known here, is for asyncpg"
    elif called in _HAND_ON:
        what = f"{called.partition('.')[0]} hands it on to asyncpg"
    elif called in _PICCOLO:
        yield from _of_dict(argument(call, 0, "config"), sinks, "piccolo hands it on to asyncpg")
        return
    elif gino and (last_name(call.func) in _BINDS or called == "gino.create_engine"):
        what = "gino knows only asyncpg's arguments"
    else:
        return
    place = index_of_keyword(call.args, tables.KEY)
    if place is not None:
        yield _fact(call.args[place], sinks, what)
    for arg in call.args:
        if arg.star == "**":
            yield from _of_dict(arg.value, sinks, what)


def _of_dict(node: cst.CSTNode | None, sinks: Sinks, what: str) -> Iterator[LayerFact]:
    """The key in the dict, or the ``dict(...)`` call, that an expression means."""
    held = sinks.dict_behind(node)
    if isinstance(held, cst.Call):
        place = index_of_keyword(held.args, tables.KEY)
        yield from () if place is None else (_fact(held.args[place], sinks, what),)
    elif isinstance(held, cst.Dict):
        place = index_of_key(held.elements, tables.KEY)
        yield from () if place is None else (_fact(held.elements[place], sinks, what),)


def _of_credentials(node: cst.Dict, sinks: Sinks) -> Iterator[LayerFact]:
    """``{"engine": "tortoise.backends.asyncpg", "credentials": {...}}``."""
    entries = {text_of_string(part.key): part.value for part in node.elements if isinstance(part, cst.DictElement)}
    if text_of_string(entries.get("engine")) == "tortoise.backends.asyncpg":
        yield from _of_dict(entries.get("credentials"), sinks, "tortoise hands it on to asyncpg.create_pool()")


def _fact(node: cst.CSTNode, sinks: Sinks, what: str) -> LayerFact:
    tree = sinks.names.tree
    return LayerFact(tree.span(node), tree.line(node), what)
