"""The line: one loop over the selected codemods, each seeing what the one before it left. Disk is only read."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from rewire import locate as station
from rewire import read
from rewire.errors import RewireError
from rewire.model.result import Failure, Outcome, Rejected, RunResult
from rewire.model.site import Promise
from rewire.model.workspace import Changeset, FileChange, Workspace
from rewire.plan import ENGINE_CODES, Decided, check_plan, decide
from rewire.project.index import ProjectIndex
from rewire.suppression import Suppressions
from rewire.verify.accept import Acceptance
from rewire.verify.imports import newly_unresolved
from rewire.workers import Died, spread

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from rewire.codemod.base import Codemod
    from rewire.discover import Discovered
    from rewire.model.site import Refusal

BATCH = 64
SPREAD_SEARCH_FROM = 30_000
"""From this many files on, reading and searching them is worth the start of a second process (0.3 s)."""

SPREAD_FROM = 256
"""From this many candidates on, locating in them is."""


@dataclass(frozen=True, slots=True)
class Selected:
    """A codemod with its options: the values in force, and those the user set."""

    codemod: Codemod[Any, Any]
    options: Any
    explicit_options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Request:
    """What to run, on what. ``progress(stage, done, total)`` is told how far a stage has come.

    ``settings`` are keyword arguments of ``ProjectIndex`` (import roots, the user's own launch contexts).
    """

    discovered: Discovered
    codemods: tuple[Selected, ...]
    jobs: int = 1
    progress: Callable[[str, int, int], None] | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class _Run:
    """The state of one run between two codemods."""

    request: Request
    workspace: Workspace
    searched: dict[str, station.Searched]
    markers: dict[str, Sequence[bytes]]
    failures: dict[str, Failure]
    suppressions: Suppressions
    index: ProjectIndex | None = None

    def project(self, workspace: Workspace) -> ProjectIndex:
        if self.index is None:
            self.index = ProjectIndex(workspace, self.request.discovered.others, **self.request.settings)
        elif self.index.workspace is not workspace:
            self.index = self.index.advance(workspace)
        return self.index

    def advance(self, stage: str, total: int) -> Callable[[int], None] | None:
        progress = self.request.progress
        if progress is None:
            return None
        done = 0

        def advance(count: int) -> None:
            nonlocal done
            done += count
            progress(stage, done, total)

        progress(stage, 0, total)
        return advance


def run(request: Request) -> RunResult:
    """Run every codemod of ``request`` in order, in memory, and say what each of them did.

    Raises RewireError where a codemod breaks its contract or the books do not balance; trouble with one file is a
    ``Failure`` or a refusal in the result.
    """
    started = time.perf_counter()
    discovered = request.discovered
    workspace = Workspace(discovered.root, discovered.selected, discovered.context)
    state = _search(request, workspace)
    outcomes = tuple([_apply(state, selected) for selected in request.codemods])
    return RunResult(
        before=workspace,
        after=state.workspace,
        outcomes=outcomes,
        failures=tuple(failure for _, failure in sorted(state.failures.items())),
        unused_suppressions=state.suppressions.unused([selected.codemod.name for selected in request.codemods]),
        files_seen=len(discovered.selected),
        seconds=time.perf_counter() - started,
    )


def _search(request: Request, workspace: Workspace) -> _Run:
    """Read every selected file once and note whose markers it holds."""
    failures = {failure.path: failure for failure in request.discovered.failures}
    state = _Run(request, workspace, {}, {}, failures, Suppressions())
    project = state.project(workspace)
    for selected in request.codemods:
        state.markers[selected.codemod.name] = tuple(selected.codemod.markers(project, selected.options))
    work = partial(station.search, workspace.root, markers=state.markers)
    paths = workspace.paths
    jobs = request.jobs if len(paths) >= SPREAD_SEARCH_FROM else 1
    for answer in spread(work, paths, jobs=jobs, batch=256, advance=state.advance("search", len(paths))):
        if isinstance(answer, Died):
            failures[answer.item] = _died(answer.item)
            continue
        if answer.failure:
            failures[answer.path] = answer.failure
        elif answer.codemods or answer.suppresses:
            state.searched[answer.path] = answer
        if answer.suppresses:
            source = read.read(workspace.root, answer.path)
            if not isinstance(source, Failure):
                state.suppressions.read(source)
    return state


def _apply(state: _Run, selected: Selected) -> Outcome:
    """One codemod: locate, plan, rewrite, verify; the state moves on to the workspace it leaves."""
    started = time.perf_counter()
    codemod, options = selected.codemod, selected.options
    workspace = state.workspace
    project = state.project(workspace)
    candidates = [path for path in workspace.paths if codemod.name in _codemods_of(state, path)]
    facts, failures = _locate(state, selected, workspace, candidates)
    state.failures.update(failures)
    plan = codemod.plan(facts, project, options)
    check_plan(plan, codemod.name, _codes(codemod), project.is_selected)
    decided = decide(plan, codemod.name, state.suppressions.by_path)
    state.suppressions.use(decided.used)
    acceptance = _accept(state, selected, decided, facts, project)
    files = acceptance.files()
    outcome = Outcome(
        codemod=codemod.name,
        summary=codemod.summary,
        promise=codemod.promise,
        found=decided.found,
        changeset=Changeset(codemod.name, tuple(_owned(codemod.name, file) for file in files)),
        refusals=_placed([*decided.plan.refusals, *acceptance.refusals()], project),
        suppressed=decided.suppressed,
        rejected=tuple(entry for _, entry in sorted(acceptance.rejected.items())),
        notes=decided.plan.notes,
        facts=decided.plan.facts,
        options=codemod.describe_options(options),
        explicit_options=selected.explicit_options,
        seconds=time.perf_counter() - started,
    )
    if not outcome.balanced:
        raise RewireError(
            f"{codemod.name}: {outcome.found} places found, but {outcome.changed} changed + {len(outcome.refusals)} "
            f"refused + {len(outcome.suppressed)} suppressed; this is a defect of rewire, nothing was written"
        )
    _move_on(state, files)
    return outcome


def _accept(
    state: _Run, selected: Selected, decided: Decided, facts: Mapping[str, Any], project: ProjectIndex
) -> Acceptance:
    """Rewrite and verify until nothing more is rejected: each round takes at least one file back."""
    acceptance = Acceptance(
        state.workspace,
        selected.codemod,
        selected.options,
        decided.plan,
        state.request.jobs,
        state.advance("rewrite", len({site.path for site in decided.plan.sites})),
    )
    while files := acceptance.files():
        after = state.workspace.with_changes(files)
        complaints = _project_complaints(state, selected, acceptance, project, after, files)
        complaints = complaints or _second_pass(state, selected, after, files, facts)
        if not complaints:
            break
        acceptance.reject(complaints)
    return acceptance


def _project_complaints(
    state: _Run,
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
    return newly_unresolved(project, later, changed, codemod.name)


def _second_pass(
    state: _Run, selected: Selected, after: Workspace, files: Sequence[FileChange], facts: Mapping[str, Any]
) -> list[Rejected]:
    """A second run must find nothing to do: the files that it would change again."""
    codemod = selected.codemod
    paths = [file.path for file in files if file.after is not None]
    again, failures = _locate(state, selected, after, paths)
    project = state.project(after)
    gone = set(paths) - set(again)
    later = {path: known for path, known in {**facts, **again}.items() if path not in gone}
    plan = codemod.plan(dict(sorted(later.items())), project, selected.options)
    sites = decide(plan, codemod.name, state.suppressions.after(files)).plan.sites
    left = {site.path for site in sites} & set(paths)
    complaints = [
        Rejected(path, "second-pass", "a second run would change this file again", codemod.name)
        for path in sorted(left)
    ]
    return complaints + [Rejected(path, "parses", failure.reason, codemod.name) for path, failure in failures.items()]


def _locate(
    state: _Run, selected: Selected, workspace: Workspace, paths: Sequence[str]
) -> tuple[dict[str, Any], dict[str, Failure]]:
    """Facts and failures by path, in path order."""
    codemod = selected.codemod
    work = partial(
        station.locate_files,
        root=workspace.root,
        codemod=codemod,
        markers=state.markers[codemod.name],
        options=selected.options,
    )
    items = [(path, workspace.overlay.get(path)) for path in paths]
    jobs = state.request.jobs if len(items) >= SPREAD_FROM else 1
    facts: dict[str, Any] = {}
    failures: dict[str, Failure] = {}
    advance = state.advance(f"locate {codemod.name}", len(items))
    for answer in spread(work, items, jobs=jobs, batch=BATCH, advance=advance):
        if isinstance(answer, Died):
            path = answer.item[0]
            failures[path] = _died(path)
        elif answer.failure:
            failures[answer.path] = answer.failure
        elif answer.facts is not None:
            facts[answer.path] = answer.facts
    return facts, failures


def _died(path: str) -> Failure:
    return Failure(path, "worker-died", "the process that read it died", "exclude the file, and report it")


def _codemods_of(state: _Run, path: str) -> Sequence[str]:
    searched = state.searched.get(path)
    return searched.codemods if searched else ()


def _move_on(state: _Run, files: Sequence[FileChange]) -> None:
    """The workspace and the search results that the next codemod sees."""
    state.workspace = state.workspace.with_changes(files)
    for file in files:
        if file.after is not None:
            state.searched[file.path] = station.search_bytes(file.path, file.after.to_bytes(), state.markers)
        else:
            state.searched.pop(file.path, None)
    state.suppressions.move(files)


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
