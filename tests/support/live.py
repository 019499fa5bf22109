"""A rewire that goes on running: started, spoken to, and listened to while it does. No fixed waits: for output only."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import signal
import subprocess
import termios
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.command import Command

LIMIT = 120.0
"""Seconds after which something that never comes is taken to be lost: far more than any loaded machine needs."""


class Heard:
    """What one stream has said so far; read by a thread of its own, which can be told to hold."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._news = threading.Condition()
        self._may_read = threading.Event()
        self._may_read.set()
        self.bytes = b""
        self.ended = False
        self._stopped = False
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        while True:
            self._may_read.wait()
            if self._stopped:
                return
            try:
                piece = os.read(self._descriptor, 65536)
            except OSError:  # a terminal whose other end is closed
                piece = b""
            with self._news:
                self.bytes += piece
                self.ended = not piece
                self._news.notify_all()
            if not piece:
                return

    def hold(self) -> None:
        """Read no more (but for what is being read now), so that the writer has to wait once the pipe is full."""
        self._may_read.clear()

    def go_on(self) -> None:
        """Read again."""
        self._may_read.set()

    def stop(self) -> None:
        """Never read again, so that the stream can be closed; what is being read now must come or end."""
        self._stopped = True
        self._may_read.set()
        self._thread.join(LIMIT)

    def until(self, holds: Callable[[bytes], object], what: str) -> bytes:
        """Everything heard, once ``holds`` is true of it. Fails where the stream ends before, or after ``LIMIT``."""
        end = time.monotonic() + LIMIT
        with self._news:
            while not holds(self.bytes):
                if self.ended or not self._news.wait(max(0, end - time.monotonic())):
                    told = self.bytes[-4000:].decode(errors="replace")
                    raise AssertionError(f"{'ended' if self.ended else 'gave up'} before {what}:\n{told}")
            return self.bytes

    def text(self, pattern: str, times: int = 1) -> str:
        """Everything heard, as text, once ``pattern`` was heard so often."""
        heard = self.until(lambda said: len(re.findall(pattern.encode(), said)) >= times, f"{pattern!r} x {times}")
        return heard.decode().replace("\r\n", "\n")


class Live:
    """A running command; a context manager, so that nothing outlives its test."""

    def __init__(self, command: Command, *arguments: str, terminal: bool = False, **environment: str) -> None:
        self._command = command
        self._terminal = terminal
        settings = {"cwd": command.folder, "env": command.environment | environment}
        words = command.words(*arguments)
        if terminal:
            self._ours, theirs = pty.openpty()
            self.process = subprocess.Popen(
                words,
                stdin=theirs,
                stdout=theirs,
                stderr=theirs,
                start_new_session=True,
                preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # its own terminal, for Ctrl-C
                **settings,  # type: ignore[call-overload]
            )
            os.close(theirs)
            self.out = self.err = Heard(self._ours)
        else:
            self.process = subprocess.Popen(
                words,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
                **settings,  # type: ignore[call-overload]
            )
            assert self.process.stdout
            assert self.process.stderr
            self.out, self.err = Heard(self.process.stdout.fileno()), Heard(self.process.stderr.fileno())

    def __enter__(self) -> Live:
        return self

    def __exit__(self, *trouble: object) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(LIMIT)
        for heard in {self.out, self.err}:
            heard.stop()
        if self._terminal:
            os.close(self._ours)
        for stream in filter(None, (self.process.stdout, self.process.stderr)):
            stream.close()

    def rounds(self, number: int) -> str:
        """The summary so far, once the run of this number is over."""
        return self.err.text(r"watching [\d,]+ Python files?; Ctrl-C ends", number)

    def press_ctrl_c(self) -> int:
        """As a person does, or as a terminal tells its processes; the exit code."""
        if self._terminal:
            os.write(self._ours, b"\x03")
        else:
            os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(LIMIT)
