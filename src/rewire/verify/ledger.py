"""Double entry: every changed character lies in a change, every change changed something, every site has its change."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rewire.model.site import Change, Site
    from rewire.model.splices import Splice
    from rewire.model.workspace import FileChange


def unowned(file: FileChange, regions: Sequence[Splice]) -> str | None:
    """What differs outside the ``regions`` of ``file``, or which of them changed nothing; None if the books balance."""
    assert file.before is not None
    assert file.after is not None
    old, new = file.before.text, file.after.text
    behind = ahead = 0
    for region in regions:
        start, end = region.start, region.end
        if old[behind:start] != new[ahead : region.new_start]:
            return f"text before line {file.before.line_of(start)} changed and no change owns it"
        if region.old == region.new:
            return f"the change at line {file.before.line_of(start)} changed nothing"
        if end and old[end - 1] in "\r\n" and region.new[-1:] not in ("", "\r", "\n") and region.new_end < len(new):
            return f"the change at line {file.before.line_of(start)} runs into the line after it"
        behind, ahead = end, region.new_end
    if old[behind:] != new[ahead:]:
        return "text after the last change differs and no change owns it"
    return None


def unbalanced(file: FileChange, sites: Sequence[Site]) -> str | None:
    """Which site has no change of its own, or which change no site; None if they are the same places."""
    planned, done = sorted(map(_place, sites)), sorted(map(_place, file.changes))
    if planned == done:
        return None
    assert file.before is not None
    odd = next((one for one, other in zip(planned, done, strict=False) if one != other), (planned + done)[-1])
    return f"not every site has one change of its own: look at line {file.before.line_of(odd[0])}"


def _place(entry: Site | Change) -> tuple[int, int, str]:
    return entry.span.start, entry.span.end, entry.summary
