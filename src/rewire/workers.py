"""Spread a function over processes where that pays; answers come in order, and a death is named."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Generic, NamedTuple, Protocol, TypeVar

from rewire.errors import RewireError
from rewire.forks import may_fork, share
from rewire.ways import in_zygote, way

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence

    from rewire.ways import Way
    from rewire.zygote import Zygote

ItemT = TypeVar("ItemT")
AnswerT = TypeVar("AnswerT")

FORESEEN_FROM, FORESEEN_MOST = 256, 2_000
"""For so many items it pays to have workers early, to which everything is sent. Fewer are done in no time, and more
cost more to send than what the workers load."""

SHARES = 16
"""Into how many batches the part of each such worker is divided at least: they all end at the same time."""


class Died(NamedTuple, Generic[ItemT]):
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
        load: Callable[[], object] | None = None,
    ) -> Iterator[AnswerT | Died[ItemT]]:
        """Yield ``function``'s answer for each item, in the order of ``items`` whoever does the work.

        ``function`` takes a batch and answers with one value an item; it, the items and the answers are picklable.
        Fewer items than ``pays_from`` are not worth another process. ``advance`` is told how many were finished.
        ``meanwhile`` is what this process may do while it would wait for others: it is called at most once.
        ``load`` loads what the work needs, where that is best done before there are several processes.
        A worker that dies costs the item it had in hand and nothing else: its batch is tried again item by item.
        """
        ...

    def foresee(self, load: Callable[[], object], items: int) -> None:
        """Some ``items`` will probably be spread that need ``load``: what can be done early for them may begin."""
        ...

    def ensure(self, load: Callable[[], object]) -> None:
        """This process has time for ``load``, should it need it for the work that comes."""
        ...

    def hurry(self, work: Callable[[], object]) -> None:
        """Do ``work()``, which everything else waits for: what was foreseen has time."""
        ...

    def rest(self) -> None:
        """No more work is likely to come: those that were foreseen may end."""
        ...

    def close(self) -> None:
        """End every worker at once."""
        ...


class Processes:
    """Processes of this machine, at most ``jobs`` at a time; with one job everything runs in this one."""

    def __init__(self, jobs: int = 1) -> None:
        self.jobs = jobs
        self._zygote: Zygote | None = None

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
        load: Callable[[], object] | None = None,
    ) -> Generator[AnswerT | Died[ItemT], None, None]:
        """As ``Executor.spread``. The processes end with the last answer, but for those that were foreseen."""
        zygote = self._zygote if load and self._zygote and not self._zygote.is_spent else None
        if zygote:
            batch = min(batch, -(-len(items) // (self.jobs * SHARES)) or 1)
        elif load and items:
            load()
        batches = [items[start : start + batch] for start in range(0, len(items), batch)]
        if zygote:
            assert load is not None
            by_zygote = partial(in_zygote, zygote, load)
            yield from _in_processes(by_zygote, function, batches, self.jobs, advance, meanwhile, load)
            return
        if self.jobs > 1 and len(batches) > 1 and len(items) >= pays_from:
            jobs = self.jobs - 1 if self._zygote else self.jobs  # it loads, or its workers are there
            yield from _in_processes(way(), function, batches, jobs, advance, meanwhile)
            return
        for one in batches:
            yield from function(one)
            if advance:
                advance(len(one))

    def foresee(self, load: Callable[[], object], items: int) -> None:
        """As ``Executor.foresee``. From now on there are workers, until ``close``: only they ``load``."""
        if self._zygote or self.jobs < 2 or not (FORESEEN_FROM <= items <= FORESEEN_MOST and may_fork()):
            return
        from rewire.zygote import Zygote

        with suppress(OSError):  # then as if nothing had been foreseen
            self._zygote = Zygote(load, min(self.jobs, items))

    def ensure(self, load: Callable[[], object]) -> None:
        """As ``Executor.ensure``."""
        if not self._zygote:
            load()

    def hurry(self, work: Callable[[], object]) -> None:
        """As ``Executor.hurry``."""
        if self._zygote:
            self._zygote.while_it_waits(work)
        else:
            work()

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

    def rest(self) -> None:
        """As ``Executor.rest``."""
        if self._zygote:
            self._zygote.rest()

    def close(self) -> None:
        """End those that were foreseen."""
        if self._zygote:
            self._zygote.close()


def _in_processes(
    chosen: Way,
    function: Callable[[Sequence[ItemT]], Sequence[AnswerT]],
    batches: Sequence[Sequence[ItemT]],
    jobs: int,
    advance: Callable[[int], None] | None,
    meanwhile: Callable[[], object] | None,
    load: Callable[[], object] | None = None,
) -> Generator[AnswerT | Died[ItemT], None, None]:
    for number, answers in enumerate(chosen(function, batches, jobs, meanwhile)):
        if answers is None:
            if load:  # once, and not by each of many processes
                load()
            answers = _one_by_one(function, batches[number])
        yield from answers
        if advance:
            advance(len(answers))


def _one_by_one(
    function: Callable[[Sequence[ItemT]], Sequence[AnswerT]], items: Sequence[ItemT]
) -> list[AnswerT | Died[ItemT]]:
    """Each item in a process of its own. Raises RewireError where all of several die."""
    answers: list[AnswerT | Died[ItemT]] = []
    for item in items:
        (found,) = way()(function, [[item]], 1, None)
        answers.extend([Died(item)] if found is None else found)
    if len(answers) > 1 and all(isinstance(answer, Died) for answer in answers):
        raise RewireError("worker processes die whatever they are given", advice="run with --jobs 1")
    return answers
