"""zygote: workers that were there early do what was foreseen; whatever becomes of them, everything is done once."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest

from rewire import zygote
from rewire.workers import FORESEEN_FROM, FORESEEN_MOST, Died, Processes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

pytestmark = [
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux forks"),
    pytest.mark.usefixtures("limit"),
]

MANY = range(FORESEEN_FROM)


def open_descriptors() -> set[str]:
    return {path.name for path in Path("/proc/self/fd").iterdir()}


def children() -> set[str]:
    """Of this process, those too that ended and were not waited for. Other tests may have left some."""
    told = list(Path("/proc/self/task").glob("*/children"))
    return {word for file in told for word in file.read_text().split()}


@pytest.fixture
def executor() -> Iterator[Processes]:
    """With two jobs; nothing of it is left, neither a process nor a descriptor."""
    descriptors, processes = open_descriptors(), children()
    made = Processes(2)
    yield made
    made.close()
    assert open_descriptors() == descriptors
    assert children() == processes


def load_once(folder: Path) -> None:
    """Leaves the number of each process that loads."""
    (folder / str(os.getpid())).touch()


def say_where(items: Sequence[int]) -> list[tuple[int, int]]:
    time.sleep(0.005)  # one that is fast would leave nothing for the other
    return [(item, os.getpid()) for item in items]


def test_only_the_zygote_loads_and_every_worker_is_its_own(executor: Processes, tmp_path: Path) -> None:
    load = partial(load_once, tmp_path)
    executor.foresee(load, len(MANY))
    executor.ensure(load)
    answers = list(executor.spread(say_where, MANY, batch=64, load=load))
    assert [item for item, _ in answers] == list(MANY)  # type: ignore[misc]
    (loader,) = [int(path.name) for path in tmp_path.iterdir()]
    workers = {process for _, process in answers}  # type: ignore[misc]
    assert os.getpid() not in workers
    assert len(workers) == 2
    assert loader in workers


def test_it_works_again_and_for_another_function(executor: Processes) -> None:
    executor.foresee(int, len(MANY))
    first = list(executor.spread(say_where, MANY, batch=64, load=int))
    second = list(executor.spread(partial(say_more, word="x"), [1, 2, 3], batch=64, load=int))
    third = list(executor.spread(say_where, MANY, batch=64, load=int))
    assert second == ["1x", "2x", "3x"]
    assert {process for _, process in first} == {process for _, process in third}  # type: ignore[misc]
    assert list(executor.spread(say_where, [], batch=64, load=int)) == []


def say_more(items: Sequence[int], word: str) -> list[str]:
    return [f"{item}{word}" for item in items]


def test_what_needs_nothing_loaded_is_not_sent_there(executor: Processes) -> None:
    executor.foresee(partial(time.sleep, 600), len(MANY))
    assert len(list(executor.spread(say_where, MANY, batch=64))) == len(MANY)


@pytest.mark.parametrize(("jobs", "items"), [(1, 300), (2, FORESEEN_FROM - 1), (2, FORESEEN_MOST + 1)])
def test_where_it_does_not_pay_nothing_is_foreseen(jobs: int, items: int, tmp_path: Path) -> None:
    executor = Processes(jobs)
    load = partial(load_once, tmp_path)
    executor.foresee(load, items)
    executor.ensure(load)
    assert [int(path.name) for path in tmp_path.iterdir()] == [os.getpid()]


def test_what_the_work_raises_is_raised(executor: Processes) -> None:
    executor.foresee(int, len(MANY))
    with pytest.raises(ValueError, match="cannot") as caught:
        list(executor.spread(fail, MANY, batch=64, load=int))
    assert "in fail" in "".join(caught.value.__notes__)


def fail(items: Sequence[int]) -> NoReturn:
    raise ValueError("cannot")


@pytest.mark.parametrize("deadly", [{7}, {0, 1, 2}, set(range(0, 40, 2)), set(MANY)])
def test_a_death_costs_the_item_in_hand(executor: Processes, deadly: set[int]) -> None:
    executor.foresee(int, len(MANY))
    spread = executor.spread(partial(die_at, deadly=deadly, main=os.getpid()), MANY, batch=8, load=int)
    if deadly == set(MANY):
        with pytest.raises(Exception, match="die whatever they are given"):
            list(spread)
        return
    answers = list(spread)
    assert {answer.item for answer in answers if isinstance(answer, Died)} == deadly
    assert [answer for answer in answers if isinstance(answer, int)] == [item for item in MANY if item not in deadly]
    assert [str(one) for one in executor.spread(say_more_and_live, MANY, batch=8, load=int)] == list(map(str, MANY))


def die_at(items: Sequence[int], deadly: set[int], main: int) -> list[int]:
    assert os.getpid() != main
    if deadly.intersection(items):
        os.kill(os.getpid(), signal.SIGKILL)
    return list(items)


def say_more_and_live(items: Sequence[int]) -> list[str]:
    return say_more(items, "")


def die() -> NoReturn:
    os._exit(3)


def test_a_death_while_it_loads_costs_nothing(executor: Processes) -> None:
    executor.foresee(partial(die_elsewhere, os.getpid()), len(MANY))
    answers = list(executor.spread(say_where, MANY, batch=64, load=int))
    assert [item for item, _ in answers] == list(MANY)  # type: ignore[misc]


def die_elsewhere(main: int) -> None:
    if os.getpid() != main:
        os._exit(3)


def test_what_cannot_be_sent_is_done_by_those_who_inherit_it(executor: Processes) -> None:
    executor.foresee(int, len(MANY))
    answers = list(executor.spread(lambda items: [item + 1 for item in items], MANY, batch=64, load=int))
    assert answers == [item + 1 for item in MANY]


class Stubborn:
    """Refuses to be sent."""

    def __reduce__(self) -> NoReturn:
        raise TypeError("stays here")


def test_from_the_first_item_on_that_cannot_be_sent_others_work(executor: Processes) -> None:
    executor.foresee(int, len(MANY))
    items = [*range(200), Stubborn(), *range(200)]
    assert list(executor.spread(name_all, items, batch=8, load=int)) == [type(item).__name__ for item in items]


def name_all(items: Sequence[object]) -> list[str]:
    return [type(item).__name__ for item in items]


@pytest.mark.parametrize("load", [int, partial(time.sleep, 600)])
def test_it_ends_at_once_at_rest_and_while_it_loads(load: Callable[[], object]) -> None:
    begin = time.monotonic()
    executor = Processes(2)
    executor.foresee(load, len(MANY))
    time.sleep(0.05)
    executor.close()
    assert time.monotonic() - begin < 30


def test_a_run_that_stops_half_way_ends_it_at_once(executor: Processes) -> None:
    begin = time.monotonic()
    executor.foresee(int, len(MANY))
    answers = executor.spread(sleep_but_first, MANY, batch=8, load=int)
    assert next(answers) == 0
    answers.close()  # what an exception or Ctrl-C in the loop around does
    assert time.monotonic() - begin < 30
    assert len(list(executor.spread(say_where, MANY, batch=64, load=int))) == len(MANY)


@pytest.mark.parametrize("batch", [1, 8])
def test_whoever_ends_has_been_waited_for(executor: Processes, batch: int) -> None:
    """By force or by itself: no dead process is left to whoever is number one of this system."""
    executor.foresee(int, len(MANY))
    workers = {process for _, process in executor.spread(say_where, MANY, batch=64, load=int)}  # type: ignore[misc]
    answers = executor.spread(sleep_but_first, MANY, batch=batch, load=int)
    assert next(answers) == 0
    answers.close()
    assert len(workers) == 2
    assert not [worker for worker in workers if Path(f"/proc/{worker}").exists()]


def sleep_but_first(items: Sequence[int]) -> list[int]:
    if items[0]:
        time.sleep(600)
    return list(items)


@pytest.mark.parametrize("broken", ["fork", "memfd_create", "pipe"])
def test_where_the_system_has_no_room_it_is_as_if_nothing_had_been_foreseen(
    executor: Processes, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, broken: str
) -> None:
    def refuse(*arguments: object) -> NoReturn:
        raise OSError(errno.EMFILE, "no room")

    load = partial(load_once, tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(os, broken, refuse)
        executor.foresee(load, len(MANY))
    executor.ensure(load)
    assert [int(path.name) for path in tmp_path.iterdir()] == [os.getpid()]


def test_with_one_fork_fewer_one_does_all(executor: Processes) -> None:
    executor.foresee(refuse_forks, len(MANY))
    assert len({process for _, process in executor.spread(say_where, MANY, batch=64, load=int)}) == 1  # type: ignore[misc]


def refuse_forks() -> None:
    def refuse() -> NoReturn:
        raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")

    os.fork = refuse  # type: ignore[assignment]


ORPHANS = """
import os, sys, time
from rewire.workers import Processes

