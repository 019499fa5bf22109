"""Workers that load what they need while this process does something else: a zygote, as Android and Chrome call theirs.

It is forked from this process before that has loaded anything heavy, loads it, and forks the other workers from itself.
So what it loads is loaded once, on another core, and this process never has it. In return the work must be sent, where
``Hands`` inherit theirs. Linux only, and only while this process has one thread.
"""

from __future__ import annotations

import fcntl
import gc
import os
import pickle
import select
import signal
import struct
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Any, NoReturn

from rewire.replies import HEEDED, Answer, Ear, end_with, leave_signals, reply

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_TASK = struct.Struct("=iqqqq")
"""A number, and where the pickled function and its argument lie in the store: start and length of each."""

_DEADLY = frozenset({signal.SIGTERM, signal.SIGIO})
"""What ends the whole group: told to by the main process, and by the system when that is gone."""

PATIENCE = 1_000
"""Milliseconds that a worker which rests may take to end."""

MOST = 1_000
"""Tasks of one round: so many fit into a pipe unread."""


class Zygote:
    """``jobs`` workers that begin with ``load()``. Raises OSError where none can be forked.

    None that dies is replaced: after a death the others finish what was given out, and the zygote ``is_spent``.
    """

    def __init__(self, load: Callable[[], object], jobs: int) -> None:
        self._ears: dict[int, Ear] = {}
        self._poll = select.poll()
        self._stored = 0
        self._rests = True
        with ExitStack() as undone, ExitStack() as theirs:
            self._store = os.memfd_create("rewire")
            undone.callback(os.close, self._store)
            tasks, self._tasks = _pipe(theirs, undone)
            alive, self._alive = _pipe(theirs, undone)  # never written to: it ends with this process
            pipes = [_pipe(undone, theirs) for _ in range(jobs)]
            for reading, _ in pipes:
                self._ears[reading] = Ear(reading)
                self._poll.register(reading, select.POLLIN)
            # A signal that came right after the fork would have the copy do what this process does about it.
            before = signal.pthread_sigmask(signal.SIG_BLOCK, HEEDED)
            try:
                self._process = os.fork()
                if self._process == 0:
                    foreign = (self._tasks, self._alive, *self._ears)
                    _begin(load, _Place(tasks, self._store, alive), [writing for _, writing in pipes], foreign)
            finally:
                signal.pthread_sigmask(signal.SIG_SETMASK, before)
            _lead(self._process)
            undone.pop_all()

    @property
    def is_spent(self) -> bool:
        """True if it takes no more work."""
        return self._tasks < 0

    def answers(
        self, function: Callable[[Sequence[Any]], object], batches: Sequence[Sequence[Any]]
    ) -> Iterator[Answer]:
        """``function`` of each of at most ``MOST`` batches, as the answers come; there may be some that never does.

        What cannot be sent is not answered either.
        """
        waiting = self._give_out(function, batches)
        self._rests = False
        try:
            while waiting and self._ears:
                for descriptor, _ in self._poll.poll():
                    ear = self._ears[descriptor]
                    heard = ear.hear()
                    if heard is None and ear.is_gone:
                        heard = self._let_go(descriptor)
                    if heard is not None:
                        waiting.discard(heard.number)
                        yield heard
            self._rests = not waiting
        finally:
            if not self._rests:
                self.close()

    def while_it_waits(self, work: Callable[[], object]) -> None:
        """``work()``, for which others wait: the zygote, whose turn comes later, is stopped and takes no time from it.

        Should this process be killed, the system wakes the zygote and ends it: SIGHUP to an orphaned group.
        """
        with suppress(ProcessLookupError):
            os.kill(self._process, signal.SIGSTOP)
        try:
            work()
        finally:
            with suppress(ProcessLookupError):
                os.kill(self._process, signal.SIGCONT)

    def rest(self) -> None:
        """Take no more work: the workers end by themselves."""
        self._give_no_more()

    def close(self) -> None:
        """End every worker, and wait until none is there: by themselves if all have worked and rest, else by force."""
        if self._alive < 0:
            return
        self._give_no_more()
        if not (self._rests and all(ear.has_spoken for ear in self._ears.values())):
            self._kill(signal.SIGTERM)
        while self._ears:
            ended = self._poll.poll(PATIENCE)
            if not ended:
                self._kill(signal.SIGKILL)
            for descriptor, _ in ended:
                self._ears[descriptor].pass_over()
                if self._ears[descriptor].is_gone:
                    self._forget(descriptor)
        with suppress(ChildProcessError):  # whoever started rewire ignores SIGCHLD
            os.waitpid(self._process, 0)
        self._leave()

    def _kill(self, how: signal.Signals) -> None:
        """Until it is waited for, no other process has the zygote's number: neither as its own nor as its group's."""
        for end in (os.killpg, os.kill):
            with suppress(ProcessLookupError, PermissionError):
                end(self._process, how)

    def _leave(self) -> None:
        """Close what the workers are reached by."""
        self._give_no_more()
        for descriptor in (self._alive, self._store, *self._ears):
            os.close(descriptor)
        self._alive = -1
        self._ears.clear()

    def _forget(self, descriptor: int) -> Ear:
        """No more is heard from there."""
        self._poll.unregister(descriptor)
        os.close(descriptor)
        return self._ears.pop(descriptor)

    def _give_out(self, function: Callable[[Sequence[Any]], object], batches: Sequence[Sequence[Any]]) -> set[int]:
        """Send the work; which numbers were sent. The workers begin with the first while the last is still packed."""
        given: set[int] = set()
        if self.is_spent:
            return given
        try:
            packed = self._keep(function)
            for number, batch in enumerate(batches[:MOST]):
                task = _TASK.pack(number, *packed, *self._keep(batch))
                os.write(self._tasks, task)
                given.add(number)
        except Exception:  # it refuses to be pickled, or there is no room: whoever asks has another way for the rest
            self._give_no_more()
        return given

    def _keep(self, value: object) -> tuple[int, int]:
        """Put ``value`` into the store: where it starts, and its length."""
        data = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
        start, rest = self._stored, memoryview(data)
        while rest:
            written = os.pwrite(self._store, rest, self._stored)
            self._stored += written
            rest = rest[written:]
        return start, len(data)

    def _let_go(self, descriptor: int) -> Answer | None:
        """A worker died. A number that it took and did not say so is lost: so the others come to an end as well."""
        ear = self._forget(descriptor)
        self._give_no_more()
        return None if ear.number is None else Answer(ear.number, None)

    def _give_no_more(self) -> None:
        if self._tasks >= 0:
            os.close(self._tasks)
            self._tasks = -1


