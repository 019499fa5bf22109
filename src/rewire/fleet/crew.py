"""Each repository in a process of its own: what one does, takes or breaks, ends with it.

Processes are forked from this one where that is safe, and find in place whatever has been imported here by then. A
process that dies costs its repository; when this process ends, however it does, they end with it.
"""

from __future__ import annotations

import os
import signal
import sys
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
"""Seconds that a process gets to end after Ctrl-C before it is killed."""

_PR_SET_PDEATHSIG = 1
"""``prctl(2)``: the signal to get when the parent dies."""


@dataclass(frozen=True, slots=True)
class Lost:
    """Stands where an answer would: the process ended without one. ``exit_code`` below 0 is a signal's number."""

    exit_code: int


class Crew(Generic[TaskT, AnswerT]):
    """Runs ``work(task, jobs)`` for every task, ``jobs`` processes in all at a time.

    The first so many tasks run side by side, with one job each; where fewer are left than there are jobs, each gets
    its share of them. Answers come as they are ready, with the number of their task.
    """

    def __init__(self, work: Callable[[TaskT, int], AnswerT], jobs: int) -> None:
        import multiprocessing

        self._work = work
        self._jobs = jobs
        self._context: BaseContext = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
        self._running: dict[Connection, tuple[int, BaseProcess]] = {}

    def answers(self, tasks: Sequence[TaskT]) -> Iterator[tuple[int, AnswerT | Lost]]:
        """Each task's number and answer. Whatever is still at work when this ends (Ctrl-C, an error) is ended."""
        from multiprocessing.connection import wait

        waiting = deque(enumerate(tasks))
        try:
            while waiting or self._running:
                while waiting and len(self._running) < self._jobs:
                    side_by_side = min(self._jobs, len(self._running) + len(waiting))
                    self._start(*waiting.popleft(), jobs=max(1, self._jobs // side_by_side))
                for ready in wait(list(self._running)):
                    assert not isinstance(ready, int)
                    yield self._finish(ready)  # type: ignore[arg-type]
        finally:
            self._end()

    def _start(self, number: int, task: TaskT, *, jobs: int) -> None:
        ours, theirs = self._context.Pipe(duplex=False)
        process = self._context.Process(  # type: ignore[attr-defined]
            target=_serve, args=(self._work, task, jobs, theirs, os.getpid())
        )
        process.start()
        theirs.close()
        self._running[ours] = number, process

    def _finish(self, ready: Connection) -> tuple[int, AnswerT | Lost]:
        number, process = self._running[ready]
        try:
            answer: AnswerT | Lost | None = ready.recv()
        except (EOFError, OSError):
            answer = None
        process.join()
        del self._running[ready]
        ready.close()
        return number, Lost(process.exitcode or 0) if answer is None else answer

    def _end(self) -> None:
        processes = [process for _, process in self._running.values()]
        for process in processes:
            if process.pid is not None and process.is_alive():
                os.kill(process.pid, signal.SIGINT)
        for process in processes:
            process.join(PATIENCE)
            if process.is_alive():
                process.kill()
                process.join()
        for connection in self._running:
            connection.close()
        self._running.clear()


def _serve(work: Callable[[TaskT, int], AnswerT], task: TaskT, jobs: int, answer: Connection, starter: int) -> None:
    """In the process: do the work, send the answer. Ctrl-C counts once; what follows must not disturb the way out."""

    def interrupted(number: int, frame: object) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, interrupted)
    end_with(starter)
    try:
        answer.send(work(task, jobs))
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
