"""The figures of a run, counted in one place for every format, and refusals and changes in the groups people read."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rewire.model.result import Outcome
    from rewire.model.site import Change, Promise, Refusal
    from rewire.model.workspace import FileChange


class Row(NamedTuple):
    """One codemod's line of the table. ``found`` = ``changed`` + ``refused`` + ``suppressed``."""

    codemod: str
    promise: Promise
    files: int
    found: int
    changed: int
    refused: int
    suppressed: int


def row(outcome: Outcome) -> Row:
    """The figures of one outcome. ``files`` are those that were changed or created."""
    return Row(
        outcome.codemod,
        outcome.promise,
        len(outcome.changeset.files),
        outcome.found,
        outcome.changed,
        len(outcome.refusals),
        len(outcome.suppressed),
    )


class RefusalGroup(NamedTuple):
    """The refusals of one code, in place order. ``advice`` is what all of them share, empty where they differ."""

    code: str
    refusals: tuple[Refusal, ...]
    reason: str
    advice: str


def refusal_groups(refusals: Sequence[Refusal]) -> tuple[RefusalGroup, ...]:
    """Refusals by code, the most frequent code first."""
    by_code: dict[str, list[Refusal]] = defaultdict(list)
    for refusal in refusals:
        by_code[refusal.code].append(refusal)
    groups = [
        RefusalGroup(
            code,
            tuple(entries),
            _shared([entry.reason for entry in entries]),
            _shared([entry.advice for entry in entries]),
        )
        for code, entries in by_code.items()
    ]
    return tuple(sorted(groups, key=lambda group: (-len(group.refusals), group.code)))


class ShapeGroup(NamedTuple):
    """The changes of one shape: the same edit in many places, each with the file it is in."""

    shape: str
    changes: tuple[tuple[FileChange, Change], ...]


def shape_groups(outcome: Outcome) -> tuple[ShapeGroup, ...]:
    """An outcome's changes by shape, the most frequent first. Edits that others need (``support``) are left out."""
    by_shape: dict[str, list[tuple[FileChange, Change]]] = defaultdict(list)
    for file in outcome.changeset.files:
        for change in file.changes:
            if not change.support:
                by_shape[change.shape or change.summary].append((file, change))
    groups = [ShapeGroup(shape, tuple(entries)) for shape, entries in by_shape.items()]
    return tuple(sorted(groups, key=lambda group: (-len(group.changes), group.shape)))


def place(path: str, line: int) -> str:
    """``path:line``, or the path alone where no line is known."""
    return f"{path}:{line}" if line else path


def count(number: int, noun: str) -> str:
    """``1 site``, ``2 sites``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _shared(words: Sequence[str]) -> str:
    """The one text that all have in common; empty where they differ."""
    return words[0] if len(set(words)) == 1 else ""
