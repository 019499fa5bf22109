"""Where strings and comments of a Python text start and end, in any version's syntax, without a parser.

Strings of every prefix, replacement fields of f- and t-strings with quotes nested in them (PEP 701, PEP 750). Text
that is not Python gets an answer as well: an unclosed one-line string ends with its line.
"""

from __future__ import annotations

import re
from functools import cache

OPENER = re.compile(
    r"""(?P<comment>\#[^\r\n]*)
      | (?P<string>(?:\b[rRbBuUfFtT]{1,2})?(?:'''|\"\"\"|'|\"))
      | (?P<open>[(\[{])
      | (?P<close>[)\]}])
      | (?P<joined>\\(?:\r\n|\r|\n))
      | (?P<newline>\r\n|\r|\n)""",
    re.VERBOSE,
)
"""What ends a run of plain text; a string or comment is only opened here where it may be a string."""

_REST = {
    "'": re.compile(r"(?:[^'\\\r\n]|\\(?:\r\n|[\s\S]))*"),
    '"': re.compile(r'(?:[^"\\\r\n]|\\(?:\r\n|[\s\S]))*'),
    "'''": re.compile(r"(?:[^'\\]|\\[\s\S]|'(?!''))*"),
    '"""': re.compile(r'(?:[^"\\]|\\[\s\S]|"(?!""))*'),
}
_FIELD = re.compile(r"\{\{|\}\}|\{|\}|\\[\s\S]|'''|\"\"\"|['\"]|\r\n|\r|\n")
_LETTERS = frozenset("rRbBuUfFtT")

Place = tuple[int, int]
"""Offsets of the first character and after the last one."""


@cache
def easy_string() -> str:
    """The pattern of a string, its prefix left out, that can be told without counting fields: closed, and all but
    the f- and t-strings that are triple-quoted or nest. Where it matches it ends where ``string_end`` says.
    """
    plain = (
        r"'''(?:[^'\\]++|\\[\s\S]|'(?!''))*+'''",
        r'"""(?:[^"\\]++|\\[\s\S]|"(?!""))*+"""',
        r"'(?!'')(?:[^'\\\r\n]++|\\(?:\r\n|[\s\S]))*+'",
        r'"(?!"")(?:[^"\\\r\n]++|\\(?:\r\n|[\s\S]))*+"',
    )
    formatted = "|".join((_formatted("'", '"'), _formatted('"', "'")))
    prefixed = r"(?:(?<=[fFtT])|(?<=[fFtT][rRbBuU]))"
    unprefixed = r"(?<![fFtT])(?<![fFtT][rRbBuU])"
    return f"(?:{unprefixed}(?:{'|'.join(plain)})|{prefixed}(?:{formatted}))"


def _formatted(quote: str, other: str) -> str:
    """An f-string on one line whose fields, one within another at most, hold no quotes but those of plain strings in
    the other kind of quotes.
    """
    inside = rf"[^'\"\\{{}}\r\n]++|{other}[^'\"\\{{}}\r\n]*+{other}(?!{other})"
    field = rf"\{{(?:{inside}|\{{(?:{inside})*+\}})*+\}}"
    pieces = rf"[^{quote}\\{{}}\r\n]++|\{{\{{|\}}\}}|{field}|\\[^{{}}\r]"
    return rf"{quote}(?!{quote}{quote})(?:{pieces})*+{quote}"


@cache
def _next_literal() -> re.Pattern[str]:
    return re.compile(rf"[^'\"#]*+(?:(\#[^\r\n]*+)|({easy_string()})|['\"])")


def literals(text: str, end: int) -> tuple[list[Place], list[Place]]:
    """The comments and the strings (prefix and quotes included) of ``text`` before ``end``, in order."""
    comments: list[Place] = []
    strings: list[Place] = []
    match = _next_literal().match
    position = 0
    while (found := match(text, position)) is not None:
        kind = found.lastindex
        if kind == 1:
            place = found.span(1)
            if place[0] >= end:
                break
            comments.append(place)
        else:
            quote = found.start(2) if kind == 2 else found.end() - 1
            if quote >= end:
                break
            start = _prefix_start(text, quote, position)
            place = (start, found.end() if kind == 2 else string_end_at(text, start))
            strings.append(place)
        position = place[1]
    return comments, strings


def _prefix_start(text: str, quote: int, least: int) -> int:
    """Where the string whose first quote is at ``quote`` starts: at its prefix of one or two letters, if it has one."""
    start = quote
    while start > least and quote - start < 3 and text[start - 1] in _LETTERS:
        start -= 1
    if start == quote or quote - start > 2:
        return quote
    before = text[start - 1] if start else ""
    return quote if before == "_" or before.isalnum() else start


def string_end_at(text: str, start: int) -> int:
    """Offset after the string that starts at ``start`` (with its prefix)."""
    opener = OPENER.match(text, start)
    assert opener is not None
    return string_end(text, opener)


def string_end(text: str, opener: re.Match[str]) -> int:
    """Offset after the string that ``opener`` starts; at the line's end if a one-line string is not closed."""
    token = opener.group()
    quote = token.lstrip("rRbBuUfFtT")
    prefix = token[: len(token) - len(quote)].lower()
    if "f" in prefix or "t" in prefix:
        return _formatted_end(text, opener.end(), quote, raw="r" in prefix)
    rest = _REST[quote].match(text, opener.end())
    assert rest is not None
    return rest.end() + len(quote) if text.startswith(quote, rest.end()) else rest.end()


def _formatted_end(text: str, position: int, quote: str, *, raw: bool) -> int:  # noqa: C901 - one branch a kind of token
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
                inner = OPENER.match(text, found.start())
                assert inner is not None
                position = string_end(text, inner)
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
