"""The layers hold, and each contract breaks when it is violated: a check that cannot fail is worth nothing."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
from typing import TYPE_CHECKING

import pytest
from support.sources import TOP, imports, modules

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


def test_what_the_contracts_ignore_is_for_the_type_checker_only() -> None:
    known = {module.name: module.tree for module in modules()}
    contracts = tomllib.loads((TOP / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    ignored = [pair.split(" -> ") for contract in contracts for pair in contract.get("ignore_imports", ())]
    for importer, imported in ignored:
        guarded = [node for node in ast.walk(known[importer]) if is_type_checking(node)]
        hidden = [source for node in guarded for _, source, _ in imports(node)]
        everywhere = [source for _, source, _ in imports(known[importer])]
        assert imported in hidden
        assert everywhere.count(imported) == hidden.count(imported)


def is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


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
        ("src/rewire/plan.py", "import tree_sitter", "tree-sitter"),
        ("src/rewire/workers.py", "from distributed import Client", "dask"),
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
