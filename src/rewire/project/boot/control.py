"""From statements to operations: those that decide what runs next."""

from __future__ import annotations

import ast
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from rewire.project.boot import program as p
from rewire.project.boot.scopes import captured
from rewire.project.boot.uses import bound_names, chain_of, is_evaluable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class Control(ABC):
    """The part of ``statements.Builder`` that knows branches, loops, exceptions, and what leaves them."""

    @abstractmethod
    def block(self, statements: Iterable[ast.stmt]) -> tuple[p.Op, ...]:
        """The operations of a block."""

    @abstractmethod
    def uses(self, expressions: Iterable[ast.expr | None]) -> tuple[p.Use, ...]:
        """The names that expressions read, in order."""

    @abstractmethod
    def evaluate(self, line: int, expressions: Sequence[ast.expr | None]) -> p.Op | None:
        """An ``Evaluate``, or None if nothing in the expressions matters."""

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
