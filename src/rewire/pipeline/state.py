"""The state of one run between two codemods: the workspace, what was searched and located in it, what failed."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from rewire import locate as station
from rewire import read
from rewire.cache.recall import Recall
from rewire.model.result import Failure
from rewire.project.index import ProjectIndex
from rewire.suppression import Suppressions
from rewire.workers import Died, Processes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from rewire.model.source import SourceFile
    from rewire.model.workspace import FileChange, Workspace
    from rewire.pipeline.request import Request, Selected
    from rewire.workers import Executor

BATCH = 128
SPREAD_SEARCH_FROM = 4_000
"""From this many files on, reading and searching them is worth a second process (30 ms, with what it imports)."""

SPREAD_FROM = 256
"""From this many candidates on, locating in them is."""


@dataclass(slots=True)
class State:
    """Where a run stands. ``searched`` holds the files of interest to any codemod, by path."""

    request: Request
    workspace: Workspace
    searched: dict[str, station.Searched] = field(default_factory=dict)
    wanted: station.Wanted = field(default_factory=lambda: station.Wanted({}))
    searched_for: set[str] = field(default_factory=set)
    """The codemods whose markers every file was searched for."""
    failures: dict[str, Failure] = field(default_factory=dict)
    suppressions: Suppressions = field(default_factory=Suppressions)
    _index: ProjectIndex | None = None
    _executor: Executor | None = None

    @property
    def executor(self) -> Executor:
        """Where the work on files runs."""
        if self._executor is None:
            self._executor = self.request.executor or Processes(self.request.jobs)
        return self._executor

    def project(self, workspace: Workspace) -> ProjectIndex:
        """The project as ``workspace`` shows it."""
        if self._index is None:
            self._index = ProjectIndex(workspace, self.request.discovered.others, **self.request.settings)
        elif self._index.workspace is not workspace:
            self._index = self._index.advance(workspace)
        return self._index

    def advance(self, stage: str, total: int) -> Callable[[int], None] | None:
        """What a stage of ``total`` files calls with each count it has done; None if nobody listens."""
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

    def carried(self, workspace: Workspace, path: str) -> SourceFile | Failure | None:
        """What an item must carry: a text that memory holds, or any text where the worker sees no disk of ours.

        Carried along as well is why there is no text: a worker elsewhere would look on its own disk, and say what it
        finds there.
        """
        overlay = workspace.overlay.get(path)
        if overlay is not None or self.executor.shares_disk:
            return overlay
        return read.read(workspace.root, path)

    def digest(self, workspace: Workspace, path: str) -> str:
        """The digest of a file's bytes, where the search noted it; else empty."""
        overlay = workspace.overlay.get(path)
        if overlay is not None:
            return overlay.digest
        searched = self.searched.get(path)
        return searched.digest if searched else ""

    def candidates(self, selected: Selected) -> list[str]:
        """The files that hold a marker of the codemod, searched for now if that was put off."""
        name = selected.codemod.name
        if not self.is_needed(selected):
            return []
        if name not in self.searched_for:
            search_again(self)
        return [path for path in self.workspace.paths if (found := self.searched.get(path)) and name in found.codemods]

    def is_needed(self, selected: Selected) -> bool:
        """False if the project names nothing of what the codemod is about."""
        codemod = selected.codemod
        if not codemod.needs or self.workspace.context:
            return True
        return any(codemod.name in found.needs for found in self.searched.values())

    def move_on(self, files: Sequence[FileChange], *, last: bool) -> None:
        """Take over the workspace and the comments that a codemod leaves, and search its files for the next one."""
        self.workspace = self.workspace.with_changes(files)
        for file in () if last else files:
            self.searched.pop(file.path, None)
            found = file.after and station.search_bytes(file.path, file.after.to_bytes(), self.wanted)
            if found:
                self.searched[file.path] = found
        self.suppressions.move(files)


