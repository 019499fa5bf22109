"""The layers hold, and each contract breaks when it is violated: a check that cannot fail is worth nothing."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from support.sources import TOP

if TYPE_CHECKING:
    from pathlib import Path

pytest.importorskip("importlinter")


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder / "src"), str(folder / "codemods")])}
    environment["COLUMNS"] = "300"
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as run; run()", "--no-cache"]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("house")
    for root in ("src", "codemods"):
        shutil.copytree(TOP / root, folder / root, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(TOP / "pyproject.toml", folder)
    return folder


def test_every_contract_is_kept() -> None:
    done = lint(TOP)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"Contracts: [1-9]\d* kept, 0 broken", done.stdout), done.stdout


CODEMOD = "codemods/rewire_codemods/connect_timeout/codemod.py"


@pytest.mark.parametrize(
    ("file", "line", "contract"),
    [
        ("src/rewire/model/site.py", "from rewire.plan import decide", "The layers"),
        ("src/rewire/plan.py", "import rewire.pipeline", "The layers"),
        ("src/rewire/read.py", "from rewire import workers", "The layers"),
        ("src/rewire/utils.py", "x = 1", "The layers"),
        ("src/rewire/model/source.py", "from rewire.model import workspace", "No cycles"),
        ("src/rewire/registry.py", "import rewire_codemods", "The engine never"),
        (CODEMOD, "from rewire.model.site import Site", "front door"),
        (CODEMOD, "from rewire.syntax import lexical", "front door"),
        ("src/rewire/deliver/disk.py", "import git", "GitPython"),
        ("src/rewire/verify/check.py", "import rich.text", "rich"),
        ("src/rewire/locate.py", "from fissix import pytree", "fissix"),
        ("src/rewire/plan.py", "import libcst", "LibCST"),
    ],
)
def test_a_violation_breaks_its_contract(copy: Path, file: str, line: str, contract: str) -> None:
    place = copy / file
    kept = place.read_bytes() if place.exists() else None
    place.write_bytes((kept or b'"""Stray."""\n') + b"\n" + line.encode() + b"\n")
    try:
        done = lint(copy)
    finally:
        place.unlink() if kept is None else place.write_bytes(kept)
    assert done.returncode == 1, done.stdout + done.stderr
    broken = re.findall(r"(?m)^(.*?) +BROKEN", done.stdout)
    assert any(contract in name for name in broken), done.stdout
