"""The state of one run between two codemods: the workspace, what was found in it, what failed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from rewire import read
from rewire.model.result import Failure
from rewire.model.source import SourceFile
from rewire.project.index import ProjectIndex
from rewire.search import Searched, Wanted, prepare, search_bytes
from rewire.suppression import Suppressions
from rewire.workers import Processes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence, Set

    from rewire.model.workspace import FileChange, Workspace
    from rewire.pipeline.request import Request
    from rewire.workers import Executor


class Ahead(NamedTuple):
    """What was located before its turn came: in which files of which workspace, with which markers."""

    workspace: Workspace
    paths: Sequence[str]
    markers: Sequence[bytes]
    facts: dict[str, Any]
    failures: dict[str, Failure]


@dataclass(slots=True)
class State:
    """Where a run stands. ``searched`` holds the files of interest to any codemod, by path."""

    request: Request
    workspace: Workspace
    searched: dict[str, Searched] = field(default_factory=dict)
    wanted: Wanted = field(default_factory=lambda: Wanted({}))
    failures: dict[str, Failure] = field(default_factory=dict)
    suppressions: Suppressions = field(default_factory=Suppressions)
    fragments: dict[str, bytes] = field(default_factory=dict)
    """The parts of the run's patch that are made already, by path."""
    ahead: dict[str, Ahead] = field(default_factory=dict)
    """By codemod."""
    late: Mapping[str, Set[str]] = field(default_factory=dict)
    """By codemod, the files that hold a marker which was not known when ``ahead`` was."""
    _index: ProjectIndex | None = None
    _executor: Executor | None = None

    @property
    def executor(self) -> Executor:
        """Where the work on files runs."""
        if self._executor is None:
            self._executor = self.request.executor or Processes(self.request.jobs)
        return self._executor

    def close(self) -> None:
        """End the workers, if they are this run's own."""
        if self._executor is not None and self.request.executor is None:
            self._executor.close()

    def project(self, workspace: Workspace) -> ProjectIndex:
        """The project as ``workspace`` shows it."""
        if self._index is None:
            self._index = ProjectIndex(workspace, self.request.discovered.others, **self.request.settings)
            self._index.jobs = self.request.jobs
        elif self._index.workspace is not workspace:
            self._index = self._index.advance(workspace)
            self._index.jobs = self.request.jobs
            self._index.is_alone = True  # before, others locate
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

    def note(self, found: Searched | None) -> None:
        """Take over what a search found in a file on disk, beside what an earlier search found there."""
        if found is None:
            return
        if found.failure:
            self.failures[found.path] = found.failure
            return
        before = self.searched.get(found.path)
        if before is not None:
            codemods = tuple(dict.fromkeys((*before.codemods, *found.codemods)))
            self.searched[found.path] = before._replace(codemods=codemods, digest=found.digest or before.digest)
        elif found.codemods or found.needs or found.suppresses:
            self.searched[found.path] = found
            source = read.read(self.workspace.root, found.path) if found.suppresses else None
            if isinstance(source, SourceFile):
                self.suppressions.read(source)

    def move_on(self, files: Sequence[FileChange], known: Mapping[str, Searched | None], *, last: bool) -> None:
        """Take over the workspace and the comments that a codemod leaves, and search its files for the next one.

        ``known`` was searched already, by whoever rewrote the file.
        """
        self.workspace = self.workspace.with_changes(files)
        needles = prepare(self.wanted)
        for file in () if last else files:
            self.searched.pop(file.path, None)
            found = known.get(file.path)
            if file.path not in known and file.after:
                found = search_bytes(file.path, file.after.to_bytes(), self.wanted, needles)
            if found:
                self.searched[file.path] = found
        self.suppressions.move(files)


def died(path: str) -> Failure:
    """The failure of a file whose worker died with it."""
    return Failure(path, "worker-died", "the process that read it died", "exclude the file, and report it")
