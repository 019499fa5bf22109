"""The launches of one project: which there are, what each of them loads, and the roots that they bring along."""

from __future__ import annotations

import sys
from functools import cached_property
from typing import TYPE_CHECKING

from rewire.model.project import ImportRoot
from rewire.project.contexts import root_of
from rewire.project.questions import may_start

if TYPE_CHECKING:
    from collections.abc import Container, Mapping, Sequence, Set

    from rewire.model.project import Launch, Loading
    from rewire.project.answers import Answers
    from rewire.project.files import Files
    from rewire.project.launch.read import Early


class Launched:
    """Each answer worked out when it is first asked for. ``given`` are the user's own launches, which come first;
    ``known``: all of them, where somebody knows.
    """

    def __init__(
        self, index: Answers, files: Files, given: Sequence[Launch] = (), known: Sequence[Launch] | None = None
    ) -> None:
        self._index = index
        self._files = files
        self._given = tuple(given)
        self._early: Early | None = None
        self.are_being_read = False
        if known is not None:
            self.__dict__["all"] = tuple(known)

    def of(self, index: Answers, files: Files, changed: Set[str] | None, *, booted: bool) -> Launched:
        """Those of a later ``index``: the same files with other texts in ``changed`` (None: other files). What launch
        files said is carried over while none of them is among these, and what was started (``booted``: something was).
        """
        if changed is None:
            return Launched(index, files, self._given)
        stays = "all" in self.__dict__ and not any(launch.source in changed for launch in self.all)
        simulator = sys.modules.get("rewire.project.boot.load")  # not imported where nothing was started
        if simulator and (booted or self.__dict__.get("loadings")):
            simulator.follow(self._index, index, changed)
        return Launched(index, files, self._given, known=self.all if stays else None)

    @cached_property
    def all(self) -> tuple[Launch, ...]:
        """The launch contexts: the user's own, then what the project's files say."""
        from rewire.project.launch.read import read_launches

        self.are_being_read = True
        try:
            starts = self._files.quick_look(may_start)
            found = read_launches(self._index, starts=starts, early=self._early, jobs=self._index.jobs)
        finally:
            self.are_being_read = False
        return tuple(dict.fromkeys((*self._given, *found)))

    def foresee(self) -> None:
        """Read those launch files that are so by their names."""
        from rewire.project.launch.read import read_early

        self._early = read_early(self._index)

    def import_roots(self, tops: Container[str]) -> list[ImportRoot]:
        """What launches add to the import roots: directories that hold something to import, those in ``tops``."""
        return [
            ImportRoot(root, f"{launch.source}: {launch.command}")
            for launch in self.all
            for root in launch.roots
            if root in tops
        ]

    @cached_property
    def loadings(self) -> Mapping[str, tuple[Loading, ...]]:
        """By path, under which names each launch loads it; nothing for a file that none loads."""
        if not self.all:
            return {}  # without the simulator being imported
        from rewire.project.boot.load import loadings

        found: dict[str, list[Loading]] = {}
        for loading in loadings(self._index, self.all, self._index.jobs):
            found.setdefault(loading.path, []).append(loading)
        return {path: tuple(entries) for path, entries in found.items()}

    @cached_property
    def roots(self) -> Mapping[Launch, tuple[str, ...]]:
        """The project's directories on ``sys.path`` once a launch runs: those it gives, and those that edits of the
        path or the test runner add, known by the names of what it loads. Only of launches that load something.
        """
        found: dict[Launch, dict[str, None]] = {}
        for path, entries in self.loadings.items():
            for loading in entries:
                roots = found.setdefault(loading.launch, dict.fromkeys(loading.launch.roots))
                root = root_of(path, loading.name)
                if root is not None:
                    roots.setdefault(root)
        return {launch: tuple(roots) for launch, roots in found.items()}
