"""Take a codemod's plan and the user's word together: what is suppressed, what falls with it, what remains."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

from rewire.errors import RewireError
from rewire.model.site import INSERT, Plan, Refusal, Site, Suppression

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from rewire.model.source import Span
    from rewire.suppression import Ignore


class Decided(NamedTuple):
    """A plan with suppression applied. ``used`` are the comments that suppressed something."""

    plan: Plan
    suppressed: tuple[Suppression, ...]
    used: frozenset[tuple[str, Span]]

    @property
    def found(self) -> int:
        """How many places the codemod is about."""
        counted = sum(not site.support for site in self.plan.sites)
        return counted + len(self.plan.refusals) + len(self.suppressed)


def decide(plan: Plan, codemod: str, ignores: Mapping[str, Sequence[Ignore]]) -> Decided:
    """Apply the user's suppressions to ``plan``. A suppressed site, support or not, takes its group along."""
    if not any(ignores.values()):
        whole = replace(plan, sites=tuple(plan.sites), refusals=tuple(plan.refusals), new_files=tuple(plan.new_files))
        return Decided(whole, (), frozenset())
    words = _Word(codemod, ignores)
    silenced = {id(site): ignore for site in plan.sites if not site.support and (ignore := words.on(site))}
    groups = {
        site.group: ignore
        for site in plan.sites
        if site.group and (ignore := words.on(site) if site.support else silenced.get(id(site)))
    }
    fallen = [site for site in plan.sites if site.group in groups and id(site) not in silenced]
    kept = replace(
        plan,
        sites=tuple(site for site in plan.sites if id(site) not in silenced and site.group not in groups),
        refusals=(
            *(refusal for refusal in plan.refusals if words.on(refusal) is None),
            *(_fallen(site, groups[site.group]) for site in fallen if not site.support),
        ),
        new_files=tuple(file for file in plan.new_files if file.group not in groups),
    )
    return Decided(kept, tuple(words.suppressed.values()), frozenset(words.used))


@dataclass(slots=True)
class _Word:
    """The user's word on one codemod: which entries its comments suppress, and which comments did."""

    codemod: str
    ignores: Mapping[str, Sequence[Ignore]]
    suppressed: dict[int, Suppression] = field(default_factory=dict)
    used: set[tuple[str, Span]] = field(default_factory=set)

    def on(self, entry: Site | Refusal) -> Ignore | None:
        """The comment that suppresses ``entry``, noted as used; None if there is none."""
        for ignore in self.ignores.get(entry.path, ()):
            if self.codemod in ignore.names and _speaks_of(ignore, entry.span):
                self.used.add((ignore.path, ignore.span))
                if not (isinstance(entry, Site) and entry.support):  # no place found: nothing to account for
                    noted = Suppression(self.codemod, entry.path, entry.span, ignore.comment, ignore.line)
                    self.suppressed[id(entry)] = noted
                return ignore
        return None


def _speaks_of(ignore: Ignore, span: Span) -> bool:
    """True if the comment's line holds the start of ``span`` or lies within it: no part of a place changes alone."""
    return ignore.covers.start <= span.start < ignore.covers.end or span.start <= ignore.covers.start < span.end


def _fallen(site: Site, ignore: Ignore) -> Refusal:
    return Refusal(
        site.codemod,
        site.path,
        site.span,
        "suppressed-with-group",
        f"this change needs the one that {ignore.path}:{ignore.line} suppresses",
        "remove that comment, or leave both as they are",
    )


def check_plan(plan: Plan, codemod: str, declared: Sequence[str], is_selected: Callable[[str], bool]) -> None:
    """Raise RewireError where a codemod breaks its side of the contract: our fault, never the user's.

    Sites and refusals carry its own name, refusal codes are declared, every site lies in a selected file, no place is
    listed twice.
    """
    places: set[tuple[str, int, int, str]] = set()
    twice: list[Site] = []
    for site in plan.sites:
        if site.codemod != codemod or not is_selected(site.path):
            raise RewireError(f"{codemod} plans a change in {site.path}, which is not its to change")
        place = (site.path, site.span.start, site.span.end, site.kind)
        if place in places and site.kind != INSERT:
            twice.append(site)
        places.add(place)
    for refusal in plan.refusals:
        if refusal.codemod != codemod or refusal.code not in declared:
            raise RewireError(f"{codemod} refuses with the undeclared code {refusal.code!r} in {refusal.path}")
    if twice:
        raise RewireError(f"{codemod} plans the same place twice: {twice[0].path} at {twice[0].span}")


ENGINE_CODES: Mapping[str, tuple[str, str]] = {
    "suppressed-with-group": (
        "another change that this one needs is suppressed by a comment",
        "remove that comment, or leave both as they are",
    ),
    "rejected": (
        "the rewriting was made and a check said no; the file is as it was",
        "read the check's message; it is a defect of the codemod that is worth reporting",
    ),
}
"""Refusal codes that the engine itself uses, for any codemod: code -> (meaning, advice)."""
