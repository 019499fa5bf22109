"""Functions that return a connection: changed into context managers together with every caller, or left alone."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rewire.codemod import BLOCK, NotLossless, NotPython, Site
from rewire_codemods.applications.strangers import strangers_to
from rewire_codemods.shared_pool import edits
from rewire_codemods.shared_pool.calls import CallGraph
from rewire_codemods.shared_pool.decisions import Court, Decision
from rewire_codemods.shared_pool.facts import Called, FileFacts, Opening, Trouble
from rewire_codemods.shared_pool.reading import Callers, loose_uses, read, read_dependents

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rewire_codemods.shared_pool.provider import Provider, Way

NAME = "shared-pool"
_HARMLESS = frozenset({"staticmethod", "classmethod"})
"""Decorators that do not call what they decorate."""


@dataclass
class Factory:
    """A factory, the calls that reach it by file, and the decisions on its callers."""

    decision: Decision
    callers: dict[str, set[tuple[str, str]]] = field(default_factory=dict)
    members: list[Decision] = field(default_factory=list)
    depended: bool = False
    trouble: Trouble | None = None

    @property
    def name(self) -> str:
        """The function's qualified name."""
        return self.decision.opening.function

    @property
    def group(self) -> str:
        """Factory and callers stand or fall together."""
        return f"factory {self.decision.path}:{self.name}"


