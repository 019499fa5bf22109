"""Calls that make an engine: SQLAlchemy's own functions however imported, and what a module builds on them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

import libcst as cst

from rewire.codemod.cst import dotted_name
from rewire_codemods.applications.reading import argument, called, calls
from rewire_codemods.engine_init.calling import read_callings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rewire.codemod.cst import Tree
    from rewire_codemods.engine_init.calling import Callings

CONFIGURED = frozenset({"engine_from_config", "async_engine_from_config"})
MAKERS = frozenset({"create_engine", "create_async_engine"}) | CONFIGURED
PACKAGES = frozenset({"sqlalchemy", "sqlmodel"})
_ALIAS = re.compile(r"\b(?:create_(?:async_)?engine|engine_from_config)\s+as\s+(\w+)")
_PARTIAL = frozenset({"functools.partial", "partial"})

Own = dict[str, cst.CSTNode]
"""The module's own makers by name: a function, a lambda, a ``partial`` call, or another name for a maker."""


@dataclass(frozen=True, slots=True, eq=False)
class Lent:
    """A maker of another module: the makers of that module, and the name there."""

    home: Makers
    name: str


@dataclass(slots=True, eq=False)
class Makers:
    """What makes engines in one module: calls of SQLAlchemy's makers (``direct``), and names of the module's own.

    ``callings`` is all that the module calls, ``lent`` the makers of other modules that it may call, by the dotted name
    under which it has them. A function that keeps the engine in a global, a generator and a coroutine are not ``own``:
    calling them means something else than making an engine.
    """

    tree: Tree
    callings: Callings
    direct: list[cst.Call]
    own: Own = field(default_factory=dict)
    lent: Mapping[str, Lent] = field(default_factory=dict)

    def may_make(self, node: cst.CSTNode) -> bool:
        """A cheap look at a call before ``makes``: all but what is made by a ``partial`` in place."""
        return isinstance(node, cst.Call) and (
            (isinstance(node.func, cst.Name) and node.func.value in self.own)
            or any(node is call for call in self.direct)
            or self.lender(node) is not None
        )

    def makes(self, call: cst.Call) -> bool:
        """True for a call that makes an engine and gives it back, directly or through makers of the project's."""
        return self.may_make(call) or is_partial(self.tree, call.func)

    def takes_options(self, call: cst.Call) -> bool:
        """True for a call of SQLAlchemy's own maker, under whatever name: it takes what that takes."""
        lent = self.lender(call)
        makers, name = (lent.home, lent.name) if lent is not None else (self, dotted_name(call.func) or "")
        return name not in makers.own or isinstance(makers.own[name], (cst.Name, cst.Attribute))

    def lender(self, call: cst.Call) -> Lent | None:
        """The maker of another module that is called."""
        return self.lent.get(dotted_name(call.func) or "") if self.lent else None


@lru_cache(maxsize=1)
def makers_of(tree: Tree) -> Makers:
    """The makers of one module by itself; those of the module asked for last are remembered."""
    return read_makers(tree, {})


def read_makers(tree: Tree, lent: Mapping[str, Lent]) -> Makers:
    """The makers of one module that has those of others under the names in ``lent``."""
    names = _names(tree)
    callings = read_callings(tree)
    every = [calling.node for calling in callings.found if isinstance(calling.node, cst.Call)]
    direct = [call for call in every if _is_named(call.func, names) and _is_real(tree, call)]
    makers = Makers(tree, callings, direct, lent=lent)
    assigned = _assigned(tree)
    for name, value in assigned:
        if _is_reference(tree, value) or is_partial(tree, value):
            makers.own[name] = value
    lambdas = [(name, value) for name, value in assigned if isinstance(value, cst.Lambda)]
    functions = [node for node in tree.module.body if isinstance(node, cst.FunctionDef)]
    grown = bool(makers.own or makers.direct or lent)
    while grown:
        grown = False
        for name, value in lambdas:
            if name not in makers.own and isinstance(value.body, cst.Call) and makers.makes(value.body):
                makers.own[name], grown = value, True
        owners = {calling.owner for calling in callings.found if makers.may_make(calling.node)}
        for node in functions:
            if node.name.value in owners - makers.own.keys() and _returns_engine(makers, node):
                makers.own[node.name.value], grown = node, True
    return makers


def _names(tree: Tree) -> frozenset[str]:
    """What the makers may be called in a file: their own names and aliases."""
    return MAKERS.union(_ALIAS.findall(tree.text))


def _is_named(target: cst.BaseExpression, names: frozenset[str]) -> bool:
    name = target.attr if isinstance(target, cst.Attribute) else target
    return isinstance(name, cst.Name) and name.value in names


def _is_real(tree: Tree, call: cst.Call) -> bool:
    """Asks the scopes, which cost more than the parse: only for calls that have the name."""
    return _is_qualified(called(tree, call))


