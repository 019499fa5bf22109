"""The uses of ``import a.b`` by the running Python's ``ast``: twenty times as fast as LibCST, and the same answer.

Where it is not sure (syntax that it does not read, names whose place ``ast`` does not tell, f-strings that use the
name) it says so, and LibCST is asked.
"""

from __future__ import annotations

import ast
import re
import warnings
from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING, NamedTuple

from rewire.codemod import scan
from rewire_codemods.relative_imports.reading import Reading, bound_here
from rewire_codemods.relative_imports.uses import (
    INTROSPECTION,
    TYPE_CALLS,
    DottedUse,
    Stuck,
    is_name,
    may_be_type,
    new_names,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_NEWLINE = re.compile(r"\r\n|\r|\n")
_FIELDS = tuple(getattr(ast, name) for name in ("FormattedValue", "Interpolation") if hasattr(ast, name))
_FIELD = re.compile(r"(?<!\{)\{([^{}'\"\\#]*)\}")
"""A field of a formatted string that holds neither strings nor fields."""

_WORD = re.compile(r"(?<![\w.])[^\W\d]\w*")
_DEFINES = re.compile(r"(?:async[ \t]+)?(?:def|class)[ \t]+(\w+)")
_FROM = re.compile(r"from[ \t]*\.*[ \t]*(\w+)")

_Taken = tuple[int, int, str]
"""A name that is spelled in the text: its offset, its line, itself."""


class Unsure(Exception):
    """Another reader must say."""


class _Mention(NamedTuple):
    """A name or a string in the text: its offset, its line, and what is wrong with it (empty: it can follow)."""

    start: int
    line: int
    problem: str
    use: DottedUse | None = None


class Native:
    """One text as ``ast`` reads it. Raises Unsure where it does not."""

    def __init__(self, text: str) -> None:
        self.text = text
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                self._read = Reading(ast.parse(text))
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                raise Unsure from None
        self._ascii = text.isascii()
        self._starts = [0, *(found.end() for found in _NEWLINE.finditer(text))]

    def read_uses(self, top: str, modules: set[str]) -> list[DottedUse]:
        """Every use of ``modules``, each of them below ``top``. Raises Stuck where not all of them can follow."""
        mentions = sorted([*self._names(top, modules), *self._strings(top)], key=lambda mention: mention.start)
        for mention in mentions:
            if mention.problem:
                raise Stuck(f"line {mention.line} {mention.problem}")
        self._check_new_names(new_names(modules))
        return [mention.use for mention in mentions if mention.use is not None]

    def _offset(self, line: int, column: int) -> int:
        start = self._starts[line - 1]
        if self._ascii:
            return start + column
        end = self._starts[line] if line < len(self._starts) else len(self.text)
        return start + len(self.text[start:end].encode()[:column].decode())

    def _start(self, node: ast.expr | ast.stmt) -> int:
        return self._offset(node.lineno, node.col_offset)

    def _end(self, node: ast.expr) -> int:
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return self._offset(node.end_lineno, node.end_col_offset)

    def _code(self, node: ast.expr) -> str:
        return self.text[self._start(node) : self._end(node)]

    def _names(self, top: str, modules: set[str]) -> Iterator[_Mention]:
        """Every name ``top``, whatever its scope: each must be the start of a use, or nothing can follow."""
        for chain in self._read.chains.get(top, ()):
            yield self._use(chain, top, modules)
        for node in self._read.imports:
            whole = isinstance(node, ast.ImportFrom)
            if top in [alias.asname or (alias.name if whole else "") for alias in node.names]:
                yield _Mention(self._start(node), node.lineno, f"binds {top} as well")
        for text in self._read.formatted:
            for start, line, _ in self._formatted(text, {top}, top):
                yield _Mention(start, line, f"uses {top} in an f-string")
        if any(top in names for _, names in self._read.binders):
            raise Unsure

    def _formatted(self, node: ast.expr, names: set[str], within: str) -> list[_Taken]:
        """The uses of ``names`` in a formatted string. Raises Unsure where it is not plain to see which those are (what
        ``ast`` says of places in such a string is wrong before 3.12), or a string in it may hold ``within``.
        """
        used = []
        for inner in ast.walk(node):
            if isinstance(inner, ast.Name) and inner.id in names:
                used.append(inner.id)
            if not names.isdisjoint(bound_here(inner)):
                raise Unsure
            if within and isinstance(inner, _FIELDS):
                values = [one.value for one in ast.walk(inner.value) if isinstance(one, ast.Constant)]
                if any(isinstance(value, (str, bytes)) and within in str(value) for value in values):
                    raise Unsure
        if not used:
            return []
        start, text = self._start(node), self._code(node)
        fields = [(start + field.start(1), field[1]) for field in _FIELD.finditer(text)]
        seen = [
            (at + word.start(), bisect_right(self._starts, at + word.start()), word[0])
            for at, field in fields
            for word in _WORD.finditer(field)
            if word[0] in names
        ]
        if sorted(used) != sorted(name for _, _, name in seen):
            raise Unsure
        return seen

    def _use(self, chain: list[ast.expr], top: str, modules: set[str]) -> _Mention:
        """The longest dotted name around a name that is one of ``modules``."""
        name = chain[0]
        written, best, found = top, None, ""
        for above in chain[1:]:
            assert isinstance(above, ast.Attribute)
            written = f"{written}.{above.attr}"
            if written in modules:
                best, found = above, written
        start = self._start(name)
        if best is None:
            return _Mention(start, name.lineno, f"uses {written}, which is none of the modules imported")
        if not isinstance(best.ctx, ast.Load):
            return _Mention(start, name.lineno, f"assigns to {found}")
        if self._code(best) != found:
            return _Mention(start, name.lineno, f"spells {found} with spaces or over lines")
        return _Mention(start, name.lineno, "", DottedUse(found, start, start + len(found)))

    def _strings(self, top: str) -> list[_Mention]:
        """Every string that is ``top``, and every quoted annotation (or cast) that names it."""
        if f"'{top}" not in self.text and f'"{top}' not in self.text and not may_be_type(self.text, top):
            return []
        found, maybe = [], []
        for span in scan(self.text).strings:
            literal = span.of(self.text)
            if literal.lstrip("rRbBuU")[0] not in "'\"":
                continue  # a formatted one
            if is_name(literal, top):
                found.append(span.start)
            elif may_be_type(literal, top):
                maybe.append(span.start)
        found += self._types(maybe)
        return [_Mention(at, bisect_right(self._starts, at), f"uses {top} in a string") for at in found]

    def _types(self, offsets: Sequence[int]) -> list[int]:
        """Those of ``offsets``, in order, that lie in an annotation, or in a call that takes types and no other call
        within it.
        """
        spans = sorted(self._typed(offsets), key=lambda span: (span[0], -span[1])) if offsets else []
        found = []
        around: list[tuple[int, int, ast.Call | None]] = []
        entered = 0
        for offset in offsets:
            while entered < len(spans) and spans[entered][0] <= offset:
                around.append(spans[entered])
                entered += 1
            around = [span for span in around if span[1] > offset]
            calls = [call for _, _, call in around if call is not None]
            if len(calls) < len(around) or (calls and self._code(calls[-1].func).rpartition(".")[2] in TYPE_CALLS):
                found.append(offset)
        return found

    def _typed(self, offsets: Sequence[int]) -> Iterator[tuple[int, int, ast.Call | None]]:
        """The spans of the annotations and calls on the lines of ``offsets``; the call itself for the latter."""
        lines = [bisect_right(self._starts, offset) for offset in offsets]
        for node, call in (*((call, call) for call in self._read.calls), *((note, None) for note in self._read.notes)):
            at = bisect_left(lines, node.lineno)
            if at < len(lines) and lines[at] <= (node.end_lineno or node.lineno):
                yield self._start(node), self._end(node), call

    def _check_new_names(self, new: set[str]) -> None:
        """Raise Stuck where a new name is taken anywhere in the file, or where names are looked up as strings."""
        wanted = new | INTROSPECTION
        spelled = "|".join(map(re.escape, sorted(wanted)))
        if self._ascii and not re.search(rf"(?:(?<![\w.])|from[\s.\\]*\.)(?:{spelled})(?!\w)", self.text):
            return
        found: list[_Taken] = []
        for name in wanted:
            roots = (chain[0] for chain in self._read.chains.get(name, ()))
            found += [(self._start(root), root.lineno, name) for root in roots]
        for text in self._read.formatted:
            found += self._formatted(text, wanted, "")
        for statement in self._read.imports:
            found += self._taken_by_import(statement, wanted)
        for node, names in self._read.binders:
            found += self._taken_by_definition(node, wanted.intersection(names))
        if found:
            _, line, name = min(found)
            raise Stuck(
                f"{name} may look the name up" if name in INTROSPECTION else f"the name {name} is taken on line {line}"
            )

    def _taken_by_import(self, node: ast.Import | ast.ImportFrom, wanted: set[str]) -> Iterator[_Taken]:
        whole = isinstance(node, ast.ImportFrom)
        first = (node.module or "").partition(".")[0] if isinstance(node, ast.ImportFrom) else ""
        if first in wanted:
            match = _FROM.match(self.text, self._start(node))
            if match is None or match[1] != first:
                raise Unsure
            yield match.start(1), node.lineno, first
        for alias in node.names:
            first = alias.name if whole else alias.name.partition(".")[0]
            if first in wanted:
                yield self._offset(alias.lineno, alias.col_offset), alias.lineno, first
            if alias.asname is not None and alias.asname in wanted:
                if alias.end_lineno != alias.lineno or alias.end_col_offset is None:
                    raise Unsure
                yield self._offset(alias.lineno, alias.end_col_offset), alias.lineno, alias.asname

    def _taken_by_definition(self, node: ast.AST, names: set[str]) -> Iterator[_Taken]:
        if not names:
            return
        if isinstance(node, ast.arg):
            yield self._offset(node.lineno, node.col_offset), node.lineno, node.arg
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            match = _DEFINES.match(self.text, self._start(node))
            if match is None or match[1] != node.name:
                raise Unsure
            yield match.start(1), node.lineno, node.name
        else:
            raise Unsure
