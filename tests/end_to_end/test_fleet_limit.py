"""A repository that takes too long is ended, wherever it is and however firmly it hangs; the others go on."""

from __future__ import annotations

import os
import shlex
import sys
from typing import TYPE_CHECKING

import pytest
from support.fleets import BRANCH, ONE, Fleet, footprint, tip
from support.repositories import words

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the processes inherit what a test lets them do")

WARN = 'logger.warn("a")\n'
FILES = {"app/main.py": WARN, "app/other.py": WARN * 2}
NAMES = ("first", "second", "third")
LIMIT = ("--time-limit", "5s", *ONE)

SLOW = """
import pathlib, signal, time
import rewire.fleet.crew
import rewire.fleet.{module} as module
rewire.fleet.crew.PATIENCE = 0.5
original = module.{name}

def slow(*arguments, **named):
    if {before}:
        hang(arguments)
    answer = original(*arguments, **named)
    if not {before}:
        hang(arguments)
    return answer

def hang(arguments):
    if "/second" in repr(arguments):
        if {deaf}:
            signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
        time.sleep({seconds})

module.{name} = slow
"""


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    return Fleet(tmp_path / "fleet", tmp_path / "site")


@pytest.fixture
def three(fleet: Fleet) -> dict[str, Path]:
    return {name: fleet.add(name, FILES) for name in NAMES}


def slow(module: str, name: str, *, before: bool = True, deaf: bool = False, seconds: float = 60) -> str:
    """Code that lets ``second`` hang before or after a step; ``deaf``: as in C code that never looks at signals."""
    return SLOW.format(module=module, name=name, before=before, deaf=deaf, seconds=seconds)


@pytest.mark.parametrize(
    ("module", "name", "before", "deaf", "jobs"),
    [
        ("visit", "find_place", True, False, "1"),
        ("visit", "run", True, True, "3"),
        ("visit", "draft", False, False, "3"),
        ("products", "write_whole", False, True, "1"),
        ("products", "_write_series", False, False, "1"),
    ],
)
def test_a_repository_that_takes_too_long_is_failed_and_left_as_it_was(
    fleet: Fleet, three: dict[str, Path], module: str, name: str, before: bool, deaf: bool, jobs: str
) -> None:
    held = three["second"]
    print_before, refs_before = footprint(held), words(held, "for-each-ref")
    prelude = slow(module, name, before=before, deaf=deaf)
    done = fleet.run_after(prelude, *LIMIT, "--jobs", jobs)
    assert done.code == 3, done.text
    assert [bool(tip(path)) for path in three.values()] == [True, False, True]
    assert footprint(held) == print_before
    assert words(held, "for-each-ref") == refs_before
    left = fleet.output / "second"
    assert not left.exists() or not list(left.iterdir())
    record = fleet.record("second")
    assert record["status"] == "failed"
    assert record["reason"] == "not through after 5 seconds, the limit for each repository; nothing was written to it"
    assert "--time-limit" in record["advice"]
    assert 5 <= record["seconds"] < 60
    assert "second: failed: not through after 5 seconds" in done.err
    assert "Traceback" not in done.err
    again = fleet.run(*LIMIT, "--jobs", jobs)
    assert again.code == 0
    assert again.err.count("as before") == 2
    assert tip(held)


def test_a_branch_that_is_being_moved_is_waited_for(fleet: Fleet, three: dict[str, Path]) -> None:
    """Ended between two refs, it would be failed and have a branch all the same."""
    done = fleet.run_after(slow("visit", "publish", seconds=8), "--time-limit", "5s", *ONE)
    assert done.code == 0, done.text + done.err
    assert all(tip(path) for path in three.values())
    assert fleet.record("second")["seconds"] > 8


def test_told_to_end_while_the_branch_is_moved_it_comes_to_its_end(fleet: Fleet, three: dict[str, Path]) -> None:
    """As where the limit and the last step fall into one moment."""
    prelude = slow("visit", "publish").replace("time.sleep(60)", "signal.raise_signal(signal.SIGINT)")
    done = fleet.run_after(prelude, *LIMIT)
    assert done.code == 0, done.text + done.err
    assert fleet.record("second")["tip"] == tip(three["second"])


def test_a_git_that_never_comes_back_does_not_stop_the_fleet(fleet: Fleet, three: dict[str, Path]) -> None:
    prelude = slow("visit", "publish", before=False) + "rewire.fleet.crew.LAST_STEP = 1\n"
    done = fleet.run_after(prelude, "--time-limit", "5s", *ONE)
    assert done.code == 3
    assert "git took longer than 5 seconds to move the branch" in done.text
    assert all(tip(path) for path in three.values())
    before = tip(three["second"])
    assert fleet.run().code == 0
    assert tip(three["second"]) == before


def test_workers_of_a_late_repository_end_with_it(fleet: Fleet, tmp_path: Path) -> None:
    fleet.add("second", {f"app/m{number}.py": WARN for number in range(300)})
    sign = tmp_path / "sign"
    sign.mkdir()
    prelude = f"""
import os, pathlib, time
import rewire.fleet.crew, rewire.hands
rewire.fleet.crew.PATIENCE = 0.5
original = rewire.hands.end_with

def begin(alive):
    original(alive)
    (pathlib.Path({str(sign)!r}) / str(os.getpid())).touch()
    time.sleep(60)

rewire.hands.end_with = begin
"""
    done = fleet.run_after(prelude, *LIMIT, "--jobs", "2")
    assert done.code == 3
    assert "not through after 5 seconds" in done.text
    started = [int(path.name) for path in sign.iterdir()]
    assert started
    for process in started:
        with pytest.raises(ProcessLookupError):
            os.kill(process, 0)


def test_without_a_limit_it_may_take_what_it_takes(fleet: Fleet, three: dict[str, Path]) -> None:
    done = fleet.run_after(slow("visit", "run", seconds=3), "--time-limit", "none", *ONE)
    assert done.code == 0
    command = shlex.split(fleet.summary()["command"])
    assert command[command.index("--time-limit") + 1] == "none"
    assert words(three["second"], "rev-list", "--count", f"main..{BRANCH}") == "1"


@pytest.mark.parametrize("text", ["0s", "30", "h", "-1s", "1d", "1e3s", "nan", "inf", "", " 1s", "1234567h"])
def test_a_limit_that_is_no_time_is_said_so(fleet: Fleet, three: dict[str, Path], text: str) -> None:
    done = fleet.run(f"--time-limit={text}", *ONE)
    assert done.code == 2
    assert "expected a time such as 90s, 30m or 2h, or none" in done.err
    assert not any(tip(path) for path in three.values())


@pytest.mark.parametrize(("text", "said"), [("0.1s", "0.1 seconds"), ("0.01m", "0.6 seconds")])
def test_a_limit_may_have_a_fraction(fleet: Fleet, three: dict[str, Path], text: str, said: str) -> None:
    done = fleet.run_after(slow("visit", "find_place"), "--time-limit", text, "--restart", *ONE)
    assert f"not through after {said}" in done.text
