"""Limits in the query of a DSN or SQLAlchemy URL: find them, and write the literal without them.

A literal is looked at as a row of cells, one for each character of its text, so that a parameter is cut out of the
source text wherever its pieces stand: in one string, in adjacent ones, in an f-string.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import libcst as cst

from rewire.codemod import Span
from rewire_codemods.connect_timeout import tables
from rewire_codemods.connect_timeout.values import text_value, value_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rewire_codemods.connect_timeout.facts import Value
    from rewire_codemods.connect_timeout.origins import Origins

SCHEME = re.compile(r"\s*(postgres(?:ql)?)(?:\+(\w+))?://", re.IGNORECASE)
LIMIT = re.compile(rf"[?&](?:{'|'.join(tables.DSN_LIMITS)})=")
_HOLE = "\ufffc"
_EMPTY = re.compile(r"(?i)[rbuf]{0,2}(?:''''''|\"\"\"\"\"\"|''|\"\")")
_OPENER = re.compile(r"(?i)[rbuf]*('''|\"\"\"|'|\")")

StringNode = cst.SimpleString | cst.ConcatenatedString | cst.FormattedString


@dataclass(frozen=True, slots=True)
class Cell:
    """One character of the text, or one ``{...}`` of an f-string (``hole``), and its characters in the source."""

    char: str
    span: Span
    hole: cst.CSTNode | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of one URL: its driver, what was set, and the literal's source text without them."""

    driver: str
    found: tuple[tuple[str, Value], ...]
    new: str


def read_limits(node: StringNode, origins: Origins) -> Limits | None:
    """The limits in a URL literal; None if there are none, or if the text is spelt with escapes."""
    cells = list(_cells(node, origins))
    text = "".join(cell.char for cell in cells)
    start = text.find("?")
    if start < 0 or not LIMIT.search(text):
        return None
    scheme = SCHEME.match(text)
    driver = (scheme.group(2) or "").lower() if scheme else ""
    wanted = tables.DSN_LIMITS if not driver else (tables.KEY,)
    end = text.find("#", start)
    end = len(text) if end < 0 else end
    found: list[tuple[str, Value]] = []
    dropped: set[int] = set()
    kept = 0
    place = start + 1
    for part in text[start + 1 : end].split("&"):
        name, equals, _ = part.partition("=")
        if equals and name in wanted:
            found.append((name, _value(cells[place + len(name) + 1 : place + len(part)], origins)))
            dropped.update(range(place, place + len(part) + 1) if place + len(part) < end else range(place - 1, end))
        else:
            kept += 1
        place += len(part) + 1
    if not found:
        return None
    if not kept:
        dropped.update(range(start, end))
    elif text[start + 1 : end].split("&")[-1].partition("=")[0] in wanted:
        dropped |= _separators_before_end(text, dropped, start, end)
    return Limits(driver, tuple(found), _without(node, cells, dropped, origins))


def _separators_before_end(text: str, dropped: set[int], start: int, end: int) -> set[int]:
    """The ``&`` that would end up last when several parameters at the end go."""
    place = end - 1
    answer: set[int] = set()
    while place > start and (place in dropped or text[place] == "&"):
        answer.add(place)
        place -= 1
    return answer


def _value(cells: list[Cell], origins: Origins) -> Value:
    if len(cells) == 1 and isinstance(cells[0].hole, cst.FormattedStringExpression):
        return value_of(cells[0].hole.expression, origins)
    text = "".join(cell.char for cell in cells)
    return text_value(text, text)


def _cells(node: cst.CSTNode, origins: Origins) -> Iterator[Cell]:
    """The cells of a literal; a backslash or a doubled brace counts as characters of its own."""
    if isinstance(node, cst.ConcatenatedString):
        yield from _cells(node.left, origins)
        yield from _cells(node.right, origins)
    elif isinstance(node, cst.SimpleString):
        span = origins.names.tree.span(node)
        quote = _OPENER.match(node.value)
        assert quote is not None
        size = len(quote.group(1))
        for place in range(quote.end(), len(node.value) - size):
            yield Cell(node.value[place], Span(span.start + place, span.start + place + 1))
    elif isinstance(node, cst.FormattedString):
        for part in node.parts:
            span = origins.names.tree.span(part)
            if isinstance(part, cst.FormattedStringText):
                for place, char in enumerate(part.value):
                    yield Cell(char, Span(span.start + place, span.start + place + 1))
            else:
                yield Cell(_HOLE, span, part)


def _without(node: cst.CSTNode, cells: list[Cell], dropped: set[int], origins: Origins) -> str:
    """The literal's source text without the cells ``dropped``; a piece of which nothing is left goes as a whole."""
    span = origins.names.tree.span(node)
    text = origins.names.tree.text
    pieces: list[str] = []
    position = span.start
    for place in sorted(dropped):
        pieces.append(text[position : cells[place].span.start])
        position = cells[place].span.end
    pieces.append(text[position : span.end])
    new = "".join(pieces)
    if isinstance(node, cst.ConcatenatedString):
        new = _drop_empty(new)
    return new


def _drop_empty(code: str) -> str:
    """Adjacent string literals without those that became empty (at least one stays)."""
    parsed = cst.parse_expression(f"({code})")
    parts: list[cst.CSTNode] = []
    node: cst.CSTNode = parsed
    while isinstance(node, cst.ConcatenatedString):
        parts.append(node.left)
        node = node.right
    parts.append(node)
    codes = [cst.Module([]).code_for_node(part.with_changes(lpar=(), rpar=())) for part in parts]
    if not _EMPTY.fullmatch(codes[-1]) or all(_EMPTY.fullmatch(part) for part in codes):
        return code
    cut = code.rfind(codes[-1])
    return code[:cut].rstrip(" \t\r\n\\") if "#" not in code[code.rfind(codes[-2]) + len(codes[-2]) : cut] else code
