"""The figures of a whole fleet: one document, from which text, Markdown and JSON are written."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal

from rewire.model.result import EXIT_DONE, EXIT_PARTIAL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rewire.fleet.values import Figures, Record, Status

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class CodemodTotal:
    """One codemod over the fleet. ``repositories``: in how many it changed something."""

    codemod: str
    repositories: int
    files: int
    found: int
    changed: int
    refused: int
    suppressed: int


@dataclass(frozen=True, slots=True)
class RefusalTotal:
    """One refusal code of one codemod over the fleet: places, and the folders of the repositories, most places first.

    ``reason`` and ``advice`` are empty where they differ.
    """

    codemod: str
    code: str
    places: int
    repositories: tuple[str, ...]
    reason: str
    advice: str


@dataclass(frozen=True, slots=True)
class Summary:
    """Everything there is to say about a fleet. ``bases``: how many repositories began from a branch of which name.

    ``files_changed`` counts each file of each repository once; ``codemods`` count it for each codemod.
    """

    schema_version: int
    rewire_version: str
    mode: Literal["apply", "dry-run"]
    branch: str
    output: str
    command: str
    exit_code: int
    statuses: dict[Status, int]
    bases: dict[str, int]
    files_changed: int
    codemods: tuple[CodemodTotal, ...]
    refusals: tuple[RefusalTotal, ...]
    repositories: tuple[Record, ...]


def summarise(records: Sequence[Record], *, version: str, branch: str | None, output: str, command: str) -> Summary:
    """Add up ``records``. Duplicates have no figures, so that nothing is counted twice."""
    return Summary(
        schema_version=SCHEMA_VERSION,
        rewire_version=version,
        mode="dry-run" if branch is None else "apply",
        branch=branch or "",
        output=output,
        command=command,
        exit_code=EXIT_DONE if all(record.is_whole for record in records) else EXIT_PARTIAL,
        statuses=dict(Counter(record.status for record in records).most_common()),
        bases=dict(Counter(record.base for record in records if record.head).most_common()),
        files_changed=sum(record.files_changed for record in records),
        codemods=_codemods(records),
        refusals=_refusals(records),
        repositories=tuple(records),
    )


def render_json(summary: Summary) -> str:
    """The summary as JSON, ASCII only."""
    return json.dumps(asdict(summary), indent=2) + "\n"


def _codemods(records: Sequence[Record]) -> tuple[CodemodTotal, ...]:
    """One total a codemod, in the order in which a run applies them."""
    figures: dict[str, list[Figures]] = {}
    for record in records:
        for entry in record.figures:
            figures.setdefault(entry.codemod, []).append(entry)
    return tuple(
        CodemodTotal(
            name,
            sum(entry.files > 0 for entry in entries),
            sum(entry.files for entry in entries),
            sum(entry.found for entry in entries),
            sum(entry.changed for entry in entries),
            sum(entry.refused for entry in entries),
            sum(entry.suppressed for entry in entries),
        )
        for name, entries in figures.items()
    )


def _refusals(records: Sequence[Record]) -> tuple[RefusalTotal, ...]:
    """Refusals by codemod and code, the most frequent first."""
    found = defaultdict(list)
    for record in records:
        for entry in record.refused:
            found[entry.codemod, entry.code].append((record.folder, entry))
    totals = []
    for (codemod, code), entries in found.items():
        reasons = {entry.reason for _, entry in entries}
        advices = {entry.advice for _, entry in entries}
        ordered = sorted(entries, key=lambda one: (-one[1].places, one[0]))
        totals.append(
            RefusalTotal(
                codemod,
                code,
                sum(entry.places for _, entry in entries),
                tuple(folder for folder, _ in ordered),
                reasons.pop() if len(reasons) == 1 else "",
                advices.pop() if len(advices) == 1 else "",
            )
        )
    return tuple(sorted(totals, key=lambda total: (-total.places, total.codemod, total.code)))
