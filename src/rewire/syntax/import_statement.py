"""One import statement, in whatever lay-out: what it imports, from where it stands.

Grammar: https://docs.python.org/3/reference/simple_stmts.html#the-import-statement
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from rewire.syntax.blocks import Guard

_PLAIN_FROM = re.compile(
    r"from[ \t]+(\.*)((?:[^\W\d]\w*(?:\.[^\W\d]\w*)*)?)[ \t]+import[ \t]*"
    r"(?:\(([^()#\\*.;]*)\)|(\*)|(?<=[ \t])([\w \t,]*\w))[ \t]*(?=[;#\r\n]|\Z)"
)
_PLAIN_IMPORT = re.compile(r"import[ \t]+([^\W\d][\w.]*)[ \t]*(?=[;#\r\n]|\Z)")
_TOKEN = re.compile(r"[ \t\f]+|\\(?:\r\n|\r|\n)|\#[^\r\n]*|\r\n|\r|\n|[^\W\d]\w*|[.,()*]")


class ImportStatement(NamedTuple):
    """One import statement; ``start`` and ``end`` are its span, comments and white space around it excluded.

    ``from``: ``level`` dots and ``module`` (one of them is not empty), ``names`` as (name, alias or ""); a star is
    the name ``*``. ``import``: level 0, module ``""``, ``names`` as (dotted name, alias or "").
    ``guards``: outermost first.
    """

    start: int
    end: int
    level: int
    module: str
    names: tuple[tuple[str, str], ...]
    guards: tuple[Guard, ...] = ()

    @property
    def is_from(self) -> bool:
        """True for ``from ... import ...``."""
        return bool(self.level or self.module)


def read_import_at(text: str, start: int) -> ImportStatement | None:
    """The import statement at ``start``; None if what stands there is none."""
    if text.startswith("i", start):
        plain = _PLAIN_IMPORT.match(text, start)
        if plain and not plain[1].endswith(".") and ".." not in plain[1]:
            return ImportStatement(start, plain.end(1), 0, "", ((plain[1], ""),))
        return _read_tokens(text, start)
    match = _PLAIN_FROM.match(text, start)
    if match is None:
        return _read_tokens(text, start)
    dots, module, listed, star, bare = match.groups()
    if star:
        names: tuple[tuple[str, str], ...] | None = (("*", ""),)
    else:
        names = _names(listed if listed is not None else bare)
    if names is None or not (dots or module):
        return _read_tokens(text, start)
    end = match.end(4) if star else match.end(5) if listed is None else match.end(3) + 1
    return ImportStatement(start, end, len(dots), module, names)


def _names(listed: str) -> tuple[tuple[str, str], ...] | None:
    """``a, b as c`` as pairs; None if it is something else."""
    found = []
    parts = listed.split(",")
    if not parts[-1].strip():
        parts.pop()
    for part in parts:
        words = part.split()
        if len(words) == 1:
            found.append((words[0], ""))
        elif len(words) == 3 and words[1] == "as":
            found.append((words[0], words[2]))
        else:
            return None
    return tuple(found) or None


class _Tokens:
    """The tokens of one statement, comments and white space skipped; newlines end it outside brackets."""

    def __init__(self, text: str, start: int) -> None:
        self.text = text
        self.position = start
        self.end = start
        self.inside = False

    def peek(self) -> str:
        while True:
            match = _TOKEN.match(self.text, self.position)
            if match is None:
                return ""
            token = match.group()
            if token[0] in "\r\n#" and not self.inside:
                return ""
            if token[0] not in " \t\f\\\r\n#":
                return token
            self.position = match.end()

    def take(self) -> str:
        token = self.peek()
        self.position += len(token)
        if token:
            self.end = self.position
        return token

    def dotted(self) -> str:
        parts = [self.take()]
        while self.peek() == ".":
            self.take()
            parts.append(self.take())
        return ".".join(parts) if all(part.isidentifier() for part in parts) else ""

    def alias(self) -> str:
        if self.peek() != "as":
            return ""
        self.take()
        name = self.take()
        return name if name.isidentifier() else ""


def _read_tokens(text: str, start: int) -> ImportStatement | None:
    """``read_import_at`` for every lay-out that the two plain patterns do not cover."""
    tokens = _Tokens(text, start)
    level, module = 0, ""
    names = []
    is_from = tokens.take() == "from"
    if is_from:
        while tokens.peek() == ".":
            tokens.take()
            level += 1
        if tokens.peek() != "import":
            module = tokens.dotted()
        if tokens.take() != "import" or not (level or module):
            return None
        if tokens.peek() == "*":
            tokens.take()
            return ImportStatement(start, tokens.end, level, module, (("*", ""),))
        if tokens.peek() == "(":
            tokens.take()
            tokens.inside = True
    while tokens.peek() not in ("", ")"):
        name = tokens.take() if is_from else tokens.dotted()
        if not name or not (is_from is False or name.isidentifier()):
            return None
        names.append((name, tokens.alias()))
        if tokens.peek() != ",":
            break
        tokens.take()
    if not names or (tokens.inside and tokens.take() != ")"):
        return None
    tokens.inside = False
    if tokens.peek() not in ("",):
        return None
    return ImportStatement(start, tokens.end, level, module, tuple(names))
