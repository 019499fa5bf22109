"""hands: a process that dies at any moment, even in the middle of its answer, takes nothing along but its number."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from rewire.hands import Hands, NoProcess
from rewire.workers import Died, Processes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from rewire.replies import Answer

pytestmark = [
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux forks"),
    pytest.mark.usefixtures("limit"),
]

LONG = 8 * 1024 * 1024
"""Bytes of an answer that no pipe holds: whoever gives it waits until it is read."""


def all_of(work: Callable[[int], Any], count: int, jobs: int) -> list[Answer]:
    with Hands(work, count, jobs) as some:
        return sorted(some.answers(), key=lambda answer: answer.number)


@pytest.mark.parametrize("jobs", [1, 3, 40])
def test_every_number_is_answered_once(jobs: int) -> None:
    assert [answer.opened() for answer in all_of(lambda number: number * 2, 20, jobs)] == list(range(0, 40, 2))
    for process in {answer.opened() for answer in all_of(lambda _: os.getpid(), 20, jobs)}:
        with pytest.raises(ProcessLookupError):
            os.kill(process, 0)


def test_more_numbers_than_a_pipe_holds_unread() -> None:
    assert [answer.opened() for answer in all_of(abs, 40_000, 2)] == list(range(40_000))


def test_an_answer_of_any_length_is_whole() -> None:
    (answer,) = all_of(lambda _: bytes(LONG), 1, 1)
    assert answer.opened() == bytes(LONG)


def test_a_death_between_two_answers_costs_the_number_in_hand() -> None:
    def die_at_three(number: int) -> int:
        if number == 3:
            os.kill(os.getpid(), signal.SIGKILL)
        return number

    answers = all_of(die_at_three, 10, 2)
    assert [answer.number for answer in answers if answer.data is None] == [3]
    assert [answer.opened() for answer in answers if answer.data is not None] == [0, 1, 2, 4, 5, 6, 7, 8, 9]


def test_a_death_in_the_middle_of_an_answer_is_seen(tmp_path: Path) -> None:
    """The answer is too long for the pipe, so that its giver is in the middle of it when it is killed."""

    def answer_at_length(items: Sequence[int]) -> list[object]:
        mark = tmp_path / str(items[0])
        if mark.exists():
            return [None] * len(items)
        mark.write_text(str(os.getpid()))
        return [bytes(LONG)] * len(items)

    def kill_the_first() -> None:
        while not (tmp_path / "0").exists() or not (tmp_path / "0").read_text():
            time.sleep(0.01)
        process = int((tmp_path / "0").read_text())
        wait_until_it_waits(process)
        os.kill(process, signal.SIGKILL)

    answers = list(Processes(2).spread(answer_at_length, range(4), batch=1, meanwhile=kill_the_first))
    assert [answer if answer is None else len(answer) for answer in answers] == [None, LONG, LONG, LONG]  # type: ignore[arg-type]


def wait_until_it_waits(process: int) -> None:
    """Until it sleeps in the system, for the reader of its pipe."""
    while True:
        with open(f"/proc/{process}/wchan") as file:  # noqa: PTH123
            if "pipe" in file.read():
                return
        time.sleep(0.01)


ENDED_EARLY = """
from rewire.workers import Processes

def answer_at_length(items):
    return [bytes(8 << 20)] * len(items)

