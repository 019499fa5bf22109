"""Double entry: every changed character lies in a change, and every change changed something."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rewire.model.workspace import FileChange


def unowned(file: FileChange) -> str | None:
    """What differs outside the changes of ``file``, or which change changed nothing; None if the books balance."""
    assert file.before is not None
    assert file.after is not None
    old, new = file.before.text, file.after.text
    regions = sorted({(change.before, change.after) for change in file.changes})
    behind = ahead = 0
    for before, after in regions:
        if old[behind : before.start] != new[ahead : after.start]:
            return f"text before line {file.before.line_of(before.start)} changed and no change owns it"
        if before.of(old) == after.of(new):
            return f"the change at line {file.before.line_of(before.start)} changed nothing"
        if old[: before.end].endswith(("\r", "\n")) and _is_open(new[after.start : after.end]) and after.end < len(new):
            return f"the change at line {file.before.line_of(before.start)} runs into the line after it"
        behind, ahead = before.end, after.end
    if old[behind:] != new[ahead:]:
        return "text after the last change differs and no change owns it"
    return None


def _is_open(text: str) -> bool:
    return bool(text) and text[-1] not in "\r\n"
