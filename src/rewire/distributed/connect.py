"""The way to a scheduler that is there already, in bounded time and without dask's own words on stderr."""

from __future__ import annotations

import logging
import re
import warnings
from typing import TYPE_CHECKING, Any

from rewire.errors import ClusterError, UsageError

if TYPE_CHECKING:
    from distributed import Client

CONNECT_SECONDS = 10.0
WORKER_SECONDS = 30.0
"""How long a scheduler may take to answer, and how long it may be without any worker."""

EXTRA = "pip install 'rewire-codemods[distributed]'"
_ADDRESS = re.compile(r"(?:tcp|tls|ws|wss|ucx)://(?:[^\s:/@]+|\[[0-9a-fA-F:.%\w]+\]):[0-9]{1,5}/?")


def require_library() -> None:
    """Raise UsageError, with the way out, where dask.distributed is not installed."""
    try:
        import distributed
    except ImportError as error:
        missing = error.name or "distributed"
        raise UsageError(f"--executor dask needs dask.distributed: {missing} is not installed", advice=EXTRA) from None
    assert distributed


def check_address(scheduler: str) -> None:
    """Raise UsageError for what is no address of a scheduler."""
    if not _ADDRESS.fullmatch(scheduler):
        raise UsageError(
            f"--scheduler {scheduler}: expected an address as tcp://HOST:PORT",
            advice="`dask scheduler` prints its address when it starts",
        )


def connect(scheduler: str) -> Client:
    """A client of the scheduler at this address, which has a worker. Raises ClusterError."""
    from distributed import Client

    _hush()
    _require_scheduler(scheduler)
    client = Client(scheduler, name="rewire", timeout=CONNECT_SECONDS, set_as_default=False)
    try:
        client.wait_for_workers(1, timeout=WORKER_SECONDS)
    except TimeoutError:
        leave(client)
        raise ClusterError(
            f"the scheduler at {scheduler} has no worker", advice=f"start one with `dask worker {scheduler}`"
        ) from None
    except BaseException:
        leave(client)
        raise
    return client


def _require_scheduler(address: str) -> None:
    """Ask who is there. dask's client waits without end for one who takes the call and says nothing."""
    import asyncio

    try:
        found = asyncio.run(asyncio.wait_for(_who_is(address), CONNECT_SECONDS))
    except Exception as error:  # OSError where nobody listens; whatever else where somebody does who is no dask
        words = f"no answer within {CONNECT_SECONDS:g} s" if isinstance(error, TimeoutError) else _first_line(error)
        found = f"nothing: {words}"
    if found != "Scheduler":
        raise ClusterError(
            f"no dask scheduler at {address}, but {found}",
            advice="start one with `dask scheduler`, or leave --scheduler out for a local cluster",
        )


async def _who_is(address: str) -> str:
    from distributed import Security, rpc

    async with rpc(address, connection_args=Security().get_connection_args("client")) as server:
        answer = await server.identity()
        return str(answer["type"])


def leave(client: Client) -> None:
    """Disconnect; what the scheduler still held for us is forgotten there."""
    from contextlib import suppress

    with suppress(Exception):  # a connection that is lost already is left, too
        client.close(timeout=5)


def _hush() -> None:
    """Nothing of dask's own on stderr: what matters of it becomes an error of ours."""
    for name in ("distributed", "distributed.client", "distributed.gc", "tornado", "tornado.application", "asyncio"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    warnings.filterwarnings("ignore", module=r"distributed\b")
    from distributed.versions import VersionMismatchWarning  # kinship compares what matters

    warnings.filterwarnings("ignore", category=VersionMismatchWarning)


def _first_line(error: BaseException) -> str:
    words: list[Any] = str(error).strip().splitlines()
    return str(words[0]) if words else type(error).__name__
