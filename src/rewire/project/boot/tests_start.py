"""How pytest begins: conftest files, then every test file, each imported as its import mode says."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rewire.model.project import Launch
    from rewire.project.boot.machine import Machine
    from rewire.project.boot.outcome import Trouble
    from rewire.project.boot.run import Run
    from rewire.project.boot.simulate import Simulator


def begin_tests(machine: Machine, run: Run, launch: Launch, simulator: Simulator) -> list[Trouble]:
    """Import what pytest would collect; one trouble a file that cannot be collected."""
    return []
