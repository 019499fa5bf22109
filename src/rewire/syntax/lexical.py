"""Logical lines, comments and string literals of a Python text, in any version's syntax, without a parser.

A full parse costs a hundred times as much (``docs/design.md``) and reads fewer versions. This scanner knows just
enough of the lexical grammar (https://docs.python.org/3/reference/lexical_analysis.html) to tell where a statement
starts and ends: strings of every prefix, replacement fields of f- and t-strings with quotes nested in them (PEP 701,
PEP 750), comments, brackets, backslash continuations. It never fails; on text that is not Python its answer is
merely useless, so whoever splices parses the result. Each half of the answer is read when it is first asked for.
"""

from __future__ import annotations

import re
import sys
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property, lru_cache
from operator import sub
from typing import NamedTuple

from rewire.model.source import Span
from rewire.syntax.lines import Starts, split
from rewire.syntax.literals import literals

OPENS_BLOCK = re.compile(r"@|(?:if|elif|else|for|while|try|except|finally|with|def|class|async|match|case)\b")
"""What a line starts with that may not be a simple statement (or may: ``match = 1``)."""

_CLAUSE = re.compile(r"(?:else|elif|except|finally)\b")
_CASE = re.compile(r"case\b")
_MATCH = re.compile(r"match\b")
_BLANK = re.compile(r"(?:[ \t\f]|\\(?:\r\n|\r|\n))*+(?:\#[^\r\n]*+)?(?:\r\n|\r|\n)")


class LogicalLine(NamedTuple):
    """One logical line: ``start`` is the first column of its first physical line, ``end`` is after its newline.

    ``code`` is the offset of the first token. Blank and comment-only lines are no logical lines.
    """

    start: int
    code: int
    end: int


