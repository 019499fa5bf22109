"""The machine-readable report: everything a run found, changed and refused, as one versioned JSON document.

The dataclasses are the schema: ``docs/report.md`` and its JSON Schema are generated from them. A field that changes its
meaning or goes raises ``SCHEMA_VERSION``; a field that is added does not. Every list is in a stable order, and
``seconds`` are the only figures that differ between two runs on the same input.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from rewire.model.result import Failure, Outcome, RunResult
    from rewire.model.site import Note, Refusal, Suppression
    from rewire.model.source import Span
    from rewire.model.workspace import FileChange
    from rewire.report.about import About

SCHEMA_VERSION = 1

_NOT_PRINTED = re.compile(r"[^\n -~]")


@dataclass(frozen=True, slots=True)
class ChangeEntry:
    """One rewritten place. Offsets are in characters: ``span`` and ``before`` into the old text, ``after`` the new."""

    line: int
    span: tuple[int, int]
    before: tuple[int, int]
    after: tuple[int, int]
    summary: str
    shape: str
    support: bool
    group: str


@dataclass(frozen=True, slots=True)
class FileEntry:
    """One changed file; digests are BLAKE2b-128 of its bytes, None where there is no file."""

    path: str
    status: Literal["created", "modified", "deleted"]
    digest_before: str | None
    digest_after: str | None
    changes: tuple[ChangeEntry, ...]


@dataclass(frozen=True, slots=True)
class RefusalEntry:
    """One place that was seen and left alone."""

    path: str
    line: int
    span: tuple[int, int]
    code: str
    reason: str
    advice: str


@dataclass(frozen=True, slots=True)
class SuppressionEntry:
    """A place that a ``# rewire: ignore`` comment keeps, or such a comment that keeps nothing."""

    codemod: str
    path: str
    line: int
    comment: str


@dataclass(frozen=True, slots=True)
class RejectedEntry:
    """A file whose rewriting a check turned down; its places are among the refusals, with the code ``rejected``."""

    path: str
    check: str
    detail: str


@dataclass(frozen=True, slots=True)
class NoteEntry:
    """Something worth saying that is neither change nor refusal; ``path`` empty, ``line`` 0: of no place."""

    path: str
    line: int
    text: str


@dataclass(frozen=True, slots=True)
class CodemodEntry:
    """One codemod's ledger: ``found`` = ``changed`` + ``refused`` + ``suppressed``."""

    name: str
    summary: str
    promise: str
    options: dict[str, Any]
    explicit_options: dict[str, Any]
    found: int
    changed: int
    refused: int
    suppressed: int
    files: tuple[FileEntry, ...]
    refusals: tuple[RefusalEntry, ...]
    suppressions: tuple[SuppressionEntry, ...]
    rejected: tuple[RejectedEntry, ...]
    notes: tuple[NoteEntry, ...]
    facts: dict[str, Any]
    seconds: float


@dataclass(frozen=True, slots=True)
class FailureEntry:
    """A file that could not be read or parsed; ``line`` 0: unknown."""

    path: str
    line: int
    code: str
    reason: str
    advice: str


@dataclass(frozen=True, slots=True)
class CommitEntry:
    """A commit that was made, oldest first."""

    sha: str
    subject: str


@dataclass(frozen=True, slots=True)
class SinceEntry:
    """``revision`` as ``--since`` named it, and the ``commit`` that the work tree was compared with."""

    revision: str
    commit: str


@dataclass(frozen=True, slots=True)
class Ledger:
    """A whole run. ``root`` is the directory that every path is relative to.

    ``since``: only files changed since a commit were looked at; null: all under the given paths.
    """

    schema_version: int
    rewire_version: str
    mode: Literal["dry-run", "check", "apply"]
    command: str
    exit_code: int
    root: str
    since: SinceEntry | None
    files_seen: int
    codemods: tuple[CodemodEntry, ...]
    failures: tuple[FailureEntry, ...]
    unused_suppressions: tuple[SuppressionEntry, ...]
    commits: tuple[CommitEntry, ...]
    seconds: float


def ledger(result: RunResult, about: About) -> Ledger:
    """The run as plain values."""
    return Ledger(
        schema_version=SCHEMA_VERSION,
        rewire_version=about.version,
        mode=about.mode,
        command=about.command,
        exit_code=about.exit_code,
        root=str(result.before.root),
        since=SinceEntry(about.since.revision, about.since.commit) if about.since else None,
        files_seen=result.files_seen,
        codemods=tuple(map(_codemod, result.outcomes)),
        failures=tuple(map(_failure, result.failures)),
        unused_suppressions=tuple(map(_suppression, result.unused_suppressions)),
        commits=tuple(CommitEntry(commit.sha, commit.subject) for commit in about.commits),
        seconds=round(result.seconds, 3),
    )


def render(result: RunResult, about: About) -> str:
    """The run as JSON, ASCII only: a reader's terminal shows it as it is."""
    return _as_json(ledger(result, about)) + "\n"


def _as_json(value: Any) -> str:
    """``value`` as the standard library's ``json`` writes it with an indentation, which takes it ten times as long."""
    import msgspec

    try:
        text = msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
    except UnicodeEncodeError:  # a file name that is not Unicode
        return json.dumps(msgspec.to_builtins(value), indent=2)
    return _NOT_PRINTED.sub(lambda found: json.dumps(found[0])[1:-1], text)


def schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of the document."""
    import msgspec

    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **msgspec.json.schema(Ledger)}


def _codemod(outcome: Outcome) -> CodemodEntry:
    return CodemodEntry(
        name=outcome.codemod,
        summary=outcome.summary,
        promise=str(outcome.promise),
        options=dict(outcome.options),
        explicit_options=dict(outcome.explicit_options),
        found=outcome.found,
        changed=outcome.changed,
        refused=len(outcome.refusals),
        suppressed=len(outcome.suppressed),
        files=tuple(map(_file, outcome.changeset.files)),
        refusals=tuple(map(_refusal, outcome.refusals)),
        suppressions=tuple(map(_suppression, outcome.suppressed)),
        rejected=tuple(RejectedEntry(entry.path, entry.check, entry.detail) for entry in outcome.rejected),
        notes=tuple(map(_note, outcome.notes)),
        facts=dict(outcome.facts),
        seconds=round(outcome.seconds, 3),
    )


def _file(file: FileChange) -> FileEntry:
    return FileEntry(
        path=file.path,
        status="created" if file.before is None else "deleted" if file.after is None else "modified",
        digest_before=file.before.digest if file.before else None,
        digest_after=file.after.digest if file.after else None,
        changes=tuple(
            ChangeEntry(
                change.line,
                _span(change.span),
                _span(change.before),
                _span(change.after),
                change.summary,
                change.shape,
                change.support,
                change.group,
            )
            for change in file.changes
        ),
    )


def _refusal(entry: Refusal) -> RefusalEntry:
    return RefusalEntry(entry.path, entry.line, _span(entry.span), entry.code, entry.reason, entry.advice)


def _suppression(entry: Suppression) -> SuppressionEntry:
    return SuppressionEntry(entry.codemod, entry.path, entry.line, entry.comment)


def _note(entry: Note) -> NoteEntry:
    return NoteEntry(entry.path, entry.line, entry.text)


def _failure(entry: Failure) -> FailureEntry:
    return FailureEntry(entry.path, entry.line, entry.code, entry.reason, entry.advice)


def _span(span: Span) -> tuple[int, int]:
    return span.start, span.end