def search(state: State) -> None:
    """Read every selected file once, and note what it holds for whom.

    Markers that hang on the project are guessed before its launches are known, for the same reading tells which files
    to ask about those. A codemod whose guess was short is searched for again; so is one with needs, once they are met.
    """
    workspace = state.workspace
    project = state.project(workspace)
    needs = {one.codemod.name: tuple(one.codemod.needs) for one in state.request.codemods if one.codemod.needs}
    put_off = frozenset() if workspace.context else frozenset(needs)
    alone = project.before_launches()
    guess = _markers(state, alone)
    questions = project.learn(alone)
    first = {name: markers for name, markers in guess.items() if name not in put_off}
    for path, looks in _read_all(state, station.Wanted(first, needs), questions):
        for question, answer in zip(questions, looks, strict=True):
            project.note_look(path, question, answer)
    markers = _markers(state, project)
    state.wanted = station.Wanted(markers, needs)
    state.searched_for.update(name for name in first if set(markers[name]) <= set(guess[name]))


def search_again(state: State) -> None:
    """Search every file for the codemods that were put off and are needed."""
    late = {
        one.codemod.name: state.wanted.markers[one.codemod.name]
        for one in state.request.codemods
        if one.codemod.name not in state.searched_for and state.is_needed(one)
    }
    for _ in _read_all(state, station.Wanted(late)):
        pass
    state.searched_for.update(late)


def _markers(state: State, project: ProjectIndex) -> dict[str, tuple[bytes, ...]]:
    return {one.codemod.name: tuple(one.codemod.markers(project, one.options)) for one in state.request.codemods}


def _read_all(
    state: State, wanted: station.Wanted, questions: Sequence[station.Question] = ()
) -> Iterator[tuple[str, tuple[bool, ...]]]:
    """Search the selected files as they lie on disk; note what is found, and yield what was answered."""
    workspace = state.workspace
    paths = [path for path in workspace.paths if path not in workspace.overlay]
    work = partial(
        station.search, workspace.root, wanted=wanted, questions=questions, digests=state.request.cache is not None
    )
    advance = state.advance("search", len(paths))
    here = Processes(state.request.jobs)  # searching costs less than sending a file anywhere
    answers = here.spread(work, paths, batch=256, pays_from=SPREAD_SEARCH_FROM, advance=advance)
    for path, answer in zip(paths, answers, strict=True):
        if isinstance(answer, Died):
            state.failures[path] = died(path)
            continue
        found, looks = answer
        if found is not None:
            _note(state, found)
        yield path, looks


def _note(state: State, answer: station.Searched) -> None:
    if answer.failure:
        state.failures[answer.path] = answer.failure
        return
    before = state.searched.get(answer.path)
    if before is not None:
        codemods = tuple(dict.fromkeys((*before.codemods, *answer.codemods)))
        state.searched[answer.path] = replace(before, codemods=codemods, digest=answer.digest or before.digest)
        return
    state.searched[answer.path] = answer
    if answer.suppresses:
        source = read.read(state.workspace.root, answer.path)
        if not isinstance(source, Failure):
            state.suppressions.read(source)


def locate(
    state: State, selected: Selected, workspace: Workspace, paths: Sequence[str]
) -> tuple[dict[str, Any], dict[str, Failure]]:
    """Facts and failures by path, in path order; what an earlier run knows of the same bytes is not asked again."""
    codemod = selected.codemod
    markers = state.wanted.markers[codemod.name]
    recall = Recall(state.request.cache, codemod, selected.options, markers)
    digests = {path: state.digest(workspace, path) for path in paths}
    located = recall.located(digests)
    items = [(path, state.carried(workspace, path)) for path in paths if path not in located]
    work = partial(
        station.locate_files, root=workspace.root, codemod=codemod, markers=markers, options=selected.options
    )
    advance = state.advance(f"locate {codemod.name}", len(items))
    fresh = {}
    failures: dict[str, Failure] = {}
    for answer in state.executor.spread(work, items, batch=BATCH, pays_from=SPREAD_FROM, advance=advance):
        if isinstance(answer, Died):
            failures[answer.item[0]] = died(answer.item[0])
        elif answer.failure:
            failures[answer.path] = answer.failure
        else:
            fresh[answer.path] = answer.facts
    recall.keep(digests, fresh)
    located.update(fresh)
    return {path: located[path] for path in paths if located.get(path) is not None}, failures


def died(path: str) -> Failure:
    """The failure of a file whose worker died with it."""
    return Failure(path, "worker-died", "the process that read it died", "exclude the file, and report it")
