"""The ways in which batches come to other processes and their answers come back, in the order of the batches."""

from __future__ import annotations

import gc
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from rewire.forks import may_fork

if TYPE_CHECKING:
    from collections.abc import Generator
    from concurrent.futures import Future, ProcessPoolExecutor

    from rewire.replies import Answer
    from rewire.zygote import Zygote

ItemT = TypeVar("ItemT")
AnswerT = TypeVar("AnswerT")

PRELOADED = ("rewire.locate", "rewire.rewrite.carry", "rewire.verify.check", "libcst")
"""What a fork server imports once, so that a worker starts with it."""

Way = Callable[
    [Callable[[Sequence[Any]], Sequence[Any]], Sequence[Sequence[Any]], int, Callable[[], object] | None],
    Iterator[Sequence[Any] | None],
]
"""Function, batches, jobs, meanwhile: the answers to each batch, in order; None where its process died."""


def way() -> Way:
    """That of this system, at this moment."""
    return in_forks if may_fork() else _in_pool


def in_zygote(
    zygote: Zygote,
    load: Callable[[], object],
    function: Callable[[Sequence[ItemT]], Sequence[AnswerT]],
    batches: Sequence[Sequence[ItemT]],
    jobs: int,
    meanwhile: Callable[[], object] | None,
) -> Generator[Sequence[AnswerT] | None, None, None]:
    """As ``in_forks``, by workers that were foreseen; what they leave is done by others."""
    known: dict[int, Answer] = {}
    position = yield from _in_order(zygote.answers(function, batches), known)
    left = [number for number in range(position, len(batches)) if number not in known]
    if not left:
        return
    load()
    others = iter(way()(function, [batches[number] for number in left], jobs, meanwhile))
    for number in range(position, len(batches)):
        yield _told(known.pop(number)) if number in known else next(others)


def _in_order(answers: Iterable[Answer], known: dict[int, Answer]) -> Generator[Sequence[Any] | None, None, int]:
    """What is answered, by number, up to the first that is not. Returns that number; the rest is ``known``."""
    position = 0
    for answer in answers:
        known[answer.number] = answer
        while position in known:
            yield _told(known.pop(position))
            position += 1
    return position


def _told(answer: Answer) -> Sequence[Any] | None:
    return None if answer.data is None else answer.opened()


def in_forks(
    function: Callable[[Sequence[ItemT]], Sequence[AnswerT]],
    batches: Sequence[Sequence[ItemT]],
    jobs: int,
    meanwhile: Callable[[], object] | None,
) -> Generator[Sequence[AnswerT] | None, None, None]:
    """The answers to each batch, in order; None where its process died.

    Forked workers inherit all that this process knows, modules, sources and memories, and are there in milliseconds;
    only answers travel. While this process has something else to do, it is one of the ``jobs`` itself. Where the system
    lets no process be forked, the work is done here.
    """
    from rewire.hands import Hands, NoProcess

    known: dict[int, Answer] = {}
    position = 0
    gc.freeze()  # a collection in the worker would write to, and so copy, every page that it shares with this process
    try:
        at_first = max(jobs - 1, 1) if meanwhile else jobs
        with Hands(lambda number: function(batches[number]), len(batches), at_first) as hands:
            if meanwhile:
                meanwhile()
            if jobs > at_first:
                hands.one_more()
            position = yield from _in_order(hands.answers(), known)
    except NoProcess:
        pass
    finally:
        gc.unfreeze()
    for number in range(position, len(batches)):  # nobody could be found to replace those who died
        yield _told(known.pop(number)) if number in known else function(batches[number])


def _in_pool(
    function: Callable[[Sequence[ItemT]], Sequence[AnswerT]],
    batches: Sequence[Sequence[ItemT]],
    jobs: int,
    meanwhile: Callable[[], object] | None,
) -> Generator[Sequence[AnswerT] | None, None, None]:
    """As ``in_forks``, from a fork server. A death ends its pool, and those who were at work beside it."""
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
