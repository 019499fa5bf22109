"""Ended from outside, short of room, and nobody to read: what is there afterwards, what is said, and the exit code."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from support.command import Command, Done
from support.repositories import make_repository, tree, words

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FILES = {f"app/m{number}.py": 'logger.warn("a")\n' for number in range(6)}
ONE = ("--select", "logger-warning")
RUN = "\nimport sys\nfrom rewire.__main__ import run\nrun()\n"

full = pytest.mark.skipif(not os.path.exists("/dev/full"), reason="a device that is always full")  # noqa: PTH110


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return make_repository(tmp_path / "project", FILES)


@pytest.fixture
def rewire(project: Path, tmp_path: Path) -> Command:
    return Command(project, tmp_path / "site")


def run_after(command: Command, prelude: str, *arguments: str, limit: Callable[[], None] | None = None) -> Done:
    """Run rewire after Python code that arranges for something to happen."""
    done = subprocess.run(
        [sys.executable, "-c", prelude + RUN, *arguments],
        cwd=command.folder,
        env=command.environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        timeout=120,
        preexec_fn=limit,
    )
    return Done(done.returncode, done.stdout, done.stderr.decode())


AT_THE_SECOND_RENAME = """
import os, signal
from rewire.deliver import disk
place, placed = disk._Move.place, []
def disturbed(move, step):
    place(move, step)
    placed.append(step)
    if len(placed) == 2:
        os.kill(os.getpid(), {signal})
disk._Move.place = disturbed
"""

TWICE = """
back = disk._Move.take_back
def impatient(move):
    os.kill(os.getpid(), signal.SIGINT)
    back(move)
disk._Move.take_back = impatient
"""


@pytest.mark.parametrize("again", [False, True], ids=["once", "and again while it is taken back"])
@pytest.mark.parametrize(
    ("ending", "code", "said"),
    [
        (signal.SIGINT, 130, "interrupted"),
        (signal.SIGTERM, 143, "ended by SIGTERM"),
        (signal.SIGHUP, 129, "ended by SIGHUP"),
    ],
)
def test_files_that_are_being_written_are_all_as_they_were(
    rewire: Command, project: Path, ending: signal.Signals, code: int, said: str, again: bool
) -> None:
    before = tree(project)
    heeded = f"import signal\nsignal.signal({int(ending)}, signal.SIG_DFL)\n" if ending is signal.SIGHUP else ""
    prelude = heeded + AT_THE_SECOND_RENAME.format(signal=int(ending)) + (TWICE if again else "")
    done = run_after(rewire, prelude, "apply", "--no-commit", *ONE)  # which nohup, around the tests, would spare
    if not again:  # the second one may come to speak before the first is told
        assert (done.code, done.err) == (code, f"rewire: {said}; nothing was written\n")
    assert "Traceback" not in done.err
    assert tree(project) == before


AS_THE_TREE_MOVES = """
import os, signal
from rewire.deliver.commit import landing
move = landing._move
def disturbed(*arguments):
    os.kill(os.getpid(), {signal})
    move(*arguments)
landing._move = disturbed
"""


@pytest.mark.parametrize(("ending", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_tree_that_is_moving_is_whole_and_that_is_said(
    rewire: Command, project: Path, ending: signal.Signals, code: int
) -> None:
    done = run_after(rewire, AS_THE_TREE_MOVES.format(signal=int(ending)), "apply", *ONE)
    assert done.code == code
    assert done.err.endswith("; the commits are made, and the work tree is whole\n")
    assert words(project, "status", "--porcelain") == ""
    assert words(project, "rev-list", "--count", "HEAD") == "2"


def test_who_does_not_heed_hangups_is_not_ended_by_one(rewire: Command, project: Path) -> None:
    """As under nohup."""
    ignored = "import signal\nsignal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
    done = run_after(
        rewire, ignored + AT_THE_SECOND_RENAME.format(signal=int(signal.SIGHUP)), "apply", "--no-commit", *ONE
    )
    assert done.code == 0
    assert words(project, "diff", "--name-only").split() == sorted(FILES)


@full
@pytest.mark.parametrize(
    "arguments", [["--version"], ["list"], ["cache", "path"], ["apply", "--dry-run", *ONE]], ids=str
)
def test_a_full_disk_behind_stdout_is_no_fault_of_ours(rewire: Command, arguments: list[str]) -> None:
    done = with_streams(rewire, *arguments, stdout="/dev/full")
    assert done.code == 4
    assert "No space left on device" in done.err
    assert "-> make room" in done.err
    assert "internal error" not in done.err
    assert "Traceback" not in done.err


@full
def test_a_run_whose_summary_cannot_be_shown_says_that_it_was_delivered(rewire: Command, project: Path) -> None:
    done = with_streams(rewire, "apply", *ONE, stdout="/dev/full")
    assert done.code == 4
    assert "; the run had been delivered\n" in done.err
    assert words(project, "rev-list", "--count", "HEAD") == "2"


@full
def test_a_full_disk_behind_stderr_is_no_found_work(rewire: Command) -> None:
    done = with_streams(rewire, "apply", "--dry-run", *ONE, stderr="/dev/full")
    assert done.code == 4
    assert done.out.startswith(b"diff --git ")


def with_streams(command: Command, *arguments: str, stdout: str = "", stderr: str = "") -> Done:
    process = subprocess.run(
        command.words(*arguments),
        cwd=command.folder,
        env=command.environment,
        stdout=open(stdout, "wb") if stdout else subprocess.PIPE,  # noqa: PTH123, SIM115
        stderr=open(stderr, "wb") if stderr else subprocess.PIPE,  # noqa: PTH123, SIM115
        check=False,
        timeout=120,
    )
    return Done(process.returncode, process.stdout or b"", (process.stderr or b"").decode())


def test_a_product_for_which_there_is_no_folder_stops_the_run_before_it_starts(rewire: Command, project: Path) -> None:
    done = rewire("apply", *ONE, "--format", "json", "--output", "absent/report.json")
    assert done.code == 2
    assert "--output absent/report.json: there is no such folder" in done.err
    assert words(project, "rev-list", "--count", "HEAD") == "1"


def test_a_product_that_cannot_be_written_says_that_the_run_was_delivered(rewire: Command, project: Path) -> None:
    (project.parent / "taken").mkdir()
    done = rewire("apply", *ONE, "--format", "json", "--output", "../taken")
    assert done.code == 4
    assert "../taken: cannot be written: Is a directory; the run had been delivered" in done.err
    assert words(project, "rev-list", "--count", "HEAD") == "2"


def test_a_system_without_open_files_is_no_fault_of_ours(rewire: Command) -> None:
    def few() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (8, 8))

    prelude = "import rewire.pipeline.line, rewire.cli.dispatch, rewire.cli.apply, rewire.cli.trouble\n"
    done = run_after(rewire, prelude, "apply", "--dry-run", *ONE, limit=few)
    assert done.code == 4
    assert "rewire: the system has no more to give: Too many open files" in done.err
    assert "internal error" not in done.err
