"""Decides one file's statements in the relative style: what each becomes, or why it stays."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rewire.codemod import BLOCK, Refusal, Site, Span
from rewire_codemods.relative_imports.fallback import Fallback, find_fallback, kind_of
from rewire_codemods.relative_imports.forms import Both, Move, Rename
from rewire_codemods.relative_imports.refusals import ADVICE
from rewire_codemods.relative_imports.takers import find_taker
from rewire_codemods.relative_imports.verdicts import NOT_OURS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rewire.codemod import ImportStatement
    from rewire_codemods.relative_imports.dotted import DottedImports
    from rewire_codemods.relative_imports.facts import FileFacts
    from rewire_codemods.relative_imports.standing import Standing
    from rewire_codemods.relative_imports.verdicts import Judge, Verdict


class FilePlan(NamedTuple):
    """What is planned for one file."""

    sites: list[Site]
    refusals: list[Refusal]


class FileJudge:
    """One file's statements, one after the other."""

    def __init__(self, codemod: str, judge: Judge, standing: Standing, facts: FileFacts) -> None:
        self.codemod = codemod
        self.judge = judge
        self.standing = standing
        self.facts = facts
        self.plan = FilePlan([], [])
        self._verdicts = judge.verdicts(standing)

    def decide(self) -> FilePlan:
        """Every place of the file: as a site, or as a refusal."""
        dotted = {start: entry for entry in self.facts.dotted for start in entry.statements}
        stuck = self._stuck_tops()
        for statement in self.facts.statements:
            if statement.is_from:
                self._decide_from(statement)
            else:
                self._decide_import(statement, dotted.get(statement.start), stuck)
        return self.plan

    def _verdict(self, module: str) -> Verdict:
        found = self._verdicts.get(module)
        if found is None:
            found = self._verdicts[module] = self.judge.work_out(self.standing, module)
        return found

    def refuse(self, statement: ImportStatement, code: str, reason: str) -> None:
        """Leave ``statement`` and say why."""
        span = Span(statement.start, statement.end)
        self.plan.refusals.append(Refusal(self.codemod, self.standing.path, span, code, reason, ADVICE[code]))

    def change(self, statement: ImportStatement, kind: str, move: Move, was: str, group: str = "") -> None:
        """Plan ``statement`` to become ``move``."""
        span = Span(statement.start, statement.end)
        shape = f"{'import' if kind == 'Import' else 'from'} absolute -> {'.' * move.level or 'absolute'}"
        self.plan.sites.append(
            Site(self.codemod, self.standing.path, span, kind, move, f"{was} -> {move.written}", shape, group)
        )

    def _decide_from(self, statement: ImportStatement) -> None:
        verdict = self._verdict(statement.module)
        if verdict.code == NOT_OURS:
            return
        missing = self.judge.missing(verdict.place, statement.names)
        if missing and verdict.place.endswith("/") and len(missing) == len(statement.names):
            return  # a plain folder that merely has the name of somebody else's package
        fallback = find_fallback(statement, self.facts)
        stop = self._stopped(statement, verdict, missing, fallback)
        if stop is not None:
            self.refuse(statement, *stop)
            return
        assert verdict.move is not None
        if self.standing.both:
            self._both(statement, verdict.move, verdict.place, statement.module)
            return
        group = self._widen(statement, fallback)
        self.change(statement, "ImportFrom", verdict.move, statement.module, group)

    def _stopped(
        self, statement: ImportStatement, verdict: Verdict, missing: Sequence[str], fallback: Fallback | None
    ) -> tuple[str, str] | None:
        """Code and reason that keep ``statement`` as it is; None if it may move."""
        if fallback is not None:
            stop = self._stopped_by(fallback, verdict)
            if stop is not None:
                return stop
        if verdict.code == "no-such-module":
            return verdict.code, verdict.reason
        if missing:
            return "no-such-name", f"{statement.module} has no name {missing[0]}"
        obstacle = self.standing.obstacle
        if obstacle is not None:
            return obstacle.code, obstacle.reason
        if verdict.code:
            return verdict.code, verdict.reason
        if statement.start in self.facts.spread:
            return "joined-line", "the module's name runs over several lines"
        return None

    def _stopped_by(self, fallback: Fallback, verdict: Verdict) -> tuple[str, str] | None:
        """Code and reason by which its part in a fallback keeps a statement as it is."""
        kind = kind_of(fallback, self._resolves, self._is_ours)
        if kind == "broken" and fallback.arm in ("primary", "handler"):
            return "broken-fallback", f"neither arm finds what it imports: {self._absentees(fallback)}"
        if fallback.arm == "handler" and kind in ("twin", "live-handler"):
            return "fallback-arm", "the handler of a fallback block is left as it is"
        if fallback.arm == "primary" and kind == "live-handler":
            return "fallback-arm", f"this arm never works ({verdict.reason or 'absent'}); the handler is the live one"
        return None

    def _resolves(self, statement: ImportStatement) -> bool:
        """True if what the statement imports is found in the project, by a root or beside the file."""
        return all(self._finds(statement, module, name) for module, name in _taken(statement))

    def _finds(self, statement: ImportStatement, module: str, name: str) -> bool:
        project, path = self.judge.project, self.standing.path
        if statement.level:
            return True
        for context in self.standing.deciding:
            place = project.place_of(module, context.roots)
            if place is not None:
                return not name or project.provides(place, name)
        folder = path.rpartition("/")[0]
        place = project.place_of(module, (folder,))
        return place is not None and (not name or project.provides(place, name))

    def _is_ours(self, statement: ImportStatement) -> bool:
        """True if the statement names something of the project, found or not."""
        if statement.level:
            return True
        return any(
            self._verdict(module).code != NOT_OURS or self._finds(statement, module, "")
            for module, _ in _taken(statement)
        )

    def _absentees(self, fallback: Fallback) -> str:
        entries = [*fallback.body.imports, *fallback.handler_imports]
        lost = [module for entry in entries if self._is_ours(entry) for module, name in _taken(entry)
                if not self._finds(entry, module, name)]  # fmt: skip
        return ", ".join(dict.fromkeys(lost))

    def _widen(self, statement: ImportStatement, fallback: Fallback | None) -> str:
        """Plan ``except ImportError`` where the handler of a twin catches only ModuleNotFoundError; gives the group."""
        if fallback is None or fallback.arm != "primary":
            return ""
        if kind_of(fallback, self._resolves, self._is_ours) != "twin":
            return ""
        places = [offset for handler in fallback.handlers for offset in handler.narrow]
        if not places:
            return ""
        group = f"{self.standing.path}:try@{fallback.body.start}"
        planned = {site.span.start for site in self.plan.sites if site.support}
        for offset in places:
            if offset not in planned:
                span = Span(offset, offset + len("ModuleNotFoundError"))
                summary = "except ModuleNotFoundError -> ImportError, which a relative import without a parent raises"
                self.plan.sites.append(
                    Site(self.codemod, self.standing.path, span, "Name", Rename("ImportError"), summary,
                         "except widened", group, support=True)
                )  # fmt: skip
        return group

    def _both(self, statement: ImportStatement, move: Move, place: str, module: str) -> None:
        """Plan a fallback block; the handler imports what it did before, or the flat name if only that is found."""
        if statement.guards or statement.start not in self.facts.alone:
            self.refuse(statement, "not-on-its-own", "the statement shares its line, or stands in a block")
            return
        handler = module
        find = self.judge.project.place_of
        flat = place.rpartition(".")[0].removesuffix("/__init__").rpartition("/")[2]
        roots = [context.roots for context in self.standing.scripts]
        if roots and place and not all(find(module, entry) for entry in roots):
            handler = flat if all(find(flat, entry) == place for entry in roots) else module
        span = Span(statement.start, statement.end)
        summary = f"{module or statement.names[0][0]} -> {move.written}, and as before in a script"
        self.plan.sites.append(
            Site(self.codemod, self.standing.path, span, BLOCK, Both(move, handler), summary, "fallback block")
        )

    def _decide_import(
        self, statement: ImportStatement, dotted: DottedImports | None, stuck: dict[str, tuple[str, str]]
    ) -> None:
        ours = [(name, alias) for name, alias in statement.names if self._names_ours(name)]
        if not ours:
            return
        if len(statement.names) > 1:
            self.refuse(statement, "several-modules", "the statement imports several modules")
            return
        name, alias = ours[0]
        if "." not in name:
            stop = self._obstructed() or ("binds-package", f"`import {name}` binds the top-level {name} itself")
            self.refuse(statement, *stop)
            return
        move = self._submodule(statement, name)
        if isinstance(move, tuple):
            self.refuse(statement, *move)
        elif alias and self.standing.both:
            self._both(statement, move, "", "")
        elif alias:
            self.change(statement, "Import", move, name)
        elif self.standing.both:
            self.refuse(statement, "dotted-use", "its uses would need another name in a script")
        elif name.partition(".")[0] in stuck:
            self.refuse(statement, *stuck[name.partition(".")[0]])
        else:
            assert dotted is not None
            self._follow(statement, dotted, name, move)

    def _obstructed(self) -> tuple[str, str] | None:
        obstacle = self.standing.obstacle
        return (obstacle.code, obstacle.reason) if obstacle else None

    def _names_ours(self, name: str) -> bool:
        return self._verdict(name).code != NOT_OURS

    def _submodule(self, statement: ImportStatement, name: str) -> Move | tuple[str, str]:
        """``from <parent> import <last>`` for the module ``name``, or why not."""
        whole = self._verdict(name)
        parent, _, last = name.rpartition(".")
        above = self._verdict(parent)
        fallback = find_fallback(statement, self.facts)
        stop = self._stopped(statement, whole if whole.code == "no-such-module" else above, [], fallback)
        if stop is not None:
            return stop
        if not above.place.endswith("/"):
            if self.judge.project.binds_over_submodule(above.place, last):
                return "shadowed-submodule", f"{parent} binds the name {last} itself"
            package = self.judge.project.source(above.place)
            if package is not None and "def __getattr__" in package.text:
                return "shadowed-submodule", f"{parent} has a __getattr__, which may answer for {last}"
        if statement.start in self.facts.spread:
            return "joined-line", "the statement runs over several lines"
        assert above.move is not None
        proof = tuple((package, name) for package, _ in above.move.proof)
        return Move(above.move.level, above.move.module, last, proof)

    def _stuck_tops(self) -> dict[str, tuple[str, str]]:
        """Top-level names whose dotted imports cannot all follow: code and reason."""
        stuck: dict[str, tuple[str, str]] = {}
        for entry in self.facts.dotted:
            if not self._names_ours(entry.top):
                continue
            if entry.problem:
                stuck[entry.top] = ("dotted-use", entry.problem)
                continue
            for statement in self.facts.statements:
                if statement.start in entry.statements:
                    move = self._submodule(statement, statement.names[0][0])
                    if isinstance(move, tuple):
                        stuck[entry.top] = move
            user = find_taker(self.judge.project, self.standing.path, entry.top)
            if user:
                stuck[entry.top] = ("dotted-use", f"{user} imports {entry.top} from here")
            user = self.judge.reachers.find(self.standing.path, entry.top)
            if user:
                stuck[entry.top] = ("dotted-use", f"{user} reaches {entry.top} through this module")
        return stuck

    def _follow(self, statement: ImportStatement, dotted: DottedImports, name: str, move: Move) -> None:
        """The import and every use of it, one group a top-level name."""
        group = f"{self.standing.path}:import {dotted.top}"
        self.change(statement, "Import", move, name, group)
        first = min(start for start in dotted.statements)
        if statement.start != first:
            return
        for use in dotted.uses:
            last = use.dotted.rpartition(".")[2]
            self.plan.sites.append(
                Site(self.codemod, self.standing.path, Span(use.start, use.end), "Attribute", Rename(last),
                     f"{use.dotted} -> {last}", "dotted use", group, support=True)
            )  # fmt: skip


def _taken(statement: ImportStatement) -> list[tuple[str, str]]:
    """(module, name) pairs that a statement imports; the name is empty for ``import a.b``."""
    if statement.is_from:
        return [(statement.module, name) for name, _ in statement.names]
    return [(name, "") for name, _ in statement.names]
