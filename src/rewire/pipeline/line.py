"""One loop over the selected codemods: each sees the workspace that the one before it left."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from rewire.errors import RewireError
from rewire.model.result import Outcome, RunResult
from rewire.model.site import Plan
from rewire.model.workspace import Changeset, FileChange, Workspace
from rewire.pipeline.foreseen import foresee, locate_rest
from rewire.pipeline.searching import search
from rewire.pipeline.state import State
from rewire.plan import ENGINE_CODES, Decided, check_plan, decide

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rewire.codemod.base import Codemod
    from rewire.model.result import Rejected
    from rewire.model.site import Refusal
    from rewire.pipeline.aftermath import Aftermath
    from rewire.pipeline.request import Request, Selected
    from rewire.project.index import ProjectIndex


def run(request: Request) -> RunResult:
    """Run every codemod of ``request`` in order, in memory, and say what each of them did.

    Raises RewireError where a codemod breaks its contract or the books do not balance; trouble with one file is a
    ``Failure`` or a refusal in the result.
    """
    discovered = request.discovered
    workspace = Workspace(discovered.root, discovered.selected, discovered.context)
    state = State(request, workspace, failures={failure.path: failure for failure in discovered.failures})
    with closing(state):
        search(state, foresee)
        outcomes = tuple([_apply(state, selected) for selected in request.codemods])
    result = RunResult(
        before=workspace,
        after=state.workspace,
        outcomes=outcomes,
        failures=tuple(failure for _, failure in sorted(state.failures.items())),
        unused_suppressions=state.suppressions.unused([selected.codemod.name for selected in request.codemods]),
        files_seen=len(discovered.selected),
        asked=state.project(state.workspace).asked,
    )
    if not state.fragments:
        return result
    from rewire.pipeline.aftermath import render

    return replace(result, rendered=render(result, state.fragments))


def _apply(state: State, selected: Selected) -> Outcome:
    """One codemod: locate, plan, rewrite, verify; the state moves on to the workspace it leaves."""
    started = time.perf_counter()
    codemod, options = selected.codemod, selected.options
    project = state.project(state.workspace)
    facts = _locate(state, selected)
    planned = state.advance(f"plan {codemod.name}", 1)
    plan = codemod.plan(facts, project, options) if facts else Plan()
    if planned:
        planned(1)
    check_plan(plan, codemod.name, _codes(codemod), project.is_selected)
    decided = decide(plan, codemod.name, state.suppressions.by_path)
    state.suppressions.use(decided.used)
    standing = _accept(state, selected, decided, facts, project)
    outcome = replace(_outcome(selected, decided, standing, project), seconds=time.perf_counter() - started)
    if not outcome.balanced:
        raise RewireError(
            f"{codemod.name}: {outcome.found} places found, but {outcome.changed} changed + {len(outcome.refusals)} "
            f"refused + {len(outcome.suppressed)} suppressed; this is a defect of rewire, nothing was written"
        )
    searched = {path: answer.searched for path, answer in standing.answers.items()}
    state.move_on(standing.files, searched, last=selected is state.request.codemods[-1])
    state.fragments = {
        path: answer.fragment for path, answer in standing.answers.items() if answer.fragment is not None
    }
    return outcome


@dataclass(frozen=True, slots=True)
class _Standing:
    """What of a plan was carried out and stands, and what a rejection cost; what is known of the files already."""

    files: tuple[FileChange, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    rejected: tuple[Rejected, ...] = ()
    answers: Mapping[str, Aftermath] = field(default_factory=dict)


def _locate(state: State, selected: Selected) -> dict[str, Any]:
    """The facts of the candidates, by path; what fails on the way is noted."""
    facts, failures = locate_rest(state, selected)
    state.failures.update(failures)
    return facts


def _accept(
    state: State, selected: Selected, decided: Decided, facts: dict[str, Any], project: ProjectIndex
) -> _Standing:
    """Rewrite and verify what was decided."""
    if not (decided.plan.sites or decided.plan.new_files):
        return _Standing()
    from rewire.pipeline.rounds import accept

    acceptance = accept(state, selected, decided, facts, project)
    rejected = tuple(entry for _, entry in sorted(acceptance.rejected.items()))
    return _Standing(acceptance.files(), acceptance.refusals(), rejected, acceptance.answers)


def _outcome(selected: Selected, decided: Decided, standing: _Standing, project: ProjectIndex) -> Outcome:
    """The ledger of one codemod."""
    codemod = selected.codemod
    return Outcome(
        codemod=codemod.name,
        summary=codemod.summary,
        promise=codemod.promise,
        found=decided.found,
        changeset=Changeset(codemod.name, tuple(_owned(codemod.name, file) for file in standing.files)),
        refusals=_placed([*decided.plan.refusals, *standing.refusals], project),
        suppressed=decided.suppressed,
        rejected=standing.rejected,
        notes=decided.plan.notes,
        facts=decided.plan.facts,
        options=codemod.describe_options(selected.options),
        explicit_options=selected.explicit_options,
    )


def _codes(codemod: Codemod[Any, Any]) -> tuple[str, ...]:
    return (*(entry.code for entry in codemod.refusal_codes), *ENGINE_CODES)


def _owned(codemod: str, file: FileChange) -> FileChange:
    """Created files learn whose they are."""
    if all(change.codemod for change in file.changes):
        return file
    return replace(file, changes=tuple(replace(change, codemod=codemod) for change in file.changes))


def _placed(refusals: Sequence[Refusal], project: ProjectIndex) -> tuple[Refusal, ...]:
    """Refusals by place, each with its line where the codemod gave none."""
    placed = []
    for entry in refusals:
        source = None if entry.line else project.source(entry.path)
        placed.append(replace(entry, line=source.line_of(entry.span.start)) if source else entry)
    return tuple(sorted(placed, key=lambda entry: (entry.path, entry.span, entry.code)))
