"""Forked processes that each take the next number of a list and answer for it, until none is left.

Nothing is shared but a pipe of numbers, from which one read takes one number; every process answers over a pipe of its
own. So a process that dies, even in the middle of its answer, is seen at once and takes nothing along but the number
it had in hand; no lock, semaphore or thread of this process is waited for.
(``concurrent.futures`` has one pipe for all answers: where a worker is killed while it writes, its reader waits
without end.) Linux only, and only while this process has one thread.
"""

from __future__ import annotations

import fcntl
import os
import select
import signal
import struct
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

from rewire.replies import HEEDED, Answer, Ear, end_with, leave_signals, reply

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_NUMBER = struct.Struct("=i")

IN_VAIN = 8
"""Processes in a row that may die before they have said anything: then there is no use in another one."""


class NoProcess(Exception):
    """Not one process could be forked: the system has no room for any, or the user may have no more."""


class Hands:
    """``work(number)`` for every number below ``count``, by at most ``jobs`` processes; a context manager.

    Raises NoProcess. Whatever is still at work when the block ends (Ctrl-C, an error) is killed.
    """

    def __init__(self, work: Callable[[int], Any], count: int, jobs: int) -> None:
        self._work = work
        self._count = count
        self._hands: dict[int, _Hand] = {}
        self._poll = select.poll()
        self._in_vain = 0
        self._alive_here, self._alive = os.pipe()  # never written to: it ends with this process, which each hand sees
        self._numbers, numbers = os.pipe()
        room = fcntl.fcntl(numbers, fcntl.F_GETPIPE_SZ) // _NUMBER.size
        self._step = -(-count // room) or 1  # more numbers than a pipe holds unread are taken several at a time
        os.write(numbers, b"".join(map(_NUMBER.pack, range(0, count, self._step))))
        os.close(numbers)
        try:
            while len(self._hands) < min(jobs, count) and self._fork():
                pass
            if count and not self._hands:
                raise NoProcess
        except BaseException:
            self.__exit__()
            raise

    def __enter__(self) -> Hands:
        return self

    def __exit__(self, *trouble: object) -> None:
        for hand in self._hands.values():
            hand.end()
        self._hands.clear()
        for descriptor in (self._alive, self._alive_here, self._numbers):
            os.close(descriptor)

    def answers(self) -> Iterator[Answer]:
        """Answers as they come. A process that died is replaced; a number may be left for which nobody answers."""
        while self._hands:
            for descriptor, _ in self._poll.poll():
                hand = self._hands[descriptor]
                heard = hand.hear()
                if heard is not None:
                    yield heard
                elif hand.is_gone:
                    yield from self._let_go(descriptor)

    def one_more(self) -> None:
        """Another process, if there is work left for it."""
        left = select.poll()
        left.register(self._numbers, select.POLLIN)
        if any(event & select.POLLIN for _, event in left.poll(0)):
            self._fork()

    @property
    def has_news(self) -> bool:
        """True if ``answers`` need not wait for the first answer; a process that has only begun does not count."""
        while waiting := self._poll.poll(0):
            descriptor, _ = waiting[0]
            if not self._hands[descriptor].hears_of_work():
                return True
        return not self._hands

    def _let_go(self, descriptor: int) -> Iterator[Answer]:
        hand = self._hands.pop(descriptor)
        self._poll.unregister(descriptor)
        hand.end()
        if hand.number is not None:
            yield Answer(hand.number, None)
        self._in_vain = 0 if hand.has_spoken else self._in_vain + 1
        if not hand.is_done and self._in_vain < IN_VAIN:
            self._fork()

    def taken(self) -> Iterator[int]:
        """In a forked process, or in this one if it is to work too: its own numbers, for as long as there are any."""
        while taken := os.read(self._numbers, _NUMBER.size):
            (first,) = _NUMBER.unpack(taken)
            yield from range(first, min(first + self._step, self._count))

    def _fork(self) -> bool:
        """One more process; False where the system allows for none."""
        reading, writing = os.pipe()
        # A signal that came right after the fork would have the copy do what this process does about it.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, HEEDED)
        try:
            process = os.fork()
            if process == 0:
                foreign = (self._alive, reading, *self._hands)
                _serve(self._work, self.taken(), writing, self._alive_here, foreign)
        except OSError:
            os.close(reading)
            os.close(writing)
            return False
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        os.close(writing)
        self._hands[reading] = _Hand(process, reading)
        self._poll.register(reading, select.POLLIN)
        return True


class _Hand(Ear):
    """One process, seen from the one that forked it. ``is_done``: it found no number left, and ended as it should."""

    def __init__(self, process: int, reading: int) -> None:
        super().__init__(reading)
        self.is_done = False
        self._process = process

    def end(self) -> None:
        """Kill the process if it is still there, and wait until it is not."""
        if not self.is_gone:
            with suppress(ProcessLookupError):
                os.kill(self._process, signal.SIGKILL)
        try:
            _, status = os.waitpid(self._process, 0)
        except ChildProcessError:  # whoever started rewire ignores SIGCHLD: the system says nothing of how it ended
            status = int(self.number is not None)
        self.is_done = status == 0
        self.close()


def _serve(
    work: Callable[[int], Any], numbers: Iterator[int], writing: int, alive: int, foreign: tuple[int, ...]
) -> NoReturn:
    """In the forked process: take numbers and answer for them, and leave no trace of what this is a copy of."""
    status = 1
    try:
        leave_signals()
        for descriptor in foreign:
            os.close(descriptor)
        end_with(alive)
        for number in numbers:
            reply(writing, number, partial(work, number))
        status = 0
    finally:
        os._exit(status)
