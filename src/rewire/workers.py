"""Spread a function over processes where that pays; answers come in order, and a death is named."""

from __future__ import annotations

import gc
import os
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from rewire.errors import RewireError
from rewire.forks import may_fork, share

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence
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

    def share(
        self,
        function: Callable[[Sequence[ItemT]], Sequence[AnswerT]],
        items: Sequence[ItemT],
        *,
        pays_from: int = 0,
        advance: Callable[[int], None] | None = None,
        meanwhile: Callable[[], object] | None = None,
    ) -> list[AnswerT]:
        """As ``spread``, for a function that cannot kill a process: this one works too, once ``meanwhile`` is done."""
        processes = self.jobs if len(items) >= pays_from else 1
        return share(function, items, processes, advance=advance, meanwhile=meanwhile)

    def close(self) -> None:
        """Nothing outlives ``spread``."""


def _in_processes(
    function: Callable[[Sequence[ItemT]], Sequence[AnswerT]],
    batches: Sequence[Sequence[ItemT]],
    jobs: int,
    advance: Callable[[int], None] | None,
    meanwhile: Callable[[], object] | None,
) -> Generator[AnswerT | Died[ItemT], None, None]:
    way = _in_forks if may_fork() else _in_pool
    for number, answers in enumerate(way(function, batches, jobs, meanwhile)):
        if answers is None:
            answers = _one_by_one(function, batches[number])
        yield from answers
        if advance:
            advance(len(answers))


def _in_forks(
    function: Callable[[Sequence[ItemT]], Sequence[AnswerT]],
    batches: Sequence[Sequence[ItemT]],
    jobs: int,
    meanwhile: Callable[[], object] | None,
) -> Generator[Sequence[AnswerT | Died[ItemT]] | None, None, None]:
    """The answers to each batch, in order; None where its process died.

    Forked workers inherit all that this process knows, modules, sources and memories, and are there in milliseconds;
    only answers travel. Where the system lets no process be forked, the work is done here.
    """
    from rewire.hands import Answer, Hands, NoProcess

    known: dict[int, Answer] = {}
    position = 0
    gc.freeze()  # a collection in the worker would write to, and so copy, every page that it shares with this process
    try:
        with Hands(lambda number: function(batches[number]), len(batches), jobs) as hands:
            if meanwhile:
                meanwhile()
            for answer in hands.answers():
                known[answer.number] = answer
                while position in known:
                    found = known.pop(position)
                    yield None if found.data is None else found.opened()
                    position += 1
    except NoProcess:
        pass
    finally:
        gc.unfreeze()
    for number in range(position, len(batches)):  # nobody could be found to replace those who died
        missing = known.pop(number, None)
        if missing is None:
            yield function(batches[number])
        else:
            yield None if missing.data is None else missing.opened()


def _in_pool(
    function: Callable[[Sequence[ItemT]], Sequence[AnswerT]],
    batches: Sequence[Sequence[ItemT]],
    jobs: int,
    meanwhile: Callable[[], object] | None,
) -> Generator[Sequence[AnswerT | Died[ItemT]] | None, None, None]:
    """As ``_in_forks``, from a fork server. A death ends its pool, and those who were at work beside it."""
    from concurrent.futures import FIRST_EXCEPTION, wait
    from concurrent.futures.process import BrokenProcessPool

    position = 0
    while position < len(batches):
        waiting = batches[position:]
        pool = _pool(min(jobs, len(waiting)))
        futures: deque[Future[Sequence[AnswerT]]] = deque()
        whole = False
        try:
            futures.extend(pool.submit(function, batch) for batch in waiting)
            if meanwhile:
                meanwhile()
                meanwhile = None
            while futures:
                answers = futures[0].result()
                futures.popleft()  # which holds its answers for as long as it is held itself
                yield answers
                position += 1
            whole = True
        except BrokenProcessPool:
            wait(futures, return_when=FIRST_EXCEPTION)
            yield None
            position += 1
        finally:
            _end(pool, whole=whole)


def _one_by_one(
    function: Callable[[Sequence[ItemT]], Sequence[AnswerT]], items: Sequence[ItemT]
) -> list[AnswerT | Died[ItemT]]:
    """Each item in a process of its own. Raises RewireError where all of several die."""
    way = _in_forks if may_fork() else _in_pool
    answers: list[AnswerT | Died[ItemT]] = []
    for item in items:
        (found,) = way(function, [[item]], 1, None)
        answers.extend([Died(item)] if found is None else found)
    if len(answers) > 1 and all(isinstance(answer, Died) for answer in answers):
        raise RewireError("worker processes die whatever they are given", advice="run with --jobs 1")
    return answers


def _pool(jobs: int) -> ProcessPoolExecutor:
    """Workers from a fork server, which get their batches by pickle.

    For where a fork is not safe: the system has no safe one (macOS), or another thread may hold a lock that the copy
    would wait for.
    """
    import multiprocessing  # 20 ms that a run without workers does not pay
    from concurrent.futures import ProcessPoolExecutor

    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(PRELOADED))
    return ProcessPoolExecutor(jobs, mp_context=context, initializer=_begin)


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


def _end(pool: ProcessPoolExecutor, *, whole: bool) -> None:
    """Let the pool go: at its leisure where all is done, at once where the run ends before (Ctrl-C, an error).

    At once is without waiting for the thread that reads answers: one killed in the middle of its own leaves it waiting.
    """
    if not whole:
        from multiprocessing import active_children

        for process in active_children():
            process.kill()
            process.join()
    pool.shutdown(wait=whole, cancel_futures=True)
