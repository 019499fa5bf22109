"""The process in which a local cluster lives: dask's scheduler, and the nannies of its workers.

Started by ``local`` with its standard input open: when that ends, whoever started it has ended, however it did, and
everything here ends with it. It runs in a scratch folder of its own and in a session of its own, so that Ctrl-C on a
terminal reaches only the run itself.
"""

from __future__ import annotations

import os
import signal
import sys
import threading


def main(workers: int) -> None:
    """Start a cluster of ``workers`` processes, say its address on standard output, and stay until nobody listens."""
    says = os.fdopen(os.dup(1), "w")
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)  # what a codemod prints on a worker goes nowhere, and never fills a pipe
    threading.Thread(target=_end_with_parent, daemon=True).start()
    import dask

    dask.config.set(SETTINGS)
    from distributed import LocalCluster

    cluster = LocalCluster(
        n_workers=workers,
        threads_per_worker=1,
        processes=True,
        dashboard_address=None,
        memory_limit=0,
        local_directory=os.getcwd(),  # noqa: PTH109 - as text
        silence_logs=50,
    )
    says.write(f"{cluster.scheduler_address}\n")
    says.flush()
    threading.Event().wait()


SETTINGS = {
    "distributed.scheduler.allowed-failures": 0,
    "distributed.comm.timeouts.connect": "10s",
    "distributed.nanny.pre-spawn-environ.PYTHONSAFEPATH": "1",
    "distributed.worker.profile.enabled": False,
    "distributed.admin.system-monitor.gil.enabled": False,
}
"""A batch that killed a worker is not given to the next one as it is, and nobody calls a dead worker for half a minute;
nothing is imported from a working directory."""


def _end_with_parent() -> None:
    import shutil

    sys.stdin.buffer.read()
    shutil.rmtree(os.getcwd(), ignore_errors=True)  # noqa: PTH109
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main(int(sys.argv[1]))
