"""A dotted name leads to the file that Python finds behind it, for each codemod that follows names."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from rewire_codemods.applications.origins import Origin, origin_of
from rewire_codemods.shared_pool.atlas import Atlas
from support.repositories import write

from rewire.model.workspace import Workspace
from rewire.project.index import ProjectIndex

if TYPE_CHECKING:
    from pathlib import Path

PATHS = ("lib/__init__.py", "lib/sub/__init__.py", "lib/sub/deep.py", "lib/sub/other.py", "again.py", "plain.py")
FIRST = {
    "lib/sub/__init__.py": "from . import deep\nfrom .other import x as taken\n",
    "again.py": "import lib.sub\nfrom lib.sub import taken\nfrom lib import sub as package\n",
}
CASES = [
    ("import plain", "plain.x"),
    ("import plain as p", "p.x"),
    ("from plain import x", "x"),
    ("from plain import x as y", "y"),
    ("import lib.sub", "lib.sub.x"),
    ("import lib.sub", "lib.x"),
    ("import lib.sub", "lib.sub.deep.x"),
    ("import lib.sub, lib.sub.other", "lib.sub.other.x"),
    ("import lib.sub.deep as d", "d.x"),
    ("import lib.sub.deep", "lib.sub.x"),
    ("from lib import sub", "sub.x"),
    ("from lib import sub", "sub.deep.x"),
    ("from lib.sub import deep", "deep.x"),
    ("from lib.sub import taken", "taken"),
    ("import again", "again.taken"),
    ("import again", "again.package.x"),
    ("import again", "again.lib.sub.deep.x"),
    ("from again import taken as t, package", "package.deep.x"),
]


def lay_out(folder: Path, statement: str) -> ProjectIndex:
    """Modules in each of which ``x`` is the module's own path, and one that imports."""
    files = {path: f"{FIRST.get(path, '')}x = {path!r}\n" for path in PATHS}
    files["main.py"] = f"{statement}\n"
    write(folder, files)
    return ProjectIndex(Workspace(folder, tuple(sorted(files))))


def run(folder: Path, statement: str, expression: str) -> str:
    """What Python finds."""
    code = f"{statement}\nprint({expression})"
    return subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=True
    ).stdout.strip()


@pytest.mark.parametrize(("statement", "expression"), CASES)
def test_a_name_leads_where_python_finds_it(statement: str, expression: str, tmp_path: Path) -> None:
    project = lay_out(tmp_path, statement)
    truth = run(tmp_path, statement, expression)
    assert origin_of(project, "main.py", expression) == Origin(truth, "", "x")
    assert Atlas(project, {}).locate_name("main.py", expression) == (truth, "x", "")


@pytest.mark.parametrize(
    ("statement", "expression", "origin"),
    [
        ("import os.path", "os.path.join", Origin(None, "os.path", "join")),
        ("from os import path", "path.join", Origin(None, "os", "path", ("join",))),
        ("import json", "json", Origin(None, "json", "")),
        ("import lib.sub", "lib.nothing.x", Origin("lib/__init__.py", "", "nothing", ("x",))),
        ("import lib.sub", "lib.sub", None),
        ("", "here.x", Origin("main.py", "", "here", ("x",))),
    ],
)
def test_what_no_file_of_the_project_defines(
    statement: str, expression: str, origin: Origin | None, tmp_path: Path
) -> None:
    project = lay_out(tmp_path, statement)
    assert origin_of(project, "main.py", expression) == origin
    assert Atlas(project, {}).locate_name("main.py", expression) is None