class _Place:
    """What a worker works with: the pipe of tasks, the store, the pipe that ends with the main process."""

    def __init__(self, tasks: int, store: int, alive: int) -> None:
        self.tasks = tasks
        self.store = store
        self.alive = alive

    def serve(self, writing: int) -> None:
        """Take tasks and answer for them until there are no more."""
        known: dict[int, Callable[[Any], object]] = {}

        def work() -> object:
            if first not in known:
                known[first] = pickle.loads(os.pread(self.store, length, first))
            return known[first](pickle.loads(os.pread(self.store, size, start)))

        while task := os.read(self.tasks, _TASK.size):
            number, first, length, start, size = _TASK.unpack(task)
            reply(writing, number, work)


def _pipe(reader: ExitStack, writer: ExitStack) -> tuple[int, int]:
    """Where to read and where to write, each closed by whose it is."""
    reading, writing = os.pipe()
    reader.callback(os.close, reading)
    writer.callback(os.close, writing)
    return reading, writing


def _begin(load: Callable[[], object], place: _Place, writing: Sequence[int], foreign: Sequence[int]) -> NoReturn:
    """In the forked process: load, fork the others, and be one of them."""
    status = 1
    try:
        leave_signals()
        _lead(0)
        _die_with(place.alive)
        for descriptor in foreign:
            os.close(descriptor)
        load()
        gc.freeze()
        signal.pthread_sigmask(signal.SIG_BLOCK, _DEADLY)
        mine = _fork_others(writing)
        for descriptor in writing:
            if descriptor != mine:
                os.close(descriptor)
        if mine == writing[0]:
            for deadly in _DEADLY:
                signal.signal(deadly, _end_last)
            end_with(place.alive, _wait_for_others)  # a thread, so after the forks
        else:
            end_with(place.alive)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _DEADLY)
        place.serve(mine)
        _wait_for_others()
        status = 0
    finally:
        os._exit(status)


def _fork_others(writing: Sequence[int]) -> int:
    """A process for each of the pipes but the first. Which one is this process's."""
    with suppress(OSError):  # fewer do
        for other in writing[1:]:
            if os.fork() == 0:
                return other
    return writing[0]


def _wait_for_others() -> None:
    """Until nobody is left whom this process forked: who dies unwaited for is left to the system's first process."""
    with suppress(ChildProcessError):
        while True:
            os.wait()


def _end_last(number: int, frame: object) -> NoReturn:
    """The whole group was told to end, and the others die of it at once."""
    _wait_for_others()
    os._exit(1)


def _die_with(alive: int) -> None:
    """Have the whole group killed by SIGIO when ``alive`` is at its end, which also holds while there is no thread."""
    mine = os.getpid()
    with suppress(OSError):
        fcntl.fcntl(alive, fcntl.F_SETOWN, -mine if os.getpgrp() == mine else mine)
        fcntl.fcntl(alive, fcntl.F_SETFL, fcntl.fcntl(alive, fcntl.F_GETFL) | os.O_ASYNC)


def _lead(process: int) -> None:
    """Make it the leader of a group of its own, so that all that it forks can be ended at once. Both sides try."""
    with suppress(OSError):
        os.setpgid(process, process)
