"""One walk over a tree that fills a ``Names``: what binds a name in Python, node type by node type."""

from __future__ import annotations

import dataclasses
from functools import cache
from typing import TYPE_CHECKING, Any

import libcst as cst

from rewire.codemod.cst import dotted_name
from rewire_codemods.connect_timeout.scopes import Binding, BindingKind, Names, Scope

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from rewire.codemod.cst import Tree

_WHITE = (cst.BaseParenthesizableWhitespace, cst.TrailingWhitespace, cst.EmptyLine, cst.Comma, cst.LeftParen)


def name_scopes(tree: Tree) -> Names:
    """Walk ``tree`` once. Raises RecursionError where an expression is nested more deeply than Python can walk."""
    names = Names(tree, Scope("module", tree.module, None))
    _Walk(names).visit(tree.module, names.module)
    return names


@cache
def _fields(kind: type[cst.CSTNode]) -> tuple[str, ...]:
    """The fields of a node type that can hold code."""
    return tuple(
        entry.name
        for entry in dataclasses.fields(kind)
        if "whitespace" not in entry.name
        and entry.name not in ("lpar", "rpar", "comma", "leading_lines", "header", "footer", "operator", "semicolon")
    )


class _Walk:
    """Fills a ``Names``; one method for each node type that binds something."""

    def __init__(self, names: Names) -> None:
        self.names = names

    def visit(self, node: cst.CSTNode, scope: Scope) -> None:
        """Record ``node`` and walk what it holds."""
        self.names.scopes[id(node)] = scope
        handler = _HANDLERS.get(type(node))
        if handler is not None:
            handler(self, node, scope)
        else:
            self.children(node, scope)

    def children(self, node: cst.CSTNode, scope: Scope, *, without: Sequence[str] = ()) -> None:
        """Walk every field of ``node`` but those named."""
        for name in _fields(type(node)):
            if name not in without:
                self.child(node, getattr(node, name), scope)

    def child(self, node: cst.CSTNode, value: object, scope: Scope) -> None:
        """Walk one field's value, if it is code."""
        if isinstance(value, cst.CSTNode):
            if not isinstance(value, _WHITE):
                self.names.parents[id(value)] = node
                self.visit(value, scope)
        elif isinstance(value, (list, tuple)):
            for entry in value:
                self.child(node, entry, scope)

    def bind(self, scope: Scope, binding: Binding) -> None:
        """Add a binding to the scope that owns the name."""
        owner = scope.elsewhere.get(binding.name, scope)
        binding.scope = owner
        owner.bindings.setdefault(binding.name, []).append(binding)

    def remember(self, node: cst.CSTNode, scope: Scope) -> None:
        """Keep ``node`` in the list of its type, and walk on."""
        self.names.nodes.setdefault(type(node), []).append(node)
        self.children(node, scope)

    def name(self, node: cst.Name, scope: Scope) -> None:
        self.names.loads.setdefault(node.value, []).append(node)

    def attribute(self, node: cst.Attribute, scope: Scope) -> None:
        self.names.attributes.setdefault(node.attr.value, []).append(node)
        self.child(node, node.value, scope)

    def arg(self, node: cst.Arg, scope: Scope) -> None:
        self.child(node, node.value, scope)

    def function_def(self, node: cst.FunctionDef, scope: Scope) -> None:
        self.bind(scope, Binding("function", node.name.value, node, scope))
        self.child(node, node.decorators, scope)
        self.child(node, node.returns, scope)
        inner = Scope("function", node, scope)
        self.parameters(node, node.params, scope, inner)
        self.child(node, node.body, inner)

    def lambda_(self, node: cst.Lambda, scope: Scope) -> None:
        inner = Scope("function", node, scope)
        self.parameters(node, node.params, scope, inner)
        self.child(node, node.body, inner)

    def parameters(self, node: cst.CSTNode, params: cst.Parameters, scope: Scope, inner: Scope) -> None:
        """Bind the parameters inside, evaluate defaults and annotations outside."""
        self.names.parents[id(params)] = node
        listed = [*params.posonly_params, *params.params, *params.kwonly_params, params.star_arg, params.star_kwarg]
        for param in listed:
            if isinstance(param, cst.Param):
                self.names.parents[id(param)] = params
                self.child(param, param.default, scope)
                self.child(param, param.annotation, scope)
                starred = param in (params.star_arg, params.star_kwarg)
                annotation = param.annotation.annotation if param.annotation and not starred else None
                binding = Binding("parameter", param.name.value, param, inner, param.default, "", annotation)
                self.bind(inner, binding)
                self.names.parameters[id(param)] = binding

    def class_def(self, node: cst.ClassDef, scope: Scope) -> None:
        self.bind(scope, Binding("class", node.name.value, node, scope))
        for part in (node.decorators, node.bases, node.keywords):
            self.child(node, part, scope)
        inner = Scope("class", node, scope)
        self.names.scopes[id(node.body)] = inner
        self.child(node, node.body, inner)

    def comprehension(self, node: Any, scope: Scope) -> None:
        """The first iterable is evaluated outside, the rest in a scope of its own."""
        inner = Scope("comprehension", node, scope)
        clause = node.for_in
        self.names.parents[id(clause)] = node
        outer = scope
        while clause is not None:
            self.child(clause, clause.iter, outer)
            self.target(clause, clause.target, None, inner)
            self.child(clause, clause.ifs, inner)
            outer = inner
            if clause.inner_for_in is not None:
                self.names.parents[id(clause.inner_for_in)] = clause
            clause = clause.inner_for_in
        for part in ("elt", "key", "value"):
            if hasattr(node, part):
                self.child(node, getattr(node, part), inner)

    def import_(self, node: cst.Import, scope: Scope) -> None:
        for alias in node.names:
            dotted = dotted_name(alias.name) or ""
            bound = dotted_name(alias.asname.name) if alias.asname else None
            self.bind_import(node, bound or dotted.partition(".")[0], dotted if bound else "", scope)

    def import_from(self, node: cst.ImportFrom, scope: Scope) -> None:
        module = "." * len(node.relative) + (dotted_name(node.module) or "")
        if isinstance(node.names, cst.ImportStar):
            self.names.stars.append(module)
            return
        for alias in node.names:
            name = dotted_name(alias.name) or ""
            bound = dotted_name(alias.asname.name) if alias.asname else None
            joint = "" if module.endswith(".") or not module else "."
            self.bind_import(node, bound or name, f"{module}{joint}{name}", scope)

    def bind_import(self, node: cst.CSTNode, bound: str, dotted: str, scope: Scope) -> None:
        """``import a.b`` binds ``a`` to ``a``; everything else binds what it names."""
        binding = Binding("import", bound, node, scope, dotted=dotted or bound)
        self.bind(scope, binding)
        self.names.imports.append(binding)

    def assign(self, node: cst.Assign, scope: Scope) -> None:
        self.child(node, node.value, scope)
        for entry in node.targets:
            self.names.parents[id(entry)] = node
            self.target(entry, entry.target, node.value, scope)

    def ann_assign(self, node: cst.AnnAssign, scope: Scope) -> None:
        self.child(node, node.annotation, scope)
        if node.value is not None:
            self.child(node, node.value, scope)
        self.target(node, node.target, node.value, scope, annotation=node.annotation.annotation)

    def aug_assign(self, node: cst.AugAssign, scope: Scope) -> None:
        self.child(node, node.value, scope)
        self.target(node, node.target, None, scope)

    def named_expr(self, node: cst.NamedExpr, scope: Scope) -> None:
        self.child(node, node.value, scope)
        home = scope
        while home.kind == "comprehension" and home.parent is not None:
            home = home.parent
        self.target(node, node.target, node.value, home)

    def for_(self, node: cst.For, scope: Scope) -> None:
        self.child(node, node.iter, scope)
        self.target(node, node.target, None, scope)
        self.children(node, scope, without=("iter", "target"))

    def with_item(self, node: cst.WithItem, scope: Scope) -> None:
        self.child(node, node.item, scope)
        if node.asname is not None:
            self.names.parents[id(node.asname)] = node
            self.target(node.asname, node.asname.name, node.item, scope, kind="entered")

    def as_name(self, node: cst.AsName, scope: Scope) -> None:
        self.target(node, node.name, None, scope)

    def global_(self, node: cst.Global, scope: Scope) -> None:
        for item in node.names:
            scope.elsewhere[item.name.value] = self.names.module

    def nonlocal_(self, node: cst.Nonlocal, scope: Scope) -> None:
        for item in node.names:
            owner = self.names.owner(item.name.value, scope.parent) if scope.parent else None
            if owner is not None:
                scope.elsewhere[item.name.value] = owner

    def capture(self, node: Any, scope: Scope) -> None:
        """A name captured by a ``match`` pattern."""
        name = node.rest if isinstance(node, cst.MatchMapping) else node.name
        if name is not None:
            self.bind(scope, Binding("other", name.value, node, scope))
        self.children(node, scope, without=("name", "rest"))

    def target(
        self,
        holder: cst.CSTNode,
        target: cst.CSTNode,
        value: cst.CSTNode | None,
        scope: Scope,
        *,
        kind: BindingKind = "value",
        annotation: cst.BaseExpression | None = None,
    ) -> None:
        """Bind what is assigned to: names, attributes, subscripts, and each of them inside a tuple or list."""
        self.names.parents[id(target)] = holder
        self.names.scopes[id(target)] = scope
        if isinstance(target, cst.Name):
            self.bind(scope, Binding(kind, target.value, target, scope, value, "", annotation))
        elif isinstance(target, cst.Attribute):
            binding = Binding(kind, target.attr.value, target, scope, value, "", annotation)
            self.names.attribute_bindings.setdefault(binding.name, []).append(binding)
            self.names.stores[id(target)] = value
            self.child(target, target.value, scope)
        elif isinstance(target, cst.Subscript):
            self.names.stores[id(target)] = value
            self.remember(target, scope)
        elif isinstance(target, (cst.Tuple, cst.List)):
            for place, element in enumerate(target.elements):
                self.names.parents[id(element)] = target
                self.target(element, element.value, _part(value, place, len(target.elements)), scope)
        else:
            self.children(target, scope)


