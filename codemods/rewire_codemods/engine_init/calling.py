"""What one module calls: at import, and in each of its functions and methods. One pass, without scopes or positions."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TYPE_CHECKING

import libcst as cst

from rewire.codemod.cst import dotted_name
from rewire_codemods.applications.reading import Moment, is_main_guard

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rewire.codemod.cst import Tree

CONSTRUCTORS = frozenset({"__init__", "__new__", "__post_init__"})
_RUNNERS = frozenset({"run", "run_until_complete", "create_task", "ensure_future", "gather", "wait_for"})
_ENTERERS = frozenset({"next", "anext", "list", "enter_context", "enter_async_context"})


class Kind(Enum):
    """What it takes for a function's body to run."""

    PLAIN = "called"
    COROUTINE = "called, and awaited or handed to a loop"
    GENERATOR = "called, and entered or iterated over"
    PROPERTY = "read as an attribute"


@dataclass(frozen=True, slots=True)
class Calling:
    """One call, or one attribute that is read (``node`` says which).

    ``target`` is the dotted name, ``super().m`` and ``C().m`` included. ``owner`` is the function that it runs in:
    ``f``, ``C`` for a constructor, ``C.m``, ``f.<locals>.g``; empty at the module's own level, where ``moment`` is
    IMPORT, or GUARDED for what runs in a script only. ``holder`` is the class whose body or method it stands in.
    """

    node: cst.Call | cst.Attribute
    target: str
    owner: str
    holder: str
    moment: Moment
    awaited: bool = False
    entered: bool = False

    def runs(self, kind: Kind) -> bool:
        """True if this makes the body of a function of that kind run."""
        if kind is Kind.COROUTINE:
            return self.awaited
        if kind is Kind.GENERATOR:
            return self.entered
        return isinstance(self.node, cst.Attribute) == (kind is Kind.PROPERTY)


@dataclass(slots=True)
class Callings:
    """What one module calls and defines: ``kinds`` of its functions by owner name, ``bases`` and ``methods`` of its
    classes, ``instances`` (name -> class) that it makes at its own level.
    """

    found: list[Calling] = field(default_factory=list)
    kinds: dict[str, Kind] = field(default_factory=dict)
    bases: dict[str, list[str]] = field(default_factory=dict)
    methods: dict[str, set[str]] = field(default_factory=dict)
    instances: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the walk is."""

    owner: str = ""
    holder: str = ""
    moment: Moment = Moment.IMPORT


def read_callings(tree: Tree) -> Callings:
    """Walk through a module once."""
    answer = Callings()
    for name, value in _named_values(tree):
        if isinstance(value, cst.Call) and (target := _target(value.func)):
            answer.instances[name] = target
    lambdas = {id(value): name for name, value in _named_values(tree) if isinstance(value, cst.Lambda)}
    _Walk(answer, lambdas).visit(tree.module, _Place())
    _settle_locals(answer)
    return answer


def _named_values(tree: Tree) -> Iterator[tuple[str, cst.BaseExpression]]:
    """Plain assignments of the module's own level."""
    for line in tree.module.body:
        for small in line.body if isinstance(line, cst.SimpleStatementLine) else ():
            targets: Sequence[cst.CSTNode] = ()
            if isinstance(small, cst.Assign):
                targets = [target.target for target in small.targets]
            elif isinstance(small, cst.AnnAssign):
                targets = [small.target]
            for target in targets:
                if isinstance(target, cst.Name) and isinstance(small, (cst.Assign, cst.AnnAssign)) and small.value:
                    yield target.value, small.value


def _target(func: cst.BaseExpression) -> str:
    """The dotted name of what is called; ``super().m``, ``C().m`` and ``f()`` (called at once) keep parentheses."""
    dotted = dotted_name(func)
    if dotted is not None:
        return dotted
    if isinstance(func, cst.Call):
        inner = dotted_name(func.func)
        return f"{inner}()" if inner else ""
    if isinstance(func, cst.Attribute) and isinstance(func.value, cst.Call):
        inner = dotted_name(func.value.func)
        return f"{inner}().{func.attr.value}" if inner else ""
    return ""


