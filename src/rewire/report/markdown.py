"""The report as the body of a pull request: what, how much review it needs, the outliers first, what was not changed.

Every figure is computed from the run's ledger; every word that comes from the target is escaped.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rewire.report.escape import code_block, code_span, prose
from rewire.report.hunks import excerpt
from rewire.report.page import PROMISES
from rewire.report.tally import count, place, refusal_groups, row, shape_groups

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rewire.model.result import Outcome, RunResult
    from rewire.model.site import Change
    from rewire.model.workspace import FileChange
    from rewire.report.about import About
    from rewire.report.tally import RefusalGroup

RARE = 5
"""A shape with this many changes or fewer is shown in full, unless it is the only one."""

LONGEST = 60_000
"""Characters of a body: GitHub takes 65,536."""


@dataclass(frozen=True, slots=True)
class _Limits:
    """``room``: characters of excerpts; ``places``: how many places of one refusal code, notes, failures are listed."""

    room: int
    places: int


LIMITS = (_Limits(48_000, 20), _Limits(24_000, 5), _Limits(8_000, 1))
"""Tried in turn until the body is short enough."""

CHECKS = (
    ("double entry", "every changed line belongs to a change listed here, every other line is byte for byte as before"),
    ("text", "comments and string literals are kept, except where a codemod says that it edits them"),
    ("syntax", "every changed file parses"),
    ("names", "no name is newly undefined, no import newly loads nothing"),
    ("second pass", "run again on the result, no codemod finds anything to do in the changed files"),
)
"""What ``rewire.verify`` and the pipeline check on every run before a change is accepted."""


def render(result: RunResult, about: About) -> str:
    """The whole body, with fewer excerpts and shorter lists where it would be too long."""
    bodies = (_body(result, about, limits) for limits in LIMITS)
    return next((body for body in bodies if len(body) <= LONGEST), "") or _body(result, about, LIMITS[-1])[:LONGEST]


def _body(result: RunResult, about: About, limits: _Limits) -> str:
    """The body within ``limits``."""
    parts = [*_heading(result, about), *_table(result)]
    room = limits.room
    for block in (block for outcome in result.outcomes for block in _shapes(outcome)):
        room -= len(block)
        if room < 0:
            parts.append("The remaining excerpts would not fit here; `rewire apply --dry-run` shows every change.\n")
            break
        parts.append(block)
    parts += [*_facts(result, limits), *_left(result, limits), *_checks(result, limits), *_reproduce(about)]
    return "\n".join(parts)


def _heading(result: RunResult, about: About) -> Iterator[str]:
    """One line a codemod that did something: its own summary, in its own words; and what the run was limited to."""
    worked = [outcome for outcome in result.outcomes if outcome.changeset]
    yield "## What\n"
    for outcome in worked:
        given = outcome.explicit_options.items()
        options = "".join(", " + code_span(f"{name.replace('_', '-')} = {value!r}") for name, value in given)
        yield f"- **{prose(outcome.codemod)}**: {prose(outcome.summary)}{options}"
    if not worked:
        yield "Nothing: no codemod of this run found a place to change."
    if about.since:
        looked = f"Looked at: {count(result.files_seen, 'file')} changed since"
        yield f"\n{looked} {code_span(about.since.revision)} ({code_span(about.since.shown)})."
    yield ""


def _table(result: RunResult) -> Iterator[str]:
    """The figures; found = changed + refused + suppressed in each row."""
    yield "| codemod | promise | files | found | changed | refused | suppressed |"
    yield "| --- | --- | ---: | ---: | ---: | ---: | ---: |"
    for outcome in result.outcomes:
        figures = row(outcome)
        yield (
            f"| {prose(figures.codemod)} | {figures.promise} | {figures.files} | {figures.found} "
            f"| {figures.changed} | {figures.refused} | {figures.suppressed} |"
        )
    yield ""
    for promise in sorted({outcome.promise for outcome in result.outcomes}):
        yield f"- {promise}: {PROMISES[promise]}"
    yield ""


def _shapes(outcome: Outcome) -> Iterator[str]:
    """Outliers first: every change of a rare shape, then one exemplar of each frequent one."""
    groups = shape_groups(outcome)
    if not groups:
        return
    sizes = " / ".join(str(len(group.changes)) for group in groups)
    heading = f"### {prose(outcome.codemod)}: {count(outcome.changed, 'site')}, {count(len(groups), 'shape')}"
    yield f"{heading}{f': {sizes}' if len(groups) > 1 else ''}\n"
    rare = [group for group in groups if len(group.changes) <= RARE] if len(groups) > 1 else []
    for group in reversed(rare):
        yield f"**{prose(group.shape)}**: {count(len(group.changes), 'site')}, all shown\n"
        for file, change in group.changes:
            yield _excerpt(file, change)
    for group in groups:
        if group not in rare:
            shown = "the first shown" if len(group.changes) > 1 else "shown"
            yield f"**{prose(group.shape)}**: {count(len(group.changes), 'site')}, {shown}\n"
            yield _excerpt(*group.changes[0])


def _excerpt(file: FileChange, change: Change) -> str:
    """The lines of one change, as a diff."""
    text = "\n".join(f"{sign}{line}" for sign, line in excerpt(file, change))
    return f"{code_span(place(file.path, change.line))}\n\n{code_block(text, 'diff')}\n"


def _facts(result: RunResult, limits: _Limits) -> Iterator[str]:
    """Figures that a codemod itself reports, and its notes."""
    for outcome in result.outcomes:
        if not outcome.facts and not outcome.notes:
            continue
        yield f"### {prose(outcome.codemod)}: figures and notes\n"
        for name, value in outcome.facts.items():
            yield f"- {prose(name.replace('_', ' '))}: {code_span(_cut(str(value)))}"
        for note in outcome.notes[: limits.places]:
            where = f" ({code_span(place(note.path, note.line))})" if note.path else ""
            yield f"- {prose(note.text)}{where}"
        yield from _more(len(outcome.notes), "note", limits)
        yield ""


def _left(result: RunResult, limits: _Limits) -> Iterator[str]:
    """What was not changed and why: refusals by code, suppressed places, files that could not be read."""
    yield "## What was not changed, and why\n"
    silent = not result.failures
    for outcome in result.outcomes:
        silent = silent and not outcome.refusals and not outcome.suppressed
        for group in refusal_groups(outcome.refusals):
            yield from _group(outcome, group, limits)
        for suppression in outcome.suppressed[: limits.places]:
            where = code_span(place(suppression.path, suppression.line))
            yield f"- {where}: suppressed by {code_span(_cut(suppression.comment))}"
        yield from _more(len(outcome.suppressed), "suppressed place", limits)
    for failure in result.failures[: limits.places]:
        where = code_span(place(failure.path, failure.line))
        yield f"- {where}: {prose(_cut(failure.reason))} ({code_span(failure.code)}). {prose(failure.advice)}"
    yield from _more(len(result.failures), "file that failed", limits)
    yield "Every place that was found was changed.\n" if silent else ""


def _group(outcome: Outcome, group: RefusalGroup, limits: _Limits) -> Iterator[str]:
    """The refusals of one code."""
    why = f": {prose(group.reason)}" if group.reason else ""
    yield f"**{prose(outcome.codemod)}**, {code_span(group.code)} ({count(len(group.refusals), 'place')}){why}"
    if group.advice:
        yield f"\nWhat to do: {prose(group.advice)}"
    yield ""
    for refusal in group.refusals[: limits.places]:
        words = [] if group.reason else [prose(refusal.reason)]
        words += [] if group.advice else [prose(refusal.advice)]
        yield " - ".join([f"- {code_span(place(refusal.path, refusal.line))}", *filter(None, words)])
    yield from _more(len(group.refusals), "place", limits)
    yield ""


def _checks(result: RunResult, limits: _Limits) -> Iterator[str]:
    """What ran, and what did not: a check that did not run is never shown as passed."""
    yield "## Checks\n"
    rejected = [entry for outcome in result.outcomes for entry in outcome.rejected]
    if any(outcome.changeset for outcome in result.outcomes):
        yield "Run on every changed file, and passed (a file that fails one is not changed):\n"
        yield from (f"- {name}: {meaning}" for name, meaning in CHECKS)
    for entry in rejected[: limits.places]:
        yield f"- rejected by {code_span(entry.check)}: {code_span(entry.path)}: {prose(entry.detail)}"
    yield from _more(len(rejected), "rejected file", limits)
    yield "\nNot run: this project's tests, type checker, linter and formatter. rewire does not execute the project.\n"


def _reproduce(about: About) -> Iterator[str]:
    """How to make the same change again, and how to take it back."""
    yield f"## Reproduce, refuse\n\nrewire {about.version} made this with\n"
    yield code_block(about.command, "sh")
    if about.commits:
        yield "\nThe commits, oldest first:\n"
        yield from (f"- {code_span(commit.sha[:12])} {prose(commit.subject)}" for commit in about.commits)
    if about.undo:
        yield "\nTo take all of it back:\n"
        yield code_block(about.undo, "sh")
    yield "\nTo refuse one codemod, revert its commit, or run without it (`--ignore`)."
    yield "\nTo keep a single place as it is, put `# rewire: ignore[CODEMOD] reason` on its line and run again.\n"


def _more(total: int, noun: str, limits: _Limits) -> Sequence[str]:
    """A line saying how many were left out."""
    left = total - limits.places
    return [f"- and {left:,} more ({noun}); `--format json` lists all"] if left > 0 else []


def _cut(words: str, limit: int = 300) -> str:
    """``words``, or the beginning of them."""
    return words if len(words) <= limit else f"{words[:limit]} ..."