def _is_qualified(qualified: str) -> bool:
    return qualified.rpartition(".")[2] in MAKERS and qualified.partition(".")[0] in PACKAGES


def _is_reference(tree: Tree, node: cst.CSTNode) -> bool:
    """True for an expression that is a maker itself, not called."""
    if not isinstance(node, (cst.Name, cst.Attribute)) or not _is_named(node, _names(tree)):
        return False
    return any(_is_qualified(name) for name in tree.qualified_names(node))


def _assigned(tree: Tree) -> list[tuple[str, cst.BaseExpression]]:
    """Plain assignments of the module's own level: name and value."""
    return [
        (small.targets[0].target.value, small.value)
        for line in tree.module.body
        for small in (line.body if isinstance(line, cst.SimpleStatementLine) else ())
        if isinstance(small, cst.Assign) and len(small.targets) == 1 and isinstance(small.targets[0].target, cst.Name)
    ]


def is_partial(tree: Tree, node: cst.CSTNode) -> bool:
    """True for ``partial(create_engine, ...)``."""
    if not isinstance(node, cst.Call) or not node.args or not (dotted_name(node.func) or "").endswith("partial"):
        return False
    return called(tree, node) in _PARTIAL and _is_reference(tree, node.args[0].value)


def _returns_engine(makers: Makers, node: cst.FunctionDef) -> bool:
    """True for a function that makes an engine and hands it back: no generator, no use of a global."""
    tree = makers.tree
    made = [call for call in calls(tree, node) if makers.makes(call)]
    if not made or node.asynchronous is not None or any(isinstance(found, cst.Global) for found in tree.walk(node)):
        return False
    kept = {
        target.target.value
        for call in made
        if isinstance(parent := tree.parent(call), cst.Assign)
        for target in parent.targets
        if isinstance(target.target, cst.Name)
    }
    for found in tree.walk(node):
        if isinstance(found, cst.Return) and found.value is not None:
            value = found.value
            if value in made or (isinstance(value, cst.Name) and value.value in kept):
                return True
    return False


def maker_of(makers: Makers, call: cst.Call) -> tuple[cst.Arg | None, bool]:
    """Of a call that ``makes`` an engine: its URL argument (None: not in plain sight), and if the engine is async."""
    return _maker_of(makers, call, set())


Seen = set[tuple[int, str]]


def _maker_of(makers: Makers, call: cst.Call, seen: Seen) -> tuple[cst.Arg | None, bool]:
    lent = makers.lender(call)
    if lent is not None:
        return _of_helper(lent.home, lent.name, call, seen)
    if isinstance(call.func, cst.Name) and call.func.value in makers.own:
        return _of_helper(makers, call.func.value, call, seen)
    return _direct(makers.tree, call, call.func)


def _of_helper(makers: Makers, name: str, call: cst.Call, seen: Seen) -> tuple[cst.Arg | None, bool]:
    """Of a call (in whatever module) of one of a module's own makers."""
    tree, helper = makers.tree, makers.own[name]
    if isinstance(helper, (cst.Name, cst.Attribute)):
        return _direct(tree, call, helper)
    if isinstance(helper, cst.Call):
        url, asynchronous = _direct(tree, call, helper.args[0].value)
        given = len(helper.args) > 1 and helper.args[1].keyword is None
        given = given or any(arg.keyword is not None and arg.keyword.value == "url" for arg in helper.args)
        return (None if given else url), asynchronous
    assert isinstance(helper, (cst.FunctionDef, cst.Lambda))
    if (id(makers), name) in seen:
        return None, False
    seen.add((id(makers), name))
    inner = next(found for found in calls(tree, helper) if makers.makes(found))
    wanted, asynchronous = _maker_of(makers, inner, seen)
    if wanted is None or not isinstance(wanted.value, cst.Name):
        return None, asynchronous
    names = [param.name.value for param in (*helper.params.posonly_params, *helper.params.params)]
    name = wanted.value.value
    if name in names:
        return argument(call, names.index(name), name), asynchronous
    keywords = [param.name.value for param in helper.params.kwonly_params]
    return (argument(call, len(call.args), name) if name in keywords else None), asynchronous


def _direct(tree: Tree, call: cst.Call, maker: cst.BaseExpression) -> tuple[cst.Arg | None, bool]:
    """Of a call of a maker itself, or of ``partial(maker, ...)`` in place."""
    if isinstance(maker, cst.Call):
        return None, _last(tree, maker.args[0].value).endswith(("create_async_engine", "async_engine_from_config"))
    name = _last(tree, maker)
    asynchronous = name in ("create_async_engine", "async_engine_from_config")
    return (None if name in CONFIGURED else argument(call, 0, "url")), asynchronous


def _last(tree: Tree, maker: cst.BaseExpression) -> str:
    names = [name for name in tree.qualified_names(maker) if _is_qualified(name)]
    return (names[0] if names else dotted_name(maker) or "").rpartition(".")[2]
