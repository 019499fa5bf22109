"""Real dask clusters in processes of their own: workers that stand elsewhere and may not read the tests' projects."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

PATIENCE = 120
"""Seconds that anything may take on a machine that is busy; nothing waits longer than it must."""

GUARD = """
import os, sys

HIDDEN = os.environ["REWIRE_TEST_HIDDEN"] + os.sep

def refuse(event, arguments):
    if event in ("open", "os.scandir", "os.listdir") and isinstance(arguments[0], (str, bytes)):
        if os.fsdecode(arguments[0]).startswith(HIDDEN):
            raise PermissionError(f"{event} {arguments[0]!r}: this worker sees no disk of the client's")

sys.addaudithook(refuse)
"""
"""Loaded by every worker: whatever lies below the hidden folder is not there."""


class Cluster:
    """A scheduler on a port of its own, and workers that were started into it."""

    def __init__(self, folder: Path, hidden: Path, environment: Mapping[str, str]) -> None:
        self.folder = folder
        self.processes: list[subprocess.Popen[bytes]] = []
        self.scratch = folder / "scratch"
        self.scratch.mkdir(parents=True)
        (folder / "guard.py").write_text(GUARD)
        self._environment = {**os.environ, **environment, "REWIRE_TEST_HIDDEN": str(hidden)}
        self._file = folder / "scheduler.json"
        self._run(
            "scheduler",
            "--host",
            "127.0.0.1",
            "--port",
            "0",
            "--scheduler-file",
            str(self._file),
            "--idle-timeout",
            "600",
        )
        wait_for(lambda: self._file.exists() and self._file.read_text().endswith("}"))
        self.address: str = json.loads(self._file.read_text())["address"]

    def add_workers(self, count: int, *options: str, path: Sequence[Path] = ()) -> None:
        """Start workers with nannies, as ``dask worker`` does, and wait until they are there; ``path`` comes first."""
        files = "--scheduler-file", str(self._file), "--local-directory", str(self.scratch)
        guard = "--preload", str(self.folder / "guard.py")
        self._run(
            "worker", *files, *guard, "--nthreads", "1", "--nworkers", str(count), "--memory-limit", "0",
            "--death-timeout", "600", *options,
            path=path,
        )  # fmt: skip
        from distributed import Client

        with Client(self.address, set_as_default=False, timeout=PATIENCE) as client:
            client.wait_for_workers(count, timeout=PATIENCE)

    def close(self) -> None:
        """Kill everything."""
        for process in self.processes:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def _run(self, *words: str, path: Sequence[Path] = ()) -> None:
        search = os.pathsep.join([*map(str, path), self._environment.get("PYTHONPATH", "")]).strip(os.pathsep)
        with (self.folder / "log").open("ab") as log:
            self.processes.append(
                subprocess.Popen(
                    [sys.executable, "-m", "dask", *words, "--no-dashboard"],
                    cwd=self.folder,
                    env={**self._environment, "PYTHONPATH": search},
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
            )


@contextmanager
def running(folder: Path, hidden: Path, **environment: str) -> Iterator[Cluster]:
    """A cluster for a ``with`` block, without workers yet."""
    cluster = Cluster(folder, hidden, environment)
    try:
        yield cluster
    finally:
        cluster.close()


def wait_for(condition: object) -> None:
    """Wait until ``condition()`` is true."""
    assert callable(condition)
    until = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.02)


def processes_with(word: str) -> list[int]:
    """The running processes in whose environment ``word`` stands."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with suppress(OSError):
                if word.encode() in (folder / "environ").read_bytes():
                    found.append(int(folder.name))
    return found