class Factories:
    """All factories of one run."""

    def __init__(self, court: Court, decisions: list[Decision]) -> None:
        self._court = court
        self._project = court.project
        self._atlas = court.atlas
        self._factories = [
            Factory(decision)
            for decision in decisions
            if decision.opening.hands == "returns" and decision.trouble is None
        ]
        self._imports: dict[str, list[str]] = {}

    def open_up(self) -> list[Decision]:
        """Find the callers of every factory; each is a place of its own."""
        found: list[Decision] = []
        for factory in self._factories:
            factory.decision.group = factory.group
            self._look_at_decorators(factory)
            self._find_callers(factory)
            for path in sorted(factory.callers):
                self._read_callers(factory, path)
            if not factory.members and factory.trouble is None:
                factory.trouble = Trouble(
                    "factory-callers", "nothing in the project calls it: its callers are elsewhere"
                )
            found += factory.members
        return found

    def _look_at_decorators(self, factory: Factory) -> None:
        """A decorator such as ``@retry`` awaits what it decorates: a context manager is nothing to await."""
        function = self._atlas.function(factory.decision.path, factory.name)
        odd = [name for name in (function.decorators if function else ()) if name not in _HARMLESS]
        if odd:
            factory.trouble = Trouble("factory-shape", f"it is decorated with {', '.join(odd)}")

    def _find_callers(self, factory: Factory) -> None:
        if "." in factory.name:
            self._find_method_callers(factory)
            return
        path = factory.decision.path
        for stranger in strangers_to(self._project, path):
            source = self._project.source(stranger.imported.path)
            if source is not None and self._mentions(stranger.imported.path, factory.name):
                line = source.line_of(stranger.imported.span.start)
                factory.trouble = Trouble("factory-callers", stranger.reason(line))
        factory.callers.setdefault(path, set()).add(("*", factory.name))
        seen = {(path, factory.name)}
        waiting = [(path, factory.name)]
        while waiting:
            home, name = waiting.pop()
            for entry in self._project.importers_of(home):
                target = self._project.resolve(entry)
                if entry.name == "*":
                    if not self._mentions(entry.path, name):
                        continue
                    factory.trouble = Trouble("factory-callers", f"{entry.path} imports everything from {home}")
                elif target is not None and target.path == home and target.attribute is None:
                    whole = entry.name is None and "." in entry.module and entry.bound == entry.module.partition(".")[0]
                    left = entry.module if whole else entry.bound
                    factory.callers.setdefault(entry.path, set()).add(("*", f"{left}.{name}"))
                elif entry.name == name:
                    factory.callers.setdefault(entry.path, set()).add(("*", entry.bound))
                    if (entry.path, entry.bound) not in seen:
                        seen.add((entry.path, entry.bound))
                        waiting.append((entry.path, entry.bound))

    def _mentions(self, path: str, name: str) -> bool:
        source = self._project.source(path)
        return source is None or re.search(rf"\b{re.escape(name)}\b", source.text) is not None

    def _find_method_callers(self, factory: Factory) -> None:
        """Calls of a method by name: each must be known to be this one or another one."""
        method = factory.name.rpartition(".")[2]
        graph = CallGraph(self._atlas)
        own = (factory.decision.path, factory.name)
        for path in self._project.paths:
            source = self._project.source(path)
            if source is None or f".{method}" not in source.text:
                continue
            facts = self._atlas.file(path)
            for function in facts.functions if facts else ():
                for call in function.calls:
                    if call.callee.rpartition(".")[2] == method and "." in call.callee:
                        self._sort_method_call(factory, graph, path, function.name, call, own)

    def _sort_method_call(
        self, factory: Factory, graph: CallGraph, path: str, function: str, call: Called, own: tuple[str, str]
    ) -> None:
        targets = graph.targets(path, function, call)
        if own in targets:
            factory.callers.setdefault(path, set()).add((function, call.callee))
        elif not targets:
            factory.trouble = Trouble("factory-callers", f"{call.callee}() in {path} may call it or not")

    def _read_callers(self, factory: Factory, path: str) -> None:
        source = self._project.source(path)
        texts: Callers = frozenset(factory.callers[path])
        if source is None:
            return
        try:
            facts = read(source, texts)
            loose, depended = loose_uses(source, texts)
            dependents = read_dependents(source, {text for _, text in texts}) if depended else []
        except (NotPython, NotLossless):
            factory.trouble = Trouble("factory-callers", f"{path} cannot be parsed")
            return
        if loose:
            factory.trouble = Trouble("factory-callers", f"{path} uses it in line {loose[0]} without calling it")
        factory.depended = factory.depended or depended
        for opening in facts.openings:
            self._add(factory, facts, opening)
        for opening in dependents:
            self._add(factory, facts, opening)
        listed = sum(target in {text for _, text in texts} for fn in facts.functions for _, target in fn.depends)
        written = source.text.count("Depends(") if depended else 0
        if depended and (not listed or (listed > written)):
            factory.trouble = Trouble("factory-callers", f"{path} depends on it outside a function's parameters")

    def _add(self, factory: Factory, facts: FileFacts, opening: Opening) -> None:
        verdict = self._court.role(facts)
        decision = Decision(facts.path, opening, verdict.role, group=factory.group, caller_of=factory.name)
        if not self._project.is_selected(facts.path) and opening.recipe:
            decision.trouble = Trouble("factory-caller", "its file is not part of this run")
            factory.trouble = factory.trouble or Trouble("factory-callers", f"{facts.path} is not part of this run")
            return
        if opening.recipe is None and opening.trouble is None and opening.shape == "dependency":
            return
        if opening.trouble:
            decision.trouble = opening.trouble
        elif opening.hands == "returns":
            decision.trouble = Trouble(
                "factory-shape", f"it returns what {factory.name}() gave it to callers of its own"
            )
        elif opening.arguments.timeout and "wait_for" in opening.shape:
            decision.trouble = Trouble("factory-shape", f"a wait_for is around the call of {factory.name}()")
        elif state := self._court.by_state(facts, opening):
            decision.trouble = state
        elif verdict.role not in self._court.options.roles and not self._is_shared(verdict.role):
            decision.trouble = Trouble("factory-caller", f"it runs as {verdict.role}: {verdict.reason}")
        factory.members.append(decision)

    def _is_shared(self, role: str) -> bool:
        return role == "mixed" and self._court.options.fallback == "connect"

    def all_or_none(self, decisions: list[Decision]) -> None:
        """Where one of a factory and its callers stays, all stay."""
        for factory in self._factories:
            head = factory.decision
            bad = [member for member in factory.members if member.trouble]
            direct = any(member.opening.shape != "dependency" for member in factory.members)
            if head.trouble is None and factory.trouble is None and factory.depended and direct:
                factory.trouble = Trouble("factory-callers", "some callers await it and some depend on it")
            if head.trouble is None and factory.trouble is not None:
                head.trouble = factory.trouble
            elif head.trouble is None and bad:
                places = ", ".join(f"{member.path}:{member.opening.line}" for member in bad[:3])
                more = f" and {len(bad) - 3} more" if len(bad) > 3 else ""
                head.trouble = Trouble(
                    "factory-callers", f"{len(bad)} of {len(factory.members)} callers cannot: {places}{more}"
                )
            if head.trouble is not None:
                for member in factory.members:
                    member.trouble = member.trouble or Trouble(
                        "factory-caller", f"{factory.name}() stays: {head.trouble.reason}"
                    )
        known = {id(factory.decision): factory for factory in self._factories}
        for decision in decisions:
            if decision.trouble is None and id(decision) in known:
                self._note_imports(known[id(decision)])

    def _note_imports(self, factory: Factory) -> None:
        facts = self._atlas.file(factory.decision.path)
        assert facts is not None
        origins = dict(facts.imports)
        lines = self._imports.setdefault(facts.path, [])
        function = self._atlas.function(facts.path, factory.name)
        wanted = ["from collections.abc import AsyncIterator\n"] if function and function.returns else []
        if not factory.depended:
            wanted.append("from contextlib import asynccontextmanager\n")
        for line in wanted:
            if line.split()[-1] not in origins and line not in lines:
                lines.append(line)

    def imports(self, path: str) -> list[str]:
        """The import lines that the factories of a file need."""
        return self._imports.get(path, [])

    def acquire(self, decision: Decision, way: Way, provider: Provider) -> str:
        """The context expression: the call of the factory as it stands, or the provider's."""
        if decision.caller_of:
            source = self._project.source(decision.path)
            return decision.opening.span.of(source.text) if source and decision.opening.shape != "dependency" else ""
        return way.acquire(provider, decision.opening.arguments.timeout)

    def site(self, decision: Decision, acquire: str) -> Site | None:
        """The site of a factory itself; None for any other opening."""
        factory = next((factory for factory in self._factories if factory.decision is decision), None)
        recipe = decision.opening.recipe
        if factory is None or recipe is None:
            return None
        function = self._atlas.function(decision.path, factory.name)
        returns = f"AsyncIterator[{function.returns}]" if function and function.returns else ""
        decorator = "" if factory.depended else "asynccontextmanager"
        edit = edits.MakeFactory(recipe, acquire, decorator, returns)
        summary = f"{factory.name}() lends a connection of the pool ({len(factory.members)} callers)"
        return Site(NAME, decision.path, recipe.block, BLOCK, edit, summary, "factory", factory.group,
                    edits_strings=bool(recipe.strings))  # fmt: skip

    def by_name(self) -> Mapping[str, int]:
        """Factories and the number of their callers, for the report."""
        return {f"{factory.decision.path}:{factory.name}": len(factory.members) for factory in self._factories}
