"""engine-init: its name, options and refusals, and the way into its two halves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rewire.codemod import Codemod, Plan, Project, Promise, SourceFile
from rewire_codemods.engine_init.codes import CODES
from rewire_codemods.engine_init.facts import FileFacts
from rewire_codemods.engine_init.locating import MARKERS, NEEDS
from rewire_codemods.engine_init.options import EngineInitOptions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rewire.codemod.cst import SiteTransformer


class EngineInit(Codemod[FileFacts, EngineInitOptions]):
    """Module-level engine creation moves into init functions; the application's lifespan calls them."""

    name = "engine-init"
    summary = "create the engine in init_db, called by the lifespan, instead of at import"
    promise = Promise.REVIEW
    options_type = EngineInitOptions
    refusal_codes = CODES
    needs = NEEDS
    position = 30

    def markers(self, project: Project, options: EngineInitOptions) -> Sequence[bytes]:
        """Engine makers, applications, handlers, task queues; importers are reached through the project."""
        return MARKERS

    def locate(self, source: SourceFile, markers: Sequence[bytes], options: EngineInitOptions) -> FileFacts | None:
        """Whether a file creates an engine at import, and whether it speaks of an application or of tasks."""
        from rewire_codemods.engine_init.locating import find_facts

        return find_facts(source)

    def plan(self, facts: Mapping[str, FileFacts], project: Project, options: EngineInitOptions) -> Plan:
        """One conversion an engine: all its edits, over all files, or one refusal."""
        if not any(found.engines or found.functions or found.pools for found in facts.values()):
            return Plan()
        from rewire_codemods.engine_init.planning import make_plan

        return make_plan(facts, project, options)

    def transformer(self, options: EngineInitOptions) -> SiteTransformer:
        """Writes what the plan says."""
        from rewire_codemods.engine_init.transformer import EngineInitTransformer

        return EngineInitTransformer()
