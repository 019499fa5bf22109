"""The old and the new text of one region, compared: what depends on these two alone and is remembered for them.

Most regions are imports that many files share, so most answers are known before they are asked for.
"""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from typing import NamedTuple

from rewire.model.source import Span
from rewire.syntax import native
from rewire.syntax.lexical import Layout, scan
from rewire.syntax.plain import is_bare, is_import, lone_indent

_REMEMBERED = 16_384


class Comparison(NamedTuple):
    """``simple``: both are runs of simple statements at one indentation, newline-ended alike.

    ``parses`` says whether the new statements are Python; None where the region is not ``simple`` and cannot be judged
    by itself. ``clean``: a simple region whose statements parse, with the comments and strings that it had.
    """

    simple: bool
    parses: bool | None
    lost_comments: Counter[str]
    spare_comments: Counter[str]
    lost_strings: Counter[str]
    clean: bool


@lru_cache(maxsize=_REMEMBERED)
def compare(old: str, new: str) -> Comparison:
    """What became of ``old``, given as whole lines."""
    if is_bare(old) and is_bare(new):
        lost = spare = strings = Counter[str]()
    else:
        had, has = _tokens(old), _tokens(new)
        lost, spare, strings = had[0] - has[0], has[0] - had[0], had[1] - has[1]
    simple = _simple(old, new)
    parses = statements_parse(new) if simple else None
    return Comparison(simple, parses, lost, spare, strings, bool(parses) and not (lost or spare or strings))


def _tokens(text: str) -> tuple[Counter[str], Counter[str]]:
    """Comments and strings."""
    layout = scan(text)
    return (
        Counter(span.of(text).rstrip() for span in layout.comments),
        Counter(span.of(text) for span in layout.strings),
    )


def _simple(old: str, new: str) -> bool:
    if old[-1:] != new[-1:]:
        return False
    indent = lone_indent(old)
    if indent is not None and indent == lone_indent(new):
        return True
    before, after = scan(old), scan(new)
    if not before.lines or not after.lines:
        return False
    indent = before.indent(0)
    return _all_simple(before, indent) and _all_simple(after, indent)


def _all_simple(layout: Layout, indent: str) -> bool:
    return all(
        layout.indent(index) == indent and layout.is_simple(Span(line.code, line.code + 1))
        for index, line in enumerate(layout.lines)
    )


def statements_parse(statements: str) -> bool:
    """True if whole lines of statements, indented or not, are Python by themselves."""
    if is_import(statements):
        return True
    wrapped = "if 1:\n" + statements if statements[:1] in (" ", "\t") else statements
    return is_python(wrapped)


def is_python(text: str) -> bool:
    """True if the running Python reads ``text``, or LibCST does: its yes counts, its no is asked again."""
    if native.parses(text):
        return True
    from rewire.syntax.modern import parses  # LibCST: most runs need it for nothing here

    return parses(text)
