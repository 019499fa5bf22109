"""Group the sites of one file into regions: runs of whole statements, each parsed and spliced on its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rewire.model.site import BLOCK, INSERT, Site
from rewire.model.source import Span
from rewire.syntax.lexical import scan
from rewire.syntax.plain import find_lone

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rewire.syntax.lexical import Layout


class Region(NamedTuple):
    """Full lines of the old text (an empty span for an insertion) and the sites that lie in them.

    ``lone``: the one site is a whole statement; the region adds white space before it and at most a comment after it.
    """

    span: Span
    sites: tuple[Site, ...]
    lone: bool = False

    @property
    def inserts(self) -> bool:
        """True for text put between two lines."""
        return self.span.start == self.span.end


def find_regions(text: str, sites: Sequence[Site]) -> Sequence[Region] | Site:
    """The regions of ``text`` in order, none overlapping; or the first site that lies in no statement."""
    regions = _plain(text, sites)
    return group(layout_for(text, sites), sites) if regions is None else regions


def _plain(text: str, sites: Sequence[Site]) -> list[Region] | None:
    """The regions where it is plain to see that each site has a line to itself (most files): nothing is scanned."""
    if any(site.kind in (BLOCK, INSERT) for site in sites):
        return None
    ordered = sorted(sites, key=lambda site: site.span.start)
    lines = find_lone(text, [(site.span.start, site.span.end) for site in ordered])
    if lines is None:
        return None
    return [Region(Span(start, end), (site,), True) for (start, _, end), site in zip(lines, ordered, strict=True)]


def layout_for(text: str, sites: Sequence[Site]) -> Layout:
    """The layout of ``text``, no further than the last site where simple statements hold them all (most imports)."""
    if any(site.kind in (BLOCK, INSERT) for site in sites):
        return scan(text)
    layout = scan(text, max(site.span.end for site in sites))
    return layout if all(layout.is_simple(site.span) for site in sites) else scan(text)


def group(layout: Layout, sites: Sequence[Site]) -> tuple[Region, ...] | Site:
    """Regions in source order, none overlapping; or the first site that lies in no statement."""
    inserted: dict[int, list[Site]] = {}
    spans: list[tuple[Span, Site]] = []
    for site in sites:
        if site.kind == INSERT:
            inserted.setdefault(site.span.start, []).append(site)
            continue
        span = layout.statement_region(site.span)
        if span is None:
            return site
        spans.append((_after_form_feed(layout.text, span), site))
    spans.sort(key=lambda pair: (pair[0].start, -pair[0].end, pair[1].span))
    merged: list[tuple[Span, list[Site]]] = []
    for span, site in spans:
        if merged and span.start < merged[-1][0].end:
            last, members = merged[-1]
            members.append(site)
            if span.end > last.end:
                whole = layout.statement_region(Span(last.start, span.end)) or Span(last.start, span.end)
                merged[-1] = (whole, members)
        else:
            merged.append((span, [site]))
    for offset, members in inserted.items():
        if any(span.start < offset < span.end for span, _ in merged):
            return members[0]
    regions = [Region(span, tuple(members), _is_lone(layout, span, members)) for span, members in merged]
    regions.extend(Region(Span(offset, offset), tuple(members)) for offset, members in inserted.items())
    return tuple(sorted(regions, key=lambda region: (region.span.start, region.span.end)))


def _is_lone(layout: Layout, span: Span, members: Sequence[Site]) -> bool:
    site, text = members[0], layout.text
    return (
        len(members) == 1
        and site.kind != BLOCK
        and text[span.start : site.span.start].strip(" \t") == ""
        and text[site.span.end : span.end].lstrip(" \t")[:1] in ("", "#", "\r", "\n")
        and span == layout.lines_of(site.span)
    )


def _after_form_feed(text: str, span: Span) -> Span:
    """LibCST drops a form feed before a statement; it stays outside the region."""
    start = span.start
    while start < span.end and text[start] in " \t\f":
        if text[start] == "\f":
            return _after_form_feed(text, Span(start + 1, span.end))
        start += 1
    return span
