"""Spread a function over processes where that pays; answers come in order, and a death is named."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from rewire.errors import RewireError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from multiprocessing.context import ForkServerContext

ItemT = TypeVar("ItemT")
AnswerT = TypeVar("AnswerT")

PRELOADED = ("rewire.locate", "rewire.rewrite.carry", "rewire.verify.check", "libcst")
"""What the fork server imports once, so that a worker starts with it."""


@dataclass(frozen=True, slots=True)
class Died(Generic[ItemT]):
    """Stands where an answer would: the worker that had this item alone in hand died."""

    item: ItemT


def default_jobs() -> int:
    """As many processes as this one may use CPUs."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def spread(
    function: Callable[[Sequence[ItemT]], Sequence[AnswerT]],
    items: Sequence[ItemT],
    *,
    jobs: int,
    batch: int,
    advance: Callable[[int], None] | None = None,
) -> Iterator[AnswerT | Died[ItemT]]:
    """Yield ``function``'s answer for each item, in the order of ``items`` whatever ``jobs`` is.

    ``function`` takes a batch and answers with one value an item; it must be importable and the items picklable.
    With one job, or no more than one batch, everything runs here. ``advance`` is told how many items were finished.
    A worker that dies costs the item it had in hand and nothing else: its batch is tried again item by item.
    """
    batches = [items[start : start + batch] for start in range(0, len(items), batch)]
    if jobs <= 1 or len(batches) <= 1:
        for one in batches:
            yield from function(one)
            if advance:
                advance(len(one))
        return
    yield from _in_processes(function, batches, jobs, advance)


def _in_processes(
    function: Callable[[Sequence[ItemT]], Sequence[AnswerT]],
    batches: Sequence[Sequence[ItemT]],
    jobs: int,
    advance: Callable[[int], None] | None,
) -> Iterator[AnswerT | Died[ItemT]]:
    import multiprocessing  # 20 ms that a run without workers does not pay
    from concurrent.futures import FIRST_EXCEPTION, Future, ProcessPoolExecutor, wait
    from concurrent.futures.process import BrokenProcessPool

    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(PRELOADED))
    position = 0
    while position < len(batches):
        pool = ProcessPoolExecutor(min(jobs, len(batches) - position), mp_context=context)
        futures: list[Future[Sequence[AnswerT]]] = []
        try:
            futures = [pool.submit(function, one) for one in batches[position:]]
            for future in futures:
                answers = future.result()
                yield from answers
                position += 1
                if advance:
                    advance(len(answers))
        except BrokenProcessPool:
            wait(futures, return_when=FIRST_EXCEPTION)
            alone = list(_one_by_one(function, batches[position], context))
            if len(alone) > 1 and all(isinstance(answer, Died) for answer in alone):
                raise RewireError("worker processes die whatever they are given", advice="run with --jobs 1") from None
            yield from alone
            if advance:
                advance(len(batches[position]))
            position += 1
        finally:
            for future in futures:
                future.cancel()
            pool.shutdown(wait=False, cancel_futures=True)


def _one_by_one(
    function: Callable[[Sequence[ItemT]], Sequence[AnswerT]],
    items: Sequence[ItemT],
    context: ForkServerContext,
) -> Iterator[AnswerT | Died[ItemT]]:
    from concurrent.futures import ProcessPoolExecutor
    from concurrent.futures.process import BrokenProcessPool

    for item in items:
        with ProcessPoolExecutor(1, mp_context=context) as pool:
            try:
                yield from pool.submit(function, [item]).result()
            except BrokenProcessPool:
                yield Died(item)
