"""The short way: a site that is one whole small statement on a logical line of its own (most imports).

Such a statement is parsed without its line and its neighbours, and needs no search for its node: 0.1 ms instead of
1 ms (``benchmarks/``). What the transformer makes of it depends on its text and the site's payload alone (a
transformer never decides), so the answer is remembered for the next file that holds the same line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

from rewire.model.site import BLOCK, INSERT

if TYPE_CHECKING:
    from collections.abc import Hashable

    from rewire.codemod.cst import SiteTransformer
    from rewire.model.site import Site
    from rewire.rewrite.regions import Region
    from rewire.syntax.lexical import Layout

_EMPTY = cst.Module(body=[])
_REMEMBERED_MOST = 50_000
_remembered: dict[Hashable, str | None] = {}


def rewritten_statement(layout: Layout, region: Region, transformer: SiteTransformer, options: object) -> str | None:
    """The new text of the region, or None where the short way does not apply (take the long one)."""
    if len(region.sites) != 1:
        return None
    site = region.sites[0]
    text = layout.text
    statement = site.span.of(text)
    if site.kind in (BLOCK, INSERT) or not _alone(layout, region, site):
        return None
    try:
        key = (type(transformer), options, site.kind, site.payload, statement)
        if key not in _remembered:
            if len(_remembered) >= _REMEMBERED_MOST:
                _remembered.clear()
            _remembered[key] = _rewrite(site, statement, transformer)
        new = _remembered[key]
    except TypeError:  # an unhashable payload
        new = _rewrite(site, statement, transformer)
    if new is None:
        return None
    return text[region.span.start : site.span.start] + new + text[site.span.end : region.span.end]


def _alone(layout: Layout, region: Region, site: Site) -> bool:
    """True if the region is the statement, white space before it, and at most a comment after it."""
    rest = layout.text[site.span.end : region.span.end].lstrip(" \t")
    return (
        layout.text[region.span.start : site.span.start].strip(" \t") == ""
        and (rest[:1] in ("", "#", "\r", "\n"))
        and region.span == layout.lines_of(site.span)
    )


def _rewrite(site: Site, statement: str, transformer: SiteTransformer) -> str | None:
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
