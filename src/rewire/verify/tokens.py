"""No comment is lost and no string is altered, region by region."""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING

from rewire.syntax.lexical import scan

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rewire.model.site import Site
    from rewire.model.source import Span
    from rewire.model.workspace import FileChange


def lost_text(file: FileChange, sites: Sequence[Site]) -> str | None:
    """The first comment or string literal of the old regions that the new ones lack; None if all are there.

    A region holds what its sites announced: ``drops_comments`` and ``edits_strings`` lift the check for it.
    """
    assert file.before is not None
    assert file.after is not None
    may = {(site.span, site.summary): site for site in sites}
    regions: dict[tuple[Span, Span], list[Site]] = {}
    for change in file.changes:
        regions.setdefault((change.before, change.after), []).append(may[change.span, change.summary])
    missing_comments: Counter[str] = Counter()
    spare_comments: Counter[str] = Counter()
    for (before, after), members in regions.items():
        old, new = _tokens(before.of(file.before.text)), _tokens(after.of(file.after.text))
        spare_comments += new["comments"] - old["comments"]
        if not any(site.drops_comments for site in members):
            missing_comments += old["comments"] - new["comments"]
        if not any(site.edits_strings for site in members):
            lost = old["strings"] - new["strings"]
            if lost:
                return f"the string {_shown(lost)} was altered or lost"
    lost = missing_comments - spare_comments
    return f"the comment {_shown(lost)} was lost" if lost else None


@lru_cache(maxsize=8192)
def _tokens(text: str) -> Mapping[str, Counter[str]]:
    layout = scan(text)
    return {
        "comments": Counter(span.of(text).rstrip() for span in layout.comments),
        "strings": Counter(span.of(text) for span in layout.strings),
    }


def _shown(lost: Counter[str]) -> str:
    first = next(iter(lost))
    return repr(first if len(first) <= 60 else first[:57] + "...")
