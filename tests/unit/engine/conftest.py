"""For tests of forked processes."""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING, NoReturn

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def limit(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What waits without end fails. Other tests may have left threads behind, which do not matter here."""
    monkeypatch.setattr(threading, "active_count", lambda: 1)

    def too_long(number: int, frame: object) -> NoReturn:
        raise TimeoutError("nobody answers")

    before = signal.signal(signal.SIGALRM, too_long)
    signal.alarm(60)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)