def _part(value: cst.CSTNode | None, place: int, count: int) -> cst.CSTNode | None:
    """What one name of ``a, b = x, y`` gets; None where the two sides do not match one to one."""
    if not isinstance(value, (cst.Tuple, cst.List)) or len(value.elements) != count:
        return None
    element = value.elements[place]
    return None if isinstance(element, cst.StarredElement) else element.value


_HANDLERS: Mapping[type[cst.CSTNode], Callable[[_Walk, Any, Scope], None]] = {
    cst.Name: _Walk.name,
    cst.Attribute: _Walk.attribute,
    cst.Arg: _Walk.arg,
    cst.FunctionDef: _Walk.function_def,
    cst.Lambda: _Walk.lambda_,
    cst.ClassDef: _Walk.class_def,
    cst.Import: _Walk.import_,
    cst.ImportFrom: _Walk.import_from,
    cst.Assign: _Walk.assign,
    cst.AnnAssign: _Walk.ann_assign,
    cst.AugAssign: _Walk.aug_assign,
    cst.NamedExpr: _Walk.named_expr,
    cst.For: _Walk.for_,
    cst.WithItem: _Walk.with_item,
    cst.AsName: _Walk.as_name,
    cst.Global: _Walk.global_,
    cst.Nonlocal: _Walk.nonlocal_,
    cst.Call: _Walk.remember,
    cst.Dict: _Walk.remember,
    cst.SimpleString: _Walk.remember,
    cst.ConcatenatedString: _Walk.remember,
    cst.FormattedString: _Walk.remember,
    cst.Subscript: _Walk.remember,
    cst.Comparison: _Walk.remember,
    cst.Return: _Walk.remember,
    cst.Yield: _Walk.remember,
    cst.ListComp: _Walk.comprehension,
    cst.SetComp: _Walk.comprehension,
    cst.GeneratorExp: _Walk.comprehension,
    cst.DictComp: _Walk.comprehension,
    cst.MatchAs: _Walk.capture,
    cst.MatchStar: _Walk.capture,
    cst.MatchMapping: _Walk.capture,
}
