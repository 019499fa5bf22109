"""No comment is lost and no string is altered, region by region."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from rewire.verify.compare import compare

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rewire.model.site import Site
    from rewire.model.splices import Splice


def lost_text(regions: Sequence[Splice], sites: Sequence[Site]) -> str | None:
    """The first comment or string literal of the old regions that the new ones lack; None if all are there.

    A region holds what its sites announced: ``drops_comments`` and ``edits_strings`` lift the check for it.
    """
    announced = {(site.span.start, site.span.end, site.summary): site for site in sites}
    missing: Counter[str] = Counter()
    spare: Counter[str] = Counter()
    for region in regions:
        found = compare(region.old, region.new)
        members = [announced[change.span.start, change.span.end, change.summary] for change in region.changes]
        spare += found.spare_comments
        if not any(site.drops_comments for site in members):
            missing += found.lost_comments
        if found.lost_strings and not any(site.edits_strings for site in members):
            return f"the string {_shown(found.lost_strings)} was altered or lost"
    lost = missing - spare
    return f"the comment {_shown(lost)} was lost" if lost else None


def _shown(lost: Counter[str]) -> str:
    first = next(iter(lost))
    return repr(first if len(first) <= 60 else first[:57] + "...")
