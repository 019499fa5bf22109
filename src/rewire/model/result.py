"""What a run did. The only place that knows the exit code."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rewire.model.site import Change, Note, Promise, Refusal, Suppression
    from rewire.model.workspace import Changeset, FileChange, Workspace

EXIT_DONE = 0
EXIT_FOUND_WORK = 1
EXIT_USAGE = 2
EXIT_PARTIAL = 3
EXIT_FAULT = 4

EXIT_CODES: Mapping[int, str] = {
    EXIT_DONE: "done, or nothing to do",
    EXIT_FOUND_WORK: "--check found work",
    EXIT_USAGE: "usage or configuration error",
    EXIT_PARTIAL: "some files failed or were rejected; the rest is done",
    EXIT_FAULT: "our own fault, or git refused",
}


@dataclass(frozen=True, slots=True)
class Failure:
    """A file that could not be read or parsed: it cost nobody else anything."""

    path: str
    code: str
    reason: str
    advice: str
    line: int = 0


@dataclass(frozen=True, slots=True)
class Rejected:
    """Verify's no: the rewritten file, by the name of the check that failed. Its sites are not changed."""

    path: str
    check: str
    detail: str
    codemod: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One codemod's ledger. found = changed + refused + suppressed holds, or the run is our own fault.

    ``refusals`` include the places whose rewriting verify rejected (code ``rejected``).
    ``options`` are the values in force; ``explicit_options`` those the user set, for commit trailers.
    """

    codemod: str
    summary: str
    promise: Promise
    found: int
    changeset: Changeset
    refusals: tuple[Refusal, ...] = ()
    suppressed: tuple[Suppression, ...] = ()
    rejected: tuple[Rejected, ...] = ()
    notes: tuple[Note, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    explicit_options: Mapping[str, Any] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def changes(self) -> tuple[Change, ...]:
        """Every change, support edits included, in path and place order."""
        return tuple(change for file in self.changeset.files for change in file.changes)

    @property
    def changed(self) -> int:
        """How many of the places found were changed (support edits do not count)."""
        return self.changeset.changed

    @property
    def balanced(self) -> bool:
        """found = changed + refused + suppressed."""
        return self.found == self.changed + len(self.refusals) + len(self.suppressed)


@dataclass(frozen=True, slots=True)
class Rendered:
    """The net change of a run as a patch for ``git apply``, and how many files it is about."""

    patch: bytes
    files: int


@dataclass(frozen=True, slots=True)
class RunResult:
    """A whole run: the workspace before and after, one outcome a codemod in the order they ran, and the failures.

    ``rendered`` is there where the request asked for a patch. ``asked`` are the files that are not Python and were
    looked into or for: with the Python files, all that the answer depends on.
    """

    before: Workspace
    after: Workspace
    outcomes: tuple[Outcome, ...]
    failures: tuple[Failure, ...] = ()
    unused_suppressions: tuple[Suppression, ...] = ()
    files_seen: int = 0
    seconds: float = 0.0
    rendered: Rendered | None = None
    asked: frozenset[str] = frozenset()

    @property
    def files_changed(self) -> int:
        """How many files end otherwise than they began."""
        return self.rendered.files if self.rendered else len(self.net_changes())

    def net_changes(self) -> tuple[FileChange, ...]:
        """One entry a file: first before, last after, all changes; files that end as they began are left out."""
        from rewire.model.workspace import FileChange as Entry

        merged: dict[str, FileChange] = {}
        for outcome in self.outcomes:
            for file in outcome.changeset.files:
                earlier = merged.get(file.path)
                if earlier is None:
                    merged[file.path] = file
                else:
                    merged[file.path] = Entry(file.path, earlier.before, file.after, (*earlier.changes, *file.changes))
        return tuple(entry for _, entry in sorted(merged.items()) if entry.before != entry.after)

    @property
    def has_changes(self) -> bool:
        """True if any codemod changed anything."""
        return any(outcome.changeset for outcome in self.outcomes)

    @property
    def incomplete(self) -> bool:
        """True if a file failed or a rewriting was rejected."""
        return bool(self.failures) or any(outcome.rejected for outcome in self.outcomes)

    def exit_code(self, *, check: bool = False) -> int:
        """The documented exit code (``EXIT_CODES``)."""
        if self.incomplete:
            return EXIT_PARTIAL
        return EXIT_FOUND_WORK if check and self.has_changes else EXIT_DONE
