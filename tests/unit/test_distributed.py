"""The dask executor by itself: order, bounds, deaths, strangers, and clusters that are not there or go away."""

from __future__ import annotations

import os
import signal
import socket
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support import errands
from support.clusters import PATIENCE, Cluster, running, wait_for

from rewire.distributed import cluster as cluster_module
from rewire.distributed import connect, executor, kinship
from rewire.distributed.executor import Dask
from rewire.errors import ClusterError, UsageError
from rewire.workers import Died

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

TESTS = Path(__file__).parents[1]
CALM = {"DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "10s"}
"""A scheduler calls a worker that has just died again and again, for half a minute unless it is told otherwise."""


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A scheduler with two workers, started by dask's own commands."""
    folder = tmp_path_factory.mktemp("cluster")
    with running(
        folder / "there", folder / "hidden", DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES="1", **CALM
    ) as cluster:
        cluster.add_workers(2, path=[TESTS])
        yield cluster


@pytest.fixture
def dask(there: Cluster) -> Iterator[Dask]:
    made = Dask(there.address)
    yield made
    made.close()


@pytest.fixture(scope="module")
def local() -> Iterator[Dask]:
    made = Dask(None, 2)
    yield made
    made.close()


def test_answers_come_in_the_order_of_the_items(dask: Dask) -> None:
    seen: list[int] = []
    answers = list(dask.spread(errands.double, range(500), batch=7, advance=seen.append))
    assert answers == [item * 2 for item in range(500)]
    assert sum(seen) == 500


def test_the_work_is_done_by_all_workers_and_not_here(dask: Dask) -> None:
    done_by = set(dask.spread(errands.who, range(200), batch=1))
    assert len(done_by) == 2
    assert os.getpid() not in done_by


def test_what_is_not_worth_it_is_done_here(dask: Dask) -> None:
    assert set(dask.spread(errands.who, range(40), batch=5, pays_from=41)) == {os.getpid()}
    assert set(dask.spread(errands.who, range(5), batch=5)) == {os.getpid()}
    assert os.getpid() not in set(dask.spread(errands.who, range(6), batch=5))
    assert list(dask.spread(errands.double, [], batch=4)) == []


@pytest.mark.parametrize("kind", ["dask", "local"])
def test_an_item_that_kills_workers_costs_itself(kind: str, request: pytest.FixtureRequest) -> None:
    used: Dask = request.getfixturevalue(kind)
    answers = list(used.spread(errands.double_or_die, range(60), batch=5))
    assert [answer for answer in answers if isinstance(answer, Died)] == [Died(13), Died(14)]
    assert forgotten(used)
    assert [answers[item] for item in range(60) if item not in (13, 14)] == [
        i * 2 for i in range(60) if i not in (13, 14)
    ]


def forgotten(dask: Dask) -> bool:
    """Nothing of ours is left on the cluster."""
    cluster = dask._cluster
    assert cluster
    wait_for(lambda: not cluster._client.who_has())
    return True


@pytest.mark.parametrize("kind", ["dask", "local"])
def test_a_worker_that_is_lost_costs_nothing(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    used: Dask = request.getfixturevalue(kind)
    work = partial(errands.double_but_lose_one_worker, flag=str(tmp_path / "lost"))
    assert list(used.spread(work, range(60), batch=5)) == [item * 2 for item in range(60)]
    assert (tmp_path / "lost").exists()


def test_workers_that_die_whatever_they_are_given_end_the_run(local: Dask) -> None:
    with pytest.raises(ClusterError, match="die whatever"):
        list(local.spread(errands.die, range(20), batch=2))


def test_an_exception_in_the_function_is_not_swallowed(dask: Dask) -> None:
    with pytest.raises(ValueError, match="cannot 0"):
        list(dask.spread(errands.complain, range(40), batch=5))
    assert forgotten(dask)


class Counted(list[int]):
    """Knows how many of its items were looked at."""

    looked_at = 0

    def __iter__(self) -> Iterator[int]:
        for item in super().__iter__():
            self.looked_at += 1
            yield item


def test_no_more_is_sent_than_the_workers_need(dask: Dask) -> None:
    items = Counted(range(1000))
    ahead = max(
        items.looked_at - number for number, _ in enumerate(dask.spread(errands.double, items, batch=10))
    )  # fmt: skip
    assert 10 < ahead <= (2 * 2 + 2) * 10 + 1


def test_large_items_go_out_in_smaller_batches(dask: Dask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executor, "MOST_BYTES", 10_000)
    sizes = list(dask.spread(errands.measure, [b"x" * 3000] * 20 + [b"y" * 30_000], batch=8))
    assert set(sizes) == {6000, 9000, 30_000}
    assert len(sizes) == 21


def test_a_codemod_that_the_workers_do_not_have_is_named(dask: Dask) -> None:
    with pytest.raises(ClusterError, match=rf"worker tcp://127.0.0.1:\d+ has no {__name__}, and 1 more"):
        list(dask.spread(double_elsewhere, range(40), batch=5))


def double_elsewhere(items: Sequence[int]) -> list[int]:
    return errands.double(items)


@pytest.fixture
def stranger(tmp_path: Path) -> Iterator[Cluster]:
    with running(tmp_path / "cluster", tmp_path / "hidden") as cluster:
        yield cluster


def copy_of_rewire(folder: Path, edit: str) -> Path:
    """rewire as it is here, with one more line."""
    import shutil

    import rewire

    shutil.copytree(Path(rewire.__file__).parent, folder / "rewire", ignore=shutil.ignore_patterns("__pycache__"))
    with (folder / "rewire" / "locate.py").open("a") as file:
        file.write(edit)
    return folder


def test_a_worker_with_other_code_is_refused_before_and_when_it_comes_later(stranger: Cluster, tmp_path: Path) -> None:
    same = copy_of_rewire(tmp_path / "same", "")
    other = copy_of_rewire(tmp_path / "other", "# one line more\n")
    stranger.add_workers(1, path=[same, TESTS])
    dask = Dask(stranger.address)
    try:
        assert list(dask.spread(errands.double, range(4), batch=1)) == [0, 2, 4, 6]
        stranger.add_workers(2, path=[other, TESTS])
        with pytest.raises(ClusterError, match=r"worker tcp://127.0.0.1:\d+ has other code of rewire") as raised:
            list(dask.spread(errands.who, range(4000), batch=1))
        assert raised.value.exit_code == 4
        assert "restart" in raised.value.advice
    finally:
        dask.close()
    with pytest.raises(ClusterError, match=r"has other code of rewire(, and 1 more)?"):
        Dask(stranger.address)


def test_a_worker_without_rewire_is_refused(stranger: Cluster, tmp_path: Path) -> None:
    (tmp_path / "none" / "rewire").mkdir(parents=True)
    (tmp_path / "none" / "rewire" / "__init__.py").touch()
    stranger.add_workers(1, path=[tmp_path / "none"])
    with pytest.raises(ClusterError, match=r"worker tcp://\S+ has no rewire"):
        Dask(stranger.address)


def test_a_cluster_without_workers_is_refused(stranger: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connect, "WORKER_SECONDS", 0.2)
    with pytest.raises(ClusterError, match="has no worker"):
        Dask(stranger.address)


def test_a_cluster_that_loses_all_its_workers_ends_the_run(
    stranger: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster_module, "LOOK_SECONDS", 0.2)
    monkeypatch.setattr(cluster_module, "LONELY_SECONDS", 1)
    lose(stranger, 1, tmp_path, "no worker is left")


def test_a_scheduler_that_goes_away_ends_the_run(stranger: Cluster, tmp_path: Path) -> None:
    lose(stranger, 0, tmp_path, "scheduler is gone")


def lose(cluster: Cluster, which: int, folder: Path, complaint: str) -> None:
    """Kill the scheduler (0) or the workers (1) while they work."""
    cluster.add_workers(1, path=[TESTS])
    dask = Dask(cluster.address)
    answers = dask.spread(partial(errands.report_and_wait, flag=str(folder / "begun")), range(3), batch=1)
    kill = partial(os.killpg, cluster.processes[which].pid, signal.SIGKILL)
    try:
        with pytest.raises(ClusterError, match=complaint):
            after(folder / "begun", kill, answers)
    finally:
        dask.close()


def after(flag: Path, act: Any, answers: Iterator[Any]) -> None:
    """Wait for the first answer, and ``act`` as soon as ``flag`` is there."""
    import threading

    def watch() -> None:
        wait_for(flag.exists)
        act()

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        next(answers)
    finally:
        thread.join()


def test_nobody_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connect, "CONNECT_SECONDS", 0.5)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(ClusterError, match=f"no dask scheduler at {address}, but nothing: no answer") as raised:
        Dask(address)
    assert raised.value.exit_code == 4
    assert "dask scheduler" in raised.value.advice


def test_somebody_listens_who_never_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connect, "CONNECT_SECONDS", 0.5)
    begin = time.monotonic()
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        with pytest.raises(ClusterError, match=r"no answer within 0\.5 s"):
            Dask(f"tcp://127.0.0.1:{silent.getsockname()[1]}")
    assert time.monotonic() - begin < PATIENCE


