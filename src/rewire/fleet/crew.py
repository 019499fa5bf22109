"""Each repository in a process of its own: what one does, takes or breaks, ends with it.

Processes are forked from this one where that is safe, and find in place whatever has been imported here by then. A
process that dies or takes too long costs its repository; when this process ends, however it does, they end with it.
"""

from __future__ import annotations

import math
import os
import signal
import sys
import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from multiprocessing.connection import Connection
    from multiprocessing.context import BaseContext
    from multiprocessing.process import BaseProcess

TaskT = TypeVar("TaskT")
AnswerT = TypeVar("AnswerT")

PATIENCE = 10.0
"""Seconds that a process gets to end after Ctrl-C, or when its time is up, before it is killed."""

LAST_STEP = 60.0
"""Seconds that a process gets for its last step at least, whatever the limit: it is better waited for than killed."""

_LAST_STEP = "last step"
"""What a process says before its last step. No answer is a string."""

_PR_SET_PDEATHSIG = 1
"""``prctl(2)``: the signal to get when the parent dies."""


@dataclass(frozen=True, slots=True)
class Lost:
    """Stands where an answer would: the process ended without one. ``exit_code`` below 0 is a signal's number."""

    exit_code: int


@dataclass(frozen=True, slots=True)
class Late:
    """Stands where an answer would: the process was ended, since it took longer than ``limit``. Both in seconds.

    ``in_last_step``: it took that long for its last step alone, and was killed in the middle of it.
    """

    limit: float
    seconds: float
    in_last_step: bool


@dataclass(slots=True)
class _Member:
    """A process at work. ``due``: when it is to end, or, once it was told to (``told``), when it is killed."""

    number: int
    process: BaseProcess
    since: float
    limit: float
    due: float
    told: bool = False
    in_last_step: bool = False


class Crew(Generic[TaskT, AnswerT]):
    """Runs ``work(task, jobs, last_step)`` for every task, ``jobs`` processes in all at a time.

    The first so many tasks run side by side, with one job each; where fewer are left than there are jobs, each gets
    its share of them. Answers come as they are ready, with the number of their task. A task that takes longer than
    ``limit`` seconds is ended, as Ctrl-C would end it; but from where it calls ``last_step``, Ctrl-C does not cut it
    short, and it has as long again, or ``LAST_STEP`` where that is longer, before it is killed.
    """

    def __init__(
        self, work: Callable[[TaskT, int, Callable[[], None]], AnswerT], jobs: int, limit: float | None = None
    ) -> None:
        import multiprocessing

        self._work = work
        self._jobs = jobs
        self._limit = math.inf if limit is None else limit
        self._context: BaseContext = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
        self._running: dict[Connection, _Member] = {}

    def answers(self, tasks: Sequence[TaskT]) -> Iterator[tuple[int, AnswerT | Lost | Late]]:
        """Each task's number and answer. Whatever is still at work when this ends (Ctrl-C, an error) is ended."""
        from multiprocessing.connection import wait

        waiting = deque(enumerate(tasks))
        try:
            while waiting or self._running:
                while waiting and len(self._running) < self._jobs:
                    side_by_side = min(self._jobs, len(self._running) + len(waiting))
                    self._start(*waiting.popleft(), jobs=max(1, self._jobs // side_by_side))
                for ready in wait(list(self._running), self._patience()):
                    assert not isinstance(ready, int)
                    yield from self._hear(ready)  # type: ignore[arg-type]
                self._hurry()
        finally:
            self._end()

    def _start(self, number: int, task: TaskT, *, jobs: int) -> None:
        ours, theirs = self._context.Pipe(duplex=False)
        process = self._context.Process(  # type: ignore[attr-defined]
            target=_serve, args=(self._work, task, jobs, theirs, os.getpid())
        )
        process.start()
        theirs.close()
        now = time.monotonic()
        self._running[ours] = _Member(number, process, now, self._limit, now + self._limit)

    def _patience(self) -> float | None:
        """Seconds until somebody's time is up."""
        due = min(member.due for member in self._running.values())
        return None if due == math.inf else max(0.0, due - time.monotonic())

    def _hear(self, ready: Connection) -> Iterator[tuple[int, AnswerT | Lost | Late]]:
        """What a process says: that its last step begins, or its answer, with which it ends."""
        member = self._running[ready]
        try:
            answer: AnswerT | Lost | Late | None = ready.recv()
        except (EOFError, OSError):
            answer = None
        now = time.monotonic()
        if answer == _LAST_STEP:
            member.limit, member.told, member.in_last_step = max(self._limit, LAST_STEP), False, True
            member.due = now + member.limit
            return
        member.process.join()
        del self._running[ready]
        ready.close()
        if answer is None and member.told:
            answer = Late(member.limit, now - member.since, member.in_last_step)
        yield member.number, Lost(member.process.exitcode or 0) if answer is None else answer

    def _hurry(self) -> None:
        """End those whose time is up: first in good order, and by force where that takes too long as well."""
        now = time.monotonic()
        for connection, member in self._running.items():
            if now < member.due or connection.poll():
                continue
            if member.told:
                member.process.kill()
                member.due = math.inf
            else:
                _interrupt(member.process)
                member.due, member.told = now + PATIENCE, True

    def _end(self) -> None:
        processes = [member.process for member in self._running.values()]
        for process in processes:
            _interrupt(process)
        for process in processes:
            process.join(PATIENCE)
            if process.is_alive():
                process.kill()
                process.join()
        for connection in self._running:
            connection.close()
        self._running.clear()


def _interrupt(process: BaseProcess) -> None:
    """What Ctrl-C does, to this one alone."""
    if process.pid is not None and process.is_alive():
        os.kill(process.pid, signal.SIGINT)


def _serve(
    work: Callable[[TaskT, int, Callable[[], None]], AnswerT],
    task: TaskT,
    jobs: int,
    answer: Connection,
    starter: int,
) -> None:
    """In the process: do the work, send the answer. Ctrl-C counts once; what follows must not disturb the way out."""
    in_last_step = False

    def interrupted(number: int, frame: object) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        if not in_last_step:
            raise KeyboardInterrupt

    def last_step() -> None:
        nonlocal in_last_step
        in_last_step = True
        answer.send(_LAST_STEP)

    signal.signal(signal.SIGINT, interrupted)
    for polite in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(polite, signal.SIG_DFL)
    end_with(starter)
    try:
        answer.send(work(task, jobs, last_step))
    except KeyboardInterrupt:
        return


def end_with(starter: int) -> None:
    """Let the system kill this process when the one that started it is gone (Linux)."""
    if sys.platform != "linux":
        return
    import ctypes

    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != starter:
        os._exit(1)
