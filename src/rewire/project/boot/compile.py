"""From a file's text to its ``Program``."""

from __future__ import annotations

import ast
import builtins
import warnings
from typing import TYPE_CHECKING

from rewire.project.boot import program as p
from rewire.project.boot.scopes import Locals, captured, find_refused
from rewire.project.boot.syntax import lower
from rewire.project.boot.uses import bound_names, chain_of, is_evaluable, uses_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


_BUILTIN = frozenset(dir(builtins))
_DYNAMIC = (
    "import_module", "__import__", "sys.path", "sys.modules", "addsitedir", "chdir", "uvicorn", "ranian", "globals",
    "exec", "setattr", "vars(", "locals(", "run_until_complete", "walk_packages", "iter_modules",
)  # fmt: skip
"""Where none of these words stands in a file, its functions load by their import statements alone."""

_PARTS = (ast.Attribute, ast.Subscript)


def compile_text(text: str, *, lazy_annotations: bool = False) -> p.Program | p.Broken:
    """The program of a file's text, in any version's syntax.

    ``lazy_annotations``: it runs on a Python that evaluates none (3.14 on), whatever the file says.
    """
    tree, vague = _parse(text)
    if isinstance(tree, p.Broken):
        return tree
    refused = find_refused(tree)
    if refused is not None:
        return refused
    lazy = lazy_annotations or any(_is_future_annotations(node) for node in tree.body)
    builder = _Builder(lazy, ":=" in text, "yield" in text)
    builder.is_dynamic = any(word in text for word in _DYNAMIC)
    body = builder.block(tree.body)
    guard = next((op.line for op in body if isinstance(op, p.If) and op.test is not None and is_main_test(op.test)), 0)
    return p.Program(body, tuple(builder.functions), "sys.path" in text, vague, guard)


