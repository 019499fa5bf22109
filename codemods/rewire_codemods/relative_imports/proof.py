"""The codemod's own proof for one rewritten file: every statement loads, takes and binds what it did before.

Nothing is taken from the plan but where the statements were and in which packages the file is loaded. What they say is
read again, from the old text and the new one, and reckoned to absolute names the way importlib does.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from rewire.codemod import ImportStatement, Span, read_import_at, read_imports, scan
from rewire_codemods.relative_imports.forms import Both, Move, Rename, absolute_name

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from rewire.codemod import Site, SourceFile

_TRY = re.compile(r"try:[ \t]*(?:\r\n|\r|\n)[ \t]*")
_EXCEPT = re.compile(r"[ \t]*(?:\r\n|\r|\n)[ \t]*except ImportError:[ \t]*(?:\r\n|\r|\n)[ \t]*")

_STOP = re.compile(r"[ \t]*(?:[;#\r\n]|\Z)")
_REMEMBERED_MOST = 16384
_became: dict[tuple[str, int, str, str], str] = {}
"""What a statement was seen to become: a guess at what stands in the next text, never taken on trust."""

Taken = tuple[str, str, str]
"""(absolute name of the module, name taken from it or "", name bound)."""


def find_difference(before: SourceFile, after: SourceFile, sites: Sequence[Site]) -> str | None:
    """None if the proof holds, else what is wrong."""
    old, new = before.text, after.text
    position = shift = 0
    edits = [site for site in sites if site.span.start != site.span.end]
    for site in sorted(edits, key=lambda site: (site.span.start, site.span.end)):
        start, end = site.span.start, site.span.end
        if old[position:start] != new[position + shift : start + shift]:
            return f"line {before.line_of(position)}: something else than the import changed"
        if isinstance(site.payload, Rename):
            if new[start + shift : start + shift + len(site.payload.name)] != site.payload.name:
                return f"line {before.line_of(start)}: the new name is not where it should be"
            shift += len(site.payload.name) - (end - start)
        elif isinstance(site.payload, Move):
            complaint, length = _statement_difference(old, new, site.span, start + shift, site.payload)
            if complaint:
                return f"line {before.line_of(start)}: {complaint}"
            shift += length - (end - start)
        elif isinstance(site.payload, Both):
            complaint, length = _block_difference(old, new, site.span, start + shift, site.payload)
            if complaint:
                return f"line {before.line_of(start)}: {complaint}"
            shift += length - (end - start)
        else:
            return f"line {before.line_of(start)}: an edit that is no import"
        position = end
    if old[position:] != new[position + shift :]:
        return f"line {before.line_of(position)}: something else than the import changed"
    if old.count("\n") != new.count("\n") and not any(isinstance(site.payload, Both) for site in sites):
        return "the number of lines changed"
    return _left_behind(old, new, sites)


def _left_behind(old: str, new: str, sites: Sequence[Site]) -> str | None:
    """Where ``import a.b`` became ``from . import b``, nothing may still say ``a``."""
    tops = set()
    for site in sites:
        if site.kind == "Import":
            was = read_import_at(old, site.span.start)
            tops |= {name.partition(".")[0] for name, alias in was.names if "." in name and not alias} if was else set()
    if not tops:
        return None
    layout = scan(new)
    hidden = [*layout.strings, *layout.comments]
    hidden += [Span(entry.start, entry.end) for entry in read_imports(new)]
    for match in re.finditer(rf"(?<![\w.])(?:{'|'.join(sorted(tops))})\b(?!\s*=[^=])", new):
        if not any(span.start <= match.start() < span.end for span in hidden):
            return f"{match.group()} is still used, but nothing binds it"
    return None


def _statement_difference(old: str, new: str, span: Span, moved: int, move: Move) -> tuple[str, int]:
    """What is wrong with one statement (empty: nothing), and its new length."""
    before = _read(old, span.start, span.of(old))
    if before is None:
        return "there is no import where one was", 0
    key = (before.text, move.level, move.module, move.binds)
    guess = _became.get(key, "")
    after = _read(new, moved, guess)
    if after is None:
        return "there is no import where one was", 0
    if after.text != guess:
        if len(_became) >= _REMEMBERED_MOST:
            _became.clear()
        _became[key] = after.text
    length = len(after.text)
    if not move.proof:
        return "no package to prove it for", length
    for package, absolute in move.proof:
        meant = _under_its_full_name(before.says, move.was, absolute) if move.was else before.says
        loaded = _loaded_by_both(meant, after.says, package)
        if loaded is None:
            return f"{before.text!r} is not {after.text!r} in {package}", length
        if not any(module == absolute or f"{module}.{name}" == absolute for module, name, _ in loaded):
            return f"it imports something else than {absolute}", length
    return "", length


class _Read(NamedTuple):
    """One statement as a text holds it, and what it says."""

    text: str
    says: ImportStatement


def _read(text: str, start: int, guess: str) -> _Read | None:
    """The import statement at ``start``; None if there is none. ``guess`` is what its text may be: looked for first."""
    if guess and text.startswith(guess, start) and _STOP.match(text, start + len(guess)):
        says = _says(guess)
        if says is not None:
            return _Read(guess, says)
    found = read_import_at(text, start)
    return None if found is None else _Read(text[start : found.end], found)


@lru_cache(maxsize=_REMEMBERED_MOST)
def _says(statement: str) -> ImportStatement | None:
    """What a text says that is one import statement from its first to its last character, wherever it stands."""
    found = read_import_at(statement, 0)
    return found if found is not None and found.end == len(statement) else None


def _block_difference(old: str, new: str, span: Span, moved: int, both: Both) -> tuple[str, int]:
    """As ``_statement_difference`` for a fallback block, whose handler must be the statement as it was."""
    opening = _TRY.match(new, moved)
    if opening is None:
        return "no try where one was planned", 0
    complaint, length = _statement_difference(old, new, span, opening.end(), both.move)
    handler = _EXCEPT.match(new, opening.end() + length)
    before = read_import_at(old, span.start)
    after = read_import_at(new, handler.end()) if handler else None
    if complaint or before is None or after is None:
        return complaint or "no handler where one was planned", 0
    expected = before._replace(module=both.handler) if before.is_from else before
    if (after.level, after.module, after.names) != (expected.level, expected.module, expected.names):
        return "the handler is not the import as it was", 0
    return "", after.end - moved


def _under_its_full_name(statement: ImportStatement, flat: str, full: str) -> ImportStatement:
    """A flat import as if it had been written with the full name; that both are one file is shown project-wide."""
    if statement.is_from and "." * statement.level + statement.module == flat:
        return statement._replace(level=0, module=full)
    names = tuple((full if name == flat else name, alias or flat) for name, alias in statement.names)
    return statement._replace(names=names)


def _loaded_by_both(before: ImportStatement, after: ImportStatement, package: str) -> Collection[Taken] | None:
    """What the two statements take in a file of ``package``; None if that is not the same, or cannot work there."""
    if before.names == after.names and before.is_from and after.is_from:
        module = absolute_name(package, before.level, before.module)
        if module is None or module != absolute_name(package, after.level, after.module):
            return None
        return [(module, name, alias or name) for name, alias in before.names]
    was, now = taken(before, package), taken(after, package)
    return None if was is None or now is None or was != now else was


def taken(statement: ImportStatement, package: str) -> Counter[Taken] | None:
    """The multiset of what a statement takes in a file of ``package``; None if it cannot work there.

    ``import a.b as x`` takes the submodule b from a, like ``from a import b as x``; ``import a.b`` without alias does
    as well for this purpose: its uses are renamed with it.
    """
    found: Counter[Taken] = Counter()
    if not statement.is_from:
        for name, alias in statement.names:
            parent, _, last = name.rpartition(".")
            found[parent, last, alias or last] += 1
        return found
    module = absolute_name(package, statement.level, statement.module)
    if module is None:
        return None
    for name, alias in statement.names:
        found[module, name, alias or name] += 1
    return found