def test_a_worker_is_no_scheduler(there: Cluster) -> None:
    from distributed import Client

    with Client(there.address, set_as_default=False) as client:
        worker = next(iter(client.nthreads()))
    with pytest.raises(ClusterError, match=f"no dask scheduler at {worker}, but Worker"):
        Dask(worker)


@pytest.mark.parametrize("text", ["", "localhost", "localhost:8786", "tcp://localhost", "http://h:1", "tcp://a b:1"])
def test_an_address_that_is_none_is_a_mistake_of_the_command_line(text: str) -> None:
    with pytest.raises(UsageError, match="tcp://HOST:PORT"):
        Dask(text)


def test_a_local_cluster_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    dask = Dask(None, 2)
    workers = set(dask.spread(errands.who, range(100), batch=1))
    assert os.getpid() not in workers
    assert [path.name[:12] for path in tmp_path.iterdir()] == ["rewire-dask-"]
    dask.close()
    dask.close()
    assert not list(tmp_path.iterdir())
    wait_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in workers))


def test_a_local_cluster_that_cannot_start_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DASK_DISTRIBUTED__ADMIN__EVENT_LOOP", "no such loop")
    with pytest.raises(ClusterError, match=r"did not start: .*no such loop"):
        list(Dask(None, 1).spread(errands.double, range(4), batch=1))


