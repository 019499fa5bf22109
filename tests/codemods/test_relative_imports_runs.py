"""relative-imports and back, judged by Python itself: what a program prints, and what its imports load."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rewire_codemods.relative_imports.forms import absolute_name, relative_form

from rewire.model.workspace import Workspace
from rewire.project.index import ProjectIndex
from rewire.testing import rewrite

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

PROGRAM = {
    "shop/__init__.py": "from shop.core import run\n",
    "shop/__main__.py": "from shop import main\n\nprint(main.go())\n",
    "shop/core.py": "import shop.tools.text as text\nlimit = 3\ndef run():\n    return text.up('a')\n",
    "shop/main.py": (
        "import os, sys\n"
        "import shop.tools.text\n"
        "from shop import core as engine, run\n"
        "from shop.tools import *\n"
        "from shop.tools.text import (  # names\n    up,\n    down as lower,\n)\n"
        "try:\n    from shop.fast import turbo\nexcept ImportError:\n    turbo = None\n"
        "def go():\n"
        "    from shop.core import limit; from shop import tools\n"
        "    return limit, run(), up('b'), lower('C'), engine.limit, turbo, shared, tools.shared,"
        " shop.tools.text.up('q')\n"
    ),
    "shop/tools/__init__.py": "from shop.tools.text import up\nshared = up('s')\n__all__ = ['shared']\n",
    "shop/tools/text.py": "def up(x):\n    return x.upper()\ndef down(x):\n    return x.lower()\n",
    "shop/tools/job.py": ("from shop.tools.text import up\n\nif __name__ == '__main__':\n    print('job', up('x'))\n"),
    "plain/one.py": "from plain.two import value\nprint('one', value, __package__)\n",
    "plain/two.py": "value = 2\n",
    "top.py": "from shop.main import go\n\nprint(go())\n",
}
STARTS = (
    ["-m", "shop"],
    ["-m", "shop.tools.job"],
    ["-m", "plain.one"],
    ["top.py"],
    ["shop/tools/job.py"],
    ["shop/__main__.py"],
    ["-c", "import shop.main; print(shop.main.go())"],
)


def written(files: Mapping[str, bytes | str], place: Path) -> Path:
    for path, data in files.items():
        target = place / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data if isinstance(data, bytes) else data.encode())
    return place


def outcomes(place: Path) -> list[tuple[int, str]]:
    found = []
    for arguments in STARTS:
        done = subprocess.run(
            [sys.executable, *arguments], cwd=place, capture_output=True, text=True, check=False,
            env={"PYTHONPATH": str(place), "PYTHONDONTWRITEBYTECODE": "1"},
        )  # fmt: skip
        found.append((done.returncode, done.stdout))
    return found


def test_every_start_prints_the_same_there_and_back(tmp_path: Path) -> None:
    there = rewrite("relative-imports", PROGRAM)
    back = rewrite("absolute-imports", there.after)
    assert there.after["shop/main.py"].count(b"from shop") == 1  # shop.fast, which does not exist
    assert there.outcome.changed == 10
    before = outcomes(written(PROGRAM, tmp_path / "before"))
    assert [code for code, _ in before] == [0] * len(STARTS)
    assert outcomes(written(there.after, tmp_path / "there")) == before
    assert outcomes(written(back.after, tmp_path / "back")) == before


def graph(files: Mapping[str, bytes | str], place: Path) -> Counter[tuple[str, str, str, str]]:
    written(files, place)
    python = tuple(sorted(path for path in files if path.endswith(".py")))
    project = ProjectIndex(Workspace(place, python))
    found: Counter[tuple[str, str, str, str]] = Counter()
    for path in python:
        for name in project.imports(path):
            target = project.resolve(name)
            if target is not None and target.path is not None:
                found[path, target.path, target.attribute or "", name.bound.partition(".")[0]] += 1
    return found


def test_the_import_graph_survives_the_round_trip(tmp_path: Path) -> None:
    files = {path: text for path, text in PROGRAM.items() if path != "shop/main.py"}
    there = rewrite("relative-imports", files)
    back = rewrite("absolute-imports", there.after)
    assert there.changed
    before = graph(files, tmp_path / "before")
    assert graph(there.after, tmp_path / "there") == before
    assert graph(back.after, tmp_path / "back") == before


def test_the_naive_rewriting_would_break_a_start(tmp_path: Path) -> None:
    """The negative control: what the codemod leaves alone in job.py is what keeps its start alive."""
    naive = {**PROGRAM, "shop/tools/job.py": PROGRAM["shop/tools/job.py"].replace("shop.tools.text", ".text")}
    codes = [code for code, _ in outcomes(written(naive, tmp_path))]
    assert codes[STARTS.index(["shop/tools/job.py"])] == 1


def dry_run(place: Path, *arguments: str) -> str:
    command = [sys.executable, "-m", "rewire", "apply", "--dry-run", "--select", "relative-imports", *arguments, "."]
    done = subprocess.run(command, cwd=place, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_users_word_on_the_command_line_or_in_the_configuration_wins(tmp_path: Path) -> None:
    files = {
        "shop/__init__.py": "",
        "shop/db.py": "x = 1\n",
        "shop/main.py": "from shop.db import x\n\napp = x\nif __name__ == '__main__':\n    print(x)\n",
    }
    place = written(files, tmp_path)
    assert dry_run(place) == ""
    assert "+from .db import x" in dry_run(place, "--launch", "uvicorn shop.main:app")
    assert dry_run(place, "--launch", "python shop/main.py") == ""
    (place / "rewire.toml").write_text('[[launch]]\ncommand = "uvicorn shop.main:app"\n')
    assert "+from .db import x" in dry_run(place)


names = st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=5).map(".".join)


@given(names, names)
def test_relative_forms_mean_what_importlib_says(package: str, module: str) -> None:
    form = relative_form(package, module)
    if form is None:
        assert package.partition(".")[0] != module.partition(".")[0]
        return
    level, rest = form
    assert importlib.util.resolve_name("." * level + rest, package).rstrip(".") == module
    assert absolute_name(package, level, rest) == module


@given(names, st.integers(1, 7), names | st.just(""))
def test_absolute_names_are_those_of_importlib(package: str, level: int, rest: str) -> None:
    try:
        expected = importlib.util.resolve_name("." * level + rest, package).rstrip(".")
    except ImportError:
        assert absolute_name(package, level, rest) is None
    else:
        assert absolute_name(package, level, rest) == expected


@pytest.mark.parametrize("jobs", [1, 2])
def test_the_answer_does_not_depend_on_the_number_of_workers(jobs: int) -> None:
    files = {f"pkg/m{number:03}.py": f"from pkg.m{(number + 1) % 300:03} import x\nx = 1\n" for number in range(300)}
    trial = rewrite("relative-imports", {"pkg/__init__.py": "", **files}, jobs=jobs)
    assert trial.outcome.changed == 300
    assert trial.text("pkg/m007.py") == "from .m008 import x\nx = 1\n"
