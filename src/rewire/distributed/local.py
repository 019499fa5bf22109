"""A cluster for one run on this machine: started in a process of its own, ended at once and without a trace."""

from __future__ import annotations

import os
import selectors
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from rewire.errors import ClusterError

START_SECONDS = 120
"""The longest that the start of a cluster may take; usually it is there in two."""


class Local:
    """Worker processes on this machine, with dask's scheduler and nannies. ``address`` is the scheduler's."""

    def __init__(self, workers: int) -> None:
        self._scratch = tempfile.mkdtemp(prefix="rewire-dask-")
        self._process: subprocess.Popen[bytes] | None = None
        try:
            self._process = self._start(workers)
            self.address = self._read_address(self._process)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Kill every process of the cluster, and remove its scratch folder."""
        process, self._process = self._process, None
        if process is not None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            for stream in (process.stdin, process.stdout):
                if stream:
                    stream.close()
        shutil.rmtree(self._scratch, ignore_errors=True)

    def _start(self, workers: int) -> subprocess.Popen[bytes]:
        path = os.pathsep.join(str(Path(entry).absolute()) for entry in sys.path if entry)
        with self._log.open("wb") as log:
            return subprocess.Popen(
                [sys.executable, "-P", "-m", "rewire.distributed.host", str(workers)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                cwd=self._scratch,
                env={**os.environ, "PYTHONPATH": path, "PYTHONSAFEPATH": "1", "TMPDIR": self._scratch},
                start_new_session=True,
            )

    def _read_address(self, process: subprocess.Popen[bytes]) -> str:
        assert process.stdout is not None
        with selectors.DefaultSelector() as ready:
            ready.register(process.stdout, selectors.EVENT_READ)
            begun = time.monotonic()
            said = b""
            while not said.endswith(b"\n") and ready.select(begun + START_SECONDS - time.monotonic()):
                piece = os.read(process.stdout.fileno(), 4096)
                if not piece:
                    break
                said += piece
        if not said.endswith(b"\n"):
            raise ClusterError(f"the local cluster did not start: {self._last_words()}", advice="use --executor local")
        return said.decode().strip()

    @property
    def _log(self) -> Path:
        return Path(self._scratch, "log")

    def _last_words(self) -> str:
        lines = self._log.read_text("utf-8", "replace").strip().splitlines()
        return lines[-1] if lines else f"no answer within {START_SECONDS} s"
