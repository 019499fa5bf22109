"""Collects what was decided: edits that belong together, refusals, notes; and makes sites of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rewire.codemod import Note, Plan, Project, Refusal, Site, Span
from rewire_codemods.connect_timeout.edits import Operation, Operations, Payload
from rewire_codemods.connect_timeout.refusals import CODES

if TYPE_CHECKING:
    from collections.abc import Iterable

NAME = "connect-timeout"

Place = tuple[str, Span, str]


@dataclass(slots=True)
class Edit:
    """One site in the making: several decisions may add operations to the same call."""

    payload: Payload
    summaries: list[str]
    shapes: list[str]
    support: bool
    groups: set[str]
    drops_comments: bool
    edits_strings: bool


@dataclass(slots=True)
class Ledger:
    """Sites, refusals and notes of one plan."""

    project: Project
    edits: dict[Place, Edit] = field(default_factory=dict)
    refusals: list[Refusal] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    timed: set[tuple[str, Span]] = field(default_factory=set)
    """Calls that get ``timeout=`` from an edit."""
    at_times: set[tuple[str, Span]] = field(default_factory=set)
    """Calls that get it by ``**`` from a parameter: not whenever they run."""
    gone: list[tuple[str, Span]] = field(default_factory=list)
    """Arguments that are dropped: what they read is read no more."""

    def edit(
        self,
        place: Place,
        payload: Payload | tuple[Operation, ...],
        summary: str,
        shape: str,
        *,
        group: str = "",
        support: bool = False,
        drops_comments: bool = False,
        edits_strings: bool = False,
    ) -> None:
        """Decide to edit the node at ``place``; operations add up, other payloads must be the same."""
        new = Operations(payload) if isinstance(payload, tuple) else payload
        groups = {group} - {""}
        old = self.edits.get(place)
        if old is None:
            self.edits[place] = Edit(new, [summary], [shape], support, groups, drops_comments, edits_strings)
            return
        if isinstance(old.payload, Operations) and isinstance(new, Operations):
            fresh = tuple(step for step in new.steps if step not in old.payload.steps)
            old.payload = Operations((*old.payload.steps, *fresh))
        if old.support and not support:
            old.summaries, old.shapes = [summary, *old.summaries], [shape, *old.shapes]
        elif summary not in old.summaries:
            old.summaries.append(summary)
            old.shapes.append(shape)
        old.support = old.support and support
        old.groups |= groups
        old.drops_comments = old.drops_comments or drops_comments
        old.edits_strings = old.edits_strings or edits_strings

    def refuse(self, path: str, span: Span, line: int, code: str, why: str = "") -> None:
        """Leave a place alone; ``why`` adds what is particular to it."""
        if not self.project.is_selected(path):
            return
        known = CODES[code]
        reason = f"{known.meaning}: {why}" if why else known.meaning
        refusal = Refusal(NAME, path, span, code, reason, known.advice, line)
        if refusal not in self.refusals:
            self.refusals.append(refusal)

    def has_decided(self, path: str, span: Span) -> bool:
        """True if something at ``span``, or around it, is edited or refused."""
        spans = [place[1] for place in self.edits if place[0] == path]
        spans += [refusal.span for refusal in self.refusals if refusal.path == path]
        return any(other.contains(span) for other in spans)

    def note(self, text: str, path: str, line: int) -> None:
        """Say something about a place."""
        note = Note(NAME, text, path, line)
        if note not in self.notes:
            self.notes.append(note)

    def is_gone(self, path: str, span: Span) -> bool:
        """True if ``span`` lies in an argument that is dropped."""
        return any(where == path and argument.contains(span) for where, argument in self.gone)

    def plan(self) -> Plan:
        """Sites in order, groups joined where they share a site."""
        names = _joined(edit.groups for edit in self.edits.values())
        sizes: dict[str, int] = {}
        for edit in self.edits.values():
            for group in {names[group] for group in edit.groups}:
                sizes[group] = sizes.get(group, 0) + 1
        sites = []
        for (path, span, kind), edit in sorted(self.edits.items(), key=lambda entry: entry[0]):
            group = next((names[group] for group in sorted(edit.groups)), "")
            sites.append(
                Site(
                    codemod=NAME,
                    path=path,
                    span=span,
                    kind=kind,
                    payload=edit.payload,
                    summary="; ".join(edit.summaries),
                    shape=" + ".join(dict.fromkeys(edit.shapes)),
                    group=group if sizes.get(group, 0) > 1 else "",
                    support=edit.support,
                    drops_comments=edit.drops_comments,
                    edits_strings=edit.edits_strings,
                )
            )
        refusals = sorted(self.refusals, key=lambda refusal: (refusal.path, refusal.span, refusal.code))
        notes = sorted(self.notes, key=lambda note: (note.path, note.line, note.text))
        return Plan(tuple(sites), tuple(refusals), notes=tuple(notes))


def _joined(families: Iterable[set[str]]) -> dict[str, str]:
    """For each group the name of the joint group it belongs to (the smallest name in it)."""
    leader: dict[str, str] = {}

    def find(name: str) -> str:
        while leader.setdefault(name, name) != name:
            name = leader[name]
        return name

    for family in families:
        members = sorted(family)
        for other in members[1:]:
            first, second = sorted((find(members[0]), find(other)))
            leader[second] = first
        for name in members:
            find(name)
    return {name: find(name) for name in list(leader)}
