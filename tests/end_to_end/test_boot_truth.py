"""The static boot against the real thing: small programs, every way of starting them, in real subprocesses.

Each file of ``fixtures/launch/programs`` is a project; its lines that begin with ``$`` are commands. A command is run
by a shell, and read by rewire; verdict, file, line and error text must be the same.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rewire.project.boot.simulate import Simulator
from rewire.project.launch.read import read_launches
from tests.support.launch_projects import FolderProject
from tests.support.real_boots import make_programs, normal, start_really, write_files

if TYPE_CHECKING:
    from tests.support.real_boots import Real

PROGRAMS = Path(__file__).parents[1] / "fixtures" / "launch" / "programs"
CASES = [
    pytest.param(path, command, id=f"{path.stem}: {command}")
    for path in sorted(PROGRAMS.glob("*.txt"))
    for command in re.findall(r"^\$ (.*)$", path.read_text(), re.MULTILINE)
]


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_programs(tmp_path_factory.mktemp("programs") / "bin")


@pytest.mark.parametrize(("program", "command"), CASES)
def test_static_boot_says_what_python_says(program: Path, command: str, tmp_path: Path, programs: Path) -> None:
    root = tmp_path.resolve() / "project"
    write_files(root, program.read_text())
    if "newer_syntax" in program.stem and sys.version_info < (3, 12):
        pytest.skip("this Python cannot run it")
    real = start_really(root, command, programs)
    assert predict(root, command) == told(real), real.output


def test_there_are_enough_programs_and_commands() -> None:
    assert len({case.values[0] for case in CASES}) >= 40
    assert len(CASES) >= 150


def predict(root: Path, command: str, version: tuple[int, int] = sys.version_info[:2]) -> list[tuple[str, int, str]]:
    """What rewire says of ``command``, as the real start is told."""
    project = FolderProject(root)
    (launch,) = read_launches(project, launch_arguments=[command])[:1]
    outcome = Simulator(project, version).boot(launch)
    return sorted(
        ("", 0, "" if one.text.isdigit() else one.text)
        if one.kind == "SystemExit"
        else (one.path, one.line, normal(one.message))
        for one in outcome.failures
    )


def told(real: Real) -> list[tuple[str, int, str]]:
    return sorted(real.failures)


def test_newer_syntax_is_read_by_any_python(tmp_path: Path) -> None:
    write_files(tmp_path, (PROGRAMS / "newer_syntax.txt").read_text())
    project = FolderProject(tmp_path)
    (launch,) = read_launches(project, launch_arguments=["python main.py"])
    failure = Simulator(project).boot(launch).failures[0]
    assert (failure.path, failure.line) == ("main.py", 8)
    assert failure.message == "ImportError: cannot import name 'missing' from 'app' (app/__init__.py)"
