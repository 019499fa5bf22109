"""Where a file uses a name of another module, by name or by attribute, and what each use at import is for."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

import libcst as cst

from rewire.codemod.cst import dotted_name
from rewire_codemods.applications.reading import Moment, called, moment_of, references

if TYPE_CHECKING:
    from rewire.codemod import ImportedName
    from rewire.codemod.cst import Tree
    from rewire_codemods.applications.reading import Shelf

FACTORIES = frozenset({"sessionmaker", "async_sessionmaker"})
REGISTRIES = frozenset({"scoped_session", "async_scoped_session"})
SESSIONS = frozenset({"Session", "AsyncSession"})
CONNECTIONS = frozenset({"connect", "begin", "raw_connection", "execute"})


class Purpose(Enum):
    """What an engine is handed to."""

    FACTORY = "a session factory"
    CONFIGURE = "a factory's configure"
    LISTENER = "a listener's decorator"
    LISTEN = "event.listen"
    TABLES = "create_all"
    DROP = "drop_all"
    REFLECTION = "reflection"
    SESSION = "a session or connection"
    OTHER = "something else"


@dataclass(frozen=True, slots=True)
class Use:
    """One expression that means the engine: a name, an attribute of a module, or the call that makes it.

    ``call`` is what it is handed to.
    """

    path: str
    node: cst.Name | cst.Attribute | cst.Call
    moment: Moment
    purpose: Purpose
    call: cst.Call | None


def uses_of(shelf: Shelf, imported: ImportedName, name: str) -> list[Use]:
    """Every use, in the importing file, of what ``imported`` binds: ``name`` itself or the module that holds it.

    An import inside a function is no use: it is looked up when the function runs.
    """
    if imported.scope != "module":
        return []
    tree = shelf.tree(imported.path)
    nodes: list[cst.Name] | list[cst.Attribute]
    if imported.name == name and _binds_value(shelf, imported):
        nodes = references(tree, imported.bound)
    else:
        nodes = attribute_uses(tree, imported, name)
    return [use_at(tree, imported.path, node) for node in nodes]


def _binds_value(shelf: Shelf, imported: ImportedName) -> bool:
    target = shelf.project.resolve(imported)
    return target is not None and target.attribute is not None


def attribute_uses(tree: Tree, imported: ImportedName, name: str) -> list[cst.Attribute]:
    """``module.name`` for the module that ``imported`` binds, in source order."""
    prefix = imported.bound
    if imported.name is None and imported.bound == imported.module.partition(".")[0]:
        prefix = imported.module
    wanted = f"{prefix}.{name}"
    return [
        node
        for node in tree.walk()
        if isinstance(node, cst.Attribute) and node.attr.value == name and dotted_name(node) == wanted
    ]


def use_at(tree: Tree, path: str, node: cst.Name | cst.Attribute) -> Use:
    """What the engine is for at one place."""
    outer: cst.CSTNode = node
    parent = tree.parent(outer)
    if isinstance(parent, cst.Attribute) and parent.value is outer and parent.attr.value == "sync_engine":
        outer, parent = parent, tree.parent(parent)
    call = tree.parent(parent) if isinstance(parent, cst.Arg) else None
    call = call if isinstance(call, cst.Call) else None
    return Use(path, node, moment_of(tree, node), _purpose(tree, parent, outer, call), call)


def _purpose(tree: Tree, parent: cst.CSTNode | None, outer: cst.CSTNode, call: cst.Call | None) -> Purpose:
    if call is None:
        method = parent.attr.value if isinstance(parent, cst.Attribute) and parent.value is outer else ""
        return Purpose.SESSION if method in CONNECTIONS else Purpose.OTHER
    last = called(tree, call).rpartition(".")[2]
    if isinstance(parent, cst.Arg) and parent.keyword is not None and parent.keyword.value == "autoload_with":
        return Purpose.REFLECTION
    if last in FACTORIES:
        return Purpose.FACTORY
    if last in SESSIONS:
        return Purpose.SESSION
    if last == "listens_for":
        return Purpose.LISTENER if isinstance(tree.parent(call), cst.Decorator) else Purpose.LISTEN
    named = {
        "configure": Purpose.CONFIGURE,
        "listen": Purpose.LISTEN,
        "create_all": Purpose.TABLES,
        "drop_all": Purpose.DROP,
        "prepare": Purpose.REFLECTION,
        "reflect": Purpose.REFLECTION,
        "inspect": Purpose.REFLECTION,
        "Inspector": Purpose.REFLECTION,
    }
    return named.get(last, Purpose.OTHER)
