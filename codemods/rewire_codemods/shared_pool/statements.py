"""Statements by path: the lists of statements in a function, and small questions about one statement."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import libcst as cst

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rewire_codemods.shared_pool.facts import Path

_LAYOUT = re.compile(
    r"__|whitespace|lpar|rpar|comma|lbracket|rbracket|lbrace|rbrace|leading_lines|lines_after|header|footer|trailing_whitespace"
    r"|equal|dot|semicolon|colon|indent|newline|async"
)
_FIELDS: dict[type, tuple[str, ...]] = {}
_WORD = re.compile(r"[A-Za-z_]\w*")
Statement = cst.BaseStatement | cst.SimpleStatementSuite | cst.If
"""A statement in a list; a one-line suite (``if x: y``) counts as a list of one."""


@dataclass(frozen=True)
class Line:
    """One statement, its path, and the parts of it that are not statements in turn."""

    path: Path
    node: Any
    header: tuple[cst.CSTNode, ...]


def members(suite: Any) -> Sequence[Any]:
    """The statements of a suite; a one-line suite stands for itself."""
    return suite.body if isinstance(suite, cst.IndentedBlock) else (suite,)


def suites(node: Any) -> Iterator[tuple[str, Sequence[Any]]]:
    """The statement lists of a compound statement by name. An ``elif`` is a list of one ``If`` called ``orelse``."""
    if isinstance(node, (cst.Try, cst.TryStar)):
        yield from _suites_of_try(node)
    elif isinstance(node, (cst.If, cst.For, cst.While)):
        yield "body", members(node.body)
        if isinstance(node.orelse, cst.If):
            yield "orelse", (node.orelse,)
        elif node.orelse:
            yield "orelse", members(node.orelse.body)
    elif isinstance(node, cst.With):
        yield "body", members(node.body)
    elif isinstance(node, cst.Match):
        for index, case in enumerate(node.cases):
            yield f"case{index}", members(case.body)


def _suites_of_try(node: Any) -> Iterator[tuple[str, Sequence[Any]]]:
    yield "body", members(node.body)
    for index, handler in enumerate(node.handlers):
        yield f"handler{index}", members(handler.body)
    if node.orelse:
        yield "orelse", members(node.orelse.body)
    if node.finalbody:
        yield "finalbody", members(node.finalbody.body)


def header(node: Any) -> tuple[cst.CSTNode, ...]:
    """The parts of a statement outside its suites: tests, targets, items, handler types, decorators."""
    if isinstance(node, (cst.Try, cst.TryStar)):
        return tuple(part for handler in node.handlers for part in (handler.type, handler.name) if part is not None)
    if isinstance(node, cst.Match):
        parts = [part for case in node.cases for part in (case.pattern, case.guard) if part is not None]
        return (node.subject, *parts)
    if isinstance(node, cst.If):
        return (node.test,)
    if isinstance(node, cst.While):
        return (node.test,)
    if isinstance(node, cst.For):
        return (node.target, node.iter)
    if isinstance(node, cst.With):
        return tuple(node.items)
    return (node,)


def lines(statements: Sequence[Any], above: Path = ()) -> Iterator[Line]:
    """Every statement of a list and below it in source order; nested functions and classes are not entered."""
    for index, node in enumerate(statements):
        path = (*above, index)
        yield Line(path, node, header(node))
        for name, inner in suites(node):
            yield from lines(inner, (*path, name))


def at(statements: Sequence[Any], path: Path) -> Any:
    """The statement at ``path``."""
    node: Any = statements[int(path[0])]
    for name, index in zip(path[1::2], path[2::2], strict=True):
        node = dict(suites(node))[str(name)][int(index)]
    return node


def list_at(statements: Sequence[Any], above: Path) -> Sequence[Any]:
    """The list that holds the statement paths beginning with ``above`` (``()``: the outermost one)."""
    if not above:
        return statements
    return dict(suites(at(statements, above[:-1])))[str(above[-1])]


def small(node: Any) -> cst.BaseSmallStatement | None:
    """The simple statement that ``node`` consists of; None if it is compound or several on a line."""
    if isinstance(node, (cst.SimpleStatementLine, cst.SimpleStatementSuite)) and len(node.body) == 1:
        return node.body[0]
    return None


def smalls(node: Any) -> Sequence[cst.BaseSmallStatement]:
    """The simple statements of a line; none for a compound statement."""
    return node.body if isinstance(node, (cst.SimpleStatementLine, cst.SimpleStatementSuite)) else ()


def children(node: cst.CSTNode) -> Sequence[cst.CSTNode]:
    """The parts of a node that mean something: white space, brackets, commas and comments left out.

    LibCST's own ``children`` visits every token to find them, which costs twenty times as much.
    """
    kind = type(node)
    names = _FIELDS.get(kind)
    if names is None:
        fields = getattr(kind, "__dataclass_fields__", {})
        names = _FIELDS[kind] = tuple(name for name in fields if not _LAYOUT.match(name))
    found: list[cst.CSTNode] = []
    for name in names:
        value = getattr(node, name)
        if isinstance(value, cst.CSTNode):
            found.append(value)
        elif isinstance(value, (list, tuple)):
            found.extend(part for part in value if isinstance(part, cst.CSTNode))
    return found


def walk(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """A node and everything that means something below it, in source order within each expression."""
    stack = [node]
    while stack:
        current = stack.pop()
        yield current
        stack.extend(reversed(children(current)))


def every_token(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """A node and everything below it, white space and comments included, in source order. Slow."""
    stack = [node]
    while stack:
        current = stack.pop()
        yield current
        stack.extend(reversed(current.children))


def code_of(node: cst.CSTNode) -> str:
    """The source text of one node, without asking for the positions of all."""
    return cst.Module([]).code_for_node(node)


def has_comment(line: cst.SimpleStatementLine) -> bool:
    """True for a comment in or behind a statement; those on lines before it do not count."""
    parts = (*line.body, line.trailing_whitespace)
    return any(isinstance(inner, cst.Comment) for part in parts for inner in every_token(part))


def reading(node: cst.CSTNode) -> Sequence[cst.CSTNode]:
    """The children of a node without names that read nothing: attributes, keywords, what an import names."""
    if isinstance(node, (cst.Attribute, cst.Arg)):
        return (node.value,)
    if isinstance(node, (cst.Import, cst.ImportFrom)):
        return ()
    return children(node)


def names_in(*nodes: cst.CSTNode) -> Counter[str]:
    """How often each plain name occurs in some nodes; quoted annotations count by their words."""
    found: Counter[str] = Counter()
    stack = [(node, False) for node in nodes]
    while stack:
        current, quoted = stack.pop()
        if isinstance(current, cst.Name):
            found[current.value] += 1
        elif isinstance(current, cst.SimpleString):
            value = current.evaluated_value
            if quoted and isinstance(value, str):
                found.update(_WORD.findall(value))
        else:
            quoted = quoted or _quotes(current)
            stack.extend((child, quoted) for child in reading(current))
    return found


def _quotes(node: cst.CSTNode) -> bool:
    """True where strings stand for names: in annotations, ``cast(...)`` and ``__all__``."""
    if isinstance(node, cst.Annotation):
        return True
    if isinstance(node, cst.Call):
        return last_name(node.func) in {"cast", "TypeVar"}
    return isinstance(node, cst.Assign) and last_name(node.targets[0].target) == "__all__"


def last_name(node: cst.CSTNode) -> str:
    """``create_task`` of ``asyncio.create_task`` and of ``group().create_task``; empty for anything unnamed."""
    if isinstance(node, cst.Attribute):
        return node.attr.value
    return node.value if isinstance(node, cst.Name) else ""


def unwrap(node: cst.BaseExpression) -> cst.BaseExpression:
    """The expression that is awaited, or the expression itself."""
    return node.expression if isinstance(node, cst.Await) else node


def ends(node: Any) -> bool:
    """True if control never goes on behind a simple statement."""
    return any(isinstance(part, (cst.Return, cst.Raise, cst.Break, cst.Continue)) for part in smalls(node))
