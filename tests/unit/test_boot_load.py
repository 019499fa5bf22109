"""What boots of many launches share: programs, starts that are the same, and those that an edit leaves as they were."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rewire.model.source import SourceFile
from rewire.model.workspace import FileChange, Workspace
from rewire.project.boot import load, simulate
from rewire.project.boot.evaluate import Evaluator
from rewire.project.boot.load import Boots, boot, boots_of, loadings
from rewire.project.boot.program import Program
from rewire.project.boot.same import reworded
from rewire.project.boot.simulate import Simulator
from rewire.project.boot.tree import Tree, files_of
from rewire.project.boot.values import UNKNOWN
from rewire.project.index import ProjectIndex
from rewire.project.launch.read import read_launches
from tests.support.launch_projects import FolderProject
from tests.support.real_boots import write_files

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rewire.model.project import Launch

SHOP = """== pkg/__init__.py
== pkg/one.py
from pkg.two import name
import pkg.three as three
def later():
    from pkg.four import late
== pkg/two.py
name = 1
== pkg/three.py
== pkg/four.py
late = 1
== web.py
import pkg.one
app = 1
== work.py
from pkg.one import name
== job.py
import pkg.two
"""
COMMANDS = ("uvicorn web:app", "python work.py", "python job.py", "python -m pkg.one")


@pytest.fixture
def booted(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The commands that are started from here on."""
    started: list[str] = []
    real = Simulator.boot

    def noting(self: Simulator, launch: Launch, *, loads_only: bool = False) -> object:
        started.append(launch.command)
        return real(self, launch, loads_only=loads_only)

    monkeypatch.setattr(Simulator, "boot", noting)
    return started


def index_of(root: Path, *commands: str) -> ProjectIndex:
    """The index of what lies below ``root``, started by ``commands``."""
    paths = tuple(sorted(path.relative_to(root).as_posix() for path in root.rglob("*.py")))
    launches = [read_launches(FolderProject(root), launch_arguments=[command])[0] for command in commands]
    return ProjectIndex(Workspace(root, paths), launches=launches)


def edited(index: ProjectIndex, **texts: str) -> ProjectIndex:
    """The index after ``pkg/<name>.py`` has got these texts."""
    changes = []
    for name, text in texts.items():
        path = f"pkg/{name}.py"
        changes.append(FileChange(path, index.source(path), SourceFile(path, text, "utf-8", b"", "\n"), ()))
    return index.advance(index.workspace.with_changes(changes))


def all_loadings(index: ProjectIndex) -> dict[str, set[tuple[str, str]]]:
    return {path: {(one.launch.command, one.name) for one in index.loadings(path)} for path in index.paths}


def test_a_file_is_compiled_once_however_many_launches_load_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, booted: list[str]
) -> None:
    write_files(tmp_path, SHOP.replace("name = 1", f"name = {str(tmp_path)!r}"))
    compiled: list[str] = []
    real = simulate.compile_text

    def noting(text: str, *, lazy_annotations: bool = False) -> object:
        compiled.append(text)
        return real(text, lazy_annotations=lazy_annotations)

    monkeypatch.setattr(simulate, "compile_text", noting)
    monkeypatch.setattr(simulate, "_programs", {})
    index = index_of(tmp_path, *COMMANDS)
    assert len({path for path, found in all_loadings(index).items() if len(found) > 2}) >= 3
    assert len(booted) == len(COMMANDS)
    assert len(compiled) == len(set(compiled)) == len({(tmp_path / path).read_text() for path in index.paths})


@pytest.mark.parametrize(
    ("one", "other", "starts"),
    [
        ("pytest -v tests", "pytest -x --durations=8 tests", 1),
        ("pytest tests", "python -m pytest tests", 2),
        ("pytest tests", "pytest --import-mode=importlib tests", 2),
        ("uvicorn web:app --port 80", "uvicorn web:app --reload", 1),
        ("uvicorn web:app", "gunicorn web:app", 2),
        ("python job.py --fast", "python job.py", 1),
        ("python job.py", "python work.py", 2),
    ],
)
def test_what_is_passed_besides_makes_no_start_of_its_own(
    tmp_path: Path, booted: list[str], one: str, other: str, starts: int
) -> None:
    write_files(tmp_path, SHOP + "== tests/test_it.py\nimport pkg.one\n")
    index = index_of(tmp_path, one, other)
    assert len(index.launches) == 2
    assert {command for found in all_loadings(index).values() for command, _ in found} == {
        launch.command for launch in index.launches
    }
    assert len(booted) == starts