answers = Processes(2).spread(answer_at_length, range(6), batch=1)
next(answers)
answers.close()  # what Ctrl-C in the loop around does
"""


def test_a_run_that_stops_while_answers_are_on_their_way_does_not_wait_for_them() -> None:
    for _ in range(5):
        subprocess.run([sys.executable, "-c", ENDED_EARLY], check=True, timeout=60)


def test_what_the_work_raises_is_raised_and_says_where() -> None:
    def fail(number: int) -> NoReturn:
        raise ValueError(f"cannot {number}")

    (answer,) = all_of(fail, 1, 1)
    with pytest.raises(ValueError, match="cannot 0") as caught:
        answer.opened()
    assert "in fail" in "".join(caught.value.__notes__)


def test_an_exception_that_cannot_travel_is_told_in_words() -> None:
    class Odd(Exception):
        def __init__(self, one: str, other: str) -> None:
            super().__init__(one)

    def fail(number: int) -> NoReturn:
        raise Odd("these", "words")

    (answer,) = all_of(fail, 1, 1)
    with pytest.raises(RuntimeError, match="Odd: these"):
        answer.opened()


def no_fork() -> NoReturn:
    raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")


def test_where_no_process_can_be_had_the_work_is_done_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fork", no_fork)
    with pytest.raises(NoProcess):
        Hands(abs, 3, 2)
    assert set(Processes(2).spread(say_where, range(10), batch=2)) == {os.getpid()}


def test_where_only_one_process_can_be_had_it_does_all(monkeypatch: pytest.MonkeyPatch) -> None:
    fork, left = os.fork, [1]
    monkeypatch.setattr(os, "fork", lambda: fork() if left and left.pop() else no_fork())
    found = set(Processes(2).spread(say_where, range(10), batch=2))
    assert len(found) == 1
    assert os.getpid() not in found


def test_a_dead_process_that_cannot_be_replaced_leaves_its_work_to_this_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """But for the one number that it died of: that is tried alone, in a process, or not at all."""
    mine = os.getpid()
    fork, left = os.fork, [1, 1]
    monkeypatch.setattr(os, "fork", lambda: fork() if left and left.pop() else no_fork())

    def die_at_zero(items: Sequence[int]) -> list[int]:
        if 0 in items and os.getpid() != mine:
            os._exit(1)
        return [os.getpid()] * len(items)

    answers = list(Processes(2).spread(die_at_zero, range(6), batch=1))
    assert answers[0] in (Died(0), mine)
    assert all(isinstance(answer, int) for answer in answers[1:])


def say_where(items: Sequence[int]) -> list[int]:
    return [os.getpid()] * len(items)


def test_without_semaphores_it_works(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a machine without /dev/shm, where multiprocessing has none of its queues and pools."""
    import multiprocessing.synchronize

    def none(*arguments: object, **named: object) -> NoReturn:
        raise OSError(errno.ENOSYS, "Function not implemented")

    monkeypatch.setattr(multiprocessing.synchronize.SemLock, "__init__", none)
    assert os.getpid() not in set(Processes(2).spread(say_where, range(10), batch=2))


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGKILL, signal.SIGHUP])
def test_a_process_can_be_killed_from_outside_at_any_time(ending: signal.Signals, tmp_path: Path) -> None:
    def work(items: Sequence[int]) -> list[int]:
        flag = tmp_path / str(items[0])
        if items[0] % 5 == 2 and not flag.exists():
            flag.touch()
            os.kill(os.getpid(), ending)
            time.sleep(60)
        return [item * 2 for item in items]

    assert list(Processes(2).spread(work, range(30), batch=1)) == list(range(0, 60, 2))


def test_nothing_of_it_is_loaded_where_nothing_is_spread() -> None:
    code = "import sys, rewire.workers; sys.exit('rewire.hands' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_processes_that_die_before_they_begin_are_not_replaced_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever it is that kills them: the work is done here."""
    mine, forks = os.getpid(), []
    fork = os.fork

    def die_at_once() -> int:
        forks.append(1)
        process = fork()
        if process == 0:
            os._exit(1)
        return process

    monkeypatch.setattr(os, "fork", die_at_once)
    assert set(Processes(2).spread(say_where, range(10), batch=2)) == {mine}
    assert len(forks) < 30


def test_a_signal_right_after_the_fork_is_not_met_by_the_copy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What this process does about it is done by this process alone: here, to write its name down."""
    met = tmp_path / "met"
    fork = os.fork

    def fork_under_fire() -> int:
        process = fork()
        if process == 0:
            os.kill(os.getpid(), signal.SIGTERM)
        return process

    def meet(number: int, frame: object) -> None:
        met.write_text("a copy met it")

    before = signal.signal(signal.SIGTERM, meet)
    try:
        monkeypatch.setattr(os, "fork", fork_under_fire)
        list(Processes(2).spread(say_where, range(10), batch=2))
    finally:
        signal.signal(signal.SIGTERM, before)
    assert not met.exists()


def test_many_deaths_never_bring_the_work_into_this_process() -> None:
    """Each death is a worker that had said what it took; only those that never say anything are not replaced."""
    mine = os.getpid()

    def die_when_even(items: Sequence[int]) -> list[int]:
        if items[0] % 2 == 0 and os.getpid() != mine:
            os._exit(1)
        return [os.getpid()] * len(items)

    answers = list(Processes(2).spread(die_when_even, range(60), batch=1))
    assert [answer.item for answer in answers if isinstance(answer, Died)] == list(range(0, 60, 2))
    assert mine not in answers


def test_one_more_comes_only_for_work_that_is_left(tmp_path: Path) -> None:
    def slow(number: int) -> int:
        (tmp_path / "begun").touch()
        time.sleep(0.3 if number < 3 else 0)
        return os.getpid()

    with Hands(slow, 8, 1) as some:
        some.one_more()
        assert len({answer.opened() for answer in some.answers()}) == 2
    with Hands(slow, 1, 1) as some:
        (tmp_path / "begun").unlink()
        while not (tmp_path / "begun").exists():
            time.sleep(0.01)
        some.one_more()
        assert len(some._hands) == 1


def test_while_this_process_works_it_is_one_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    forked: list[int] = []
    fork = os.fork

    def count() -> int:
        process = fork()
        forked.append(process)
        return process

    def meanwhile() -> None:
        during.append(len(forked))

    during: list[int] = []
    monkeypatch.setattr(os, "fork", count)
    slow = list(Processes(3).spread(sleep_a_little, range(12), batch=1, meanwhile=meanwhile))
    assert during == [2]
    assert len(forked) == len(set(slow)) == 3


def sleep_a_little(items: Sequence[int]) -> list[int]:
    time.sleep(0.05)
    return [os.getpid()] * len(items)
