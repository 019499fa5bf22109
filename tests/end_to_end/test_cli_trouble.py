"""Bad input and bad luck: a clear message, the documented exit code, and nothing lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from support.command import Command
from support.repositories import git, make_repository, tree, words, write

if TYPE_CHECKING:
    from pathlib import Path

GOOD = {"app/good.py": 'logger.warn("a")\n'}
ONE = ("--select", "logger-warning")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return make_repository(tmp_path / "project", GOOD)


@pytest.fixture
def rewire(project: Path, tmp_path: Path) -> Command:
    return Command(project, tmp_path / "site")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["apply", "--select", "loger-warning"], "no codemod 'loger-warning'; did you mean 'logger-warning'?"),
        (["apply", "--ignore", "loger-warning"], "no codemod 'loger-warning'; did you mean 'logger-warning'?"),
        (["explain", "loger-warning"], "no codemod 'loger-warning'; did you mean 'logger-warning'?"),
        (
            ["apply", *ONE, "--set", "logger-warning.nams=x"],
            "logger-warning has no option 'nams'; did you mean 'names'?",
        ),
        (["apply", *ONE, "--set", "loger-warning.names=x"], "did you mean 'logger-warning'?"),
        (["apply", *ONE, "--set", "names=x"], "not of the form codemod.option=value"),
        (
            ["apply", "--ignore", "logger-warning", "--set", "logger-warning.names=x"],
            "logger-warning is not part of this run",
        ),
        (["apply", *ONE, "absent.py"], "no such file or directory: absent.py"),
        (["apply", "--slect", "x"], "unknown argument '--slect'; did you mean '--select'"),
        (["apply", "--format", "jsn"], "invalid choice 'jsn'; did you mean 'json'?"),
        (["apply", "--jobs", "0"], "--jobs 0: expected a positive number"),
        (["apply", "--config", "absent.toml"], "absent.toml: no such configuration file"),
        (["apply", *ONE, "--ignore", "logger-warning"], "no codemod is left to run"),
        (["apply", "--no-commit", "--branch", "x", *ONE], "--branch and --no-commit do not go together"),
        (["aply"], "unknown command 'aply'; did you mean 'apply'?"),
        ([], "COMMAND"),
        (["completion", "fsh"], "invalid choice 'fsh'; did you mean"),
    ],
)
def test_a_wrong_command_line_is_refused_with_the_way_out(
    rewire: Command, project: Path, arguments: list[str], message: str
) -> None:
    before = tree(project)
    done = rewire(*arguments)
    assert done.code == 2
    assert message in done.err
    assert done.err.startswith("rewire: ")
    assert "Traceback" not in done.err
    assert done.out == b""
    assert tree(project) == before


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[tool.rewire\n", "pyproject.toml:1:13: not valid TOML"),
        ("[tool.rewire]\n\nslect = []\n", "pyproject.toml:3: tool.rewire.slect: unknown key; did you mean 'select'?"),
        ("[tool.rewire.loger-warning]\n", "pyproject.toml:1: tool.rewire.loger-warning: there is no codemod"),
        (
            "[tool.rewire.logger-warning]\nnams = []\n",
            "pyproject.toml:2: tool.rewire.logger-warning.nams: logger-warning has no option 'nams'",
        ),
        ('[tool.rewire]\nselect = ["nope"]\n', "pyproject.toml:2: tool.rewire.select[0]: there is no codemod 'nope'"),
        ('[tool.rewire]\nroots = ["../elsewhere"]\n', "'../elsewhere' in the configuration lies outside"),
        ('[[tool.rewire.launch]]\ncommand = "ls -l"\n', "starts no Python program"),
    ],
)
def test_a_wrong_configuration_is_refused_by_its_place(rewire: Command, project: Path, text: str, message: str) -> None:
    write(project, {"pyproject.toml": text})
    done = rewire("apply", "--dry-run")
    assert done.code == 2
    assert message in done.err


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("unparsable.py", b"logger.warn(\n", "unparsable"),
        ("python2.py", b'print "hello"\nlogger.warn("a")\n', "python2"),
        ("deep.py", b'logger.warn("a")\nx = ' + b"[" * 3000 + b"]" * 3000 + b"\n", "nested too deeply"),
        ("latin.py", b'# caf\xe9\nlogger.warn("a")\n', ""),
        ("unknown.py", b'# coding: klingon\nlogger.warn("a")\n', ""),
        ("nul.py", b'logger.warn("a\0b")\n', ""),
    ],
)
def test_a_file_that_cannot_be_worked_on_is_named_and_costs_the_others_nothing(
    rewire: Command, project: Path, name: str, data: bytes, code: str
) -> None:
    write(project, {f"app/{name}": data})
    git(project, "add", "-A")
    git(project, "commit", "-q", "-m", "more")
    done = rewire("apply", *ONE)
    assert done.code == 3
    (line,) = [line for line in done.text.splitlines() if line.startswith("failed: ")]
    assert f"app/{name}" in line
    assert code in line
    assert "->" in done.text.partition(line)[2]
    assert tree(project)["app/good.py"] == b'logger.warning("a")\n'
    assert tree(project)[f"app/{name}"] == data


@pytest.mark.skipif(os.getuid() == 0, reason="root may read everything")
def test_a_directory_without_permission_is_named(rewire: Command, project: Path) -> None:
    write(project, {"app/closed/x.py": "x = 1\n"})
    (project / "app/closed").chmod(0)
    try:
        done = rewire("apply", "--dry-run", *ONE)
    finally:
        (project / "app/closed").chmod(0o755)
    assert done.code == 3
    assert "app/closed" in done.err


def test_a_repository_without_a_commit(rewire: Command, project: Path, tmp_path: Path) -> None:
    fresh = tmp_path / "fresh"
    write(fresh, GOOD)
    git(fresh, "init", "-q")
    rewire.folder = fresh
    done = rewire("apply", *ONE)
    assert done.code == 4
    assert "no commit yet" in done.err
    assert "--no-commit" in done.err


def test_a_repository_in_the_middle_of_a_merge(rewire: Command, project: Path) -> None:
    (project / ".git/MERGE_HEAD").write_text(words(project, "rev-parse", "HEAD") + "\n")
    before = tree(project)
    done = rewire("apply", *ONE)
    assert done.code == 4
    assert "merge" in done.err
    assert tree(project) == before


def test_a_dirty_file_that_a_change_needs_stops_the_run_by_name(rewire: Command, project: Path) -> None:
    write(project, {"app/good.py": 'logger.warn("mine")\n'})
    for arguments in ((), ("--allow-dirty",)):
        done = rewire("apply", *ONE, *arguments)
        assert done.code == 4
        assert "app/good.py" in done.err
        assert tree(project)["app/good.py"] == b'logger.warn("mine")\n'


def test_other_dirty_files_are_in_the_way_unless_they_are_allowed(rewire: Command, project: Path) -> None:
    write(project, {"app/other.py": "x = 1\n"})
    git(project, "add", "-A")
    git(project, "commit", "-q", "-m", "more")
    write(project, {"app/other.py": "x = 2\n"})
    refused = rewire("apply", *ONE)
    assert refused.code == 4
    assert "app/other.py" in refused.err
    assert "--allow-dirty" in refused.err
    assert rewire("apply", *ONE, "--allow-dirty").code == 0
    assert words(project, "diff", "--name-only") == "app/other.py"


def test_a_plug_in_that_cannot_be_loaded_is_named(rewire: Command, tmp_path: Path) -> None:
    from support import plugin

    plugin.install(tmp_path / "site", package="broken_codemods", code="raise RuntimeError('no \x1b[2J luck')\n")
    done = rewire("apply", "--dry-run")
    assert done.code == 2
    assert "cannot be loaded: RuntimeError: no \\x1b[2J luck" in done.err
    assert rewire("apply", "--dry-run", *ONE).code == 0
    assert "RuntimeError" in rewire("list").err


CRASHES = """
from rewire.codemod import Codemod, Plan, Promise
class Crash(Codemod):
    "For a test."
    name = "crash"
    summary = "crash"
    promise = Promise.REVIEW
    def markers(self, project, options): return (b"logger",)
    def locate(self, source, markers, options): return 1
    def plan(self, facts, project, options): raise ZeroDivisionError("by design")
    def transformer(self, options): raise NotImplementedError
