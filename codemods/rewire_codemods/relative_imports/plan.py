"""The plan of the relative style over the whole project: one standing a file, one judge for all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rewire.codemod import Note, Plan, Refusal, Site
from rewire_codemods.relative_imports.judge import FileJudge, Judge, Limits
from rewire_codemods.relative_imports.standing import find_standing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rewire.codemod import Project
    from rewire_codemods.relative_imports.facts import FileFacts
    from rewire_codemods.relative_imports.options import ImportOptions


def plan_relative(name: str, facts: Mapping[str, FileFacts], project: Project, options: ImportOptions) -> Plan:
    """Every absolute import that resolves into the project, changed or refused; linear in the statements."""
    judge = Judge(project, Limits(options.scope, options.max_level))
    sites: list[Site] = []
    refusals: list[Refusal] = []
    notes: list[Note] = []
    for path, found in facts.items():
        standing = find_standing(path, found, project, options.scripts)
        decided = FileJudge(name, judge, standing, found).decide()
        sites += decided.sites
        refusals += decided.refusals
        if standing.note and decided.sites:
            notes.append(Note(name, standing.note, path))
        for context in standing.overruled if decided.sites else ():
            launch = context.launch
            assert launch is not None
            notes.append(
                Note(name, f"`{launch.command}`, which {launch.source} gives, will need `-m`", path, launch.line)
            )
    files = len({site.path for site in sites})
    changed = sum(not site.support for site in sites)
    return Plan(tuple(sites), tuple(refusals), notes=tuple(notes), facts={"statements": changed, "files": files})