@dataclass(frozen=True)
class Layout:
    """Logical lines, comments and strings (prefix and quotes included) of one text.

    No further than the logical line that holds the offset ``stop``.
    """

    text: str
    stop: int = sys.maxsize

    @cached_property
    def offsets(self) -> Starts:
        """The logical lines as three lists of offsets, for those who look at many."""
        return split(self.text, self.stop)

    @cached_property
    def lines(self) -> tuple[LogicalLine, ...]:
        """The logical lines, in order."""
        found = self.offsets
        return tuple(map(LogicalLine, found.starts, found.codes, found.ends))

    @cached_property
    def _literals(self) -> tuple[tuple[Span, ...], tuple[Span, ...]]:
        comments, strings = literals(self.text, self._end())
        return tuple(Span(*place) for place in comments), tuple(Span(*place) for place in strings)

    @property
    def comments(self) -> tuple[Span, ...]:
        """The comments, in order."""
        return self._literals[0]

    @property
    def strings(self) -> tuple[Span, ...]:
        """The string literals, in order; one within another's replacement field is part of it."""
        return self._literals[1]

    def _end(self) -> int:
        """Where the answer ends: after the line, logical or blank, that holds ``stop``."""
        if self.stop >= len(self.text):
            return len(self.text)
        ends = self.offsets.ends
        position = ends[-1] if ends else 0
        while position <= self.stop:
            blank = _BLANK.match(self.text, position)
            if blank is None:
                return len(self.text)
            position = blank.end()
        return position

    def line_at(self, offset: int) -> int | None:
        """Index of the logical line that holds ``offset``; None on blank and comment-only lines."""
        found = self.offsets
        index = bisect_right(found.starts, offset) - 1
        if index < 0 or offset >= found.ends[index]:
            return None
        return index

    def lines_of(self, span: Span) -> Span | None:
        """The full logical lines that ``span`` touches; None outside of any."""
        first, last = self.line_at(span.start), self.line_at(max(span.start, span.end - 1))
        found = self.offsets
        return None if first is None or last is None else Span(found.starts[first], found.ends[last])

    def is_simple(self, span: Span) -> bool:
        """True if ``span`` lies in one logical line that opens no block, continues none and decorates nothing."""
        index = self.line_at(span.start)
        if index is None or index != self.line_at(max(span.start, span.end - 1)):
            return False
        return OPENS_BLOCK.match(self.text, self.offsets.codes[index]) is None

    def indent(self, index: int) -> str:
        """The white space before the first token of logical line ``index``."""
        found = self.offsets
        return self.text[found.starts[index] : found.codes[index]]

    def column(self, index: int) -> int:
        """The width of that white space."""
        found = self.offsets
        indent = self.text[found.starts[index] : found.codes[index]]
        return width(indent) if "\t" in indent or "\f" in indent else len(indent)

    def columns(self) -> list[int]:
        """The width of every logical line's white space."""
        found = self.offsets
        if "\t" in self.text or "\f" in self.text:
            return [self.column(index) for index in range(len(found.codes))]
        return list(map(sub, found.codes, found.starts))

    def indent_step(self) -> str:
        """What one level of indentation adds in this text; four spaces where nothing is indented."""
        for index in range(1, len(self.offsets.codes)):
            outer, inner = (self.indent(at).rpartition("\f")[2] for at in (index - 1, index))
            if len(inner) > len(outer) and inner.startswith(outer):
                return inner[len(outer) :]
        return "    "

    def opens_clause(self, index: int) -> bool:
        """True if the line continues a compound statement (else, elif, except, finally, case)."""
        code = self.offsets.codes[index]
        return _CLAUSE.match(self.text, code) is not None or self._is_case(index)

    def _is_case(self, index: int) -> bool:
        """True for a case clause: a line that starts with the word, right inside a match statement."""
        if not _CASE.match(self.text, self.offsets.codes[index]):
            return False
        column = self.column(index)
        above = index - 1
        while above >= 0 and self.column(above) >= column:
            above -= 1
        return above >= 0 and _MATCH.match(self.text, self.offsets.codes[above]) is not None

    def statement_region(self, span: Span) -> Span | None:
        """The smallest run of whole statements, as full lines, that covers ``span``; None if there is none.

        The first line is never an else, elif, except, finally or case; decorators are not split from what they
        decorate; the last statement is complete, clauses included.
        """
        first = self.line_at(span.start)
        last = self.line_at(max(span.start, span.end - 1))
        if first is None or last is None:
            return None
        first = self._owner(first)
        for index in range(first, last + 1):
            column = self.column(index)
            if column < self.column(first):
                while first and self.column(first) > column:
                    first -= 1
                first = self._owner(first)
        return Span(self.offsets.starts[first], self.offsets.ends[self._statement_end(first, last)])

    def _owner(self, index: int) -> int:
        """Move up from a clause to the line that opens its statement, and to the first decorator above it."""
        while self.opens_clause(index) and index:
            is_case = self._is_case(index)
            column = self.column(index)
            above = index - 1
            while above and (
                self.column(above) > column or (self.column(above) == column and (is_case or self.opens_clause(above)))
            ):
                above -= 1
            index = above
        while index and self.text.startswith("@", self.offsets.codes[index - 1]):
            index -= 1
        return index

    def _statement_end(self, first: int, last: int) -> int:
        column = self.column(first)
        while last + 1 < len(self.offsets.codes):
            following = self.column(last + 1)
            continues = following > column or (following == column and self.opens_clause(last + 1))
            decorated = following == column and self.text.startswith("@", self.offsets.codes[last])
            if not (continues or decorated):
                break
            last += 1
        return last


def width(indent: str) -> int:
    """Columns of an indentation: tabs to the next multiple of eight, a form feed starts again."""
    column = 0
    for char in indent:
        column = 0 if char == "\f" else (column // 8 + 1) * 8 if char == "\t" else column + 1
    return column


@lru_cache(maxsize=4)
def _layout(text: str, stop: int) -> Layout:
    return Layout(text, stop)


def scan(text: str, stop: int | None = None) -> Layout:
    """The layout of ``text``; linear in its length. With ``stop``, no further than the logical line that holds that
    offset.
    """
    return _layout(text, sys.maxsize if stop is None else stop)
