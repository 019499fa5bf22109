"""The way back: relative imports, and flat imports of a file's own siblings, written with the module's full name."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, NamedTuple

from rewire.codemod import Plan, Refusal, Site, Span
from rewire_codemods.relative_imports.fallback import find_fallback
from rewire_codemods.relative_imports.forms import Move, absolute_name
from rewire_codemods.relative_imports.refusals import ADVICE
from rewire_codemods.relative_imports.standing import find_standing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rewire.codemod import Context, ImportStatement, Project
    from rewire_codemods.relative_imports.facts import FileFacts
    from rewire_codemods.relative_imports.options import AbsoluteOptions, ImportOptions
    from rewire_codemods.relative_imports.standing import Standing


class Flat(NamedTuple):
    """A flat import of a sibling: the module's file, and the statement's first (dotted) name."""

    place: str
    name: str


def plan_absolute(
    name: str, facts: Mapping[str, FileFacts], project: Project, options: AbsoluteOptions | ImportOptions
) -> Plan:
    """Every relative import beyond the limit, and every flat one that some context does not find."""
    sites: list[Site] = []
    refusals: list[Refusal] = []
    known = _imported_tops(facts)
    most = 1 if options.scope == "siblings" else options.max_level or 0
    for path, found in facts.items():
        judge = _Absolute(name, path, project, find_standing(path, found, project, "leave"), found, known)
        for statement in found.statements:
            decided = judge.decide(statement, most)
            if isinstance(decided, Site):
                sites.append(decided)
            elif decided is not None:
                refusals.append(decided)
    kept, fallen = _all_or_none(sites, refusals)
    figures = {"statements": len(kept), "files": len({site.path for site in kept})}
    return Plan(tuple(kept), tuple(refusals + fallen), facts=figures)


def _imported_tops(facts: Mapping[str, FileFacts]) -> frozenset[str]:
    """First parts of every absolute import: what shows from which directory names count, where nothing declares it."""
    found = set()
    for entry in facts.values():
        for statement in entry.statements:
            if statement.module and not statement.level:
                found.add(statement.module.partition(".")[0])
            elif not statement.level:
                found.update(name.partition(".")[0] for name, _ in statement.names)
    return frozenset(found)


def _all_or_none(sites: Sequence[Site], refusals: Sequence[Refusal]) -> tuple[list[Site], list[Refusal]]:
    """A module that some files import flat is imported by its full name in all of them or in none.

    One that stays flat is loaded from its own folder, where its flat imports are found and their full names are not.
    """
    stuck: dict[str, Refusal] = {}
    for refusal in refusals:
        if refusal.code in ("no-form-fits", "possible-script") and refusal.reason.startswith(_FLAT):
            stuck.setdefault(refusal.reason.split()[1], refusal)
    kept, fallen = list(sites), list[Refusal]()
    while stuck:
        left = []
        for site in kept:
            flat = site.group.startswith(_FLAT)
            place = site.group.removeprefix(f"{_FLAT} ")
            if flat and (place in stuck or site.path in stuck):
                first = stuck.get(place) or stuck[site.path]
                reason = f"{first.path} cannot import {place if place in stuck else site.path} by its full name"
                fallen.append(Refusal(site.codemod, site.path, site.span, "closure", reason, ADVICE["closure"]))
                stuck.setdefault(place, first)
            else:
                left.append(site)
        if len(left) == len(kept):
            break
        kept = left
    return kept, fallen


_FLAT = "flat:"
_SAY_HOW = "say how the file is started, in [[tool.rewire.launch]] or with --launch, or take its block away"
GUESSES = ("the directory itself",)
"""Reasons of import roots that nothing but their place speaks for."""


class _Absolute:
    """One file's statements."""

    def __init__(
        self,
        codemod: str,
        path: str,
        project: Project,
        standing: Standing,
        facts: FileFacts,
        known: frozenset[str],
    ) -> None:
        self.codemod = codemod
        self.path = path
        self.project = project
        self.standing = standing
        self.contexts: Sequence[Context] = standing.deciding
        self.facts = facts
        self.known = known

    def decide(self, statement: ImportStatement, most: int) -> Site | Refusal | None:
        """A site, a refusal, or None where the statement is no place."""
        if statement.level:
            return self._relative(statement) if statement.level > most else None
        return self._flat(statement)

    def _refuse(self, statement: ImportStatement, code: str, reason: str, advice: str = "") -> Refusal:
        span = Span(statement.start, statement.end)
        return Refusal(self.codemod, self.path, span, code, reason, advice or ADVICE[code])

    def _change(self, statement: ImportStatement, move: Move, was: str, group: str = "") -> Site:
        kind = "ImportFrom" if statement.is_from else "Import"
        span = Span(statement.start, statement.end)
        shape = f"{'.' * statement.level or 'flat'} -> absolute"
        return Site(self.codemod, self.path, span, kind, move, f"{was} -> {move.written}", shape, group)

    def _relative(self, statement: ImportStatement) -> Site | Refusal:
        written = "." * statement.level + statement.module
        packaged = [context for context in self.contexts if context.package]
        names = {absolute_name(context.package, statement.level, statement.module) for context in packaged}
        if not packaged:
            return self._refuse(statement, "no-form-fits", f"{written}: the file is in no package")
        if None in names:
            return self._refuse(statement, "no-such-module", f"{written} leads out of the top-level package")
        if len(names) > 1:
            listed = ", ".join(sorted(name for name in names if name))
            return self._refuse(statement, "differs-by-launch", f"{written} is {listed}, as the file is loaded")
        (full,) = names
        assert full is not None
        if full.partition(".")[0] in sys.stdlib_module_names:
            return self._refuse(statement, "no-form-fits", f"the standard library has a {full.partition('.')[0]} too")
        if self._is_known_from_within(packaged):
            reason = f"other imports name this package without {full.partition('.')[0]}"
            return self._refuse(statement, "no-form-fits", reason)
        if self._is_a_guess(packaged):
            reason = f"nothing says that names count from above {full.partition('.')[0]}, which has no __init__.py"
            return self._refuse(statement, "no-form-fits", reason)
        places = {self.project.place_of(full, context.roots) for context in packaged}
        place = next(iter(places))
        if places == {None}:
            return self._refuse(statement, "no-such-module", f"there is no module {full}")
        if len(places) > 1 or place is None:
            return self._refuse(statement, "differs-by-launch", f"not every context finds {full}")
        missing = [name for name, _ in statement.names if not self.project.provides(place, name)]
        if missing:
            return self._refuse(statement, "no-such-name", f"{full} has no name {missing[0]}")
        if self._has_flat_handler(statement):
            return self._refuse(statement, "fallback-arm", "both arms of a fallback block stay as they are")
        if statement.start in self.facts.spread:
            return self._refuse(statement, "joined-line", "the module's name runs over several lines")
        proof = tuple(sorted({(context.package, full) for context in packaged}))
        return self._change(statement, Move(0, full, proof=proof), written)

    def _is_a_guess(self, contexts: Sequence[Context]) -> bool:
        """True if the file's package is a plain folder that no launch, no metadata and no import names."""
        for context in contexts:
            top = context.package.partition(".")[0]
            place = self.project.place_of(top, context.roots)
            if context.launch is not None or top in self.known or place is None or not place.endswith("/"):
                return False
            if any(root.path == context.roots[0] and root.why not in GUESSES for root in self.project.roots):
                return False
        return True

    def _is_known_from_within(self, contexts: Sequence[Context]) -> bool:
        """True if a plain folder within the name may be a root: imports elsewhere count from below it."""
        for context in contexts:
            parts = context.package.split(".")
            for index in range(1, len(parts)):
                above = self.project.place_of(".".join(parts[:index]), context.roots)
                if above is not None and above.endswith("/") and parts[index] in self.known:
                    return context.launch is None and parts[index] != parts[0]
        return False

    def _has_flat_handler(self, statement: ImportStatement) -> bool:
        fallback = find_fallback(statement, self.facts)
        if fallback is None or fallback.arm != "primary":
            return False
        return any(self._sibling(entry) is not None for entry in fallback.handler_imports)

    def _flat(self, statement: ImportStatement) -> Site | Refusal | None:
        flat = self._sibling(statement)
        if flat is None:
            return None
        fallback = find_fallback(statement, self.facts)
        if fallback is not None and fallback.arm == "handler":
            return self._refuse(statement, "fallback-arm", "the handler of a fallback block is left as it is")
        if fallback is not None and not fallback.handler_imports:
            return self._refuse(statement, "bare-body", f"the block decides at start whether {flat.name} is there")
        if fallback is not None:
            return self._refuse(statement, "fallback-arm", "both arms of a fallback block stay as they are")
        full = self._full_name(flat.place)
        if full is None:
            reason = f"{_FLAT} {flat.place} has no one name in all the contexts that load this file"
            return self._refuse(statement, "no-form-fits", reason)
        obstacle = self.standing.obstacle
        if obstacle is not None and obstacle.code == "possible-script":
            reason = f"{_FLAT} {flat.place} is found where this file is started by its path: {obstacle.reason}"
            return self._refuse(statement, obstacle.code, reason, _SAY_HOW)
        proof = tuple(sorted({(context.package, full) for context in self.contexts}))
        group = f"{_FLAT} {flat.place}"
        if statement.is_from:
            return self._change(statement, Move(0, full, proof=proof, was=flat.name), flat.name, group)
        parent, _, last = full.rpartition(".")
        place = self.project.place_of(parent, self.contexts[0].roots)
        if place and not place.endswith("/") and self.project.binds_over_submodule(place, last):
            return self._refuse(statement, "shadowed-submodule", f"{parent} binds the name {last} itself")
        return self._change(statement, Move(0, parent, last, proof, flat.name), flat.name, group)

    def _sibling(self, statement: ImportStatement) -> Flat | None:
        """The sibling that a flat import means, where not every context finds it under that name."""
        names = [statement.module] if statement.is_from else [name for name, _ in statement.names]
        folder = self.path.rpartition("/")[0]
        if len(names) != 1 or not folder or (not statement.is_from and "." in names[0]):
            return None
        (name,) = names
        if name.partition(".")[0] in sys.stdlib_module_names:
            return None
        place = self.project.place_of(name, (folder,))
        if place is None or place.endswith("/") or place == self.path:
            return None
        if any(entry.level == 0 and entry.module.partition(".")[0] == name for entry in self.project.imports(place)):
            return None  # redis.py that imports redis: somebody else's package has that name
        if all(self.project.place_of(name, context.roots) is not None for context in self.contexts):
            return None
        if statement.is_from and not all(self.project.provides(place, taken) for taken, _ in statement.names):
            return None
        return Flat(place, name)

    def _full_name(self, place: str) -> str | None:
        """The dotted name under which every context of this file finds ``place``; None if there is none."""
        for name in self.project.module_names(place):
            top = name.partition(".")[0]
            if "." not in name or top in sys.stdlib_module_names or not self.contexts:
                continue
            if all(self.project.place_of(name, context.roots) == place for context in self.contexts):
                return name
        return None
