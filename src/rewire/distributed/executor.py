"""The executor that gives a run's work to a dask cluster: batches out, answers back, in order and bounded."""

from __future__ import annotations

import pickle
import sys
from collections import deque
from dataclasses import dataclass
from functools import partial
from types import FunctionType
from typing import TYPE_CHECKING, Any, TypeVar

from rewire.distributed.cluster import Cluster
from rewire.distributed.connect import check_address, require_library
from rewire.distributed.errand import carry_out, carry_out_alone, dump, errand
from rewire.distributed.kinship import identity, questions
from rewire.distributed.local import Local
from rewire.errors import ClusterError
from rewire.workers import Died, Processes

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence

    from distributed import Future

ItemT = TypeVar("ItemT")
AnswerT = TypeVar("AnswerT")

MOST_BYTES = 4 * 1024 * 1024
"""A batch that is larger than this (64 files are half a megabyte) goes out in parts."""

_DEAD = object()
"""Stands where the answer to an item would."""


@dataclass(frozen=True, slots=True)
class _Work:
    """What the errands of one station have in common: the function, pickled, and what a worker must be."""

    function: bytes
    packages: tuple[str, ...]
    expected: Mapping[str, str]


class Dask:
    """Work on the cluster of ``scheduler``; None: on ``workers`` processes of a local cluster, made when it is needed.

    Raises UsageError without dask.distributed, or for an address that is none; ClusterError where nobody answers.
    """

    def __init__(self, scheduler: str | None, workers: int = 1) -> None:
        require_library()
        self._workers = workers
        self._local: Local | None = None
        self._cluster: Cluster | None = None
        if scheduler is not None:
            check_address(scheduler)
            self._cluster = Cluster(scheduler)
            try:
                self._cluster.require_kin(())
            except BaseException:
                self.close()
                raise

    @property
    def shares_disk(self) -> bool:
        """Never: a worker may be on another machine."""
        return False

    def spread(
        self,
        function: Callable[[Sequence[ItemT]], Sequence[AnswerT]],
        items: Sequence[ItemT],
        *,
        batch: int,
        pays_from: int = 0,
        advance: Callable[[int], None] | None = None,
        meanwhile: Callable[[], object] | None = None,
        load: Callable[[], object] | None = None,
    ) -> Generator[AnswerT | Died[ItemT], None, None]:
        """As ``Executor.spread``. One batch runs here. At most two for each thread, and two more, are out at a time.

        This process has its hands full with sending: neither ``meanwhile`` nor ``load`` is called.

        Raises ClusterError where the cluster is lost, or where a worker has other code than this process.
        """
        if len(items) < max(pays_from, batch + 1):
            yield from Processes(1).spread(function, items, batch=batch, advance=advance)
            return
        cluster = self._connected()
        packages = _packages(function)
        cluster.require_kin(packages)
        work = _Work(dump(function), packages, identity(questions(packages)))
        out: deque[tuple[list[bytes], Future]] = deque()
        try:
            position = 0
            for sent, future in _stream(cluster, work, _loads(items, batch), out):
                for answer in _answers(cluster, work, sent, future, (later for _, later in out)):
                    yield Died(items[position]) if answer is _DEAD else answer
                    position += 1
                if advance:
                    advance(len(sent))
        finally:
            for _, future in out:
                future.release()

    def foresee(self, load: Callable[[], object], items: int) -> None:
        """Nothing is done early: the workers are elsewhere."""

    def ensure(self, load: Callable[[], object]) -> None:
        """Nothing is loaded here: the work is done elsewhere."""

    def hurry(self, work: Callable[[], object]) -> None:
        """Do it: nothing of this machine's takes time from it."""
        work()

    def rest(self) -> None:
        """Nobody is kept for more than one errand."""

    def close(self) -> None:
        """End every process of a local cluster at once; let go of another one."""
        local, self._local = self._local, None
        cluster, self._cluster = self._cluster, None
        try:
            if local is not None:
                local.close()
        finally:
            if cluster is not None:
                cluster.close()

    def _connected(self) -> Cluster:
        if self._cluster is None:
            self._local = self._local or Local(self._workers)
            self._cluster = Cluster(self._local.address)
        return self._cluster


def _stream(
    cluster: Cluster, work: _Work, loads: Iterator[list[bytes]], out: deque[tuple[list[bytes], Future]]
) -> Iterator[tuple[list[bytes], Future]]:
    """Each batch with its future, in order; ``out`` are those sent and not yet asked for, never more than is useful."""
    most = 2 * cluster.threads() + 2
    while True:
        while len(out) < most and (load := next(loads, None)):
            out.append((load, _send(cluster, carry_out, work, load)))
        if not out:
            return
        yield out.popleft()


def _send(cluster: Cluster, how: Callable[..., Any], work: _Work, load: Sequence[bytes]) -> Future:
    return cluster.submit(errand(how, work.function, load, work.expected))


def _answers(cluster: Cluster, work: _Work, load: list[bytes], future: Future, others: Iterable[Future]) -> list[Any]:
    """The answer to each item of a batch; ``_DEAD`` for one that killed the process which had it alone."""
    from distributed import KilledWorker

    try:
        answers: list[Any] = pickle.loads(cluster.result(future, work.packages))
        return answers
    except KilledWorker:
        for other in others:  # nothing else of ours may kill the worker that looks after these
            cluster.wait(other)
    try:
        alone = cluster.result(_send(cluster, carry_out_alone, work, load), work.packages)
    except KilledWorker:
        alone = [None] * len(load)
    if len(load) > 1 and not any(alone):
        raise ClusterError("workers die whatever they are given", advice="use --executor local")
    return [_DEAD if answer is None else pickle.loads(answer) for answer in alone]


def _loads(items: Sequence[Any], batch: int) -> Iterator[list[bytes]]:
    """``items``, pickled one by one when they are asked for, in batches bounded by number and size."""
    load: list[bytes] = []
    size = 0
    for item in items:
        data = dump(item)
        if load and (len(load) == batch or size + len(data) > MOST_BYTES):
            yield load
            load, size = [], 0
        load.append(data)
        size += len(data)
    if load:
        yield load


def _packages(function: Callable[..., Any]) -> tuple[str, ...]:
    """The packages, other than rewire's, whose code ``function`` and what it is bound to come from."""
    parts: list[Any] = [function]
    if isinstance(function, partial):
        parts = [function.func, *function.args, *function.keywords.values()]
    modules = {module for part in parts for module in _modules(part)}
    found = {_regular(module) for module in modules}
    return tuple(sorted(name for name in found if name.partition(".")[0] not in {*sys.stdlib_module_names, "rewire"}))


def _modules(part: Any) -> list[str]:
    """Where a function, or the classes of a value, are defined."""
    if isinstance(part, FunctionType):
        return [part.__module__]
    return [kind.__module__ for kind in type(part).__mro__]


def _regular(module: str) -> str:
    """The outermost package of ``module`` that is no namespace: ``acme.codemods`` where ``acme`` has no files."""
    parts = module.split(".")
    names = [".".join(parts[:length]) for length in range(1, len(parts) + 1)]
    return next((name for name in names if getattr(sys.modules.get(name), "__file__", None)), module)
