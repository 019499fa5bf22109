"""Work for forked processes that this one could as well do itself: one call aside, or a list that all of them share.

Worth it for milliseconds of work, where it cannot kill a process. What another process fails to do is done here, and so
raises what it raises.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rewire.hands import Hands

ItemT = TypeVar("ItemT")
AnswerT = TypeVar("AnswerT")

PARTS = 64
"""Into how many parts a list is divided at most: a part is the least that one process leaves to another."""


def may_fork() -> bool:
    """True where a fork is safe: on Linux, and while no second thread may hold a lock that the copy would wait for."""
    import threading

    return sys.platform == "linux" and threading.active_count() == 1


class Aside(Generic[AnswerT]):
    """``function()``, in a process of its own while this one goes on, where ``jobs`` allows for two. A context manager:
    nothing outlives its block.

    ``function`` must do the same again when it is called here, for that is what happens where no process can be forked
    and where the other one fails.
    """

    def __init__(self, function: Callable[[], AnswerT], jobs: int) -> None:
        self._function = function
        self._hands = _hands(lambda _: function(), 1, jobs - 1)

    def __enter__(self) -> Aside[AnswerT]:
        return self

    def __exit__(self, *trouble: object) -> None:
        if self._hands:
            self._hands.__exit__(*trouble)

    @property
    def is_ready(self) -> bool:
        """True if ``result`` need not wait for another process."""
        return self._hands is None or self._hands.has_news

    def result(self) -> AnswerT:
        """The answer, or what ``function`` raises."""
        for answer in self._hands.answers() if self._hands else ():
            if answer.data is not None and not answer.is_error:
                found: AnswerT = answer.opened()
                return found
        return self._function()


def share(
    function: Callable[[Sequence[ItemT]], Sequence[AnswerT]],
    items: Sequence[ItemT],
    processes: int,
    *,
    advance: Callable[[int], None] | None = None,
    meanwhile: Callable[[], object] | None = None,
) -> list[AnswerT]:
    """``function``'s answer for each item, in order: this process and some others each take the next part when free.

    ``function`` takes some items and answers with one value an item. This process does ``meanwhile`` first of all.
    ``advance`` is told how many items were finished. What a dead process had taken is done here.
    """
    size = -(-len(items) // PARTS) or 1
    parts = [items[start : start + size] for start in range(0, len(items), size)]
    done: dict[int, Sequence[AnswerT]] = {}

    def finish(number: int, answers: Sequence[AnswerT]) -> None:
        done[number] = answers
        if advance:
            advance(len(parts[number]))

    hands = _hands(lambda number: function(parts[number]), len(parts), processes - 1)
    if hands:
        with hands:
            if meanwhile:
                meanwhile()
            for number in hands.taken():
                finish(number, function(parts[number]))
            for answer in hands.answers():
                if answer.data is not None and not answer.is_error:
                    finish(answer.number, answer.opened())
    for number in range(len(parts)):
        if number not in done:
            finish(number, function(parts[number]))
    return [answer for number in range(len(parts)) for answer in done[number]]


def _hands(work: Callable[[int], Any], count: int, processes: int) -> Hands | None:
    """Processes at work; None where there can be none."""
    if not (processes > 0 and count and may_fork()):
        return None
    from rewire.hands import Hands, NoProcess

    try:
        return Hands(work, count, processes)
    except NoProcess:
        return None
