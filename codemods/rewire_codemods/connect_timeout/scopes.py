"""Names of one file: what binds them, which binding a use means, and where each expression stands.

``walk.py`` fills it in a single walk,
far cheaper than LibCST's QualifiedNameProvider. It answers for Python's own
scope rules: functions and lambdas, class bodies that their functions do not see, comprehensions, ``global`` and
``nonlocal``. It knows nothing of the order in which statements run: a name means all its bindings at once, so that
whoever asks must be content with every one of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import libcst as cst

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rewire.codemod.cst import Tree

ScopeKind = Literal["module", "class", "function", "comprehension"]
BindingKind = Literal["import", "value", "entered", "parameter", "function", "class", "other"]


@dataclass(slots=True, eq=False)
class Scope:
    """One scope and what is bound in it. ``node`` is the FunctionDef, Lambda, ClassDef, comprehension or module."""

    kind: ScopeKind
    node: cst.CSTNode
    parent: Scope | None
    bindings: dict[str, list[Binding]] = field(default_factory=dict)
    elsewhere: dict[str, Scope] = field(default_factory=dict)
    """Names declared ``global`` or ``nonlocal`` here, with the scope that owns them."""


@dataclass(slots=True, eq=False)
class Binding:
    """One way in which a name (or an attribute) gets its value.

    ``value`` is the expression assigned, entered (``with``) or, for a parameter, its default; None where it cannot
    be told. ``dotted`` is what an import binds, with leading dots where it is relative.
    """

    kind: BindingKind
    name: str
    node: cst.CSTNode
    scope: Scope
    value: cst.CSTNode | None = None
    dotted: str = ""
    annotation: cst.BaseExpression | None = None


@dataclass(slots=True, eq=False)
class Names:
    """The scopes of one tree, every load of a name, every use of an attribute."""

    tree: Tree
    module: Scope
    parents: dict[int, cst.CSTNode] = field(default_factory=dict)
    scopes: dict[int, Scope] = field(default_factory=dict)
    loads: dict[str, list[cst.Name]] = field(default_factory=dict)
    attributes: dict[str, list[cst.Attribute]] = field(default_factory=dict)
    attribute_bindings: dict[str, list[Binding]] = field(default_factory=dict)
    stores: dict[int, cst.CSTNode | None] = field(default_factory=dict)
    """Subscripts and attributes that are assigned to, by identity, with the value where it is plain."""
    parameters: dict[int, Binding] = field(default_factory=dict)
    """The binding of each ``Param`` node, by identity."""
    imports: list[Binding] = field(default_factory=list)
    stars: list[str] = field(default_factory=list)
    nodes: dict[type[cst.CSTNode], list[Any]] = field(default_factory=dict)
    """Calls, dicts, strings, subscripts and comparisons, in source order."""

    def parent(self, node: cst.CSTNode) -> cst.CSTNode | None:
        """The node that holds ``node``."""
        return self.parents.get(id(node))

    def above(self, node: cst.CSTNode) -> Iterator[cst.CSTNode]:
        """The nodes that hold ``node``, innermost first."""
        holder = self.parents.get(id(node))
        while holder is not None:
            yield holder
            holder = self.parents.get(id(holder))

    def scope(self, node: cst.CSTNode) -> Scope:
        """The scope in which an expression is evaluated."""
        return self.scopes.get(id(node), self.module)

    def owner(self, name: str, scope: Scope) -> Scope | None:
        """The scope whose binding ``name`` means when it is read in ``scope``; None: builtin or unknown."""
        current: Scope | None = scope
        while current is not None:
            if name in current.elsewhere:
                return current.elsewhere[name]
            if name in current.bindings and (current is scope or current.kind != "class"):
                return current
            current = current.parent
        return None

    def bindings(self, name: cst.Name) -> Sequence[Binding]:
        """Every binding that a load of ``name`` may mean; empty for a builtin or an unknown name."""
        owner = self.owner(name.value, self.scope(name))
        return owner.bindings.get(name.value, ()) if owner else ()

    def uses(self, name: str, scope: Scope) -> Iterator[cst.Name]:
        """Every load of the variable ``name`` that ``scope`` owns."""
        for load in self.loads.get(name, ()):
            if self.owner(name, self.scope(load)) is scope:
                yield load

    def class_of(self, node: cst.CSTNode) -> Scope | None:
        """The class whose method holds ``node`` where ``node`` is that method's first parameter (self, cls)."""
        if not isinstance(node, cst.Name):
            return None
        owner = self.owner(node.value, self.scope(node))
        if owner is None or owner.kind != "function" or owner.parent is None or owner.parent.kind != "class":
            return None
        first = owner.bindings[node.value][0]
        if first.kind != "parameter" or not isinstance(owner.node, cst.FunctionDef):
            return None
        parameters = (*owner.node.params.posonly_params, *owner.node.params.params)
        return owner.parent if parameters and parameters[0] is first.node else None
