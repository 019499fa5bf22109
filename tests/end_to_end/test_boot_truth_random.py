"""The static boot against Python on random small packages: whatever the seed, both say the same."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from rewire.project.boot.simulate import Simulator
from rewire.project.launch.read import read_launches
from tests.support.launch_projects import FolderProject
from tests.support.random_programs import Maker, commands

STARTER = Path(__file__).parents[1] / "support" / "start_many.py"
BATCH = 60


@pytest.mark.parametrize("first", range(0, 240, BATCH))
def test_random_packages_start_as_predicted(first: int, tmp_path: Path) -> None:
    differences = compare(range(first, first + BATCH), tmp_path.resolve())
    assert not differences, "\n\n".join(differences[:3])


def compare(seeds: range, folder: Path, python: str = sys.executable) -> list[str]:
    """One text for each start on which the two do not agree."""
    jobs: list[list[str]] = []
    told: list[tuple[int, str, list[object]]] = []
    for seed in seeds:
        root = folder / str(seed)
        files = Maker(seed).files
        for path, text in files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text)
        project = FolderProject(root)
        for command in commands(files):
            (launch, *_) = read_launches(project, launch_arguments=[command])
            place = str(root / launch.roots[0])
            entry = str(root / launch.entry) if launch.entry_kind == "script" else launch.entry
            jobs.append([str(root), place, launch.entry_kind, entry])
            failures = Simulator(project).boot(launch).failures
            said = [failures[0].kind, failures[0].text, failures[0].path, failures[0].line] if failures else []
            told.append((seed, command, said))
    done = subprocess.run(
        [python, "-P", str(STARTER)], input=json.dumps(jobs), capture_output=True, text=True, timeout=600, check=True
    )
    differences = []
    for (seed, command, static), job, real in zip(told, jobs, json.loads(done.stdout), strict=True):
        if real:
            real = [
                real[0],
                real[1].replace(job[0] + os.sep, ""),
                os.path.relpath(real[2], job[0]) if real[2] else "",
                real[3],
            ]
        if real[:1] == ["Error"] or real[:1] == ["SystemExit"]:
            real = ["", real[1].partition(": ")[2] or real[1], "", 0]
        if real[:1] == ["SyntaxError"] and static[:1] == ["SyntaxError"]:
            real = static
        if real[:1] == ["UnboundLocalError"]:
            continue
        if static != real:
            differences.append(f"seed {seed}: {command}\n  static {static}\n  real   {real}")
    return differences
