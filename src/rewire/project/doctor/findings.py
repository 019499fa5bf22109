"""What an examination comes to, as values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from rewire.model.project import ImportRoot, Launch
    from rewire.project.boot.outcome import Boot

Severity = Literal["error", "warning", "note"]

CODES: dict[str, str] = {
    "swallowed": "an import fails at start and a handler hides it: a feature may be off in silence",
    "fails-later": "an import fails when a function runs",
    "may-fail": "an import fails if a condition holds that cannot be read from the text",
    "two-names": "one file is loaded under two names in one process: two module objects, two copies of every global",
    "missing-init": "a folder that is imported as a package has no __init__.py",
    "path-edit": "a file edits sys.path",
    "look-alike": "folders side by side whose names differ only in case or punctuation",
    "no-such-module": "an import names a module of the project that exists nowhere",
    "dead-command": "a launch command names a target that does not exist",
    "conflict": "two files start the same program in ways that do not agree",
    "hides-standard-library": "a file has the name of a module of the standard library and is found before it",
    "possible-script": 'a file with an `if __name__ == "__main__"` block that no launch file starts',
}
"""Every finding's code and what it says."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing worth knowing: what, where, what a person can do, and the names of the contexts it shows in."""

    code: str
    severity: Severity
    path: str
    line: int
    text: str
    advice: str = ""
    contexts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ContextReport:
    """One launch context, started.

    ``cure`` is a change to the launch that lets it boot, where one was found. ``overruled``: the user says that the
    same program is started in another way, so this one does not count.
    """

    launch: Launch
    boot: Boot
    cure: str = ""
    overruled: bool = False


@dataclass(frozen=True, slots=True)
class Examination:
    """Everything the doctor saw."""

    roots: tuple[ImportRoot, ...]
    contexts: tuple[ContextReport, ...]
    findings: tuple[Finding, ...]
    matches: tuple[str, ...] | None = None
    """Names of the contexts that ``--error`` fits; None where it was not asked."""
    missing_init: tuple[str, ...] = field(default=())
    """Folders that ``--fix-packages`` gives an ``__init__.py``."""

    @property
    def healthy(self) -> bool:
        """True if every context that counts boots."""
        return all(context.boot.boots or context.overruled for context in self.contexts)
