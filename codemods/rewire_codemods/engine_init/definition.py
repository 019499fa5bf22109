"""What is known of the module that creates the engine: values that the whole conversion works with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import libcst as cst

from rewire.codemod.cst import dotted_name

if TYPE_CHECKING:
    from rewire.codemod.cst import Tree
    from rewire_codemods.engine_init.creation import Creation


@dataclass(frozen=True, slots=True)
class Factory:
    """A session factory bound to the engine at import: ``bind`` is the argument that goes."""

    name: str
    call: cst.Call
    bind: cst.Arg
    registry: bool


@dataclass(frozen=True, slots=True)
class Listener:
    """A function registered on the engine by decorator."""

    function: cst.FunctionDef
    decorator: cst.Decorator
    call: cst.Call


@dataclass(frozen=True, slots=True)
class TableCall:
    """A create_all that runs at import. ``statement`` is the top-level one that holds it (perhaps a try or an if)."""

    path: str
    call: cst.Call
    statement: cst.BaseStatement

    @property
    def bare(self) -> bool:
        """True if nothing surrounds the call."""
        return isinstance(self.statement, cst.SimpleStatementLine)


@dataclass(frozen=True, slots=True)
class Definition:
    """Everything that the conversion needs to know of the engine's module.

    ``registries`` are scoped sessions to be removed on close: name and whether ``remove`` is awaited. ``moved`` are
    the statements at import that go into init_db (``event.listen``), ``configures`` the calls that lose their bind.
    ``table_maker`` is a function of the owner's that becomes create_tables; ``closer`` one that is close_db already.
    """

    path: str
    tree: Tree
    creation: Creation
    factories: tuple[Factory, ...]
    registries: tuple[tuple[str, bool], ...]
    listeners: tuple[Listener, ...]
    moved: tuple[cst.BaseStatement, ...]
    configures: tuple[cst.Call, ...]
    tables: tuple[TableCall, ...]
    dependencies: tuple[cst.FunctionDef, ...]
    table_maker: cst.FunctionDef | None
    closer: cst.FunctionDef | None

    @property
    def engine(self) -> str:
        """The engine's name."""
        return self.creation.name

    @property
    def asynchronous(self) -> bool:
        """True for create_async_engine."""
        return self.creation.asynchronous

    @property
    def bound(self) -> tuple[str, ...]:
        """The factories that init_db binds to the engine."""
        configured = (dotted_name(call.func.value) for call in self.configures if isinstance(call.func, cst.Attribute))
        return tuple(dict.fromkeys([*(entry.name for entry in self.factories), *(name for name in configured if name)]))

    @property
    def factory_names(self) -> tuple[str, ...]:
        """Every name that opens a session when called."""
        return tuple(dict.fromkeys([*self.bound, *(name for name, _ in self.registries)]))
