"""The summary that people read: the table, the refusals by code, and whatever else the run has to say."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

from rewire.report.escape import one_line
from rewire.report.tally import RefusalGroup, count, place, refusal_groups, row

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console
    from rich.text import Text

    from rewire.model.result import Outcome, RunResult
    from rewire.report.about import About

PLACES = 5
"""How many places of one refusal code are shown unless all are asked for."""

LISTED = 20
"""How many failures, notes or comments are shown unless all are asked for."""


def open_console(stream: IO[str], *, colour: bool) -> Console:
    """A console that prints text as it is: no markup, no highlighting, no line wrapping of its own."""
    from rich.console import Console

    return Console(
        file=stream,
        force_terminal=colour,
        no_color=not colour,
        color_system="standard" if colour else None,
        width=None if stream.isatty() else 120,
        markup=False,
        highlight=False,
        emoji=False,
        soft_wrap=True,
        legacy_windows=False,
    )


class Summary:
    """Writes the parts of the summary to one console. ``everything``: no list is shortened."""

    def __init__(self, console: Console, *, everything: bool = False) -> None:
        self.console = console
        self.everything = everything

    def show(self, result: RunResult, about: About) -> None:
        """All of it, in the order in which a reader needs it: the last lines are the ones that stay in view."""
        looked = bool(result.files_seen or not about.since)
        for outcome in result.outcomes if looked else ():
            self._refusals(outcome)
            self._rejected(outcome)
            self._suppressed(outcome)
            self._notes(outcome)
        self._failures(result)
        self._unused(result)
        if looked:
            self._table(result)
        self._verdict(result, about)

    def _table(self, result: RunResult) -> None:
        """found = changed + refused + suppressed, a line for each codemod.

        As wide as its figures need, whatever the terminal: a number that is cut off is another number.
        """
        rows = [("codemod", "promise", "files", "found", "= changed", "+ refused", "+ suppressed")]
        for outcome in result.outcomes:
            figures = row(outcome)
            counts = (figures.files, figures.found, figures.changed, figures.refused, figures.suppressed)
            name, promise = one_line(figures.codemod), str(figures.promise)
            files, found, changed, refused, suppressed = (f"{number:,}" for number in counts)
            rows.append((name, promise, files, found, changed, refused, suppressed))
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        for number, cells in enumerate(rows if result.outcomes else ()):
            words = [cell.ljust(width) for cell, width in zip(cells[:2], widths, strict=False)]
            words += [cell.rjust(width) for cell, width in zip(cells[2:], widths[2:], strict=True)]
            self._line("  ".join(words), "" if number else "bold")
        for outcome in result.outcomes if self.everything else ():
            options = " ".join(f"{name}={value}" for name, value in outcome.options.items())
            self._line(f"{outcome.codemod}: {outcome.seconds:.2f} s  {options}".rstrip(), "dim")

    def _refusals(self, outcome: Outcome) -> None:
        """Refusals by code."""
        if not outcome.refusals:
            return
        left = "1 place as it is" if len(outcome.refusals) == 1 else f"{len(outcome.refusals):,} places as they are"
        self._line(f"{outcome.codemod} left {left}", "bold yellow")
        for group in refusal_groups(outcome.refusals):
            self._group(group)
        self._line("")

    def _group(self, group: RefusalGroup) -> None:
        """One code: why, where, and what a person can do."""
        reason = f": {group.reason}" if group.reason else ""
        self._line(f"  {group.code} ({len(group.refusals):,}){reason}", "yellow")
        shown = self._shown(len(group.refusals), PLACES)
        for refusal in group.refusals[:shown]:
            words = [] if group.reason else [refusal.reason]
            words += [] if group.advice else [f"-> {refusal.advice}"]
            self._line(f"    {place(refusal.path, refusal.line)}  {' '.join(words)}".rstrip())
        self._more(len(group.refusals), shown)
        if group.advice:
            self._line(f"    -> {group.advice}", "dim")

    def _rejected(self, outcome: Outcome) -> None:
        """Files that a check turned down."""
        for entry in outcome.rejected:
            self._line(f"rejected: {entry.path}: {entry.check}: {entry.detail}", "red")

    def _suppressed(self, outcome: Outcome) -> None:
        """Places that the user keeps as they are; the user knows, so only where everything is asked for."""
        for entry in outcome.suppressed if self.everything else ():
            self._line(f"{outcome.codemod}: suppressed: {place(entry.path, entry.line)}: {entry.comment}")

    def _notes(self, outcome: Outcome) -> None:
        """What the codemod has to say besides, and its own figures."""
        facts = {name: value for name, value in outcome.facts.items() if self.everything or _is_figure(value)}
        for name, value in facts.items():
            self._line(f"{outcome.codemod}: {name.replace('_', ' ')}: {value}")
        shown = self._shown(len(outcome.notes), LISTED)
        for note in outcome.notes[:shown]:
            where = f"{place(note.path, note.line)}: " if note.path else ""
            self._line(f"{outcome.codemod}: note: {where}{note.text}", "cyan")
        self._more(len(outcome.notes), shown)

    def _failures(self, result: RunResult) -> None:
        """Files that could not be read or parsed."""
        shown = self._shown(len(result.failures), LISTED)
        for failure in result.failures[:shown]:
            self._line(f"failed: {place(failure.path, failure.line)}: {failure.reason} ({failure.code})", "red")
            if failure.advice:
                self._line(f"    -> {failure.advice}", "dim")
        self._more(len(result.failures), shown)

    def _unused(self, result: RunResult) -> None:
        """Suppression comments that keep nothing."""
        shown = self._shown(len(result.unused_suppressions), LISTED)
        for entry in result.unused_suppressions[:shown]:
            why = "suppresses nothing" if entry.codemod else "names no codemod: write ignore[CODEMOD]"
            self._line(f"unused: {place(entry.path, entry.line)}: {entry.comment} {why}", "cyan")
        self._more(len(result.unused_suppressions), shown)

    def _verdict(self, result: RunResult, about: About) -> None:
        """The commits, and in one line what became of it all."""
        for commit in about.commits:
            self._line(f"{commit.sha[:10]} {commit.subject}", "bold")
        if about.branch and about.commits:
            self._line(f"on branch {about.branch}")
        seen = f"{count(result.files_seen, 'file')}{_since(about)} in {result.seconds:.1f} s"
        changed = result.files_changed
        if about.since and not result.files_seen:
            self._line(f"nothing to look at: no selected Python file{_since(about)}", "bold")
        elif not result.has_changes:
            self._line(f"nothing to change; {seen}", "bold")
        elif about.mode == "apply":
            self._line(f"changed {count(changed, 'file')}; {seen}", "bold")
        else:
            self._line(f"would change {count(changed, 'file')}; {seen}; nothing was written", "bold")
        if about.undo:
            self._line(f"to take it back: {about.undo}")

    def _shown(self, total: int, limit: int) -> int:
        """How many of a list are shown: one more than the limit is not worth a line that says so."""
        return total if self.everything or total <= limit + 1 else limit

    def _more(self, total: int, shown: int) -> None:
        """Say how many of a list were left out."""
        if total > shown:
            self._line(f"    and {total - shown:,} more; --verbose shows all", "dim")

    def _line(self, text: str, style: str = "") -> None:
        """One line that holds nothing the terminal would obey."""
        print_line(self.console, text, style)


def print_line(console: Console, text: str, style: str = "") -> None:
    """One line in ``style``, which holds nothing that the terminal would obey."""
    console.print(_harmless(text), style=style)


def _since(about: About) -> str:
    """What kept the run to some files."""
    return f" changed since {about.since.revision} ({about.since.shown})" if about.since else ""


def _harmless(text: str) -> Text:
    """``text`` as rich text, escaped."""
    from rich.text import Text

    return Text(one_line(text))


def _is_figure(value: object) -> bool:
    """True for what fits on a line: numbers, short words."""
    return isinstance(value, int | float) or (isinstance(value, str) and len(value) <= 80)


def shorten(words: Sequence[str], limit: int = 3) -> str:
    """The first few words, and how many more there are."""
    shown = ", ".join(one_line(word) for word in words[:limit])
    return f"{shown} and {len(words) - limit:,} more" if len(words) > limit else shown
