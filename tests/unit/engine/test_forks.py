"""Forked processes: one call aside, parts shared; a process that fails or dies costs nothing but the time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rewire.forks import Aside, share

if TYPE_CHECKING:
    from collections.abc import Sequence

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is one process")
HERE = os.getpid()


def children() -> set[str]:
    """The processes of this one that are there, or were not waited for; those of other tests are left out."""
    return _all_children() - OTHERS


def _all_children() -> set[str]:
    return set(Path(f"/proc/{HERE}/task/{HERE}/children").read_text().split())


OTHERS: set[str] = set()


@pytest.fixture(autouse=True)
def _others() -> None:
    OTHERS.clear()
    OTHERS.update(_all_children())


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_a_call_aside_runs_in_another_process() -> None:
    with Aside(os.getpid, jobs=2) as aside:
        assert aside.result() != HERE
    assert not children()


@pytest.mark.parametrize("size", [0, 1, 70_000, 3 << 20])
def test_answers_of_any_size_arrive(size: int) -> None:
    with Aside(lambda: b"x" * size, jobs=2) as aside:
        assert aside.result() == b"x" * size


def test_one_job_means_one_process() -> None:
    with Aside(os.getpid, jobs=1) as aside:
        assert aside.is_ready
        assert aside.result() == HERE


def test_a_second_thread_forbids_a_fork() -> None:
    """A lock that it holds would be held for ever in the copy."""
    done = threading.Event()
    thread = threading.Thread(target=done.wait)
    thread.start()
    try:
        with Aside(os.getpid, jobs=2) as aside:
            assert aside.result() == HERE
        assert share(lambda items: [os.getpid() for _ in items], range(200), 2) == [HERE] * 200
    finally:
        done.set()
        thread.join()


def test_it_is_ready_once_it_has_answered() -> None:
    with Aside(lambda: time.sleep(0.3), jobs=2) as aside:
        time.sleep(0.1)
        assert not aside.is_ready
        time.sleep(0.5)
        assert aside.is_ready
        assert aside.result() is None


def test_it_is_ready_once_it_is_dead() -> None:
    with Aside(_die, jobs=2) as aside:
        time.sleep(0.3)
        assert aside.is_ready
        assert aside.result() is None


def test_an_error_aside_is_raised_here() -> None:
    def fail() -> None:
        raise ValueError(f"in {os.getpid()}")

    with Aside(fail, jobs=2) as aside, pytest.raises(ValueError, match=f"in {HERE}"):
        aside.result()
    assert not children()


def _die() -> None:
    if os.getpid() != HERE:
        os.kill(os.getpid(), signal.SIGKILL)


def test_what_a_dead_process_had_to_do_is_done_here() -> None:
    def answer() -> int:
        _die()
        return os.getpid()

    with Aside(answer, jobs=2) as aside:
        assert aside.result() == HERE


def test_an_answer_counts_where_the_system_ends_children_unseen() -> None:
    """Whoever starts a program may have it ignore SIGCHLD: then nobody learns how a child ended."""
    code = (
        "import os, signal; from rewire.forks import Aside\n"
        "signal.signal(signal.SIGCHLD, signal.SIG_IGN); here = os.getpid()\n"
        "with Aside(os.getpid, jobs=2) as aside: assert aside.result() != here"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_without_a_process_to_be_had_the_call_is_done_here(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> int:
        raise BlockingIOError("too many processes")

    monkeypatch.setattr(os, "fork", refuse)
    before = open_files()
    with Aside(os.getpid, jobs=2) as aside:
        assert aside.result() == HERE
    assert share(lambda items: list(items), range(100), 3) == list(range(100))
    assert open_files() == before


def test_leaving_the_block_ends_the_process_at_once() -> None:
    started = time.monotonic()
    with Aside(lambda: time.sleep(60), jobs=2):
        assert children()
    assert time.monotonic() - started < 30
    assert not children()


@pytest.mark.parametrize("count", [0, 1, 63, 64, 65, 1000])
@pytest.mark.parametrize("processes", [1, 2, 5])
def test_shared_answers_come_in_order_whoever_worked(count: int, processes: int) -> None:
    told: list[int] = []
    found = share(lambda items: [item * 2 for item in items], range(count), processes, advance=told.append)
    assert found == [item * 2 for item in range(count)]
    assert sum(told) == count
    assert not children()


def test_several_processes_share() -> None:
    def slowly(items: Sequence[int]) -> list[int]:
        time.sleep(0.005)
        return [os.getpid() for _ in items]

    assert len(set(share(slowly, range(640), 3))) == 3


def test_this_process_does_something_else_meanwhile() -> None:
    seen: list[int] = []

    def meanwhile() -> None:
        seen.append(os.getpid())
        time.sleep(0.3)

    found = share(lambda items: [os.getpid() for _ in items], range(64), 2, meanwhile=meanwhile)
    assert seen == [HERE]
    assert set(found).isdisjoint({HERE})


def test_parts_of_a_process_that_dies_are_done_here() -> None:
    def sometimes(items: Sequence[int]) -> list[int]:
        time.sleep(0.002)
        if 37 in items:
            _die()
        return list(items)

    assert share(sometimes, range(100), 2, meanwhile=lambda: time.sleep(0.5)) == list(range(100))
    assert not children()


def test_an_interrupted_share_leaves_no_process() -> None:
    def stop() -> None:
        raise KeyboardInterrupt

    before = open_files()
    with pytest.raises(KeyboardInterrupt):
        share(lambda items: time.sleep(60) or list(items), range(64), 3, meanwhile=stop)
    assert not children()
    assert open_files() == before


def test_processes_whose_parent_is_gone_take_no_further_part(tmp_path: Path) -> None:
    """Killed from outside, the parent cannot end them; each ends with the part it has in hand."""
    code = (
        "import os, signal, sys, time; from rewire.forks import share\n"
        "def work(items):\n"
        "    time.sleep(0.2); open(f'{sys.argv[1]}/{items[0]}', 'w').close(); return list(items)\n"
        "share(work, range(64), 2, meanwhile=lambda: os.kill(os.getpid(), signal.SIGKILL))"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    time.sleep(1.5)
    assert len(list(tmp_path.iterdir())) <= 1
