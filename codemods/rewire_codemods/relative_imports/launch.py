"""``style = "launch"``: touch only what does not resolve, and give it the form that resolves in every context.

Contexts that share a file form one closure: if one import of it can be given no form that fits, none of them is
changed, because half a change of root starts nothing.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from rewire.codemod import Note, Plan, Refusal, Site, Span
from rewire_codemods.relative_imports.fallback import find_fallback
from rewire_codemods.relative_imports.forms import Move, absolute_name, relative_form
from rewire_codemods.relative_imports.refusals import ADVICE
from rewire_codemods.relative_imports.standing import Standing, find_standing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rewire.codemod import Context, ImportStatement, Project
    from rewire_codemods.relative_imports.facts import FileFacts
    from rewire_codemods.relative_imports.options import ImportOptions

_STANDARD = sys.stdlib_module_names


class Wanted(NamedTuple):
    """What an import means, wherever it resolves: the module's file, and its name as the statement writes it."""

    place: str
    written: str


def plan_launch(name: str, facts: Mapping[str, FileFacts], project: Project, options: ImportOptions) -> Plan:
    """Every import of the project's own modules that some context of its file does not find."""
    decided: list[tuple[Standing, list[Site], list[Refusal]]] = []
    reached = _reach(facts, project)
    for path, found in facts.items():
        standing = find_standing(path, found, project, "leave")
        if path in reached:
            standing = replace(standing, deciding=tuple(reached[path].values()))
        judge = _Launch(name, standing, project, found)
        for statement in found.statements:
            judge.decide(statement)
        decided.append((standing, judge.sites, judge.refusals))
    closures = _Closures()
    for standing, _, _ in decided:
        closures.join([_key(context) for context in standing.deciding])
    stuck: dict[str, Refusal] = {}
    for standing, _, refused in decided:
        for refusal in refused:
            if refusal.code == "no-form-fits" and standing.deciding:
                stuck.setdefault(closures.find(_key(standing.deciding[0])), refusal)
    sites: list[Site] = []
    refusals: list[Refusal] = []
    for standing, planned, refused in decided:
        refusals += refused
        blocker = stuck.get(closures.find(_key(standing.deciding[0]))) if standing.deciding else None
        if blocker is None:
            sites += planned
            continue
        reason = f"{blocker.path} has an import that no form fits: {blocker.reason}"
        refusals += [Refusal(name, site.path, site.span, "closure", reason, ADVICE["closure"]) for site in planned]
    notes = () if project.launches else (Note(name, "no launch file was found: the import roots are the contexts"),)
    return Plan(tuple(sites), tuple(refusals), notes=notes, facts={"statements": len(sites)})


def _reach(facts: Mapping[str, FileFacts], project: Project) -> dict[str, dict[tuple[str, str], Context]]:
    """Path -> its contexts, for every file that a launch loads or would load once its imports resolve.

    A launch that fails at its first import loads nothing after it; the mended imports lead on from there.
    """
    reached: dict[str, dict[tuple[str, str], Context]] = {}
    queue: list[tuple[str, Context]] = []

    def reach(path: str, context: Context) -> None:
        key = (context.name, _key(context))
        if key not in reached.setdefault(path, {}):
            reached[path][key] = context
            queue.append((path, context))

    for path, found in facts.items():
        for context in find_standing(path, found, project, "leave").deciding:
            if context.launch is not None:
                reach(path, context)
    while queue:
        path, context = queue.pop()
        found_facts = facts.get(path)
        if found_facts is None:
            continue
        judge = _Launch("", Standing(path, (context,), (), None), project, found_facts)
        for statement in found_facts.statements:
            for place in judge.leads_to(statement):
                name = judge.name_in(context, place)
                if name is not None:
                    package = name if place.endswith("/__init__.py") else name.rpartition(".")[0]
                    reach(place, replace(context, name=name, package=package))
    return reached


def _key(context: Context) -> str:
    launch = context.launch
    return f"root:{context.roots[:1]}" if launch is None else f"{launch.source}:{launch.line}:{launch.command}"


class _Closures:
    """Contexts that are bound together by the files they share."""

    def __init__(self) -> None:
        self._above: dict[str, str] = {}

    def find(self, key: str) -> str:
        """The name of the closure that ``key`` is in."""
        while (above := self._above.get(key, key)) != key:
            key = above
        return key

    def join(self, keys: Sequence[str]) -> None:
        """Put contexts into one closure."""
        for key in keys[1:]:
            first, other = sorted((self.find(keys[0]), self.find(key)))
            self._above[other] = first