class _Walk:
    def __init__(self, answer: Callings, lambdas: dict[int, str]) -> None:
        self._answer = answer
        self._lambdas = lambdas

    def visit(self, node: cst.CSTNode, place: _Place, *, awaited: bool = False, entered: bool = False) -> None:
        if isinstance(node, cst.FunctionDef):
            self._function(node, place)
        elif isinstance(node, cst.ClassDef):
            self._class(node, place)
        elif isinstance(node, cst.Lambda):
            name = self._lambdas.get(id(node), "<lambda>")
            self._answer.kinds[name] = Kind.PLAIN
            self.visit(node.body, replace(place, owner=name, moment=Moment.LATER))
        elif isinstance(node, cst.If) and place.moment is Moment.IMPORT and _is_never(node):
            return
        elif isinstance(node, cst.If) and place.moment is Moment.IMPORT and is_main_guard(node):
            self.visit(node.body, replace(place, moment=Moment.GUARDED))
            if node.orelse is not None:
                self.visit(node.orelse, place)
        else:
            if isinstance(node, (cst.Call, cst.Attribute)):
                self._found(node, place, awaited=awaited, entered=entered)
            self._children(node, place)

    def _children(self, node: cst.CSTNode, place: _Place) -> None:
        last = _target(node.func).rpartition(".")[2] if isinstance(node, cst.Call) else ""
        for child in node.children:
            if isinstance(child, (cst.BaseParenthesizableWhitespace, cst.TrailingWhitespace, cst.EmptyLine)):
                continue
            if isinstance(child, cst.Arg):
                self.visit(child.value, place, awaited=last in _RUNNERS, entered=last in _ENTERERS)
            elif isinstance(child, cst.WithItem):
                self.visit(child.item, place, entered=True)
            elif isinstance(node, cst.Await):
                self.visit(child, place, awaited=True)
            else:
                iterated = isinstance(node, (cst.For, cst.CompFor)) and child is node.iter
                self.visit(child, place, entered=iterated or isinstance(node, cst.From))

    def _function(self, node: cst.FunctionDef, place: _Place) -> None:
        for early in (*node.decorators, node.params):
            self.visit(early, place)
        name = node.name.value
        direct = place.owner == "" and place.moment is not Moment.LATER
        if direct and place.holder:
            self._answer.methods.setdefault(place.holder, set()).add(name)
            owner = place.holder if name in CONSTRUCTORS else f"{place.holder}.{name}"
        else:
            owner = name if direct else f"{place.owner}.<locals>.{name}"
        self._answer.kinds[owner] = _kind_of(node)
        self.visit(node.body, _Place(owner, place.holder, Moment.LATER))

    def _class(self, node: cst.ClassDef, place: _Place) -> None:
        for early in (*node.decorators, *node.bases, *node.keywords):
            self.visit(early, place)
        if place.owner or place.holder:  # a class inside a function or a class: nobody reaches it by a name of ours
            self.visit(node.body, replace(place, owner=f"{place.owner}.<class>", moment=Moment.LATER))
            return
        name = node.name.value
        self._answer.bases[name] = [dotted for base in node.bases if (dotted := dotted_name(base.value))]
        self._answer.methods.setdefault(name, set())
        self.visit(node.body, replace(place, holder=name))

    def _found(self, node: cst.Call | cst.Attribute, place: _Place, *, awaited: bool, entered: bool) -> None:
        target = _target(node.func if isinstance(node, cst.Call) else node)
        if target:
            self._answer.found.append(
                Calling(node, target, place.owner, place.holder, place.moment, awaited=awaited, entered=entered)
            )


def _is_never(node: cst.If) -> bool:
    return (dotted_name(node.test) or "").rpartition(".")[2] == "TYPE_CHECKING"


def _kind_of(node: cst.FunctionDef) -> Kind:
    names = {(dotted_name(found.decorator) or "").rpartition(".")[2] for found in node.decorators}
    if names & {"property", "cached_property"}:
        return Kind.PROPERTY
    if _yields(node.body):
        return Kind.GENERATOR
    return Kind.COROUTINE if node.asynchronous is not None else Kind.PLAIN


def _yields(node: cst.CSTNode) -> bool:
    if isinstance(node, (cst.FunctionDef, cst.Lambda, cst.ClassDef)):
        return False
    return isinstance(node, cst.Yield) or any(_yields(child) for child in node.children)


def _settle_locals(answer: Callings) -> None:
    """A function inside another one runs when that one runs, if it is called there by its name."""
    for owner in sorted(answer.kinds, key=len, reverse=True):
        outer, inside, name = owner.rpartition(".<locals>.")
        if inside and any(call.owner == outer and call.target == name for call in answer.found):
            answer.found = [replace(call, owner=outer) if call.owner == owner else call for call in answer.found]
