"""The plan of the relative style over the whole project: one standing a file, one judge for all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rewire.codemod import Note, Plan, Refusal, Site
from rewire_codemods.relative_imports.forms import Move, absolute_name
from rewire_codemods.relative_imports.judge import FileJudge
from rewire_codemods.relative_imports.standing import find_standing
from rewire_codemods.relative_imports.verdicts import Judge, Limits

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rewire.codemod import Context, Project
    from rewire_codemods.relative_imports.facts import FileFacts
    from rewire_codemods.relative_imports.options import ImportOptions


def _names_other_package(context: Context, site: Site) -> bool:
    """True if the relative import of ``site`` means something else, or nothing, in ``context``."""
    move = site.payload
    if not isinstance(move, Move):
        return False
    name = absolute_name(context.package, move.level, move.module)
    return name is None or all(name != module and name != module.rpartition(".")[0] for _, module in move.proof)


def plan_relative(name: str, facts: Mapping[str, FileFacts], project: Project, options: ImportOptions) -> Plan:
    """Every absolute import that resolves into the project, changed or refused; linear in the statements."""
    judge = Judge(project, Limits(options.scope, options.max_level))
    sites: list[Site] = []
    refusals: list[Refusal] = []
    notes: list[Note] = []
    overruled: dict[tuple[str, str], str] = {}
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
            if not context.package or any(_names_other_package(context, site) for site in decided.sites):
                where = f"{launch.source}:{launch.line}" if launch.line else launch.source
                overruled[where, launch.command] = path
    for (where, command), path in sorted(overruled.items()):
        text = f"`{command}` in {where} will not start it any more; better sources start it in its package"
        notes.append(Note(name, text, path))
    files = len({site.path for site in sites})
    changed = sum(not site.support for site in sites)
    return Plan(tuple(sites), tuple(refusals), notes=tuple(notes), facts={"statements": changed, "files": files})
