"""Measure whole processes: wall time, CPU time and peak memory, two commands in turn so that both see the same machine.

Public means only: ``subprocess``, ``os.wait4`` and, for the memory of several processes together, ``/proc``.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

SAMPLE_EVERY = 0.02


@dataclass(frozen=True)
class Command:
    """What to run and where. ``prepare`` runs before each measurement and is not measured."""

    label: str
    arguments: Sequence[str]
    cwd: Path
    exits: Sequence[int] = (0,)
    prepare: Callable[[], object] | None = None
    environment: dict[str, str] | None = None


@dataclass(frozen=True)
class Measured:
    """Seconds of wall and CPU time; peak resident memory of the largest process, in bytes."""

    wall: float
    cpu: float
    peak: int


@dataclass(frozen=True)
class Paired:
    """Medians over the runs of both, and the median of the ratios of each pair of runs."""

    ours: Measured
    peer: Measured
    ratio: float
    cpu_ratio: float


def run(command: Command) -> Measured:
    """Run once. Raises SystemExit with the command's own words if it exits otherwise than it should."""
    if command.prepare:
        command.prepare()
    environment = {**clean_environment(), **(command.environment or {})}
    started = time.perf_counter()
    with subprocess.Popen(
        command.arguments, cwd=command.cwd, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as process:
        assert process.stderr is not None
        said = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in command.exits:
        sys.exit(f"{command.label}: exit code {process.returncode}\n{said.decode(errors='replace')[-2000:]}")
    scale = 1 if sys.platform == "darwin" else 1024
    return Measured(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * scale)


def paired(ours: Command, peer: Command, runs: int) -> Paired:
    """Ours and the peer in turn, ``runs`` times each, after one run of each that does not count."""
    run(ours)
    run(peer)
    pairs = [(run(ours), run(peer)) for _ in range(runs)]
    return Paired(
        middle([mine for mine, _ in pairs]),
        middle([other for _, other in pairs]),
        median(mine.wall / other.wall for mine, other in pairs),
        median(mine.cpu / max(other.cpu, 0.001) for mine, other in pairs),
    )


def middle(measured: Sequence[Measured]) -> Measured:
    """The median of each figure; of the peak, the largest."""
    return Measured(
        median(one.wall for one in measured),
        median(one.cpu for one in measured),
        max(one.peak for one in measured),
    )


def peak_together(command: Command) -> int:
    """Peak memory of the process and all its descendants together, in bytes (proportional set size, Linux)."""
    if command.prepare:
        command.prepare()
    process = subprocess.Popen(
        command.arguments,
        cwd=command.cwd,
        env={**clean_environment(), **(command.environment or {})},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    peak = 0
    stop = threading.Event()

    def sample() -> None:
        nonlocal peak
        while not stop.wait(SAMPLE_EVERY):
            peak = max(peak, sum(map(_proportional, family(process.pid))))

    thread = threading.Thread(target=sample)
    thread.start()
    process.wait()
    stop.set()
    thread.join()
    return peak


def family(pid: int) -> list[int]:
    """``pid`` and every process below it."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except (OSError, IndexError, ValueError):
                continue
            children.setdefault(parent, []).append(int(entry.name))
    found = [pid]
    for one in found:
        found.extend(children.get(one, ()))
    return found


def _proportional(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:")), 0)


def clean_environment() -> dict[str, str]:
    """The environment of an installed program: byte code is written (beside the cache, not into anybody's tree)."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    kept["PYTHONPYCACHEPREFIX"] = str(cache() / "byte-code")
    return kept


def cache() -> Path:
    """A folder of our own outside any repository; ``REWIRE_BENCHMARK_CACHE`` moves it."""
    base = os.environ.get("REWIRE_BENCHMARK_CACHE") or os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    folder = Path(base) / "rewire-benchmarks"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
