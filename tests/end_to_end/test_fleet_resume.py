"""A fleet that was stopped goes on: by kill at every moment that matters, by Ctrl-C, by trouble in one repository."""

from __future__ import annotations

import os
import signal
import sys
import time
from typing import TYPE_CHECKING

import pytest
from support.fleets import BRANCH, Fleet, footprint, mailed, tip
from support.repositories import git, words, write

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the processes are forked, and die with their parent")

WARN = 'logger.warn("a")\n'
FILES = {"app/main.py": WARN, "app/other.py": WARN * 2}
NAMES = ("first", "second", "third")
REFS = "refs/rewire/fleet/rewire%2Flogging"


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    return Fleet(tmp_path / "fleet", tmp_path / "site")


@pytest.fixture
def three(fleet: Fleet) -> dict[str, Path]:
    return {name: fleet.add(name, FILES) for name in NAMES}


def refs(repository: Path) -> dict[str, str]:
    """Every ref with its commit."""
    lines = words(repository, "for-each-ref", "--format=%(refname) %(objectname)").split("\n")
    return dict(tuple(line.split(" ")) for line in lines)  # type: ignore[misc]


def test_what_is_done_is_not_done_again(fleet: Fleet, three: dict[str, Path]) -> None:
    assert fleet.run().code == 0
    before = [refs(path) for path in three.values()]
    written = {path: path.stat().st_mtime_ns for path in fleet.output.glob("*/*")}
    summary = fleet.summary()
    done = fleet.run("--resume", "--select", "logger-warning")
    assert done.code == 0
    assert [line.split(": ")[1] for line in sorted(done.err.splitlines())] == ["done, 2 files; as before"] * 3
    assert [refs(path) for path in three.values()] == before
    assert {path: path.stat().st_mtime_ns for path in fleet.output.glob("*/*")} == written
    assert fleet.summary() == summary


def test_the_same_work_done_again_gives_the_same_commits(fleet: Fleet, three: dict[str, Path]) -> None:
    assert fleet.run().code == 0
    before = [refs(path) for path in three.values()]
    later = {"GIT_COMMITTER_DATE": "2040-01-01T00:00:00Z", "GIT_AUTHOR_DATE": "2040-01-01T00:00:00Z"}
    fleet.command.environment.update(later)
    (next((fleet.output / "second").glob("*.patch"))).unlink()
    done = fleet.run()
    assert "second: done, 2 files; as before" not in done.err
    assert done.err.count("as before") == 2
    assert (next((fleet.output / "second").glob("*.patch"))).exists()
    done = fleet.run("--restart", "--select", "logger-warning")
    assert "as before" not in done.err
    assert [refs(path) for path in three.values()] == before
    git(three["third"], "branch", "-D", BRANCH)
    done = fleet.run()
    assert done.err.count("as before") == 2
    assert tip(three["third"]) not in ("", before[2][f"refs/heads/{BRANCH}"])


def test_a_head_that_moved_is_begun_from_again(fleet: Fleet, three: dict[str, Path]) -> None:
    assert fleet.run().code == 0
    first = three["first"]
    old = tip(first)
    write(first, {"app/new.py": WARN})
    git(first, "add", "-A")
    git(first, "commit", "-q", "-m", "more")
    done = fleet.run()
    assert done.code == 0
    assert done.err.count("as before") == 2
    assert words(first, "rev-parse", f"{BRANCH}~1") == words(first, "rev-parse", "main")
    assert words(first, "diff", "--name-only", f"main..{BRANCH}").split() == [
        "app/main.py",
        "app/new.py",
        "app/other.py",
    ]
    assert fleet.record("first")["notes"][0].startswith("HEAD has moved since the last run")
    assert words(first, "reflog", "--format=%H", BRANCH).split("\n")[1] == old
    (patch,) = (fleet.output / "first").glob("*.patch")
    assert b"app/new.py" in patch.read_bytes()