def test_the_first_difference_is_named() -> None:
    expected = {"Python": "3.11.2", "libcst": "1.9", kinship.CODE + "acme": "00"}
    assert kinship.difference(expected, expected) == ""
    assert kinship.difference(expected, {**expected, "Python": "3.12.1"}) == "runs Python 3.12.1, this process 3.11.2"
    assert kinship.difference(expected, {**expected, "libcst": ""}) == "has no libcst"
    assert kinship.difference(expected, {}) == "has no Python"
    assert kinship.difference(expected, {**expected, kinship.CODE + "acme": "11"}).startswith("has other code of acme")


def test_code_is_compared_by_its_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    digests = []
    for name, files in {
        "one": {"__init__.py": "", "sub/a.py": "x = 1\n"},
        "two": {"__init__.py": "", "sub/a.py": "x = 1\n"},
        "three": {"__init__.py": "", "sub/a.py": "x = 2\n"},
        "four": {"__init__.py": "", "sub/b.py": "x = 1\n"},
    }.items():
        for path, text in files.items():
            (tmp_path / name / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name / path).write_text(text)
        digests.append(kinship.identity((kinship.CODE + name,))[kinship.CODE + name])
    assert digests[0] == digests[1]
    assert len(set(digests)) == 3
    (tmp_path / "alone.py").write_text("x = 1\n")
    assert kinship.identity((kinship.CODE + "alone", kinship.CODE + "nowhere", kinship.CODE + "no.where")) == {
        kinship.CODE + "alone": kinship.identity((kinship.CODE + "alone",))[kinship.CODE + "alone"],
        kinship.CODE + "nowhere": "",
        kinship.CODE + "no.where": "",
    }
