"""The plan: provider, databases, roles, gates, factories, then one site for each opening that passes."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from rewire.codemod import BLOCK, INSERT, NewFile, Note, Plan, Project, Refusal, Site
from rewire_codemods.shared_pool import edits
from rewire_codemods.shared_pool.atlas import Atlas
from rewire_codemods.shared_pool.cleanup import Cleanup
from rewire_codemods.shared_pool.decisions import Court, Decision, suppressed_lines, with_left
from rewire_codemods.shared_pool.dsn import Databases
from rewire_codemods.shared_pool.factories import Factories
from rewire_codemods.shared_pool.facts import FileFacts, Trouble
from rewire_codemods.shared_pool.ledger import Ledger
from rewire_codemods.shared_pool.making import Made, Written, make_fallback, make_provider
from rewire_codemods.shared_pool.makings import made_with
from rewire_codemods.shared_pool.nesting import refuse_nested
from rewire_codemods.shared_pool.provider import Provider, Way, find_provider, way_to
from rewire_codemods.shared_pool.refusals import ADVICE
from rewire_codemods.shared_pool.roles import Roles
from rewire_codemods.shared_pool.serving import Serving

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rewire_codemods.shared_pool.options import SharedPoolOptions

NAME = "shared-pool"


class Planner:
    """One planning run. ``plan`` is the whole of it, from top to bottom."""

    def __init__(self, facts: Mapping[str, FileFacts], project: Project, options: SharedPoolOptions) -> None:
        self._facts = facts
        self._project = project
        self._options = options
        self._atlas = Atlas(project, facts)
        self._roles = Roles(project)
        self._sites: list[Site] = []
        self._notes: list[Note] = []
        self._files: list[NewFile] = []
        self._serving: Serving | None = None
        self._added: dict[str, set[str]] = {}
        self._needed: Mapping[str, set[str]] = {}

    def plan(self) -> Plan:
        """Every decision."""
        roles = self._roles
        provider, made = self._provider()
        databases = self._databases(provider, roles)
        court = Court(self._project, self._atlas, self._options, provider, databases, roles)
        decisions = self._judge(court)
        factories = Factories(court, decisions)
        decisions += factories.open_up()
        if isinstance(provider, Provider):
            self._refuse_unopened(made, decisions)
            refuse_nested(decisions, court, provider)
            self._refuse_unreachable(decisions, made.provider if made else provider)
            factories.all_or_none(decisions)
            made = made or self._fallback(provider, decisions, databases)
            self._write(decisions, made.provider if made else provider, made, factories, databases)
        refusals = tuple(_refusal(decision) for decision in decisions if decision.trouble)
        ledger = Ledger(self._atlas, self._options, provider, databases, roles, decisions)
        notes = (*self._notes, *ledger.notes())
        sites = tuple(sorted(self._sites, key=lambda site: (site.path, site.span, site.kind, site.summary)))
        return Plan(sites, refusals, tuple(self._files), notes, ledger.facts())

    def _provider(self) -> tuple[Provider | Trouble, Made | None]:
        created = self._options.create_provider
        if created and not self._options.provider:
            if created in self._project.paths:
                return find_provider(self._atlas, f"{created}:acquire"), None
            made = make_provider(created, self._options)
            return made.provider, made
        outside = [facts.path for facts in self._atlas.files_with_asyncpg if not self._is_served(facts)]
        found = find_provider(self._atlas, self._options.provider, outside)
        if isinstance(found, Trouble) and found.code == "no-provider" and outside:
            found = find_provider(self._atlas, self._options.provider)
        return found, None

    def _is_served(self, facts: FileFacts) -> bool:
        return self._roles.of(facts).role in {*self._options.roles, "server", "mixed", "unknown"}

    def _databases(self, provider: Provider | Trouble, roles: Roles) -> Databases:
        databases = Databases(self._atlas, self._options.same_dsn)
        for path, facts in self._facts.items():
            for opening in facts.openings:
                databases.add(path, opening)
        served = [
            facts for facts in self._atlas.files_with_asyncpg if roles.of(facts).role in {"server", "mixed", "worker"}
        ]
        makings = [
            made for facts in served for making in facts.makings for made in made_with(self._atlas, facts, making)
        ]
        databases.settle(makings, self._uses_of(provider) if isinstance(provider, Provider) else 0)
        return databases

    def _uses_of(self, provider: Provider) -> int:
        """How many places acquire through the provider already."""
        wanted = re.compile(r"\b" + re.escape(provider.acquire("").removesuffix(")")))
        paths = {entry.path for entry in self._project.importers_of(provider.path)} | {provider.path}
        sources = [self._project.source(path) for path in sorted(paths) if path in self._project.paths]
        return sum(len(wanted.findall(source.text)) for source in sources if source is not None)

    def _judge(self, court: Court) -> list[Decision]:
        decisions = []
        for path, facts in self._facts.items():
            silent = suppressed_lines(self._project.source(path), NAME)
            for opening in facts.openings:
                decision = court.judge(facts, opening)
                if any(line.start <= opening.span.start < line.end for line in silent):
                    decision.suppressed = True
                    decision.trouble = decision.trouble or Trouble("not-bound", "suppressed by a comment")
                decisions.append(decision)
        return decisions

    def _refuse_unreachable(self, decisions: Sequence[Decision], provider: Provider) -> None:
        """A file that no one import serves, before factories and callers are held together."""
        if self._options.fallback == "connect" and provider.kind != "acquire":
            provider = replace(provider, attribute="acquire", kind="acquire")
        for path in sorted({decision.path for decision in decisions if decision.trouble is None}):
            facts = self._atlas.file(path)
            direct = [one for one in decisions if one.path == path and one.trouble is None and not one.caller_of]
            if direct and facts is not None and way_to(self._project, provider, facts) is None:
                for decision in direct:
                    decision.trouble = Trouble(
                        "provider-import", f"nothing imports {provider.path} from {path} in every launch"
                    )

    def _refuse_unopened(self, made: Made | None, decisions: Sequence[Decision]) -> None:
        """A pool that this run makes must be opened in every process that would take connections from it."""
        if made is None or not self._options.wire:
            return
        passed = [decision for decision in decisions if decision.trouble is None]
        self._serving = Serving(self._project, self._roles, {decision.path for decision in passed})
        if made.fallback_source(self._project, self._atlas, passed) is None:
            self._serving.refuse_unserved(decisions)

    def _fallback(self, provider: Provider, decisions: Sequence[Decision], databases: Databases) -> Made | None:
        wanted = self._options.fallback == "connect" and provider.kind != "acquire"
        if not wanted or not any(decision.trouble is None for decision in decisions):
            return None
        made = make_fallback(self._project, self._atlas, provider, decisions)
        if isinstance(made, Trouble):
            for decision in decisions:
                decision.trouble = decision.trouble or made
            return None
        return made

    def _write(
        self,
        decisions: list[Decision],
        provider: Provider,
        made: Made | None,
        factories: Factories,
        databases: Databases,
    ) -> None:
        """Sites of everything that passed: file by file, with the imports and removals that follow from them."""
        by_path: dict[str, list[Decision]] = {}
        for decision in decisions:
            if decision.trouble is None:
                by_path.setdefault(decision.path, []).append(decision)
        converted = [decision for decision in decisions if decision.trouble is None]
        written = self._made(made, converted) if made is not None and converted else None
        if isinstance(written, Trouble):
            for decision in converted:
                decision.trouble = written
            return
        self._needed = written.needs if written else {}
        changed = [self._write_file(path, found, provider, factories) for path, found in sorted(by_path.items())]
        if written is not None and any(changed):
            self._files += written.files
            self._sites += [site for one in written.sites if (site := self._without_repeats(one))]
            self._notes += written.notes
            if written.opens and self._options.fallback != "connect":  # whoever acquires needs whoever opens
                group = f"{provider.path}:opened"
                self._sites = [replace(site, group=group) for site in self._sites]
                self._files = [replace(file, group=group) for file in self._files]

    def _made(self, made: Made, converted: Sequence[Decision]) -> Written | Trouble:
        return made.write(self._project, self._atlas, converted, self._serving)

    def _without_repeats(self, site: Site) -> Site | None:
        """An insertion of imports without the lines that the file gets anyway."""
        if site.kind != INSERT or site.shape != "import":
            return site
        known = self._added.get(site.path, set())
        lines = [line for line in str(site.payload).splitlines(keepends=True) if line not in known]
        return replace(site, payload="".join(lines)) if lines else None

    def _write_file(self, path: str, decisions: list[Decision], provider: Provider, factories: Factories) -> bool:
        facts = self._atlas.file(path)
        assert facts is not None
        direct = [decision for decision in decisions if not decision.caller_of]
        way = way_to(self._project, provider, facts) if direct else Way("")
        assert way is not None, "refused before"
        uses: Counter[str] = Counter(self._needed.get(path, ()))
        for decision in decisions:
            if decision.trouble is None:
                text = factories.acquire(decision, way, provider)
                uses.update(_roots(text))
                self._sites += _sites_of(decision, text, factories)
        inserts = factories.imports(path) + ([way.insert] if direct and way.insert else [])
        self._added[path] = set(inserts)
        openings = [decision.opening for decision in decisions if decision.trouble is None]
        self._sites += Cleanup(self._project, facts, openings, uses).sites(NAME, inserts)
        return bool(openings)


def _roots(text: str) -> set[str]:
    """The names that an expression reads, roughly: its words."""
    cleaned = "".join(char if char.isalnum() or char == "_" else " " for char in text)
    return set(cleaned.split())


def _sites_of(decision: Decision, acquire: str, factories: Factories) -> list[Site]:
    opening = with_left(decision.opening, decision.left)
    recipe = opening.recipe
    assert recipe is not None
    special = factories.site(decision, acquire)
    if special is not None:
        return [special]
    summary = f"{opening.name or 'the connection'} comes from the pool ({opening.shape})"
    if decision.caller_of:
        summary = f"{opening.name} comes from {decision.caller_of} as a context manager"
    if recipe.form == "closes":
        summary = f"{opening.name} is no longer closed by hand"
    main = Site(NAME, decision.path, recipe.block, BLOCK, edits.Wrap(recipe, acquire), summary, opening.shape,
                decision.group, edits_strings=bool(recipe.strings))  # fmt: skip
    if opening.init is None:
        return [main]
    group = decision.group or f"{decision.path}:{opening.span.start}"
    drop = Site(NAME, decision.path, opening.init.span, BLOCK, edits.Drop(opening.init.strings),
                f"remove the idle {opening.name} = None", "cleanup", group, support=True)  # fmt: skip
    return [replace(main, group=group), drop]


def _refusal(decision: Decision) -> Refusal:
    assert decision.trouble is not None
    code = decision.trouble.code
    return Refusal(NAME, decision.path, decision.opening.span, code, decision.trouble.reason, ADVICE[code],
                   decision.opening.line)  # fmt: skip
