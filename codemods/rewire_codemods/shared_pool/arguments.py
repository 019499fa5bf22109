"""The arguments of ``connect``: which database they name, and where each part of that comes from."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import libcst as cst

from rewire.codemod.cst import Tree, dotted_name
from rewire_codemods.shared_pool.facts import Arguments, Atom, Expression, Removal
from rewire_codemods.shared_pool.scopes import FunctionScope, ModuleScope, imported
from rewire_codemods.shared_pool.statements import code_of, has_comment, last_name, names_in, small, walk
from rewire_codemods.shared_pool.templates import written_pieces

if TYPE_CHECKING:
    from collections.abc import Mapping

DATABASE = ("dsn", "host", "port", "user", "password", "passfile", "database", "service", "servicefile")
"""Keywords of ``connect`` that say which database is meant and who asks."""

_GETENV = ("os.getenv", "os.environ.get")
_READERS = ("environs.Env", "environ.Env", "decouple.config", "starlette.config.Config", "decouple.Config")
_READS = frozenset({"str", "int", "url", "get"})
_PURE_METHODS = frozenset({"replace", "strip", "rstrip", "lstrip", "get_secret_value", "unicode_string", "format"})
_PURE_FUNCTIONS = frozenset({"str", "int", "quote_plus", "quote"})


@dataclass
class Reader:
    """Reads expressions of one place. ``traced`` collects the locals that were followed to their only assignment."""

    tree: Tree
    scope: FunctionScope | None
    module: ModuleScope
    traced: list[str] = field(default_factory=list)

    def arguments(self, call: cst.Call, positional: tuple[str, ...] = ("dsn",), dsn: str = "dsn") -> Arguments:
        """The arguments of a ``connect`` or ``create_pool`` call, sorted out; ``dsn`` is what the DSN is called."""
        database: list[tuple[str, Expression]] = []
        others: list[str] = []
        timeout = ""
        for index, arg in enumerate(call.args):
            key = (
                arg.keyword.value if arg.keyword else arg.star or (positional[index] if index < len(positional) else "")
            )
            key = "dsn" if key == dsn else key
            if key == "timeout":
                timeout = code_of(arg.value)
            elif key == "**":
                inside, others_inside = self._splatted(arg.value)
                database.extend(inside)
                others.extend(others_inside)
            elif key in DATABASE or key == "*":
                database.append((key, self.expression(arg.value)))
            else:
                others.append(key or f"positional argument {index + 1}")
        return Arguments(tuple(sorted(database, key=lambda item: item[0])), timeout, tuple(others))

    def _splatted(self, node: cst.BaseExpression) -> tuple[list[tuple[str, Expression]], list[str]]:
        """A splatted dict: its entries where the literal is in sight, else the expression as it stands."""
        value: cst.BaseExpression | None = node
        if isinstance(node, cst.Name):
            own = self.scope.values if self.scope else {}
            places = own.get(node.value) or self.module.values.get(node.value, ())
            within = self.scope.node if self.scope and node.value in own else self.tree.module
            value = places[0] if len(places) == 1 and _stays(within, node.value) else None
        if not isinstance(value, cst.Dict):
            return [("**", self.expression(node))], []
        database: list[tuple[str, Expression]] = []
        others: list[str] = []
        for element in value.elements:
            if not isinstance(element, cst.DictElement) or not isinstance(element.key, cst.SimpleString):
                return [("**", self.expression(node))], []
            key = str(element.key.evaluated_value)
            if key in DATABASE:
                database.append((key, self.expression(element.value)))
            else:
                others.append(key)
        return database, others

    def expression(self, node: cst.BaseExpression) -> Expression:
        """An expression as a template of text and atoms."""
        pieces, pure = self._pieces(node, 0)
        if not pure:
            return Expression(code_of(node), _merge(pieces), pure)
        formatted = any(isinstance(inner, cst.FormattedString) for inner in walk(node))
        return Expression(code_of(node), _merge(pieces), pure, _merge(written_pieces(node, self._meant)), formatted)

    def _meant(self, node: cst.BaseExpression, dotted: str) -> Atom | cst.BaseExpression:
        """What a name in an expression is, where it is written; the expression that a local holds."""
        first, _, rest = dotted.partition(".")
        scope = self.scope
        if scope and not rest and scope.is_local(first) and first not in (*scope.parameters, *scope.imports):
            values = scope.values.get(first, [])
            if len(values) == 1 and values[0] is not None:
                return values[0]
        (piece, *_), _ = self._named(node, dotted, 3)
        return piece if isinstance(piece, Atom) else Atom("local", first)

    def _pieces(self, node: cst.BaseExpression, depth: int) -> tuple[list[str | Atom], bool]:
        dotted = dotted_name(node)
        if dotted is not None:
            return self._named(node, dotted, depth)
        if isinstance(node, (cst.SimpleString, cst.ConcatenatedString)) and node.evaluated_value is not None:
            return [Atom("literal", str(node.evaluated_value))], True
        if isinstance(node, (cst.Integer, cst.Float)):
            return [Atom("literal", node.value)], True
        if isinstance(node, cst.FormattedString):
            return self._joined([_part(part) for part in node.parts], depth)
        if isinstance(node, cst.BinaryOperation):
            return self._joined([node.left, _operator(node.operator), node.right], depth)
        if isinstance(node, cst.BooleanOperation):
            return self._joined([node.left, _operator(node.operator), node.right], depth)
        if isinstance(node, cst.Subscript):
            return self._subscript(node, depth)
        if isinstance(node, cst.Call):
            return self._call(node, depth)
        return [code_of(node)], False

    def _joined(self, parts: list[str | cst.BaseExpression], depth: int) -> tuple[list[str | Atom], bool]:
        pieces: list[str | Atom] = []
        pure = True
        for part in parts:
            if isinstance(part, str):
                pieces.append(part)
            else:
                inner, ok = self._pieces(part, depth)
                pieces += inner
                pure = pure and ok
        return pieces, pure

    def _named(self, node: cst.BaseExpression, dotted: str, depth: int) -> tuple[list[str | Atom], bool]:
        first, _, rest = dotted.partition(".")
        scope = self.scope
        if dotted in {"None", "True", "False"}:
            return [Atom("literal", dotted)], True
        if scope and scope.parameters[:1] == (first,) and scope.owner:
            return [Atom("self", f"self.{rest}")] if rest else [Atom("parameter", first)], True
        if scope and first in scope.imports:
            return [Atom("name", dotted)], True
        if scope and scope.is_local(first):
            if first in scope.parameters:
                return [Atom("parameter", first)], True
            values = scope.values.get(first, [])
            if len(values) == 1 and values[0] is not None and depth < 3:
                self.traced.append(first)
                inner, pure = self._pieces(values[0], depth + 1)
                return ([*inner, "." + rest] if rest else inner), pure
            return [Atom("local", first)], True
        return [Atom("name", dotted)], True

    def _subscript(self, node: cst.Subscript, depth: int) -> tuple[list[str | Atom], bool]:
        key = node.slice[0].slice
        text = key.value if isinstance(key, cst.Index) else None
        if self._means(node.value, ("os.environ",)) and isinstance(text, cst.SimpleString):
            return [Atom("env", str(text.evaluated_value))], True
        if isinstance(text, cst.SimpleString):
            inner, pure = self._pieces(node.value, depth)
            return [*inner, f"[{text.evaluated_value!r}]"], pure
        return [code_of(node)], False

    def _call(self, node: cst.Call, depth: int) -> tuple[list[str | Atom], bool]:
        arguments = [arg.value for arg in node.args]
        if self._means(node.func, _GETENV) and arguments and isinstance(arguments[0], cst.SimpleString):
            return [Atom("env", str(arguments[0].evaluated_value))], True
        if arguments and isinstance(arguments[0], cst.SimpleString) and self._reads_environment(node.func):
            return [Atom("env", str(arguments[0].evaluated_value))], True
        name = last_name(node.func)
        if isinstance(node.func, cst.Name) and name in _PURE_FUNCTIONS and len(arguments) == 1:
            return self._pieces(arguments[0], depth)
        plain = all(isinstance(argument, (cst.SimpleString, cst.Integer)) for argument in arguments)
        if isinstance(node.func, cst.Attribute) and name in _PURE_METHODS and plain:
            inner, pure = self._pieces(node.func.value, depth)
            written = ", ".join(code_of(argument) for argument in arguments)
            return [*inner, f".{name}({written})"], pure
        callee, _ = self._pieces(node.func, depth)
        pieces, _ = self._joined([part for argument in arguments for part in (argument, ",")], depth)
        return [*callee, "(", *pieces, ")"], False

    def _reads_environment(self, node: cst.BaseExpression) -> bool:
        """``env("X")`` and ``env.str("X")`` of environs, django-environ, decouple and starlette."""
        first = node.value if isinstance(node, cst.Attribute) and node.attr.value in _READS else node
        if not isinstance(first, cst.Name) or (self.scope and self.scope.is_local(first.value)):
            return False
        if self.module.means(first.value, _READERS):
            return True
        values = self.module.values.get(first.value, ())
        value = values[0] if len(values) == 1 else None
        made_by = dotted_name(value.func) if isinstance(value, cst.Call) else None
        return made_by is not None and self.module.means(made_by, _READERS)

    def _means(self, node: cst.BaseExpression, wanted: tuple[str, ...]) -> bool:
        if self.scope:
            return self.scope.means(node, wanted)
        dotted = dotted_name(node)
        return dotted is not None and self.module.means(dotted, wanted)

    def local_removals(self, gone: Mapping[str, int]) -> tuple[Removal, ...]:
        """Statements of the function that only bind what the connect read: locals it was given, imports it used."""
        scope = self.scope
        found = []
        for line in scope.lines if scope else ():
            assert scope is not None
            node = line.node
            if not isinstance(node, cst.SimpleStatementLine) or len(node.body) != 1 or has_comment(node):
                continue
            part = node.body[0]
            span = self.tree.span(node)
            bound = imported(part) if isinstance(part, (cst.Import, cst.ImportFrom)) else {}
            found += [
                Removal(span, name, "import", scope=scope.name, reads=_reads(scope, name))
                for name in bound
                if name in gone
            ]
            removals = [
                removal_of(self.tree, node, name) for name in dict.fromkeys(self.traced) if _assigns(node, name)
            ]
            found += [
                replace(removal, scope=scope.name, reads=_reads(scope, removal.name) - 1)
                for removal in removals
                if removal
            ]
        return tuple(found)


def _stays(within: cst.CSTNode, name: str) -> bool:
    """True if a dict is what its literal says: nothing but ``**name`` and ``name["key"]`` ever touches it."""
    uses = names_in(within)[name]
    harmless = 1  # its assignment
    for node in walk(within):
        if isinstance(node, cst.Arg):
            harmless += node.star == "**" and isinstance(node.value, cst.Name) and node.value.value == name
        elif isinstance(node, cst.Subscript) and isinstance(node.value, cst.Name) and node.value.value == name:
            harmless += 1
        elif isinstance(node, (cst.AssignTarget, cst.AnnAssign, cst.AugAssign, cst.Del)):
            target = node.target
            harmless -= isinstance(target, cst.Subscript) and getattr(target.value, "value", "") == name
    return uses == harmless


def _reads(scope: FunctionScope, name: str) -> int:
    return names_in(*(part for line in scope.lines for part in line.header))[name]


def removal_of(tree: Tree, node: cst.SimpleStatementLine, name: str) -> Removal | None:
    """The removal of a one-name assignment whose value can be computed or not without anybody noticing."""
    part = node.body[0]
    value = part.value if isinstance(part, (cst.Assign, cst.AnnAssign)) else None
    if value is None or not _is_inert(value):
        return None
    names = tuple(sorted({inner.value for inner in walk(part) if isinstance(inner, cst.Name)} - {name}))
    return Removal(tree.span(node), name, "assignment", names, strings_of(tree, part))


def strings_of(tree: Tree, *nodes: cst.CSTNode) -> tuple[str, ...]:
    """The string literals in some nodes, as written."""
    kinds = (cst.SimpleString, cst.FormattedString)
    return tuple(tree.code(inner) for node in nodes for inner in walk(node) if isinstance(inner, kinds))


def _assigns(node: object, name: str) -> bool:
    part = small(node)
    if isinstance(part, cst.Assign) and len(part.targets) == 1:
        target: cst.CSTNode = part.targets[0].target
    elif isinstance(part, cst.AnnAssign):
        target = part.target
    else:
        return False
    return isinstance(node, cst.SimpleStatementLine) and isinstance(target, cst.Name) and target.value == name


def _is_inert(node: cst.BaseExpression) -> bool:
    """Names, attributes, literals, and environment reads that cannot raise; ``os.environ["X"]`` is kept."""
    for inner in walk(node):
        if isinstance(inner, cst.Call) and last_name(inner.func) not in {"getenv", "get", "str"}:
            return False
        if isinstance(inner, (cst.Await, cst.Subscript, cst.NamedExpr, cst.Lambda, cst.Yield)):
            return False
    return True


def _part(node: cst.BaseFormattedStringContent) -> str | cst.BaseExpression:
    """The text or the expression of one part of an f-string."""
    if isinstance(node, cst.FormattedStringExpression):
        return node.expression
    return node.value if isinstance(node, cst.FormattedStringText) else ""


def _operator(node: cst.CSTNode) -> str:
    return {"Add": "+", "Or": " or ", "And": " and "}.get(type(node).__name__, type(node).__name__)


def _merge(pieces: list[str | Atom]) -> tuple[str | Atom, ...]:
    merged: list[str | Atom] = []
    for piece in pieces:
        if isinstance(piece, str) and merged and isinstance(merged[-1], str):
            merged[-1] += piece
        else:
            merged.append(piece)
    return tuple(merged)
