"""Which files a launch context loads, and under which names."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from rewire.model.project import Loading
from rewire.project.boot.simulate import Simulator

if TYPE_CHECKING:
    from rewire.model.project import Launch, Project
    from rewire.project.boot.outcome import Boot

_simulators: WeakKeyDictionary[Project, Simulator] = WeakKeyDictionary()
_boots: WeakKeyDictionary[Project, dict[Launch, Boot]] = WeakKeyDictionary()


def boot(project: Project, launch: Launch) -> Boot:
    """What happens when ``launch`` starts; worked out once for a project."""
    try:
        known = _boots.setdefault(project, {})
        simulator = _simulators.get(project)
    except TypeError:
        return Simulator(project).boot(launch)
    if simulator is None:
        simulator = _simulators[project] = Simulator(project)
    if launch not in known:
        known[launch] = simulator.boot(launch)
    return known[launch]


def loadings(project: Project, launch: Launch) -> tuple[Loading, ...]:
    """The files that ``launch`` loads with the names it loads them under, at start or when a function runs."""
    return tuple(Loading(launch, one.path, one.name) for one in boot(project, launch).loaded)