def test_a_branch_that_somebody_worked_on_is_left_alone(fleet: Fleet, three: dict[str, Path]) -> None:
    assert fleet.run().code == 0
    first = three["first"]
    git(first, "checkout", "-q", BRANCH)
    git(first, "commit", "-q", "--amend", "-m", "mine")
    git(first, "checkout", "-q", "main")
    mine = tip(first)
    done = fleet.run()
    assert done.code == 0
    assert "the branch has moved on since" in done.text
    assert tip(first) == mine
    git(first, "commit", "-q", "--allow-empty", "-m", "more")
    done = fleet.run()
    assert done.code == 3
    assert "is not (or no longer) what rewire fleet made" in done.text
    assert fleet.run("--restart", "--select", "logger-warning").code == 3
    assert tip(first) == mine


def test_our_own_branch_that_is_checked_out_is_not_moved(fleet: Fleet, three: dict[str, Path]) -> None:
    assert fleet.run().code == 0
    first = three["first"]
    git(first, "checkout", "-q", BRANCH)
    before = footprint(first)
    done = fleet.run()
    assert done.code == 0
    assert done.err.count("as before") == 3
    done = fleet.run("--restart", "--select", "logger-warning")
    assert done.code == 3
    assert f"the branch {BRANCH} itself is checked out" in done.text
    assert footprint(first) == before
    git(first, "checkout", "-q", "main")
    git(first, "commit", "-q", "--allow-empty", "-m", "more")
    git(first, "worktree", "add", "-q", "../linked", BRANCH)
    done = fleet.run()
    assert done.code == 3
    assert "is checked out in" in done.text


def test_another_configuration_is_other_work(fleet: Fleet, three: dict[str, Path]) -> None:
    for path in three.values():
        write(path, {"more.py": "audit.warn(1)\n"})
        git(path, "add", "-A")
        git(path, "commit", "-q", "-m", "more")
    assert fleet.run().code == 0
    done = fleet.run("--select", "logger-warning", "--set", "logger-warning.names=audit")
    assert done.code == 0
    assert "as before" not in done.err
    assert words(three["first"], "diff", "--name-only", f"main..{BRANCH}") == "more.py"
    done = fleet.run("--select", "logger-warning", "--set", "logger-warning.names=nobody")
    assert done.code == 0
    assert fleet.record("first")["status"] == "unchanged"
    assert "of an earlier run is still there" in done.text
    assert not list((fleet.output / "first").glob("*.patch"))


def test_a_state_that_cannot_be_read_is_not_guessed_at(fleet: Fleet, three: dict[str, Path]) -> None:
    assert fleet.run().code == 0
    before = [refs(path) for path in three.values()]
    for text in (
        "{",
        "[]",
        '{"schema_version": 77, "repositories": []}',
        '{"schema_version": 1, "repositories": [{}]}',
    ):
        (fleet.output / "state.json").write_text(text)
        done = fleet.run()
        assert done.code == 2
        assert "--restart" in done.err
        assert "Traceback" not in done.err
    assert fleet.run("--restart", "--select", "logger-warning").code == 0
    assert [refs(path) for path in three.values()] == before


KILL = """
import os, signal, time
import rewire.fleet.{module} as module
import rewire.fleet.crew
original = module.{name}
starter = os.getpid()
calls = 0

def killed(*arguments, **named):
    global calls
    calls += 1
    meant = calls == {call} and {condition}
    if meant and {before}:
        kill()
    answer = original(*arguments, **named)
    if meant:
        kill()
    return answer

def kill():
    os.kill(starter, signal.SIGKILL)
    time.sleep(60)  # as a process of the fleet's: until the system kills it, too

module.{name} = killed
"""

MOMENTS = {
    "before anything is looked at": ("visit", "find_place", 1, True),
    "before the run": ("visit", "run", 1, True),
    "before the commits": ("visit", "draft", 1, True),
    "with commits that nothing names": ("visit", "draft", 1, False),
    "in the middle of the reports": ("products", "write_whole", 1, False),
    "before the patches": ("products", "_write_series", 1, True),
    "with the patches and without the branch": ("visit", "publish", 1, True),
    "with the branch and without a record": ("visit", "publish", 1, False),
    "before the record is kept": ("state", "save", 3, True),
    "with the record": ("state", "save", 3, False),
}


def prelude(moment: str) -> str:
    module, name, call, before = MOMENTS[moment]
    in_second = "'/second' in repr(arguments)" if module != "state" else "True"
    return KILL.format(module=module, name=name, call=call, before=before, condition=in_second)


