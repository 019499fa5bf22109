"""The summary as text for a terminal or a log: the table, the refusals by code, what needs somebody, the verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rewire.report.escape import one_line
from rewire.report.tally import count

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rewire.fleet.summary import Summary
    from rewire.fleet.values import Record
    from rewire.fleet.visit import Visited

NAMED = 8
"""How many repositories a line names unless all are asked for."""

REASON = 100
"""How many characters of a reason a line of progress shows; the summary has all of it."""

WORDS = {
    "done": "done",
    "unchanged": "no change",
    "failed": "failed",
    "duplicate": "duplicate",
    "pending": "not reached",
}

Line = tuple[str, str]
"""A line and its style, as rich names styles."""

HEAD = ("repository", "codemod", "files", "found", "= changed", "+ refused", "+ suppressed", "status")
_LEFT = (0, 1, 7)
"""The columns that hold words."""


def progress(visited: Visited, through: int, total: int) -> str:
    """One repository that is through, on one line."""
    record = visited.record
    words = f"[{through}/{total}] {record.folder}: {status(record)}"
    if record.status == "failed":
        words += f": {record.reason[:REASON]}{' ...' if len(record.reason) > REASON else ''}"
    elif record.files_changed:
        words += f", {count(record.files_changed, 'file')}"
    return one_line(f"{words}; {record.seconds:.1f} s" if visited.anew else f"{words}; as before")


def status(record: Record) -> str:
    """What became of a repository, in a word or two."""
    parts = [WORDS[record.status]]
    if record.files_failed:
        parts.append(f"{record.files_failed:,} failed")
    if record.files_rejected:
        parts.append(f"{record.files_rejected:,} rejected")
    return ", ".join(parts)


def lines(summary: Summary, *, everything: bool = False) -> Iterator[Line]:
    """All of it. ``everything``: no list is shortened, and repositories with nothing to do have lines of their own."""
    yield from _table(summary, everything=everything)
    yield from _refusals(summary, everything=everything)
    yield from _notes(summary, everything=everything)
    yield from _failures(summary)
    yield from _verdict(summary)


def _table(summary: Summary, *, everything: bool) -> Iterator[Line]:
    rows = [row for record in summary.repositories for row in _rows(record, everything=everything)]
    totals = [
        (
            "",
            total.codemod,
            *(f"{number:,}" for number in (total.files, total.found, total.changed, total.refused, total.suppressed)),
            f"in {total.repositories:,} {'repository' if total.repositories == 1 else 'repositories'}",
        )
        for total in summary.codemods
    ]
    if totals:
        totals[0] = ("all", *totals[0][1:])
    table = [HEAD, *rows, *totals]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for number, cells in enumerate(table):
        words = [
            cell.ljust(width) if column in _LEFT else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ]
        style = "bold" if number == 0 or number > len(rows) else "red" if cells[7].startswith("failed") else ""
        yield "  ".join(words).rstrip(), style
    quiet = [record.folder for record in summary.repositories if not everything and _is_quiet(record)]
    if quiet:
        yield f"nothing found in {_named(quiet, everything=False)}", "dim"
    yield "", ""


def _rows(record: Record, *, everything: bool) -> Iterator[tuple[str, ...]]:
    name, said = one_line(record.folder or record.path), status(record)
    shown = [figures for figures in record.figures if figures.found or figures.files]
    if not shown and (everything or not _is_quiet(record)):
        yield (name, "", "", "", "", "", "", said)
    for figures in shown:
        numbers = (figures.files, figures.found, figures.changed, figures.refused, figures.suppressed)
        yield (name, one_line(figures.codemod), *(f"{number:,}" for number in numbers), said)
        name = said = ""


def _is_quiet(record: Record) -> bool:
    """True if there is nothing to say but that there was nothing."""
    return record.status == "unchanged" and record.is_whole and not any(entry.found for entry in record.figures)


def _refusals(summary: Summary, *, everything: bool) -> Iterator[Line]:
    if summary.refusals:
        yield "left as they are, by code over the fleet", "bold yellow"
    for total in summary.refusals:
        reason = f": {total.reason}" if total.reason else ""
        yield f"  {total.codemod} {total.code} ({total.places:,}){reason}", "yellow"
        yield f"    in {_named(total.repositories, everything=everything)}", ""
        if total.advice:
            yield f"    -> {total.advice}", "dim"
    if summary.refusals:
        yield f"  each place, with its reason: {summary.output}/REPOSITORY/report.json", "dim"
        yield "", ""


def _notes(summary: Summary, *, everything: bool) -> Iterator[Line]:
    groups: dict[str, list[str]] = {}
    for record in summary.repositories:
        for note in record.notes:
            groups.setdefault(note, []).append(record.folder)
    for note, folders in groups.items():
        yield f"note: {_named(folders, everything=everything)}: {note}", "cyan"
    if len(summary.bases) > 1:
        bases = ", ".join(f"{base or 'a detached HEAD'} ({number:,})" for base, number in summary.bases.items())
        yield f"note: begun from {bases}", "cyan"


def _failures(summary: Summary) -> Iterator[Line]:
    for record in summary.repositories:
        if record.status in ("failed", "duplicate"):
            style = "red" if record.status == "failed" else "cyan"
            yield f"{record.status}: line {record.line}: {record.path}: {record.reason}", style
            if record.advice:
                yield f"    -> {record.advice}", "dim"
        elif not record.is_whole:
            yield f"incomplete: {record.folder}: {status(record)}; see {record.folder}/report.json", "red"


def _verdict(summary: Summary) -> Iterator[Line]:
    counts = ", ".join(f"{number:,} {WORDS[name]}" for name, number in summary.statuses.items())
    would = "would change" if summary.mode == "dry-run" else "changed"
    number = len(summary.repositories)
    entries = f"{number:,} {'entry' if number == 1 else 'entries'}"
    yield f"{entries}: {counts}; {would} {count(summary.files_changed, 'file')}", "bold"
    if summary.mode == "dry-run":
        yield f"no repository was written to; what would change: {summary.output}/REPOSITORY/changes.patch", ""
        return
    if summary.statuses.get("done"):
        yield f"the commits are on the branch {summary.branch} of each; no work tree was touched", ""
        yield f"patches for git am --keep-cr, and a pull request's body: {summary.output}/REPOSITORY", ""


def _named(folders: Sequence[str], *, everything: bool) -> str:
    """The first few names, and how many more there are."""
    shown = folders if everything or len(folders) <= NAMED + 1 else folders[:NAMED]
    more = f" and {len(folders) - len(shown):,} more" if len(shown) < len(folders) else ""
    return ", ".join(map(one_line, shown)) + more