def test_two_processes_find_what_one_finds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_files(tmp_path, SHOP)
    launches = index_of(tmp_path, *COMMANDS).launches
    monkeypatch.setattr(load, "SPREAD_FROM", 2)
    alone = Boots(FolderProject(tmp_path)).of(launches)
    assert Boots(FolderProject(tmp_path)).of(launches, jobs=2) == alone
    assert Boots(FolderProject(tmp_path)).of(launches, jobs=7) == alone
    assert [one.launch.command for one in alone] == [launch.command for launch in launches]


@pytest.mark.parametrize(
    "texts",
    [
        {"one": "from .two import name\nfrom . import three as three\ndef later():\n    from .four import late\n"},
        {"one": "from .two import name\nimport pkg.three as three\ndef later():\n    from pkg.four import late\n"},
    ],
)
def test_other_words_for_the_same_imports_start_nothing_again(
    tmp_path: Path, booted: list[str], texts: dict[str, str]
) -> None:
    write_files(tmp_path, SHOP)
    before = index_of(tmp_path, *COMMANDS)
    found = all_loadings(before)
    booted.clear()
    assert all_loadings(edited(before, **texts)) == found
    assert booted == []


@pytest.mark.parametrize(
    ("texts", "again"),
    [
        ({"one": "from pkg.two import name\n"}, ["uvicorn web:app", "python work.py", "python -m pkg.one"]),
        ({"three": "import pkg.four\n"}, ["uvicorn web:app", "python work.py", "python -m pkg.one"]),
        ({"two": "name = 2\n"}, list(COMMANDS)),
        ({"four": "late = 2\n"}, ["uvicorn web:app", "python work.py", "python -m pkg.one"]),
    ],
)
def test_only_launches_that_load_what_an_edit_changed_are_started_again(
    tmp_path: Path, booted: list[str], texts: dict[str, str], again: list[str]
) -> None:
    write_files(tmp_path, SHOP)
    before = index_of(tmp_path, *COMMANDS)
    all_loadings(before)
    booted.clear()
    after = edited(before, **texts)
    found = all_loadings(after)
    assert sorted(booted) == sorted(again)
    for name, text in texts.items():
        (tmp_path / f"pkg/{name}.py").write_text(text)
    assert found == all_loadings(index_of(tmp_path, *COMMANDS))


def test_an_alias_that_would_have_taken_something_else_is_started_again(tmp_path: Path, booted: list[str]) -> None:
    write_files(
        tmp_path,
        "== pkg/__init__.py\nthree = 'not the module'\n== pkg/one.py\nimport pkg.three as three\n== pkg/three.py\n"
        "== main.py\nimport pkg.one\n",
    )
    before = index_of(tmp_path, "python main.py")
    assert before.loadings("pkg/three.py")
    booted.clear()
    after = edited(before, one="from . import three\n")
    assert not after.loadings("pkg/three.py")
    assert booted == ["python main.py"]


def test_a_script_that_has_no_package_is_started_again(tmp_path: Path, booted: list[str]) -> None:
    write_files(tmp_path, "== pkg/__init__.py\n== pkg/one.py\nimport os\nfrom two import x\n== pkg/two.py\nx = 1\n")
    before = index_of(tmp_path, "python pkg/one.py")
    assert before.loadings("pkg/two.py")
    booted.clear()
    assert not edited(before, one="import os\nfrom .two import x\n").loadings("pkg/two.py")
    assert booted == ["python pkg/one.py"]


