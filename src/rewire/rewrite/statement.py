"""The short way: a site that is one whole small statement on a logical line of its own (most imports).

Such a statement is parsed without its line and its neighbours, and needs no search for its node: 0.1 ms instead of
1 ms (``benchmarks/``). What the transformer makes of it depends on its text and the site's payload alone (a
transformer never decides), so the answer is remembered for the next file that holds the same line. Of a ``from``
statement whose names the transformer neither reads nor changes, the beginning alone is parsed, with a stand-in for the
names: Home Assistant's 4,300 different ones begin in 400 ways.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import libcst as cst

if TYPE_CHECKING:
    from collections.abc import Hashable

    from rewire.codemod.cst import SiteTransformer
    from rewire.model.site import Site

Memory = dict["Hashable", "str | None"]
"""(kind, payload, statement) -> what it becomes; None: take the long way. Of one transformer with its options."""

_EMPTY = cst.Module(body=[])
_REMEMBERED_MOST = 20_000
_memories: dict[Hashable, Memory] = {}

# What begins a plain ``from`` statement, and its names: a star, words, or words and comments in brackets.
_FROM = re.compile(
    r"(from[ \t]++[.\w]++[ \t]++import)"
    r"(?:[ \t]*+\*|[ \t]++[\w \t,]*+(?<=\w)|[ \t]*+\((?:[\w \t\r\n,]++|\#[^\r\n]*+)*+\))"
)
_STAND_IN = " _"
_UNKNOWN = ""
"""No statement becomes nothing."""


def memory_of(transformer: SiteTransformer, options: object) -> Memory:
    """What is remembered of earlier work with the same transformer and options."""
    try:
        memory = _memories.setdefault((type(transformer), options), {})
    except TypeError:  # unhashable options
        return {}
    if len(memory) >= _REMEMBERED_MOST:
        memory.clear()
    return memory


def rewritten_statement(site: Site, statement: str, transformer: SiteTransformer, memory: Memory) -> str | None:
    """The new text of ``statement``, which is ``site`` and lone in its region; None: take the long way."""
    key = (site.kind, site.payload, statement)
    try:
        known = memory.get(key, _UNKNOWN)
    except TypeError:  # an unhashable payload
        return _rewrite(site, statement, transformer, {})
    if known == _UNKNOWN:
        known = memory[key] = _rewrite(site, statement, transformer, memory)
    return known


def _rewrite(site: Site, statement: str, transformer: SiteTransformer, memory: Memory) -> str | None:
    if site.kind == "ImportFrom" and not transformer.reads_names:
        plain = _FROM.fullmatch(statement)
        if plain and statement[plain.end(1) :] != _STAND_IN:
            beginning = rewritten_statement(site, plain[1] + _STAND_IN, transformer, memory)
            if beginning and beginning.endswith(f"import{_STAND_IN}"):
                return beginning.removesuffix(_STAND_IN) + statement[plain.end(1) :]
    return _parsed(site, statement, transformer)


def _parsed(site: Site, statement: str, transformer: SiteTransformer) -> str | None:
    try:
        line = cst.parse_statement(statement)
    except Exception:
        return None
    if not isinstance(line, cst.SimpleStatementLine) or len(line.body) != 1:
        return None
    node = line.body[0]
    if type(node).__name__ != site.kind or _EMPTY.code_for_node(node) != statement:
        return None
    transformer.begin({node: site}, {})
    new = transformer.on_leave(node, node)  # no other site is inside: there is nothing to visit
    if not isinstance(new, cst.BaseSmallStatement):
        return None
    code = _EMPTY.code_for_node(new)
    # New lines need the file's own line ends and indentation, which only the region knows.
    return code if code.count("\n") == statement.count("\n") else None
