"""What a forked process says to the one it works for: the numbers that it takes, and its answers, over its own pipe.

Where it dies, even in the middle of an answer, the pipe ends. That is heard at once, and which number it had in hand.
"""

from __future__ import annotations

import fcntl
import os
import pickle
import signal
import struct
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

AHEAD = 1 << 20
"""Bytes that a process may be ahead of the one that reads its answers: some batches, so that neither waits."""

_HEAD = struct.Struct("=iq")
"""A number, and the length of its answer: what comes next. No length: the number has just been taken."""

_TAKEN = -1

HEEDED = frozenset({signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
"""What rewire does something about, or whoever uses it."""


class Answer(NamedTuple):
    """What became of one number: the pickled answer and whether it is an exception; None: its process died."""

    number: int
    data: bytes | None
    is_error: bool = False

    def opened(self) -> Any:
        """The answer. Raises what the work raised."""
        assert self.data is not None, "nobody answered"
        found = pickle.loads(self.data)
        if self.is_error:
            raise found
        return found


class Ear:
    """One process as it is heard. ``number``: what it has in hand; ``is_gone``: it will never say anything again."""

    def __init__(self, reading: int) -> None:
        self.number: int | None = None
        self.is_gone = self.has_spoken = False
        self._reading = reading
        self._heard: bytes | None = None
        """The head of an answer that is still to be read."""
        with suppress(OSError):  # more than the system gives this user: then the process waits until it is read
            fcntl.fcntl(reading, fcntl.F_SETPIPE_SZ, AHEAD)

    def hears_of_work(self) -> bool:
        """True if it says that it has taken a number, which is noted. There is something to be read."""
        if self._heard is None:
            self._heard = self._read(_HEAD.size)
        if self._heard is None:
            return False
        self.has_spoken = True
        number, length = _HEAD.unpack(self._heard)
        if length == _TAKEN:
            self.number, self._heard = number, None
        return bool(length == _TAKEN)

    def hear(self) -> Answer | None:
        """Its answer to a number; None where it says something else, or nothing ever again (``is_gone``)."""
        if self.hears_of_work() or self._heard is None:
            return None
        number, length = _HEAD.unpack(self._heard)
        self._heard = None
        data = self._read(abs(length) + 1)
        if data is None:
            return None
        self.number = None
        return Answer(number, data[1:], is_error=data[:1] == b"!")

    def pass_over(self) -> None:
        """Whatever it says next. There is something to be read."""
        self.is_gone = not os.read(self._reading, AHEAD)

    def close(self) -> None:
        """Hear nothing more."""
        os.close(self._reading)

    def _read(self, size: int) -> bytes | None:
        parts = []
        while size:
            part = os.read(self._reading, min(size, 1 << 20))
            if not part:
                self.is_gone = True
                return None
            parts.append(part)
            size -= len(part)
        return b"".join(parts)


def reply(writing: int, number: int, work: Callable[[], object]) -> None:
    """Say that ``number`` is taken, do ``work()``, and answer with what it gives or raises."""
    _write(writing, _HEAD.pack(number, _TAKEN))
    mark, data = _answer(work)
    _write(writing, _HEAD.pack(number, len(data)) + mark)
    _write(writing, data)


def _answer(work: Callable[[], object]) -> tuple[bytes, bytes]:
    try:
        return b".", pickle.dumps(work(), pickle.HIGHEST_PROTOCOL)
    except Exception as error:
        import traceback

        words = "".join(traceback.format_exception(error))
        error.add_note(f"in a worker process:\n{words}")
        try:
            data = pickle.dumps(error)
            pickle.loads(data)  # an exception may refuse to be made again from what it says of itself
        except Exception:
            data = pickle.dumps(RuntimeError(f"{type(error).__name__}: {error}\n{words}"))
        return b"!", data


def _write(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def leave_signals() -> None:
    """In a forked process: Ctrl-C is for the one that forked it, which ends this one; a polite kill ends it alone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for polite in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(polite, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, HEEDED)


def end_with(alive: int, first: Callable[[], object] = lambda: None) -> None:
    """End this process when the one that forked it has ended, however it did: then ``alive`` is at its end.

    Not before ``first()``, which waits for those whom this process forked.
    Where there can be no thread for that, the process sees it when it answers: nobody is there to read.
    """
    import threading

    def follow() -> None:
        os.read(alive, 1)
        first()
        os._exit(1)

    with suppress(RuntimeError):
        threading.Thread(target=follow, daemon=True).start()
