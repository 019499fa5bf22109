"""Spread a function over processes where that pays; answers come in order, and a death is named."""

from __future__ import annotations

import gc
import os
import sys
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from rewire.errors import RewireError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
    from concurrent.futures import Future, ProcessPoolExecutor

ItemT = TypeVar("ItemT")
AnswerT = TypeVar("AnswerT")

PRELOADED = ("rewire.locate", "rewire.rewrite.carry", "rewire.verify.check", "libcst")
"""What a fork server imports once, so that a worker starts with it."""


@dataclass(frozen=True, slots=True)
class Died(Generic[ItemT]):
    """Stands where an answer would: the worker that had this item alone in hand died."""

    item: ItemT


class Executor(Protocol):
    """Where the work on files runs: processes of this machine, or those of a cluster."""

    @property
    def shares_disk(self) -> bool:
        """True if a worker reads the same files as this process; else an item must carry its source."""
        ...

    def spread(
        self,
        function: Callable[[Sequence[ItemT]], Sequence[AnswerT]],
        items: Sequence[ItemT],
        *,
        batch: int,
        pays_from: int = 0,
        advance: Callable[[int], None] | None = None,
        meanwhile: Callable[[], object] | None = None,
    ) -> Iterator[AnswerT | Died[ItemT]]:
        """Yield ``function``'s answer for each item, in the order of ``items`` whoever does the work.

        ``function`` takes a batch and answers with one value an item; it, the items and the answers are picklable.
        Fewer items than ``pays_from`` are not worth another process. ``advance`` is told how many were finished.
        ``meanwhile`` is what this process may do while it would wait for others: it is called at most once.
        A worker that dies costs the item it had in hand and nothing else: its batch is tried again item by item.
        """
        ...

    def close(self) -> None:
        """End every worker at once."""
        ...


@dataclass(frozen=True, slots=True)
class Processes:
    """Processes of this machine, at most ``jobs`` at a time; with one job everything runs in this one."""

    jobs: int = 1

    @property
    def shares_disk(self) -> bool:
        """Always."""
        return True

    def spread(
        self,
        function: Callable[[Sequence[ItemT]], Sequence[AnswerT]],
        items: Sequence[ItemT],
        *,
        batch: int,
        pays_from: int = 0,
        advance: Callable[[int], None] | None = None,
        meanwhile: Callable[[], object] | None = None,
    ) -> Generator[AnswerT | Died[ItemT], None, None]:
        """As ``Executor.spread``. The processes end with the last answer."""
        batches = [items[start : start + batch] for start in range(0, len(items), batch)]
        if self.jobs > 1 and len(batches) > 1 and len(items) >= pays_from:
            yield from _in_processes(function, batches, self.jobs, advance, meanwhile)
            return
        for one in batches:
            yield from function(one)
            if advance:
                advance(len(one))

    def close(self) -> None:
        """Nothing outlives ``spread``."""


def default_jobs() -> int:
    """As many processes as this one may use CPUs."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _in_processes(
    function: Callable[[Sequence[ItemT]], Sequence[AnswerT]],
    batches: Sequence[Sequence[ItemT]],
    jobs: int,
    advance: Callable[[int], None] | None,
    meanwhile: Callable[[], object] | None,
) -> Generator[AnswerT | Died[ItemT], None, None]:
    from concurrent.futures import FIRST_EXCEPTION, wait
    from concurrent.futures.process import BrokenProcessPool

    position = 0
    while position < len(batches):
        waiting = batches[position:]
        pool, work = _pool(min(jobs, len(waiting)), function, waiting)
        futures: deque[Future[Sequence[AnswerT]]] = deque()
        whole = False
        try:
            futures.extend(pool.submit(*work(number)) for number in range(len(waiting)))
            if meanwhile:
                meanwhile()
                meanwhile = None
            while futures:
                answers = futures[0].result()
                futures.popleft()  # which holds its answers for as long as it is held itself
                yield from answers
                position += 1
                if advance:
                    advance(len(answers))
            whole = True
        except BrokenProcessPool:
            wait(futures, return_when=FIRST_EXCEPTION)
            yield from _one_by_one(function, batches[position])
            if advance:
                advance(len(batches[position]))
            position += 1
        finally:
            _end(pool, futures, whole=whole)


def _one_by_one(
    function: Callable[[Sequence[ItemT]], Sequence[AnswerT]], items: Sequence[ItemT]
) -> list[AnswerT | Died[ItemT]]:
    """Each item in a process of its own. Raises RewireError where all of several die."""
    from concurrent.futures.process import BrokenProcessPool

    answers: list[AnswerT | Died[ItemT]] = []
    for item in items:
        pool, work = _pool(1, function, [[item]])
        try:
            answers.extend(pool.submit(*work(0)).result())
        except BrokenProcessPool:
            answers.append(Died(item))
        finally:
            _end(pool, (), whole=True)
    if len(answers) > 1 and all(isinstance(answer, Died) for answer in answers):
        raise RewireError("worker processes die whatever they are given", advice="run with --jobs 1")
    return answers


_inherited: tuple[Callable[[Any], Any], Sequence[Any]] | None = None
"""What a forked worker finds: the function and its batches. Set for as long as processes may still be forked."""


def _pool(jobs: int, function: Callable[[Any], Any], batches: Sequence[Any]) -> tuple[ProcessPoolExecutor, Any]:
    """A pool, and what to submit to it for the batch of a number.

    Forked workers inherit all that this process knows, modules, sources and memories, and are there in milliseconds;
    only answers travel. A fork copies locks that another thread holds: with a second thread, and where the system
    has no safe fork (macOS), workers come from a fork server and get their batches by pickle.
    """
    import multiprocessing  # 20 ms that a run without workers does not pay
    from concurrent.futures import ProcessPoolExecutor

    if not _may_fork():
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(list(PRELOADED))
        pool = ProcessPoolExecutor(jobs, mp_context=context, initializer=_begin)
        return pool, lambda number: (function, batches[number])
    global _inherited
    _inherited = function, batches
    gc.freeze()  # a collection in the worker would write to, and so copy, every page that it shares with this process
    pool = ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("fork"), initializer=_begin)
    return pool, lambda number: (_run_inherited, number)


def _may_fork() -> bool:
    import threading

    return sys.platform == "linux" and threading.active_count() == 1


def _begin() -> None:
    """In a worker: leave Ctrl-C to the process that started it, and end when that one has ended, however it did."""
    import signal
    import threading
    from multiprocessing import parent_process

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = parent_process()

    def follow() -> None:
        if parent:
            parent.join()
            os._exit(1)

    threading.Thread(target=follow, daemon=True).start()


def _run_inherited(number: int) -> Any:
    assert _inherited is not None
    function, batches = _inherited
    return function(batches[number])


def _end(pool: ProcessPoolExecutor, futures: Iterable[Future[Any]], *, whole: bool) -> None:
    """Let the pool go: at its leisure where all is done, at once where the run ends before (Ctrl-C, an error)."""
    global _inherited
    _inherited = None
    gc.unfreeze()
    for future in futures:
        future.cancel()
    if not whole:
        from multiprocessing import active_children

        for process in active_children():
            process.kill()
    pool.shutdown(wait=True, cancel_futures=True)
