"""The short way: a site that is one whole small statement on a logical line of its own (most imports), or a name.

Such a statement, or dotted name, is parsed without its line and its neighbours and needs no search for its node: 0.1 ms
instead of 1 ms (``benchmarks/``). What the transformer makes of it depends on its text and the site's payload alone (a
transformer never decides), so that of a statement is remembered for the next file that holds the same line. Of a
``from`` statement what the transformer neither reads nor changes is not shown to it: stand-ins for the module and the
names take its place, and one for what it only copies from the payload. Home Assistant's 4,300 different ones become a
handful in this way, and all of them one tree.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache
from keyword import iskeyword
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

# A plain ``from`` statement: its module, and its names: a star, words, or words and comments in brackets.
_FROM = re.compile(
    r"(from[ \t]++)([.\w]++)([ \t]++import)"
    r"(?:[ \t]*+\*|[ \t]++[\w \t,]*+(?<=\w)|[ \t]*+\((?:[\w \t\r\n,]++|\#[^\r\n]*+)*+\))"
)
NAMES = frozenset({"Name", "Attribute"})
"""The kinds of a dotted name."""

_DOTTED = re.compile(r"[A-Za-z_]\w*+(?:\.[A-Za-z_]\w*+)*+", re.ASCII)
_NAMES = " _"
_MODULE = "_rewire_stand_in_"
_WRITTEN = "_rewire_written_"
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
    plain = _FROM.fullmatch(statement) if site.kind == "ImportFrom" else None
    if plain is None:
        return rewritten(site, statement, transformer)
    start, module, middle = plain.groups()
    names = statement[plain.end(3) :]
    if not transformer.reads_names and names != _NAMES:
        known = rewritten_statement(site, f"{start}{module}{middle}{_NAMES}", transformer, memory)
        if known and known.endswith(f"import{_NAMES}"):
            return known.removesuffix(_NAMES) + names
    elif not transformer.reads_module and _is_module(module):
        known = rewritten_statement(site, f"{start}{_MODULE}{middle}{names}", transformer, memory)
        if known and _MODULE not in known:
            return known
    elif (simpler := transformer.with_stand_in(site.payload, _WRITTEN)) and _WRITTEN not in statement:
        payload, text = simpler
        known = memory.get((site.kind, payload, statement), _UNKNOWN)
        if known == _UNKNOWN:
            key = (site.kind, payload, statement)
            known = memory[key] = rewritten(replace(site, payload=payload), statement, transformer)
        if known and known.count(_WRITTEN) == 1:
            return known.replace(_WRITTEN, text)
    return rewritten(site, statement, transformer)


def _is_module(module: str) -> bool:
    """True for what a ``from`` statement may name, but not for the stand-in itself."""
    parts = module.lstrip(".").split(".")
    return module != _MODULE and (parts == [""] or all(part.isidentifier() and not iskeyword(part) for part in parts))


def rewritten(site: Site, statement: str, transformer: SiteTransformer) -> str | None:
    """What the transformer makes of ``site``, whose text ``statement`` is, parsed alone; None: take the long way."""
    node = _read_name(statement) if site.kind in NAMES else _read(statement)
    if type(node).__name__ != site.kind:
        return None
    assert node is not None
    transformer.begin({node: site}, {})
    new = transformer.on_leave(node, node)  # no other site is inside: there is nothing to visit
    if not isinstance(new, cst.BaseExpression if site.kind in NAMES else cst.BaseSmallStatement):
        return None
    code = _EMPTY.code_for_node(new)
    # New lines need the file's own line ends and indentation, which only the region knows.
    return code if code.count("\n") == statement.count("\n") else None


@lru_cache(maxsize=256)
def _read(statement: str) -> cst.BaseSmallStatement | None:
    """The one small statement that ``statement`` is; None where LibCST reads something else, or would not print it so.

    Nodes do not change, so a transformer may be given the same one twice.
    """
    try:
        line = cst.parse_statement(statement)
    except Exception:
        return None
    if not isinstance(line, cst.SimpleStatementLine) or len(line.body) != 1:
        return None
    node = line.body[0]
    return node if _EMPTY.code_for_node(node) == statement else None


@lru_cache(maxsize=256)
def _read_name(code: str) -> cst.BaseExpression | None:
    """The name or attribute that ``code`` spells, without spaces or brackets; None for anything else."""
    if not _DOTTED.fullmatch(code):
        return None
    try:
        return cst.parse_expression(code)
    except Exception:  # a keyword
        return None