@pytest.mark.parametrize(
    ("moment", "again"),
    [
        *((moment, False) for moment in MOMENTS),
        ("with commits that nothing names", True),
        ("with the patches and without the branch", True),
        ("with the branch and without a record", True),
    ],
)
def test_a_fleet_that_is_killed_goes_on(
    fleet: Fleet, three: dict[str, Path], tmp_path: Path, moment: str, again: bool
) -> None:
    if again:
        assert fleet.run("--jobs", "1", "--select", "logger-warning").code == 0
        for path in three.values():
            write(path, {"app/new.py": WARN})
            git(path, "add", "-A")
            git(path, "commit", "-q", "-m", "more")
    before = {name: footprint(path) for name, path in three.items()}
    dead = fleet.run_after(prelude(moment), "--jobs", "1", "--select", "logger-warning")
    assert dead.code == -signal.SIGKILL, dead.err
    assert dead.err.count("\n") == 1  # the line about the first; the second's was not reached
    made = {name: tip(path) for name, path in three.items()}
    done = fleet.run()
    assert done.code == 0, done.text
    assert "first: done" in done.err
    assert next(line for line in done.err.splitlines() if "first:" in line).endswith("as before")
    assert tip(three["first"]) == made["first"]
    for name, path in three.items():
        assert footprint(path) == before[name]
        assert words(path, "rev-list", "--count", f"main..{BRANCH}") == "1"
        clone = mailed(path, "main", fleet.output / name, tmp_path / f"{name} mailed")
        assert words(clone, "rev-parse", "HEAD^{tree}") == words(path, "rev-parse", f"{BRANCH}^{{tree}}")
        assert refs(path)[f"{REFS}/last"] == tip(path)
        assert f"{REFS}/next" not in refs(path)
    leftover = [path.name for path in fleet.output.rglob("*") if path.name.endswith(".partial")]
    assert leftover == []


STEPS = """
import os, signal, time
from rewire.deliver.commit.git import Git
original, starter, calls = Git.run, os.getpid(), 0

def run(self, *arguments, **named):
    global calls
    answer = original(self, *arguments, **named)
    if arguments[0] == "update-ref":
        calls += 1
        if calls == {step}:
            os.kill(starter, signal.SIGKILL)
            time.sleep(60)
    return answer

Git.run = run
"""


@pytest.mark.parametrize("step", [1, 2, 3, 4])
def test_a_kill_between_two_refs_makes_nobody_else_of_us(fleet: Fleet, step: int) -> None:
    """The branch is moved, what remembers it is not (yet): it is still known to be ours, and unmodified."""
    only = fleet.add("only", FILES)
    assert fleet.run().code == 0
    git(only, "commit", "-q", "--allow-empty", "-m", "more")
    assert fleet.run_after(STEPS.format(step=step)).code == -signal.SIGKILL
    git(only, "commit", "-q", "--allow-empty", "-m", "and more")
    done = fleet.run()
    assert done.code == 0, done.text
    assert words(only, "rev-parse", f"{BRANCH}~1") == words(only, "rev-parse", "main")


def test_kills_at_any_time_lose_nothing(fleet: Fleet) -> None:
    paths = [fleet.add(f"r{number}", FILES) for number in range(6)]
    before = [footprint(path) for path in paths]
    for seconds in (0.3, 0.5, 0.7, 0.9):
        process = fleet.start("")
        time.sleep(seconds)
        process.kill()
        process.communicate(timeout=60)
    deadline = time.monotonic() + 30
    done = fleet.run()
    while "another rewire fleet is at work" in done.err and time.monotonic() < deadline:
        time.sleep(0.1)
        done = fleet.run()
    assert done.code == 0, done.text + done.err
    assert [footprint(path) for path in paths] == before
    for path in paths:
        assert words(path, "rev-list", "--count", f"main..{BRANCH}") == "1"
        assert refs(path)[f"{REFS}/last"] == tip(path)


HOLD = """
import pathlib, os, time
import rewire.fleet.visit as module
original = module.draft

def held(result, options):
    if result.before.root.name == "second":
        pathlib.Path({sign!r}).write_text(str(os.getpid()))
        time.sleep(60)
    return original(result, options)

module.draft = held
"""


