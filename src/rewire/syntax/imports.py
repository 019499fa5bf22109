"""Import statements of a Python text, in any version's syntax, without a parser.

Line starts and the places after ``;`` and ``:`` are searched for the two keywords; what stands in a string or a
comment is told apart by the lexical scanner, which is asked only where the text before a candidate leaves a doubt.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from functools import lru_cache
from typing import TYPE_CHECKING

from rewire.syntax.blocks import is_commented, read_blocks
from rewire.syntax.import_statement import ImportStatement, read_import_at
from rewire.syntax.lexical import Layout, scan

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

_KEYWORD = r"[ \t\f]*(?=(?:from|import)\b)"
_REST_OF_LINE = r"[^\r\n(#;'\"]*+(?:\([^()'\"]*+\))?[^\r\n]*+"
_AFTER_SEMICOLON = re.compile(r";" + _KEYWORD)
_AFTER_COLON = re.compile(r":" + _KEYWORD)
_AT_START = re.compile(_KEYWORD)
_DOUBT = re.compile(r"'''|\"\"\"|\\[\r\n]")
_LONG_REST = {
    "'''": re.compile(r"(?:[^'\\]|\\[\s\S]|'(?!''))*'''"),
    '"""': re.compile(r'(?:[^"\\]|\\[\s\S]|"(?!""))*"""'),
}


_UNKNOWN = ImportStatement(-1, -1, 0, "", ())
_OPEN = ImportStatement(0, 0, 0, "", ())
_REMEMBERED_MOST = 16384
_NAMED_MOST = 32


class _Lines:
    """What lines that start with a keyword say, as if each stood alone in a text: many files hold the same ones.

    ``about`` as for ``read_imports``; a line that is no import, or about something else, says None.
    """

    def __init__(self, about: frozenset[str] | None) -> None:
        self.about = about
        head = r"(?:from|import)\b"
        if about is not None and len(about) <= _NAMED_MOST:
            names = "|".join(map(re.escape, sorted(about))) or "(?!)"
            head = (
                rf"(?:from|import)(?:[ \t]++(?:{names})\b|[ \t]*+[^\w \t.\r\n]|(?<=import)[ \t][^\r\n,\\\f;#]*+[,\\\f])"
            )
        line = rf"[ \t\f]*+({head}{_REST_OF_LINE})"
        self._at_line_feed = re.compile(r"\n" + line)
        self._at_any_newline = re.compile(r"[\r\n]" + line)
        self._known: dict[str, ImportStatement | None] = {}

    def read(self, text: str) -> list[ImportStatement]:
        """The statements that start a line, wherever that line stands."""
        found = []
        known = self._known
        for match in (self._at_any_newline if "\r" in text else self._at_line_feed).finditer(text):
            written = match[1]
            alone = known.get(written, _UNKNOWN)
            if alone is _UNKNOWN:
                alone = self._learn(written)
            if alone is None:
                continue
            start = match.start(1)
            if alone is not _OPEN:
                _, end, level, module, names, _ = alone
                found.append(ImportStatement(start, start + end, level, module, names))
            elif (statement := self.concerned(read_import_at(text, start))) is not None:
                found.append(statement)
        return found

    def _learn(self, written: str) -> ImportStatement | None:
        """What the line says; _OPEN where more lines than these may belong to it."""
        if len(self._known) >= _REMEMBERED_MOST:
            self._known.clear()
        alone = None if written.endswith("\\") else read_import_at(written, 0)
        is_open = written.endswith("\\") or (alone is None and "(" in written)
        self._known[written] = _OPEN if is_open else self.concerned(alone)
        return self._known[written]

    def concerned(self, statement: ImportStatement | None) -> ImportStatement | None:
        """The statement, if it names a module that it is asked about."""
        if statement is None or self.about is None:
            return statement
        if statement.level:
            return None
        modules = (statement.module,) if statement.module else [name for name, _ in statement.names]
        return statement if any(module.partition(".")[0] in self.about for module in modules) else None


@lru_cache(maxsize=4)
def _lines_about(about: frozenset[str] | None) -> _Lines:
    return _Lines(about)


def read_imports(
    text: str,
    about: Collection[str] | None = None,
    keep: Callable[[ImportStatement], bool] | None = None,
) -> tuple[ImportStatement, ...]:
    """Every import statement of ``text`` in source order.

    With ``about``, only absolute ones that name a module below one of these top-level names. ``keep`` is asked of each
    before anything dear is: whether it stands in a string, and what surrounds it.
    """
    lines = _lines_about(None if about is None else frozenset(about))
    found = lines.read(text)
    inline = [*_AFTER_COLON.finditer(text), *_AFTER_SEMICOLON.finditer(text)]
    start = _AT_START.match(text)
    if start or inline:
        read = (read_import_at(text, match.end()) for match in ((start, *inline) if start else inline))
        found += [statement for one in read if (statement := lines.concerned(one)) is not None]
        found.sort()
    if keep is not None:
        found = [statement for statement in found if keep(statement)]
    if not found:
        return ()
    layout = _layout_if_needed(text, found)
    return tuple(found) if layout is None else tuple(_placed(layout, found))


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
    """The statements that are code, with the blocks that surround them."""
    codes = layout.offsets.codes
    lines = [layout.line_at(statement.start) for statement in found]
    blocks = read_blocks(layout, {line for line in lines if line is not None})
    for statement, line in zip(found, lines, strict=True):
        if line is None or statement.start < codes[line]:
            continue
        around, own = blocks[line]
        if statement.start == codes[line]:
            yield statement._replace(guards=around) if around else statement
        elif _starts_statement(layout.text, codes[line], statement.start) and not _is_hidden(layout, statement.start):
            yield statement._replace(guards=around if own is None else (*around, own))


def _is_hidden(layout: Layout, offset: int) -> bool:
    """True if what stands there is part of a string or a comment."""
    index = bisect_left(layout.strings, offset, key=lambda span: span.start) - 1
    return (index >= 0 and offset < layout.strings[index].end) or is_commented(layout, offset)


def _starts_statement(text: str, code: int, start: int) -> bool:
    """True if what precedes ``start`` on its logical line is a ``;`` or a ``:`` (and not a joined line)."""
    return text[code:start].rstrip(" \t\f")[-1:] in (";", ":")
