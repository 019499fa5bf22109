"""Group the sites of one file into regions: runs of whole statements, each parsed and spliced on its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rewire.model.site import BLOCK, INSERT, Site
from rewire.model.source import Span
from rewire.syntax.lexical import scan

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rewire.syntax.lexical import Layout


@dataclass(frozen=True, slots=True)
class Region:
    """Full lines of the old text (an empty span for an insertion) and the sites that lie in them."""

    span: Span
    sites: tuple[Site, ...]

    @property
    def inserts(self) -> bool:
        """True for text put between two lines."""
        return self.span.start == self.span.end


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
    regions = [Region(span, tuple(members)) for span, members in merged]
    regions.extend(Region(Span(offset, offset), tuple(members)) for offset, members in inserted.items())
    return tuple(sorted(regions, key=lambda region: (region.span.start, region.span.end)))


def _after_form_feed(text: str, span: Span) -> Span:
    """LibCST drops a form feed before a statement; it stays outside the region."""
    start = span.start
    while start < span.end and text[start] in " \t\f":
        if text[start] == "\f":
            return _after_form_feed(text, Span(start + 1, span.end))
        start += 1
    return span
