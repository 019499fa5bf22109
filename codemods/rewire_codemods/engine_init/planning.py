"""Plan the conversions of a whole project: one for each module that creates an engine at import."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rewire.codemod import Plan, Refusal
from rewire_codemods.applications.reading import Shelf
from rewire_codemods.engine_init.attempts import Attempts, refusal
from rewire_codemods.engine_init.elsewhere import Search
from rewire_codemods.engine_init.lending import Library
from rewire_codemods.engine_init.pools import pools_left
from rewire_codemods.engine_init.roles import is_own
from rewire_codemods.engine_init.unmoved import unmoved

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rewire.codemod import Project
    from rewire_codemods.engine_init.facts import FileFacts
    from rewire_codemods.engine_init.options import EngineInitOptions


def make_plan(facts: Mapping[str, FileFacts], project: Project, options: EngineInitOptions) -> Plan:
    """Convert or refuse every engine that a module of the project creates at import.

    Engines that a module makes by itself come first: they do not give way to those that a lent maker makes.
    """
    shelf = Shelf(project)
    search = Search(shelf, facts)
    library = Library(search, facts)
    own = [
        path
        for path, found in facts.items()
        if found.engines and not is_own(project, path, shelf.source(path).text, found.application)
    ]
    borrowed = library.borrowers()
    attempts = Attempts(shelf, library, facts, options)
    attempts.make(own, own)
    attempts.make(borrowed, [*own, *borrowed])
    left = [*unmoved(search, library, {*own, *borrowed}), *pools_left(shelf, facts)]
    refusals: list[Refusal] = [*attempts.refusals, *(refusal(shelf, path, obstacle) for path, obstacle in left)]
    done = attempts.done.values()
    return Plan(
        tuple(site for attempt in done for site in attempt.sites),
        tuple(refusals),
        (),
        tuple(note for attempt in done for note in attempt.conversion.notes),
        {"conversions": [attempt.figures for attempt in done]} if done else {},
    )
