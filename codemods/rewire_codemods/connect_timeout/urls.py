"""Limits in the query of a DSN or SQLAlchemy URL: find them, and write the literal without them.

A literal is looked at as a row of cells, one for each character of its text, so that a parameter is cut out of the
source text wherever its pieces stand: in one string, in adjacent ones, in an f-string.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
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
    """The limits of one URL: its driver, what was set, and the literal's pieces as source text without them.

    A piece (one of several adjacent literals) of which nothing is left is ``""``.
    """

    driver: str
    found: tuple[tuple[str, Value], ...]
    pieces: tuple[str, ...]


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
        value = value_of(cells[0].hole.expression, origins)
        return value if value.known or value.action != "keep" else replace(value, action="float")
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


def _without(node: cst.CSTNode, cells: list[Cell], dropped: set[int], origins: Origins) -> tuple[str, ...]:
    """The source text of each piece without the cells ``dropped``."""
    text = origins.names.tree.text
    gone = [cells[place].span for place in sorted(dropped)]
    new: list[str] = []
    for piece in pieces_of(node):
        span = origins.names.tree.span(piece)
        kept: list[str] = []
        position = span.start
        for cut in gone:
            if span.contains(cut):
                kept.append(text[position : cut.start])
                position = cut.end
        kept.append(text[position : span.end])
        code = "".join(kept)
        new.append("" if _EMPTY.fullmatch(code) and code != span.of(text) else code)
    if not any(new):
        new[0] = '""'
    return tuple(new)


def pieces_of(node: cst.CSTNode) -> list[cst.CSTNode]:
    """The adjacent literals that make up one string, in order."""
    if isinstance(node, cst.ConcatenatedString):
        return [*pieces_of(node.left), *pieces_of(node.right)]
    return [node]
