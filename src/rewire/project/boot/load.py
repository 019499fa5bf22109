"""Which files a launch context loads, and under which names."""

from __future__ import annotations

from dataclasses import replace
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
    """What ``launch`` loads, when it starts or later; worked out once for a project."""
    try:
        known = _boots.setdefault(project, {})
        simulator = _simulators.get(project)
    except TypeError:
        return Simulator(project).boot(launch, loads_only=True)
    if simulator is None:
        simulator = _simulators[project] = Simulator(project)
    start = _start_of(launch)
    if start not in known:
        known[start] = simulator.boot(launch, loads_only=True)
    return known[start]


def _start_of(launch: Launch) -> Launch:
    """What two launches have in common that load the same: who says so does not matter, nor a script's arguments."""
    command = launch.command if launch.entry_kind in ("module", "tests") else ""
    return replace(launch, name="", command=command, source="", line=0, role="unknown", tier="document")


def loadings(project: Project, launch: Launch) -> tuple[Loading, ...]:
    """The files that ``launch`` loads with the names it loads them under, at start or when a function runs."""
    return tuple(Loading(launch, one.path, one.name) for one in boot(project, launch).loaded)
