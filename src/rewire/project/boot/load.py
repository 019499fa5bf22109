"""Which files the launch contexts of a project load, and under which names; each start is worked out once."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from rewire.forks import share
from rewire.model.project import Loading
from rewire.project.boot.same import Rewording
from rewire.project.boot.simulate import Simulator
from rewire.project.boot.start import essence

if TYPE_CHECKING:
    from collections.abc import Sequence, Set

    from rewire.model.project import Launch, Project
    from rewire.project.boot.outcome import Boot

SPREAD_FROM = 6
"""From how many starts on other processes are asked for help: a start or two is over before they are up."""

MOSTLY = 4
"""They are asked once a start compiles less than one in so many of the files it loads: until then, each of them would
compile the same files again.
"""

_all_boots: WeakKeyDictionary[Project, Boots] = WeakKeyDictionary()


class Boots:
    """The boots of one project, as far as somebody has asked for them. ``earlier`` are those of the project before it
    was changed, and ``rewording`` says which of them still hold.
    """

    def __init__(self, project: Project, earlier: Boots | None = None, rewording: Rewording | None = None) -> None:
        self._project = project
        self._earlier = earlier._known if earlier else {}
        self._rewording = rewording
        self._known: dict[Launch, Boot] = {}
        self._simulator: Simulator | None = None

    def of(self, launches: Sequence[Launch], jobs: int = 1) -> list[Boot]:
        """The boot of each launch; what has to be started is divided among ``jobs`` processes."""
        starts = [essence(launch) for launch in launches]
        new = {}
        for start, launch in zip(starts, launches, strict=True):
            if start not in self._known and start not in new and not self._take_over(start):
                new[start] = launch
        if new:
            started = self._start(list(new.values()), jobs)
            self._known.update(zip(new, started, strict=True))
        return [self._known[start] for start in starts]

    def _take_over(self, start: Launch) -> bool:
        known = self._earlier.get(start)
        if known is None or self._rewording is None or not self._rewording.keeps(known):
            return False
        self._known[start] = known
        return True

    def _start(self, launches: Sequence[Launch], jobs: int) -> list[Boot]:
        """The boots of these launches, in order."""
        simulator = self._simulator = self._simulator or Simulator(self._project)

        def start_all(some: Sequence[Launch]) -> list[Boot]:
            return [simulator.boot(launch, loads_only=True) for launch in some]

        alone: list[Boot] = []
        while jobs > 1 and len(launches) - len(alone) >= SPREAD_FROM:
            known = simulator.compiled
            (first,) = start_all([launches[len(alone)]])
            alone.append(first)
            if (simulator.compiled - known) * MOSTLY < len(first.loaded):
                return [*alone, *share(start_all, launches[len(alone) :], jobs)]
        return [*alone, *start_all(launches[len(alone) :])]


def boots_of(project: Project) -> Boots:
    """The boots of a project, shared by everybody who asks."""
    try:
        known = _all_boots.get(project)
        if known is None:
            known = _all_boots[project] = Boots(project)
    except TypeError:  # a project that no table can hold
        known = Boots(project)
    return known


def follow(earlier: Project, later: Project, changed: Set[str]) -> None:
    """Tell that ``later`` is ``earlier`` with other texts in ``changed``, and the same files otherwise."""
    known = _all_boots.get(earlier)
    if known is not None:
        _all_boots[later] = Boots(later, known, Rewording(earlier, later, changed))


def boot(project: Project, launch: Launch) -> Boot:
    """What ``launch`` loads, when it starts or later; worked out once for a project."""
    return boots_of(project).of([launch])[0]


def loadings(project: Project, launches: Sequence[Launch], jobs: int = 1) -> list[Loading]:
    """The files that each launch loads with the names it loads them under, at start or when a function runs."""
    found = []
    for launch, started in zip(launches, boots_of(project).of(launches, jobs), strict=True):
        found += [Loading(launch, one.path, one.name) for one in started.loaded]
    return found
