"""Logical lines, comments and string literals of a Python text, in any version's syntax, without a parser.

A full parse costs a hundred times as much (``docs/design.md``) and reads fewer versions. This scanner knows just
enough of the lexical grammar (https://docs.python.org/3/reference/lexical_analysis.html) to tell where a statement
starts and ends: strings of every prefix, replacement fields of f- and t-strings with quotes nested in them (PEP 701,
PEP 750), comments, brackets, backslash continuations. It never fails; on text that is not Python its answer is
merely useless, so whoever splices parses the result.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass

from rewire.model.source import Span

_INTEREST = re.compile(
    r"""(?P<comment>\#[^\r\n]*)
      | (?P<string>(?:\b[rRbBuUfFtT]{1,2})?(?:'''|\"\"\"|'|\"))
      | (?P<open>[(\[{])
      | (?P<close>[)\]}])
      | (?P<joined>\\(?:\r\n|\r|\n))
      | (?P<newline>\r\n|\r|\n)""",
    re.VERBOSE,
)
_REST = {
    "'": re.compile(r"(?:[^'\\\r\n]|\\(?:\r\n|[\s\S]))*"),
    '"': re.compile(r'(?:[^"\\\r\n]|\\(?:\r\n|[\s\S]))*'),
    "'''": re.compile(r"(?:[^'\\]|\\[\s\S]|'(?!''))*"),
    '"""': re.compile(r'(?:[^"\\]|\\[\s\S]|"(?!""))*'),
}
_FIELD = re.compile(r"\{\{|\}\}|\{|\}|\\[\s\S]|'''|\"\"\"|['\"]|\r\n|\r|\n")
_INDENT = re.compile(r"[ \t\f]*")
_OPENS_BLOCK = re.compile(r"@|(?:if|elif|else|for|while|try|except|finally|with|def|class|async|match|case)\b")
_CLAUSE = re.compile(r"(?:else|elif|except|finally)\b")
_CASE = re.compile(r"case\b")
_MATCH = re.compile(r"match\b")


@dataclass(frozen=True, slots=True)
class LogicalLine:
    """One logical line: ``start`` is the first column of its first physical line, ``end`` is after its newline.

    ``code`` is the offset of the first token. Blank and comment-only lines are no logical lines.
    """

    start: int
    code: int
    end: int


@dataclass(frozen=True, slots=True)
class Layout:
    """What the scanner found in one text: logical lines, comments and strings (prefix and quotes included)."""

    text: str
    lines: tuple[LogicalLine, ...]
    comments: tuple[Span, ...]
    strings: tuple[Span, ...]

    def line_at(self, offset: int) -> int | None:
        """Index of the logical line that holds ``offset``; None on blank and comment-only lines."""
        index = bisect_right(self.lines, offset, key=lambda line: line.start) - 1
        if index < 0 or offset >= self.lines[index].end:
            return None
        return index

    def lines_of(self, span: Span) -> Span | None:
        """The full logical lines that ``span`` touches; None outside of any."""
        first, last = self.line_at(span.start), self.line_at(max(span.start, span.end - 1))
        return None if first is None or last is None else Span(self.lines[first].start, self.lines[last].end)

    def is_simple(self, span: Span) -> bool:
        """True if ``span`` lies in one logical line that opens no block, continues none and decorates nothing."""
        index = self.line_at(span.start)
        if index is None or index != self.line_at(max(span.start, span.end - 1)):
            return False
        return _OPENS_BLOCK.match(self.text, self.lines[index].code) is None

    def indent(self, index: int) -> str:
        """The white space before the first token of logical line ``index``."""
        line = self.lines[index]
        return self.text[line.start : line.code]

    def indent_step(self) -> str:
        """What one level of indentation adds in this text; four spaces where nothing is indented."""
        for index in range(1, len(self.lines)):
            outer, inner = (self.indent(at).rpartition("\f")[2] for at in (index - 1, index))
            if len(inner) > len(outer) and inner.startswith(outer):
                return inner[len(outer) :]
        return "    "

    def opens_clause(self, index: int) -> bool:
        """True if the line continues a compound statement (else, elif, except, finally, case)."""
        code = self.lines[index].code
        return _CLAUSE.match(self.text, code) is not None or self._is_case(index)

    def _is_case(self, index: int) -> bool:
        """True for a case clause: a line that starts with the word, right inside a match statement."""
        if not _CASE.match(self.text, self.lines[index].code):
            return False
        column = width(self.indent(index))
        above = index - 1
        while above >= 0 and width(self.indent(above)) >= column:
            above -= 1
        return above >= 0 and _MATCH.match(self.text, self.lines[above].code) is not None

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
            column = width(self.indent(index))
            if column < width(self.indent(first)):
                while first and width(self.indent(first)) > column:
                    first -= 1
                first = self._owner(first)
        return Span(self.lines[first].start, self.lines[self._statement_end(first, last)].end)

    def _owner(self, index: int) -> int:
        """Move up from a clause to the line that opens its statement, and to the first decorator above it."""
        while self.opens_clause(index) and index:
            is_case = self._is_case(index)
            column = width(self.indent(index))
            above = index - 1
            while above and (
                width(self.indent(above)) > column
                or (width(self.indent(above)) == column and (is_case or self.opens_clause(above)))
            ):
                above -= 1
            index = above
        while index and self.text.startswith("@", self.lines[index - 1].code):
            index -= 1
        return index

    def _statement_end(self, first: int, last: int) -> int:
        column = width(self.indent(first))
        while last + 1 < len(self.lines):
            following = width(self.indent(last + 1))
            continues = following > column or (following == column and self.opens_clause(last + 1))
            decorated = following == column and self.text.startswith("@", self.lines[last].code)
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


def scan(text: str, stop: int | None = None) -> Layout:  # noqa: C901 - one branch a kind of token
    """Scan ``text``; linear in its length. With ``stop``, no further than the logical line that holds that offset."""
    lines: list[LogicalLine] = []
    comments: list[Span] = []
    strings: list[Span] = []
    position = start = depth = 0
    code = -1
    size = len(text)
    while True:
        if code < 0 and depth == 0:
            match = _INDENT.match(text, start)
            assert match is not None
            if match.end() >= size:
                break
            if text[match.end()] not in "#\r\n" and not _joined_at(text, match.end()):
                code = match.end()
                position = max(position, code)
        found = _INTEREST.search(text, position)
        if found is None:
            break
        kind = found.lastgroup
        position = found.end()
        if kind == "comment":
            comments.append(Span(found.start(), position))
        elif kind == "string":
            if code < 0:
                code = found.start()
            position = _string_end(text, found)
            strings.append(Span(found.start(), position))
        elif kind == "open":
            depth += 1
        elif kind == "close":
            depth = max(0, depth - 1)
        elif kind == "joined":
            if code < 0:
                after = _INDENT.match(text, position)
                assert after is not None
                if text[after.end() : after.end() + 1] not in ("", "#", "\\", "\r", "\n"):
                    code = after.end()
        elif depth == 0:
            if code >= 0:
                lines.append(LogicalLine(start, code, position))
            start, code = position, -1
            if stop is not None and position > stop:
                break
    if code >= 0:
        lines.append(LogicalLine(start, code, size))
    return Layout(text, tuple(lines), tuple(comments), tuple(strings))


def _joined_at(text: str, offset: int) -> bool:
    return text[offset] == "\\" and text[offset + 1 : offset + 2] in ("\r", "\n")


def _string_end(text: str, opener: re.Match[str]) -> int:
    """Offset after the string that ``opener`` starts; at the line's end if a one-line string is not closed."""
    token = opener.group()
    quote = token.lstrip("rRbBuUfFtT")
    prefix = token[: len(token) - len(quote)].lower()
    if "f" in prefix or "t" in prefix:
        return _formatted_end(text, opener.end(), quote, raw="r" in prefix)
    rest = _REST[quote].match(text, opener.end())
    assert rest is not None
    return rest.end() + len(quote) if text.startswith(quote, rest.end()) else rest.end()


def _formatted_end(text: str, position: int, quote: str, *, raw: bool) -> int:  # noqa: C901 - likewise
    """Offset after an f- or t-string whose body starts at ``position``; replacement fields nest."""
    depth = 0
    while True:
        found = _FIELD.search(text, position)
        if found is None:
            return len(text)
        token = found.group()
        position = found.end()
        if token == quote and depth == 0:
            return position
        if quote.startswith(token[0]) and depth == 0 and len(token) > len(quote):
            return found.start() + len(quote)
        if token[0] in "'\"":
            if depth:
                if quote == token and not _closes_field(text, position):
                    return position  # before PEP 701 the same quote could only end the string
                inner = _INTEREST.match(text, found.start())
                assert inner is not None
                position = _string_end(text, inner)
            elif quote in token:
                return found.start() + len(quote)
        elif token[0] == "\\":
            if raw and token[1] in "{}":
                position = found.start() + 1
        elif token == "{{" and depth == 0:
            continue
        elif token[0] == "{":
            depth += 1
            position = found.start() + 1
        elif token[0] == "}":
            if depth:
                depth -= 1
                position = found.start() + 1
        elif len(quote) == 1 and depth == 0:
            return found.start()


def _closes_field(text: str, position: int) -> bool:
    """True if the rest of the physical line still closes a replacement field."""
    end = text.find("\n", position)
    return "}" in text[position : end if end >= 0 else len(text)]
