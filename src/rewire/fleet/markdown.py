"""The summary as Markdown: what a maintainer pastes into the issue that the fleet's pull requests hang on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rewire.fleet.text import NAMED, WORDS, status
from rewire.report.escape import code_block, code_span, prose
from rewire.report.tally import count

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rewire.fleet.summary import Summary
    from rewire.fleet.values import Record


def render(summary: Summary) -> str:
    """The whole page."""
    parts = [*_heading(summary), *_attention(summary), *_repositories(summary), *_refusals(summary)]
    return "\n".join([*parts, "## Reproduce\n", f"rewire {summary.rewire_version} made this with\n"]) + (
        f"\n{code_block(summary.command, 'sh')}\n"
    )


def _heading(summary: Summary) -> Iterator[str]:
    counts = ", ".join(f"{number:,} {WORDS[name]}" for name, number in summary.statuses.items())
    yield "# Fleet\n"
    would = "would change" if summary.mode == "dry-run" else "changed"
    yield f"{len(summary.repositories):,} in the list: {counts}; {would} {count(summary.files_changed, 'file')}.\n"
    if summary.branch:
        yield f"Commits are on the branch {code_span(summary.branch)} of each repository that is done.\n"
    yield "| codemod | repositories | files | found | changed | refused | suppressed |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: | ---: |"
    for total in summary.codemods:
        numbers = (total.repositories, total.files, total.found, total.changed, total.refused, total.suppressed)
        yield f"| {prose(total.codemod)} | {' | '.join(map(str, numbers))} |"
    yield ""


def _attention(summary: Summary) -> Iterator[str]:
    """What needs somebody."""
    left = [record for record in summary.repositories if not record.is_whole]
    if not left:
        return
    yield "## Needs somebody\n"
    for record in left:
        reason = f": {prose(record.reason)}" if record.reason else ""
        advice = f". {prose(record.advice)}" if record.advice else ""
        yield f"- {code_span(record.path)} (line {record.line}): {status(record)}{reason}{advice}"
    yield ""


def _repositories(summary: Summary) -> Iterator[str]:
    yield "## Repositories\n"
    yield "| repository | codemod | files | found | changed | refused | suppressed | status |"
    yield "| --- | --- | ---: | ---: | ---: | ---: | ---: | --- |"
    quiet = []
    for record in summary.repositories:
        rows = list(_rows(record))
        yield from rows
        if not rows:
            quiet.append(record.folder)
    yield ""
    if quiet:
        yield f"Nothing found in {_named(quiet, len(quiet))}.\n"
    for record in summary.repositories:
        yield from (f"- {code_span(record.folder or record.path)}: {prose(note)}" for note in record.notes)
    yield ""


def _rows(record: Record) -> Iterator[str]:
    name = code_span(record.folder or record.path)
    said = status(record)
    for figures in record.figures:
        if figures.found or figures.files:
            numbers = (figures.files, figures.found, figures.changed, figures.refused, figures.suppressed)
            yield f"| {name} | {prose(figures.codemod)} | {' | '.join(map(str, numbers))} | {said} |"
    if record.status in ("failed", "pending", "duplicate"):
        yield f"| {name} | | | | | | | {said} |"


def _refusals(summary: Summary) -> Iterator[str]:
    if not summary.refusals:
        return
    yield "## What was not changed, and why\n"
    for total in summary.refusals:
        reason = f": {prose(total.reason)}" if total.reason else ""
        where = _named(total.repositories, NAMED)
        code = f"**{prose(total.codemod)}** {code_span(total.code)}"
        yield f"- {code}, {count(total.places, 'place')}{reason} (in {where})"
        if total.advice:
            yield f"  - what to do: {prose(total.advice)}"
    yield ""


def _named(folders: Sequence[str], limit: int) -> str:
    more = f" and {len(folders) - limit:,} more" if len(folders) > limit else ""
    return ", ".join(map(code_span, folders[:limit])) + more