class _Launch:
    """One file's statements."""

    def __init__(self, codemod: str, standing: Standing, project: Project, facts: FileFacts) -> None:
        self.codemod = codemod
        self.standing = standing
        self.project = project
        self.facts = facts
        self.sites: list[Site] = []
        self.refusals: list[Refusal] = []

    def decide(self, statement: ImportStatement) -> None:
        """Plan a site or a refusal; nothing where the statement resolves everywhere or is not ours."""
        contexts = self.standing.deciding
        if not contexts or not statement.is_from:
            self._decide_plain(statement)
            return
        if all(self._finds(statement, context) for context in contexts):
            return
        wanted = self._wanted(statement)
        if wanted is None:
            self._absent(statement)
            return
        if find_fallback(statement, self.facts) is not None:
            self._refuse(statement, "fallback-arm", "it stands in a block that copes with its absence")
            return
        move = self._form(statement, wanted)
        if move is None:
            self._refuse(statement, "no-form-fits", f"{wanted.place} has no one spelling in {self._commands()}")
        elif statement.start in self.facts.spread:
            self._refuse(statement, "joined-line", "the module's name runs over several lines")
        else:
            span = Span(statement.start, statement.end)
            group = f"launch:{_key(contexts[0])}"
            summary = f"{wanted.written} -> {move.written}"
            self.sites.append(
                Site(self.codemod, self.standing.path, span, "ImportFrom", move, summary, "as launched", group)
            )

    def _refuse(self, statement: ImportStatement, code: str, reason: str) -> None:
        span = Span(statement.start, statement.end)
        self.refusals.append(Refusal(self.codemod, self.standing.path, span, code, reason, ADVICE[code]))

    def _commands(self) -> str:
        found = [f"`{entry.launch.command}`" for entry in self.standing.deciding if entry.launch is not None]
        return " and ".join(dict.fromkeys(found)) or "every context"

    def _finds(self, statement: ImportStatement, context: Context) -> bool:
        """True if the context finds the statement's module, or the module is somebody else's."""
        name = absolute_name(context.package, statement.level, statement.module)
        if name is None:
            return False
        if not statement.level and name.partition(".")[0] in _STANDARD:
            return True
        place = self.project.place_of(name, context.roots)
        return place is not None and all(self.project.provides(place, taken) for taken, _ in statement.names)

    def _wanted(self, statement: ImportStatement) -> Wanted | None:
        """The project file that the statement means; None if there is none, or it is not ours."""
        written = "." * statement.level + statement.module
        for place in self._guesses(statement):
            if place is None or place.endswith("/"):
                continue
            if all(self.project.provides(place, name) for name, _ in statement.names):
                return Wanted(place, written)
        return None

    def leads_to(self, statement: ImportStatement) -> list[str]:
        """The project files that the statement loads, or would load."""
        if not statement.is_from:
            found = [self.project.place_of(name, self.standing.deciding[0].roots) for name, _ in statement.names]
            return [place for place in found if place is not None and not place.endswith("/")]
        wanted = self._wanted(statement)
        if wanted is None:
            return []
        folder = wanted.place.removesuffix("__init__.py")
        if folder == wanted.place:
            return [wanted.place]
        below = [self.project.place_of(name, (folder.rstrip("/"),)) for name, _ in statement.names if name != "*"]
        return [wanted.place, *(place for place in below if place is not None and not place.endswith("/"))]

    def _guesses(self, statement: ImportStatement) -> list[str | None]:
        """Where the module may lie: as some context finds it, by directories, under any root or folder above."""
        find, module = self.project.place_of, statement.module
        folder = self.standing.path.rpartition("/")[0]
        if statement.level:
            for _ in range(statement.level - 1):
                folder = folder.rpartition("/")[0]
            return [find(module, (folder,))] if module else [find(folder.rpartition("/")[2], (_above(folder),))]
        if module.partition(".")[0] in _STANDARD:
            return []
        found = [find(module, context.roots) for context in self.standing.deciding]
        found += [find(module, (root.path,)) for root in self.project.roots]
        while folder:
            found.append(find(module, (folder,)))
            folder = _above(folder)
        return [*found, find(module, ("",))]

    def _form(self, statement: ImportStatement, wanted: Wanted) -> Move | None:
        """A spelling that every context resolves to the same file: of its own style first, else of the other."""
        contexts = self.standing.deciding
        names = [self.name_in(context, wanted.place) for context in contexts]
        if any(name is None for name in names):
            return None
        full = [name for name in names if name]
        proof = tuple(sorted({(context.package, name) for context, name in zip(contexts, full, strict=True)}))
        absolute = Move(0, full[0], proof=proof, was=wanted.written) if len(set(full)) == 1 else None
        forms = {relative_form(context.package, name) for context, name in zip(contexts, full, strict=True)}
        relative = None
        if len(forms) == 1 and None not in forms:
            (form,) = forms
            assert form is not None
            relative = Move(form[0], form[1], proof=proof, was=wanted.written)
        order = (relative, absolute) if statement.level else (absolute, relative)
        return next((move for move in order if move is not None and move.written != wanted.written), None)

    def name_in(self, context: Context, place: str) -> str | None:
        """The dotted name under which ``context`` finds ``place``: from the root that reaches it first."""
        stem = place.rpartition(".")[0].removesuffix("/__init__")
        for root in context.roots:
            below = stem.removeprefix(f"{root}/" if root else "")
            if root and below == stem:
                continue
            name = below.replace("/", ".")
            if name.partition(".")[0] not in _STANDARD and self.project.place_of(name, context.roots) == place:
                return name
        return None

    def _decide_plain(self, statement: ImportStatement) -> None:
        """``import a.b`` binds ``a``: it cannot be given another name, only reported."""
        contexts = self.standing.deciding
        for name, _ in statement.names if not statement.is_from and contexts else ():
            if name.partition(".")[0] in _STANDARD:
                continue
            found = [self.project.place_of(name, context.roots) for context in contexts]
            if any(place is not None for place in found) and None in found:
                self._refuse(statement, "differs-by-launch", f"not every context finds {name}")
                return

    def _absent(self, statement: ImportStatement) -> None:
        """Report an import whose target is nowhere, where its name is the project's own."""
        find = self.project.place_of
        if statement.level:
            self._refuse(statement, "no-such-module", f"there is no {'.' * statement.level}{statement.module}")
            return
        top = statement.module.partition(".")[0]
        places = [find(top, context.roots) for context in self.standing.deciding]
        whole = [find(statement.module, context.roots) for context in self.standing.deciding]
        if top in _STANDARD or not any(place and not place.endswith("/") for place in places):
            return
        if any(whole):
            self._refuse(statement, "no-such-name", f"{statement.module} has no such name")
        else:
            self._refuse(statement, "no-such-module", f"there is no module {statement.module}")


def _above(folder: str) -> str:
    return folder.rpartition("/")[0]
