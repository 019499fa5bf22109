"""What a codemod found in one place, and what became of it: site, refusal, change, plan."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from operator import attrgetter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rewire.model.source import Span

BLOCK = "Block"
"""Site kind: a run of whole statements of one block; the transformer gets and returns the list of statements."""

INSERT = "Insert"
"""Site kind: an empty span at the start of a line; ``payload`` is the text (whole lines, ``\\n``-ended) put there."""


class Promise(StrEnum):
    """How much review the changes of a codemod need."""

    PROVED = "proved"
    CHECKED = "checked"
    REVIEW = "review"


@dataclass(frozen=True, slots=True)
class Site:
    """A place that will be rewritten; decided in ``plan``, carried out by the codemod's transformer.

    ``kind`` is the class name of the LibCST node whose syntactic span is ``span`` (``"ImportFrom"``, ``"Arg"``,
    ``"Call"``, ...), or ``BLOCK``, or ``INSERT``. ``payload`` is whatever frozen, picklable value the transformer
    needs. ``summary`` is one line for people; ``shape`` groups like edits for review.

    Sites of one ``group`` stand or fall together, across files, and make one commit even where the user asks for
    smaller ones; a site that ``follows`` may have a later commit of its file's own (a script, a test module). A
    ``support`` site is an edit that others need (an import added, a name removed): owned, verified and shown, but not
    counted as a place found. ``drops_comments`` and ``edits_strings`` announce what ``verify`` would otherwise reject.
    """

    codemod: str
    path: str
    span: Span
    kind: str
    payload: Any = None
    summary: str = ""
    shape: str = ""
    group: str = ""
    follows: bool = False
    support: bool = False
    drops_comments: bool = False
    edits_strings: bool = False

    def __reduce__(self) -> tuple[Any, ...]:
        """Its fields, in half the time that dataclasses take: all that is planned is sent to workers."""
        return Site, _fields_of_site(self)


_fields_of_site = attrgetter(*Site.__slots__)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A place seen and left alone: a stable ``code``, why, and what a person can do."""

    codemod: str
    path: str
    span: Span
    code: str
    reason: str
    advice: str
    line: int = 0


@dataclass(frozen=True, slots=True)
class Suppression:
    """A place left alone because a ``# rewire: ignore[codemod]`` comment says so."""

    codemod: str
    path: str
    span: Span
    comment: str
    line: int = 0


@dataclass(frozen=True, slots=True)
class Change:
    """One site, rewritten. ``span`` is in the text before, ``line`` its 1-based line there.

    ``before`` and ``after`` are the spans of the whole statements that were spliced, in the old and the new text.
    """

    codemod: str
    path: str
    span: Span
    line: int
    summary: str
    shape: str
    support: bool
    before: Span
    after: Span
    group: str = ""
    follows: bool = False


def change_of(site: Site, line: int, before: Span, after: Span) -> Change:
    """What became of ``site``: see ``Change``."""
    return Change(
        site.codemod,
        site.path,
        site.span,
        line,
        site.summary,
        site.shape,
        site.support,
        before,
        after,
        site.group,
        site.follows,
    )


@dataclass(frozen=True, slots=True)
class Note:
    """Something worth saying that is neither change nor refusal (a lost limit, a warning on holding time)."""

    codemod: str
    text: str
    path: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file that the plan creates, as text with ``\\n`` newlines, UTF-8. Part of ``group`` like a site."""

    path: str
    text: str
    summary: str
    group: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """Every decision of one codemod over the whole project. found = sites (not support) + refusals."""

    sites: tuple[Site, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    new_files: tuple[NewFile, ...] = ()
    notes: tuple[Note, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    """JSON-able figures for the report (connections before and after, ...)."""
