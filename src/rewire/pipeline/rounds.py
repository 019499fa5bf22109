"""Rounds of rewriting and judging: what a check takes back is done again without, until everything stands."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from rewire.model.result import Rejected
from rewire.model.site import Promise
from rewire.pipeline.aftermath import Question
from rewire.pipeline.locating import locate
from rewire.plan import Decided, decide
from rewire.verify.accept import Acceptance

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rewire.cache.recall import Rewrites
    from rewire.model.workspace import FileChange, Workspace
    from rewire.pipeline.request import Selected
    from rewire.pipeline.state import State
    from rewire.project.index import ProjectIndex


def accept(
    state: State, selected: Selected, decided: Decided, facts: Mapping[str, Any], project: ProjectIndex
) -> Acceptance:
    """Rewrite and verify until nothing more is rejected: each round takes at least one file back."""
    question = _question(state, selected, project)
    acceptance = Acceptance(
        state.workspace,
        selected.codemod,
        selected.options,
        decided.plan,
        state.executor,
        partial(state.carried, state.workspace),
        partial(state.digest, state.workspace),
        _rewrites(state, selected),
        question,
        state.advance("rewrite", len({site.path for site in decided.plan.sites})),
    )
    if selected is state.request.codemods[-1]:
        state.executor.rest()
    while files := acceptance.files():
        after = state.workspace.with_changes(files)
        paths = acceptance.answers.keys() & {file.path for file in files}
        known = {path: held for path in paths if (held := acceptance.answers[path].held) is not None}
        state.project(after).note_held(question.asked, known)
        complaints = _project_complaints(state, selected, acceptance, project, after, files)
        complaints = complaints or _second_pass(state, selected, after, files, facts, acceptance)
        if not complaints:
            break
        acceptance.reject(complaints)
    return acceptance


def _rewrites(state: State, selected: Selected) -> Rewrites | None:
    """What earlier runs rewrote; None for a run without a cache."""
    if state.request.cache is None:
        return None
    from rewire.cache.recall import Rewrites  # and sqlite3

    return Rewrites(state.request.cache, selected.codemod, selected.options)


def _question(state: State, selected: Selected, project: ProjectIndex) -> Question:
    """What is to be known of every file that is rewritten."""
    wanted, codemods = state.wanted, state.request.codemods
    position = next(number for number, one in enumerate(codemods) if one is selected)
    coming = [one.codemod.name for one in codemods[position + 1 :]]
    return Question(
        selected.codemod,
        selected.options,
        wanted.markers[selected.codemod.name],
        later=replace(wanted, markers={name: wanted.markers[name] for name in coming}) if coming else None,
        patched=state.workspace.root if state.request.rendered and len(codemods) == 1 else None,
        asked=project.asked_of_bytes(),
    )


def _project_complaints(
    state: State,
    selected: Selected,
    acceptance: Acceptance,
    project: ProjectIndex,
    after: Workspace,
    files: Sequence[FileChange],
) -> list[Rejected]:
    """What is wrong across files: the codemod's own proof, and imports that newly load nothing."""
    codemod = selected.codemod
    later = state.project(after)
    changed = [file.path for file in files]
    found = codemod.check_project(project, later, changed, selected.options)
    complaints = [Rejected(path, "codemod", detail, codemod.name) for path, detail in sorted(found.items())]
    if complaints or codemod.promise is Promise.PROVED:
        return complaints
    from rewire.verify.imports import newly_unresolved  # and what compares statements, 10 ms

    return newly_unresolved(project, later, files, codemod.name)


def _second_pass(
    state: State,
    selected: Selected,
    after: Workspace,
    files: Sequence[FileChange],
    facts: Mapping[str, Any],
    acceptance: Acceptance,
) -> list[Rejected]:
    """A second run must find nothing to do: the files that it would change again.

    Where it would only change files that this run leaves alone, every file of this run is to blame.
    """
    codemod = selected.codemod
    paths = [file.path for file in files if file.after is not None]
    known = {path: answer.located for path, answer in acceptance.answers.items()}
    again, failures = locate(state, selected, after, paths, known)
    project = state.project(after)
    gone = set(paths) - set(again)
    later = {path: known for path, known in {**facts, **again}.items() if path not in gone}
    plan = codemod.plan(dict(sorted(later.items())), project, selected.options)
    sites = decide(plan, codemod.name, state.suppressions.after(files)).plan.sites
    left = {site.path for site in sites} - acceptance.fallen()
    detail = f"a second run would change {min(left)} again" if left else ""
    accused = sorted(left & set(paths)) or (paths if left else [])
    complaints = [Rejected(path, "second-pass", detail, codemod.name) for path in accused]
    return complaints + [Rejected(path, "parses", failure.reason, codemod.name) for path, failure in failures.items()]