@pytest.mark.parametrize(
    ("old", "new", "lines"),
    [
        ("from a.b.c import d\n", "from .c import d\n", set()),
        ("from a.b import c as d\n", "from . import c as d\n", set()),
        ("from a.x import (\n    d,\n    e as f,\n)\n", "from ..x import (\n    d,\n    e as f,\n)\n", set()),
        ("import os\nimport a.b.c as d\n", "import os\nfrom . import c as d\n", {2}),
        ("'''\n'''\n\nimport a.b.c as c; x = 1\n", "'''\n'''\n\nfrom . import c; x = 1\n", {4}),
        ("from .c import d\n", "from a.b.c import d\n", set()),
        ("from a.b.c import d\n", "from .x import d\n", None),
        ("from a.b.c import d\n", "from .c import e\n", None),
        ("from a.b.c import d\n", "from .c import d as e\n", None),
        ("from a.b.c import d\n", "from ....c import d\n", None),
        ("from a.b.c import d\n", "from .c import (\n    d)\n", None),
        ("from a.b.c import d\nx = 1\n", "from .c import d\nx = 2\n", None),
        ("from a.b.c import d\nx = 1\n", "x = 1\nfrom .c import d\n", None),
        ("from a.b.c import d\n", "from .c import d\nimport os\n", None),
        ("import a.b.c\nx = a.b.c.d\n", "from . import c\nx = c.d\n", None),
        ("import a.b.c as d\n", "from . import c\n", None),
        ("from . import c as d\n", "import a.b.c as d\n", None),
    ],
)
def test_imports_that_are_spelled_anew(old: str, new: str, lines: set[int] | None) -> None:
    assert reworded(old, new, "a.b") == lines


@pytest.mark.parametrize(
    ("body", "acts", "imports"),
    [
        ("return session.execute(x)", False, 0),
        ("monkeypatch.setattr(x, 'y', 1)", False, 0),
        ("found = {}\n    found['x'] = found.y = 1", False, 0),
        ("self.x = 1", False, 0),
        ("import a\n    def g():\n        from b import c", False, 2),
        ("state.flag = True", True, 0),
        ("here = state\n    here.flag = True", True, 0),
        ("for each in (state,):\n        each.flag = True", True, 0),
        ("import state as s\n    s.flag = True", True, 1),
        ("global x\n    x = 1", True, 0),
        ("exec('import a')", True, 0),
        ("run = exec\n    run('import a')", True, 0),
        ("setattr(state, 'x', 1)", True, 0),
        ("from sys import modules\n    modules['a'] = None", True, 1),
    ],
)
def test_what_a_function_may_do_besides_importing(tmp_path: Path, body: str, acts: bool, imports: int) -> None:
    write_files(tmp_path, f"== main.py\nimport state\ndef f(self, session, monkeypatch):\n    {body}\n== state.py\n")
    program = Simulator(FolderProject(tmp_path)).program("main.py")
    assert isinstance(program, Program)
    define = next(define for define in program.functions if define.name == "f")
    assert (define.acts, len(define.imports)) == (acts, imports)


def test_a_function_whose_imports_are_all_there_is_not_carried_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    functions = "".join(f"def f{number}():\n    from pkg import two\n    import lib.sub\n" for number in range(50))
    write_files(tmp_path, f"== main.py\n{functions}== pkg/__init__.py\n== pkg/two.py\n")
    entered: list[str] = []
    real = simulate.Run.enter

    def noting(self: simulate.Run, function: simulate.Function) -> object:
        entered.append(function.define.name)
        return real(self, function)

    monkeypatch.setattr(simulate.Run, "enter", noting)
    index = index_of(tmp_path, "python main.py")
    assert [one.name for one in loadings(index, index.launches)] == ["__main__", "pkg", "pkg.two"]
    assert entered == ["f0"]


def test_a_chain_of_calls_costs_each_link_once() -> None:
    import ast

    asked = 0

    def look(chain: tuple[str, ...]) -> object:
        nonlocal asked
        asked += 1
        return UNKNOWN

    chain = ast.parse("query" + ".where(x)" * 15, mode="eval").body
    evaluator = Evaluator(Tree(files_of(())), "/", (3, 11), {})
    assert evaluator.value(chain, look) is UNKNOWN
    assert asked < 100


def test_a_project_is_asked_for_its_boots_in_one_place(tmp_path: Path) -> None:
    write_files(tmp_path, SHOP)
    index = index_of(tmp_path, *COMMANDS)
    assert boots_of(index) is boots_of(index)
    assert boot(index, index.launches[0]) is boots_of(index).of(index.launches)[0]
