"""Work that a test gives to workers: they import this module too."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def double(items: Sequence[int]) -> list[int]:
    return [item * 2 for item in items]


def double_or_die(items: Sequence[int]) -> list[int]:
    """13 and 14 kill whoever doubles them."""
    if {13, 14} & set(items):
        os._exit(3)
    return double(items)


def die(items: Sequence[int]) -> list[int]:
    os._exit(3)


def complain(items: Sequence[int]) -> list[int]:
    raise ValueError(f"cannot {items[0]}")


def double_but_lose_one_worker(items: Sequence[int], flag: str) -> list[int]:
    """The first one to come to 13 is killed from outside; whoever comes second is not."""
    if 13 in items:
        try:
            os.close(os.open(flag, os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            return double(items)
        os.kill(os.getpid(), signal.SIGKILL)
    return double(items)


def report_and_wait(items: Sequence[int], flag: str) -> list[int]:
    """Says that it has begun, and takes longer than any test waits."""
    Path(flag).touch()
    time.sleep(3600)
    return list(items)


def who(items: Sequence[int]) -> list[int]:
    return [os.getpid()] * len(items)


def measure(items: Sequence[bytes]) -> list[int]:
    return [sum(map(len, items))] * len(items)
