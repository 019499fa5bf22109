"""A stretch of work that Ctrl-C and a polite kill do not cut short: they wait for its end."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def undisturbed() -> Iterator[None]:
    """Ctrl-C and a polite kill wait until the work tree is whole again.

    By handlers of our own, not by a mask: a mask holds for one thread, and the system hands a signal to any other
    thread of the process (a progress bar's, a caller's) that leaves it open.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    waiting: list[int] = []
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        for number, handler in before.items():
            if handler not in (signal.SIG_IGN, None):
                signal.signal(number, lambda arrived, _: waiting.append(arrived))
        yield
    finally:
        for number, handler in before.items():
            if handler is not None:
                signal.signal(number, handler)
        for arrived in dict.fromkeys(waiting):
            signal.raise_signal(arrived)