def _parse(text: str) -> tuple[ast.Module | p.Broken, bool]:
    """The syntax tree, and whether newer syntax than the running Python's was lowered first."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text), False
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        lowered = lower(text)
        if lowered is not None:
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    return ast.parse(lowered), True
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                pass
        if isinstance(error, SyntaxError):
            return p.Broken(error.lineno or 1, error.msg, type(error).__name__), False
        return p.Broken(1, str(error)), False


def _is_future_annotations(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.ImportFrom)
        and node.module == "__future__"
        and any(alias.name == "annotations" for alias in node.names)
    )


def is_main_test(test: ast.expr) -> bool:
    """True for ``__name__ == "__main__"``, either way round."""
    if not isinstance(test, ast.Compare) or len(test.ops) != 1 or not isinstance(test.ops[0], ast.Eq):
        return False
    sides = (test.left, test.comparators[0])
    return any(isinstance(side, ast.Name) and side.id == "__name__" for side in sides) and any(
        isinstance(side, ast.Constant) and side.value == "__main__" for side in sides
    )


class _Builder:
    """Turns statements into operations. ``depth`` counts the functions around the statement."""

    def __init__(self, lazy_annotations: bool, has_walrus: bool, has_yield: bool) -> None:
        self.lazy_annotations = lazy_annotations
        self.has_walrus = has_walrus
        self.look_inside = has_walrus or has_yield
        self.functions: list[p.Define] = []
        self.is_dynamic = True
        self.effects = 0
        """How many statements so far load something, or bind what lies outside their function."""
        self.depth = 0
        self.local_names: list[set[str]] = []

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
        """The names that expressions read, in order; a function's own names do not matter."""
        found = [use for expression in expressions if expression is not None for use in uses_of(expression)]
        if self.depth:
            found = [use for use in found if use.call is not None or len(use.chain) > 1 or self.is_outer(use.chain[0])]
        return tuple(found)

    def is_outer(self, name: str) -> bool:
        """True if ``name``, read in a function, must come from the module."""
        return name not in _BUILTIN and not any(name in names for names in self.local_names)

    def evaluate(self, line: int, expressions: Sequence[ast.expr | None]) -> p.Op | None:
        """An ``Evaluate``, or None if nothing in the expressions matters."""
        uses = self.uses(expressions)
        return p.Evaluate(line, uses) if uses else None

    def _on_import(self, node: ast.Import) -> p.Op:
        self.effects += 1
        return p.Import(node.lineno, tuple((alias.name, alias.asname) for alias in node.names))

    def _on_importfrom(self, node: ast.ImportFrom) -> p.Op:
        names = tuple((alias.name, alias.asname) for alias in node.names)
        self.effects += 1
        return p.ImportFrom(node.lineno, node.level, node.module or "", names)

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
            self.effects += chain is not None and len(chain) > 1 and chain[0] not in ("self", "cls")
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
        effects = self.effects
        self.depth += 1
        self.local_names.append(names)
        body = self.block(node.body)
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

    def _on_if(self, node: ast.If) -> p.Op:
        test = node.test if is_evaluable(node.test) else None
        body, orelse = self.block(node.body), self.block(node.orelse)
        return p.If(node.lineno, test, self.uses([node.test]), body, orelse)

    def _on_try(self, node: ast.Try) -> p.Op:
        handlers = tuple(
            p.Handler(handler.lineno, _types(handler.type), handler.name, self.block(handler.body))
            for handler in node.handlers
        )
        return p.Try(node.lineno, self.block(node.body), handlers, self.block(node.orelse), self.block(node.finalbody))

    _on_trystar = _on_try

    def _on_for(self, node: ast.For | ast.AsyncFor) -> p.Op:
        values = node.iter if is_evaluable(node.iter) else None
        return p.Loop(
            node.lineno,
            tuple(bound_names(node.target)),
            values,
            None,
            False,
            self.uses([node.iter]),
            self.block(node.body),
            self.block(node.orelse),
        )

    _on_asyncfor = _on_for

    def _on_while(self, node: ast.While) -> p.Op:
        test = node.test if is_evaluable(node.test) else None
        return p.Loop(
            node.lineno, (), None, test, True, self.uses([node.test]), self.block(node.body), self.block(node.orelse)
        )

    def _on_with(self, node: ast.With | ast.AsyncWith) -> p.Op:
        names = [
            name for item in node.items if item.optional_vars is not None for name in bound_names(item.optional_vars)
        ]
        entering = p.Assign(
            node.lineno, tuple((name,) for name in names), None, self.uses([item.context_expr for item in node.items])
        )
        body = (entering, *self.block(node.body))
        suppressed = [_suppressed(item.context_expr) for item in node.items]
        types = tuple(kind for kinds in suppressed for kind in kinds)
        handlers = (p.Handler(node.lineno, types, None, ()),) if types else ()
        return p.Try(node.lineno, body, handlers, (), ())

    _on_asyncwith = _on_with

    def _on_match(self, node: ast.Match) -> p.Op:
        names = [name for case in node.cases for name in captured(case.pattern)]
        bodies = tuple(self.block(case.body) for case in node.cases)
        return p.Branches(node.lineno, self.uses([node.subject]), tuple(names), bodies)

    def _on_raise(self, node: ast.Raise) -> p.Op:
        kind, text = None, ""
        if node.exc is not None:
            call = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
            kind = ".".join(chain_of(call) or ("Exception",))
            arguments = node.exc.args if isinstance(node.exc, ast.Call) else []
            if arguments and isinstance(arguments[0], ast.Constant):
                text = str(arguments[0].value)
        return p.Raise(node.lineno, kind, text, self.uses([node.exc]))

    def _on_assert(self, node: ast.Assert) -> p.Op | None:
        if isinstance(node.test, ast.Constant) and not node.test.value:
            text = str(node.msg.value) if isinstance(node.msg, ast.Constant) else ""
            return p.Raise(node.lineno, "AssertionError", text, self.uses([node.msg]))
        return self.evaluate(node.lineno, [node.test, node.msg])

    def _on_return(self, node: ast.Return) -> p.Op:
        value = node.value if node.value is not None and is_evaluable(node.value) else None
        return p.Return(node.lineno, value, self.uses([node.value]))

    def _on_break(self, node: ast.Break) -> p.Op:
        return p.Leave(node.lineno, True)

    def _on_continue(self, node: ast.Continue) -> p.Op:
        return p.Leave(node.lineno, False)

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


def _types(node: ast.expr | None) -> tuple[tuple[str, ...], ...] | None:
    """The exception types of an ``except`` clause as chains; what is no chain comes as ``("?",)``."""
    if node is None:
        return None
    parts = node.elts if isinstance(node, ast.Tuple) else [node]
    return tuple(chain_of(part) or ("?",) for part in parts)


def _suppressed(node: ast.expr) -> tuple[tuple[str, ...], ...]:
    """The exception types of ``contextlib.suppress(...)``; empty for any other context manager."""
    if not isinstance(node, ast.Call) or (chain_of(node.func) or ("",))[-1] != "suppress":
        return ()
    return tuple(chain_of(part) or ("?",) for part in node.args)