def report(*items):
    os.write(1, b"%d\\n" % os.getpid())
    time.sleep(600 if sys.argv[1] != "rest" else 0.2)
    return list(*items)

executor = Processes(2)
executor.foresee(report if sys.argv[1] in ("load", "stopped") else int, 300)
if sys.argv[1] == "stopped":
    time.sleep(0.2)
    executor._zygote.while_it_waits(lambda: time.sleep(600))
list(executor.spread(report, range(2), batch=1, load=int))
time.sleep(600)
"""


@pytest.mark.parametrize("state", ["load", "stopped", "work", "rest"])
@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_nothing_outlives_the_process_that_forked_it(state: str, ending: signal.Signals) -> None:
    parent = subprocess.Popen([sys.executable, "-c", ORPHANS, state], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert parent.stdout
    workers = {int(parent.stdout.readline()) for _ in range(2 if state in ("work", "rest") else 1)}
    assert parent.pid not in workers
    if state in ("rest", "stopped"):
        time.sleep(0.5)
    parent.send_signal(ending)
    parent.wait(timeout=30)
    parent.stdout.close()
    for worker in workers:
        wait_until_gone(worker)


def wait_until_gone(process: int) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            status = Path(f"/proc/{process}/stat").read_text()
        except (FileNotFoundError, ProcessLookupError):
            return
        if status.rpartition(")")[2].split()[0] == "Z":
            return
        time.sleep(0.02)
    pytest.fail(f"{process} is still there")


def test_while_others_wait_for_this_process_it_takes_no_time(executor: Processes, tmp_path: Path) -> None:
    executor.foresee(partial(count_up, tmp_path / "count"), len(MANY))

    def meanwhile() -> None:
        time.sleep(0.1)  # it may be in the middle of a step when it is stopped
        seen.append((tmp_path / "count").read_text())
        time.sleep(0.3)
        seen.append((tmp_path / "count").read_text())

    seen: list[str] = []
    while not (tmp_path / "count").exists():
        time.sleep(0.01)
    executor.hurry(meanwhile)
    assert seen[0] == seen[1]
    while (tmp_path / "count").read_text() == seen[1]:
        time.sleep(0.01)


def count_up(file: Path) -> None:
    for number in range(100_000):
        aside = file.with_suffix(".new")
        aside.write_text(str(number))
        aside.replace(file)
        time.sleep(0.002)


def test_more_batches_than_one_round_takes(executor: Processes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zygote, "MOST", 3)
    executor.foresee(int, len(MANY))
    assert [item for item, _ in executor.spread(say_where, MANY, batch=8, load=int)] == list(MANY)  # type: ignore[misc]