"""


def install_crash(site: Path, code: str) -> None:
    from support import plugin

    plugin.install(site, package="crash_codemods", code="")
    (site / "crash_codemods.py").unlink()
    write(
        site,
        {"crash_codemods/__init__.py": "", "crash_codemods/c/__init__.py": "", "crash_codemods/c/codemod.py": code},
    )


def test_an_internal_error_is_short_and_says_how_to_report_it(rewire: Command, project: Path, tmp_path: Path) -> None:
    install_crash(tmp_path / "site", CRASHES)
    before = tree(project)
    done = rewire("apply", "--select", "crash")
    assert done.code == 4
    assert "internal error: ZeroDivisionError: by design" in done.err
    assert "--verbose" in done.err
    assert "Traceback" not in done.err
    assert tree(project) == before
    told = rewire("apply", "--select", "crash", "--verbose")
    assert told.code == 4
    assert "Traceback" in told.err


def test_ctrl_c_writes_nothing_and_says_so_in_one_line(rewire: Command, project: Path, tmp_path: Path) -> None:
    sign = tmp_path / "started"
    wait = f'__import__("pathlib").Path({str(sign)!r}).touch(); __import__("time").sleep(60)'
    install_crash(tmp_path / "site", CRASHES.replace('raise ZeroDivisionError("by design")', wait))
    before, head = tree(project), words(project, "rev-parse", "HEAD")
    process = subprocess.Popen(
        rewire.words("apply", "--select", "crash"),
        cwd=project,
        env=rewire.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    deadline = time.monotonic() + 60
    while not sign.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert out == b""
    assert err.decode() == "rewire: interrupted; nothing was written\n"
    assert tree(project) == before
    assert words(project, "rev-parse", "HEAD") == head


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
def test_closed_streams_are_no_error(rewire: Command, project: Path, closed: str) -> None:
    for arguments in ("--version", "apply --check --select logger-warning"):
        line = f"{sys.executable} -m rewire {arguments} {closed}"
        done = subprocess.run(["sh", "-c", line], cwd=project, env=rewire.environment, capture_output=True, check=False)
        assert done.returncode == (0 if arguments == "--version" else 1)
        assert b"Traceback" not in done.stderr


def test_a_reader_that_goes_away_is_no_error(rewire: Command, project: Path) -> None:
    write(project, {f"app/f{number}.py": 'logger.warn("a")\n' * 100 for number in range(20)})
    process = subprocess.Popen(
        rewire.words("apply", "--check", *ONE),
        cwd=project,
        env=rewire.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.read(10)
    process.stdout.close()
    err = process.stderr.read().decode()
    process.wait(60)
    assert "Traceback" not in err
    assert "BrokenPipe" not in err
    assert process.returncode == 1
