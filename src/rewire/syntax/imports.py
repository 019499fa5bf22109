"""Import statements of a Python text, in any version's syntax, without a parser.

Line starts and the places after ``;`` and ``:`` are searched for the two keywords; what stands in a string or a
comment is told apart by the lexical scanner, which is asked only where the text before a candidate leaves a doubt.
Grammar: https://docs.python.org/3/reference/simple_stmts.html#the-import-statement
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from rewire.syntax.blocks import CONTINUES, Guard, is_commented, read_guard
from rewire.syntax.lexical import Layout, scan, width

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

_KEYWORD = r"[ \t\f]*(?=(?:from|import)\b)"
_AT_LINE_FEED = re.compile(r"\n" + _KEYWORD)
_AT_ANY_NEWLINE = re.compile(r"[\r\n]" + _KEYWORD)
_AFTER_SEMICOLON = re.compile(r";" + _KEYWORD)
_AFTER_COLON = re.compile(r":" + _KEYWORD)
_AT_START = re.compile(_KEYWORD)
_DOUBT = re.compile(r"'''|\"\"\"|\\[\r\n]")
_LONG_REST = {
    "'''": re.compile(r"(?:[^'\\]|\\[\s\S]|'(?!''))*'''"),
    '"""': re.compile(r'(?:[^"\\]|\\[\s\S]|"(?!""))*"""'),
}
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


def read_imports(text: str, about: Collection[str] | None = None) -> tuple[ImportStatement, ...]:
    """Every import statement of ``text`` in source order.

    With ``about``, only absolute ones that name a module below one of these top-level names.
    """
    found = []
    for place in _candidates(text):
        statement = read_import_at(text, place)
        if statement is not None and (about is None or _concerns(statement, about)):
            found.append(statement)
    if not found:
        return ()
    layout = _layout_if_needed(text, found)
    if layout is None:
        return tuple(found)
    return tuple(_placed(layout, found))


def _concerns(statement: ImportStatement, about: Collection[str]) -> bool:
    if statement.level:
        return False
    if statement.module:
        return statement.module.partition(".")[0] in about
    return any(name.partition(".")[0] in about for name, _ in statement.names)


def _candidates(text: str) -> Sequence[int]:
    """Offsets at which a keyword stands where a statement may start, in order."""
    pattern = _AT_ANY_NEWLINE if "\r" in text else _AT_LINE_FEED
    places = [match.end() for match in pattern.finditer(text)]
    start = _AT_START.match(text)
    if start:
        places.append(start.end())
    more = [match.end() for match in _AFTER_COLON.finditer(text)]
    more += [match.end() for match in _AFTER_SEMICOLON.finditer(text)]
    return sorted({*places, *more}) if more or start else places


def _layout_if_needed(text: str, found: Sequence[ImportStatement]) -> Layout | None:
    """The layout up to the last statement; None where all are plainly module-level code.

    That is so where each starts its line at column 0 and everything before it that could hide it (a triple-quoted
    string, a joined line) is accounted for.
    """
    for statement in found:
        if statement.start and text[statement.start - 1] not in "\r\n":
            return scan(text, found[-1].end)
    position = 0
    last = found[-1].start
    starts = {statement.start for statement in found}
    while True:
        doubt = _DOUBT.search(text, position, last)
        if doubt is None:
            return None
        token = doubt.group()
        line = max(text.rfind("\n", 0, doubt.start()), text.rfind("\r", 0, doubt.start())) + 1
        before = text[max(line, position) : doubt.start()]
        if "'" in before or '"' in before or "#" in before or before[-1:] in ("f", "F", "t", "T"):
            return scan(text, found[-1].end)
        if token[0] == "\\":
            return scan(text, found[-1].end)
        rest = _LONG_REST[token].match(text, doubt.end())
        if rest is None or before[-2:].lower() in ("fr", "tr"):
            return scan(text, found[-1].end)
        position = rest.end()
        if any(doubt.start() < start < position for start in starts):
            return scan(text, found[-1].end)


def _placed(layout: Layout, found: Sequence[ImportStatement]) -> Iterator[ImportStatement]:
    """The statements that are code, with the blocks that surround them; one pass over the logical lines."""
    text = layout.text
    strings = layout.strings
    string = 0
    stack: list[tuple[int, Guard | None]] = []
    openers: dict[int, int] = {}
    pending = iter(found)
    statement = next(pending, None)
    for line in layout.lines:
        if statement is None:
            return
        column = width(text[line.start : line.code])
        while stack and stack[-1][0] >= column:
            stack.pop()
        guard = read_guard(text, line.code, line.end, openers.get(column, -1))
        for deeper in [other for other in openers if other > column]:
            del openers[deeper]
        if guard is not None and guard.kind not in CONTINUES:
            openers[column] = line.code
        elif guard is None:
            openers.pop(column, None)
        while statement is not None and statement.start < line.end:
            while string < len(strings) and strings[string].end <= statement.start:
                string += 1
            quoted = string < len(strings) and strings[string].start < statement.start
            if statement.start >= line.code and not quoted and not is_commented(layout, statement.start):
                around = [one for _, one in stack if one is not None]
                if statement.start == line.code:
                    yield statement._replace(guards=tuple(around))
                elif _starts_statement(text, line.code, statement.start):
                    yield statement._replace(guards=tuple(around if guard is None else [*around, guard]))
            statement = next(pending, None)
        stack.append((column, guard))


def _starts_statement(text: str, code: int, start: int) -> bool:
    """True if what precedes ``start`` on its logical line is a ``;`` or a ``:`` (and not a joined line)."""
    return text[code:start].rstrip(" \t\f")[-1:] in (";", ":")


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
