"""From statements to operations: what each of them loads, binds, defines and reads."""

from __future__ import annotations

import ast
import builtins
from typing import TYPE_CHECKING

from rewire.project.boot import program as p
from rewire.project.boot.control import Control
from rewire.project.boot.scopes import Locals
from rewire.project.boot.uses import bound_names, chain_of, is_evaluable, uses_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_BUILTIN = frozenset(dir(builtins))
_PARTS = (ast.Attribute, ast.Subscript)


class Builder(Control):
    """Turns statements into operations. ``depth`` counts the functions around the statement."""

    def __init__(self, lazy_annotations: bool, has_walrus: bool, has_yield: bool) -> None:
        self.lazy_annotations = lazy_annotations
        self.has_walrus = has_walrus
        self.look_inside = has_walrus or has_yield
        self.functions: list[p.Define] = []
        self.is_dynamic = True
        self.effects = 0
        """How many statements so far bind what lies outside their function."""
        self.imports: list[p.Import | p.ImportFrom] = []
        self.depth = 0
        self.local_names: list[set[str]] = []
        self.own: list[set[str]] = []
        """For each function around the statement, the names that stand for nothing that others know."""

    def block(self, statements: Iterable[ast.stmt]) -> tuple[p.Op, ...]:
        """The operations of a block."""
        found: list[p.Op] = []
        for statement in statements:
            if self.has_walrus:
                found += self.walrus(statement)
            op = self.statement(statement)
            if op is not None:
                found.append(op)
        return tuple(found)

    def walrus(self, node: ast.stmt) -> list[p.Op]:
        """What ``:=`` binds in a statement's own expressions: taken to be bound before they are read."""
        own = [child for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr) and not _is_target(child)]
        names = [name for child in own for name in bound_names(child)]
        return [p.Assign(node.lineno, tuple((name,) for name in names), None, ())] if names else []

    def statement(self, node: ast.stmt) -> p.Op | None:
        """The operation of one statement; None if it does nothing of interest."""
        method = getattr(self, "_on_" + type(node).__name__.lower(), None)
        if method is not None:
            op: p.Op | None = method(node)
            return op
        return self.evaluate(
            node.lineno, [child for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr)]
        )

    def uses(self, expressions: Iterable[ast.expr | None]) -> tuple[p.Use, ...]:
        """The names that expressions read, in order; builtins (half of all annotations) and a function's own names can
        neither be missing nor lead anywhere.
        """
        return tuple(
            use
            for expression in expressions
            if expression is not None
            for use in uses_of(expression)
            if use.call is not None or len(use.chain) > 1 or self.is_outer(use.chain[0])
        )

    def is_outer(self, name: str) -> bool:
        """True if ``name`` must come from the module."""
        return name not in _BUILTIN and not any(name in names for names in self.local_names)

    def evaluate(self, line: int, expressions: Sequence[ast.expr | None]) -> p.Op | None:
        """An ``Evaluate``, or None if nothing in the expressions matters."""
        uses = self.uses(expressions)
        return p.Evaluate(line, uses) if uses else None

    def _on_import(self, node: ast.Import) -> p.Op:
        op = p.Import(node.lineno, tuple((alias.name, alias.asname) for alias in node.names))
        self.imports.append(op)
        return op

    def _on_importfrom(self, node: ast.ImportFrom) -> p.Op:
        names = tuple((alias.name, alias.asname) for alias in node.names)
        op = p.ImportFrom(node.lineno, node.level, node.module or "", names)
        self.imports.append(op)
        return op

    def _on_expr(self, node: ast.Expr) -> p.Op | None:
        if isinstance(node.value, ast.Constant):
            return None
        return self.evaluate(node.lineno, [node.value])

    def _on_assign(self, node: ast.Assign) -> p.Op:
        return self.assign(node.lineno, node.targets, node.value)

    def _on_annassign(self, node: ast.AnnAssign) -> p.Op | None:
        annotation = None if self.lazy_annotations or self.depth else node.annotation
        if node.value is None:
            return self.evaluate(node.lineno, [annotation])
        return self.assign(node.lineno, [node.target], node.value, annotation)

    def _on_augassign(self, node: ast.AugAssign) -> p.Op:
        return self.assign(node.lineno, [node.target], node.value, augmented=True)

    def assign(
        self,
        line: int,
        targets: Sequence[ast.expr],
        value: ast.expr,
        annotation: ast.expr | None = None,
        augmented: bool = False,
    ) -> p.Op:
        """An ``Assign``."""
        chains: list[tuple[str, ...]] = []
        for target in targets:
            base = target.value if isinstance(target, ast.Subscript) else target
            chain = chain_of(base)
            if chain is not None and isinstance(target, ast.Subscript):
                key = target.slice
                chain = (
                    *chain,
                    f"[{key.value}]" if isinstance(key, ast.Constant) and isinstance(key.value, str) else "[]",
                )
            elif chain is not None and len(chain) > 1:
                self.effects += not (self.own and chain[0] in self.own[-1])
            chains += [chain] if chain is not None else [(name,) for name in bound_names(target)]
        single = len(targets) == 1 and isinstance(targets[0], ast.Tuple | ast.List)
        kept = value if is_evaluable(value) and not single else None
        inner = [target.slice for target in targets if isinstance(target, ast.Subscript)]
        # ``globals()[name] = ...``: the base of the target is called.
        inner += [target.value for target in targets if isinstance(target, _PARTS) and chain_of(target.value) is None]
        return p.Assign(line, tuple(chains), kept, self.uses([value, annotation, *inner]), augmented)

    def _on_delete(self, node: ast.Delete) -> p.Op:
        return p.Delete(node.lineno, tuple(target.id for target in node.targets if isinstance(target, ast.Name)))

    def _on_functiondef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> p.Op:
        arguments = node.args
        outer: list[ast.expr | None] = [*node.decorator_list, *arguments.defaults, *arguments.kw_defaults]
        every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        every += [extra for extra in (arguments.vararg, arguments.kwarg) if extra is not None]
        if not self.lazy_annotations and not self.depth and not getattr(node, "type_params", None):
            outer += [argument.annotation for argument in every]
            outer.append(node.returns)
        uses = self.uses(outer)
        local = Locals(node.body, self.look_inside)
        names = ({argument.arg for argument in every} | local.names) - local.outer
        effects, imports = self.effects, len(self.imports)
        self.depth += 1
        self.local_names.append(names)
        self.own.append({*(names - local.reaching), "self", "cls"})
        body = self.block(node.body)
        self.own.pop()
        self.local_names.pop()
        self.depth -= 1
        # A decorated function is reported at its def line by tracebacks of the body, at the decorator's by its own.
        define = p.Define(
            node.lineno,
            node.name,
            body,
            frozenset(names),
            frozenset(local.outer),
            uses,
            isinstance(node, ast.AsyncFunctionDef),
            local.yields,
            tuple(_decorator(one) for one in node.decorator_list),
            self.is_dynamic or bool(local.outer) or self.effects > effects,
            tuple(self.imports[imports:]),
        )
        self.functions.append(define)
        return define

    _on_asyncfunctiondef = _on_functiondef

    def _on_classdef(self, node: ast.ClassDef) -> p.Op:
        uses = (
            ()
            if getattr(node, "type_params", None)
            else self.uses([*node.decorator_list, *node.bases, *(k.value for k in node.keywords)])
        )
        bases = tuple(chain for base in node.bases if (chain := chain_of(base)) is not None)
        parameters = tuple(parameter.name for parameter in getattr(node, "type_params", ()))
        return p.Class(
            node.lineno, node.name, bases, parameters, self.block(node.body), uses, bool(node.decorator_list)
        )

    def _on_typealias(self, node: ast.stmt) -> p.Op | None:
        name = getattr(node, "name", None)
        return p.Assign(node.lineno, ((name.id,),), None, ()) if isinstance(name, ast.Name) else None

    def _on_pass(self, node: ast.Pass) -> None:
        return None

    _on_global = _on_nonlocal = _on_pass


def _is_target(node: ast.expr) -> bool:
    """True for what an assignment or a loop binds itself."""
    return isinstance(getattr(node, "ctx", None), ast.Store | ast.Del)


def _decorator(node: ast.expr) -> tuple[tuple[str, ...], bool]:
    """A decorator's chain, and whether it is called to give the decorator."""
    called = isinstance(node, ast.Call)
    return chain_of(node.func if isinstance(node, ast.Call) else node) or ("?",), called