def wait_for(sign: Path) -> int:
    """The process id that a held process has written down."""
    deadline = time.monotonic() + 60
    while not (sign.exists() and sign.read_text()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return int(sign.read_text())


def is_gone(process: int) -> bool:
    """True if a process has ended (perhaps not yet reaped)."""
    try:
        with open(f"/proc/{process}/stat") as file:  # noqa: PTH123
            return file.read().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


@pytest.mark.parametrize("whole_group", [False, True])
def test_ctrl_c_says_how_far_it_came_and_ends_everything(
    fleet: Fleet, three: dict[str, Path], tmp_path: Path, whole_group: bool
) -> None:
    sign = tmp_path / "sign"
    process = fleet.start(HOLD.format(sign=str(sign)), "--jobs", "1", "--select", "logger-warning")
    held = wait_for(sign)
    if whole_group:
        os.killpg(process.pid, signal.SIGINT)
    else:
        process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert out == b""
    assert err.decode().splitlines()[-1] == (
        "rewire: interrupted; 1 of 3 repositories are through; the same command goes on"
    )
    assert "Traceback" not in err.decode()
    assert is_gone(held)
    assert tip(three["first"])
    assert not tip(three["second"])
    done = fleet.run()
    assert done.code == 0
    assert "first: done, 2 files; as before" in done.err


def test_two_fleets_do_not_share_an_output(fleet: Fleet, three: dict[str, Path], tmp_path: Path) -> None:
    sign = tmp_path / "sign"
    process = fleet.start(HOLD.format(sign=str(sign)))
    held = wait_for(sign)
    done = fleet.run()
    assert done.code == 2
    assert "another rewire fleet is at work" in done.err
    process.kill()
    process.communicate(timeout=60)
    deadline = time.monotonic() + 30
    while not is_gone(held) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert is_gone(held)
    assert fleet.run().code == 0


TROUBLE = """
import os, signal
import rewire.fleet.visit as module
original = module.run

def run(request):
    if request.discovered.root.name == "second":
        {trouble}
    return original(request)

module.run = run
"""


@pytest.mark.parametrize(
    ("trouble", "reason", "jobs"),
    [
        ("os.kill(os.getpid(), signal.SIGKILL)", "the process that worked on it was killed (SIGKILL)", "3"),
        ("os._exit(7)", "the process that worked on it ended without an answer (exit status 7)", "1"),
        ("raise ZeroDivisionError('by design')", "internal error: ZeroDivisionError: by design", "3"),
        ("raise MemoryError", "internal error: MemoryError: ", "1"),
        ("raise SystemExit(3)", "the process that worked on it ended without an answer (exit status 3)", "3"),
    ],
)
def test_a_crash_costs_its_own_repository(
    fleet: Fleet, three: dict[str, Path], trouble: str, reason: str, jobs: str
) -> None:
    done = fleet.run_after(TROUBLE.format(trouble=trouble), "--jobs", jobs, "--select", "logger-warning")
    assert done.code == 3
    assert reason in done.text
    assert [bool(tip(path)) for path in three.values()] == [True, False, True]
    assert (fleet.output / "second/traceback.txt").exists() == reason.startswith("internal error")
    again = fleet.run()
    assert again.code == 0
    assert again.err.count("as before") == 2
    assert not (fleet.output / "second/traceback.txt").exists()


NOTED = """
import rewire.fleet.run as module
original = module.preload

def preload(names):
    with open({sign!r}, "a") as file:
        file.write(f"{{len(names)}}\\n")
    original([*names, "rewire.no_such_module"])

module.preload = preload
"""


def test_what_one_repository_needs_is_imported_once(fleet: Fleet, three: dict[str, Path], tmp_path: Path) -> None:
    sign = tmp_path / "sign"
    done = fleet.run_after(NOTED.format(sign=str(sign)), "--jobs", "1", "--select", "logger-warning", "--no-cache")
    assert done.code == 0, done.err
    first, *others = map(int, sign.read_text().split())
    assert first > 20
    assert max(others) < 5
