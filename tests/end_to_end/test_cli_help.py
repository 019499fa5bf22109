"""What the other commands print, and how fast the command line answers."""

from __future__ import annotations

import json
import re
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.command import Command

import rewire as package

COMMANDS = ["apply", "fleet", "doctor", "list", "explain", "cache", "completion"]


@pytest.fixture
def rewire(tmp_path: Path) -> Command:
    return Command(tmp_path, tmp_path / "site")


@pytest.mark.parametrize("option", ["--version", "-V"])
def test_version(rewire: Command, option: str) -> None:
    assert rewire(option).text == f"rewire {package.__version__}\n"


def test_help_names_every_command_and_every_exit_code(rewire: Command) -> None:
    from rewire.model.result import EXIT_CODES

    text = rewire("--help").text
    for command in COMMANDS:
        assert re.search(rf"^    {command} ", text, re.MULTILINE)
    for code in EXIT_CODES:
        assert re.search(rf"\b{code} [\w-]", text.partition("exit codes:")[2])


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_of_every_command_is_explained(rewire: Command, command: str) -> None:
    done = rewire(command, "--help")
    assert done.code == 0
    assert done.text.startswith(f"usage: rewire {command}")
    for line in done.text.splitlines():
        assert len(line) <= 110
    assert not re.search(r"^  -\S+( [A-Z.=]+)?$\n(?! {20})", done.text, re.MULTILINE)


def test_help_is_coloured_on_a_terminal_only(rewire: Command) -> None:
    assert b"\x1b[" in rewire.on_terminal("apply", "--help").out
    assert b"\x1b[" not in rewire("apply", "--help").out
    assert b"\x1b[" not in rewire.on_terminal("apply", "--help", NO_COLOR="1").out


def test_list_names_the_codemods_with_their_promise(rewire: Command) -> None:
    assert re.search(r"^logger-warning +checked +call logger.warning", rewire("list").text, re.MULTILINE)
    document = json.loads(rewire("list", "--format", "json").out)
    assert document["schema_version"] == 1
    (row,) = [row for row in document["codemods"] if row["name"] == "logger-warning"]
    assert row == {
        "name": "logger-warning",
        "summary": "call logger.warning instead of the deprecated logger.warn",
        "promise": "checked",
        "default": True,
        "package": "acme_codemods.logger_warning",
    }


def test_explain_tells_everything_that_the_code_knows(rewire: Command) -> None:
    text = rewire("explain", "logger-warning").text
    for words in (
        "promise: checked",
        "Before:\n",
        'logger.warning("disk %s is full", disk)',
        'names = ["logger", "log"]    (list of str)',
        "names of loggers, as written before the dot",
        "not-called",
        "-> rename it by hand if it is a logger's",
    ):
        assert words in text
    assert "::" not in text
    assert "``" not in text


def test_explain_as_markdown_fences_its_examples(rewire: Command) -> None:
    text = rewire("explain", "logger-warning", "--format", "markdown").text
    assert text.startswith("# logger-warning\n")
    assert 'After:\n\n```python\nlogger.warning("disk %s is full", disk)\n```\n' in text
    assert '| `names` | list of str | `["logger", "log"]` |' in text
    assert "| `rejected` |" in text


@pytest.mark.parametrize("shell", ["bash", "zsh", "tcsh"])
def test_completion_scripts_are_accepted_by_their_shell(rewire: Command, shell: str, tmp_path: Path) -> None:
    script = rewire("completion", shell).text
    assert "logger-warning" in script
    assert shell == "tcsh" or "--dry-run" in script  # shtab completes no subcommand's options for tcsh
    binary = shutil.which(shell)
    if binary is None or shell == "tcsh":
        return
    path = tmp_path / "script"
    path.write_text(script)
    subprocess.run([binary, "-n", str(path)], check=True)


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_bash_completes_codemods_and_options(rewire: Command, tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text(rewire("completion", "bash").text)

    def complete(*line: str) -> list[str]:
        program = (
            f"source {script}\nCOMP_WORDS=({' '.join(map(repr, line))})\nCOMP_CWORD={len(line) - 1}\n"
            '_shtab_rewire_codemods 2>/dev/null || _shtab_rewire\nprintf "%s\\n" "${COMPREPLY[@]}"\n'
        )
        done = subprocess.run(["bash", "-c", program], capture_output=True, text=True, check=True)
        return done.stdout.split()

    assert "apply" in complete("rewire", "a")
    assert "--dry-run" in complete("rewire", "apply", "--dr")
    assert "logger-warning" in complete("rewire", "explain", "log")
    assert "logger-warning" in complete("rewire", "apply", "--select", "log")


def test_the_cache_can_be_found_and_removed(rewire: Command, tmp_path: Path) -> None:
    (tmp_path / "x.py").write_text('logger.warn("a")\n' * 3)
    path = Path(rewire("cache", "path").text.strip())
    assert path.is_relative_to(tmp_path)
    assert "nothing to remove" in rewire("cache", "clean").text
    first = rewire("apply", "--dry-run", "--no-cache", "--select", "logger-warning", "x.py")
    assert not path.exists()
    second = rewire("apply", "--dry-run", "--select", "logger-warning", "x.py")
    third = rewire("apply", "--dry-run", "--select", "logger-warning", "x.py")
    assert path.exists()
    assert first.out == second.out == third.out != b""
    assert "removed" in rewire("cache", "clean").text
    assert not path.exists()


def seconds(arguments: list[str]) -> float:
    """Wall time of the fastest of several whole processes: what else runs on the machine only ever adds."""
    times = []
    for _ in range(7):
        started = time.perf_counter()
        subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
        times.append(time.perf_counter() - started)
    return statistics.median(sorted(times)[:3])


@pytest.mark.parametrize(("arguments", "allowed"), [(["--version"], 0.060), (["--help"], 0.150)])
def test_the_command_line_answers_at_once(arguments: list[str], allowed: float) -> None:
    """Whole process, against a bare interpreter in the same run."""
    bare = seconds(["-c", "pass"])
    assert seconds(["-m", "rewire", *arguments]) - bare < allowed
