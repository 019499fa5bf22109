"""workers: the same answers in the same order for any number of processes, and a death costs one item."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rewire import workers
from rewire.errors import RewireError
from rewire.workers import Died, Processes

if TYPE_CHECKING:
    from collections.abc import Sequence


@pytest.fixture(params=["forked", "from a fork server"], autouse=True)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """How workers come to be: everything holds for both."""
    forked = request.param == "forked"
    monkeypatch.setattr(workers, "may_fork", lambda: forked)
    return str(request.param)


def double(items: Sequence[int]) -> list[int]:
    return [item * 2 for item in items]


def double_or_die(items: Sequence[int]) -> list[int]:
    if 13 in items:
        os._exit(3)
    return double(items)


def complain(items: Sequence[int]) -> list[int]:
    raise ValueError(f"cannot {items[0]}")


@pytest.mark.parametrize("jobs", [1, 2, 5])
def test_answers_come_in_the_order_of_the_items(jobs: int) -> None:
    seen: list[int] = []
    answers = list(Processes(jobs).spread(double, range(100), batch=7, advance=seen.append))
    assert answers == [item * 2 for item in range(100)]
    assert sum(seen) == 100


def test_no_items_is_no_answer() -> None:
    assert list(Processes(2).spread(double, [], batch=4)) == []


def test_a_worker_that_dies_costs_the_item_it_had_in_hand() -> None:
    answers = list(Processes(2).spread(double_or_die, range(40), batch=5))
    assert answers[13] == Died(13)
    assert [answer for answer in answers if not isinstance(answer, Died)] == [i * 2 for i in range(40) if i != 13]


def test_an_exception_in_the_function_is_not_swallowed() -> None:
    with pytest.raises(ValueError, match="cannot"):
        list(Processes(2).spread(complain, range(40), batch=5))


@pytest.mark.parametrize(("jobs", "called"), [(1, 0), (2, 1)])
def test_what_is_done_meanwhile_is_done_once_and_only_where_others_work(jobs: int, called: int) -> None:
    calls: list[int] = []
    spread = Processes(jobs).spread(double_or_die, range(40), batch=5, meanwhile=lambda: calls.append(os.getpid()))
    assert Died(13) in list(spread) if jobs > 1 else next(spread) == 0
    assert calls == [os.getpid()] * called


def die(items: Sequence[int]) -> list[int]:
    os._exit(3)


def test_workers_that_die_whatever_they_are_given_end_the_run() -> None:
    with pytest.raises(RewireError, match="die whatever"):
        list(Processes(2).spread(die, range(40), batch=5))


def test_what_is_not_worth_a_process_runs_here() -> None:
    here = Processes(2).spread(say_where, range(40), batch=5, pays_from=41)
    there = Processes(2).spread(say_where, range(40), batch=5, pays_from=40)
    assert set(here) == {os.getpid()}
    assert os.getpid() not in set(there)


def say_where(items: Sequence[int]) -> list[int]:
    return [os.getpid()] * len(items)


def test_a_run_that_stops_half_way_ends_its_workers_at_once() -> None:
    begin = time.monotonic()
    answers = Processes(2).spread(sleep_long, range(4), batch=1)
    assert next(answers) == 0
    answers.close()  # what an exception or Ctrl-C in the loop around does
    assert time.monotonic() - begin < 30
    assert not multiprocessing.active_children()


def sleep_long(items: Sequence[int]) -> list[int]:
    if items[0]:
        time.sleep(600)
    return list(items)


ORPHANS = """
import os, time
from rewire.workers import Processes

def report(items):
    os.write(1, b"%d\\n" % os.getpid())
    time.sleep(600)
    return items

list(Processes(2).spread(report, range(2), batch=1))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux forks")
def test_workers_end_when_the_process_that_forked_them_was_killed() -> None:
    parent = subprocess.Popen([sys.executable, "-c", ORPHANS], stdout=subprocess.PIPE)
    assert parent.stdout
    children = [int(parent.stdout.readline()) for _ in range(2)]
    parent.kill()
    parent.wait()
    for child in children:
        wait_until_gone(child)


def wait_until_gone(pid: int) -> None:
    until = time.monotonic() + 60
    with suppress(FileNotFoundError, ProcessLookupError):
        while Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z":
            assert time.monotonic() < until, "it is still there"
            time.sleep(0.05)
