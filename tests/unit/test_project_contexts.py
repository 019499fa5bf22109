"""In which packages a file is loaded: by launches, by roots, under flat names; and the sys.path edits behind them."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from rewire.model.source import SourceFile, digest_of
from rewire.model.workspace import FileChange, Workspace
from rewire.project.index import ProjectIndex
from rewire.project.pathedits import added_folders

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Make = Callable[[dict[str, str]], ProjectIndex]


@pytest.fixture
def index(tmp_path: Path) -> Make:
    def make(files: dict[str, str]) -> ProjectIndex:
        for path, text in files.items():
            place = tmp_path / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text)
        python = tuple(sorted(path for path in files if path.endswith(".py")))
        others = tuple(sorted(path for path in files if not path.endswith(".py")))
        return ProjectIndex(Workspace(tmp_path, python), others)

    return make


def named(project: ProjectIndex, path: str) -> list[tuple[str, str, bool]]:
    return [(context.name, context.package, context.launch is not None) for context in project.contexts(path)]


def test_without_launches_the_roots_are_the_contexts(index: Make) -> None:
    project = index({"pkg/__init__.py": "", "pkg/a.py": "", "main.py": ""})
    assert named(project, "pkg/a.py") == [("pkg.a", "pkg", False)]
    assert named(project, "pkg/__init__.py") == [("pkg", "pkg", False)]
    assert named(project, "main.py") == [("main", "", False)]


def test_a_launch_that_loads_a_file_replaces_a_root_that_nothing_declares(index: Make) -> None:
    project = index(
        {
            "Procfile": "web: cd backend && uvicorn main:app\n",
            "backend/__init__.py": "",
            "backend/main.py": "import api.views\napp = 1\n",
            "backend/api/__init__.py": "",
            "backend/api/views.py": "",
            "backend/other.py": "",
        }
    )
    assert named(project, "backend/main.py") == [("main", "", True)]
    assert named(project, "backend/api/views.py") == [("api.views", "api", True)]
    assert [entry[2] for entry in named(project, "backend/other.py")] == [False]


def test_a_declared_root_counts_beside_the_launches(index: Make) -> None:
    project = index(
        {
            "Procfile": "job: python src/pkg/a.py\n",
            "pyproject.toml": "[tool.setuptools.packages.find]\nwhere = ['src']\n",
            "src/pkg/__init__.py": "",
            "src/pkg/a.py": "",
        }
    )
    assert named(project, "src/pkg/a.py") == [("__main__", "", True), ("pkg.a", "pkg", False)]


def test_a_module_started_with_m_has_its_package(index: Make) -> None:
    project = index({"Procfile": "job: python -m pkg\n", "pkg/__init__.py": "", "pkg/__main__.py": ""})
    assert named(project, "pkg/__main__.py") == [("__main__", "pkg", True)]


def test_flat_names_through_a_path_edit(index: Make) -> None:
    project = index(
        {
            "pkg/__init__.py": "",
            "pkg/a.py": "",
            "pkg/b.py": "import a\n",
            "tool/run.py": "import os, sys\nsys.path[:0] = []\n"
            "sys.path.insert(0, os.path.join(os.path.dirname(__file__), '..', 'pkg'))\nimport b\n",
        }
    )
    assert ("a", "", False) in named(project, "pkg/a.py")
    assert ("b", "", False) in named(project, "pkg/b.py")
    assert ("pkg.b", "pkg", False) in named(project, "pkg/b.py")


def test_two_processes_find_the_same_flat_names(index: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("threading.active_count", lambda: 1)
    monkeypatch.setattr("rewire.project.flat.SPREAD_FROM", 1)
    forks: list[int] = []
    fork = os.fork
    monkeypatch.setattr(os, "fork", lambda: forks.append(1) or fork())
    files = {
        "app/__init__.py": "",
        "app/run.py": "import sys\nsys.path.insert(0, 'lib')\nimport inner\n",
        "app/cli.py": "import near\n\nif __name__ == '__main__':\n    near.go()\n",
        "app/near.py": "def go(): ...\n",
        "app/loader.py": "from runpy import run_path\nrun_path('app/plugins/one.py')\n",
        "app/plugins/__init__.py": "",
        "app/plugins/one.py": "",
        "lib/inner.py": "",
        "tests/test_it.py": "",
    }
    alone = index(files)
    assert alone.jobs == 1
    expected = dict(alone.flat)
    assert not forks
    assert {"app/near.py", "app/plugins/one.py"} <= expected.keys()
    several = index(files)
    several.jobs, several.is_alone = 2, True
    assert dict(several.flat) == expected
    assert list(several.flat) == list(expected)
    assert len(forks) == (1 if sys.platform == "linux" else 0)


def test_a_guarded_file_that_takes_its_siblings_flat(index: Make) -> None:
    text = "import b\nif __name__ == '__main__':\n    b.run()\n"
    project = index({"pkg/__init__.py": "", "pkg/a.py": text, "pkg/b.py": ""})
    assert ("b", "", False) in named(project, "pkg/b.py")


def test_a_sibling_of_a_third_partys_name_is_no_evidence(index: Make) -> None:
    project = index({"pkg/__init__.py": "", "pkg/a.py": "import redis\n", "pkg/redis.py": ""})
    assert named(project, "pkg/redis.py") == [("pkg.redis", "pkg", False)]


@pytest.mark.parametrize(
    ("expression", "folders"),
    [
        ("os.path.dirname(__file__)", ("tool",)),
        ("os.path.join(os.path.dirname(os.path.abspath(__file__)), '..')", ("",)),
        ("str(Path(__file__).resolve().parent.parent / 'pkg')", ("pkg",)),
        ("str(Path(__file__).parents[1])", ("",)),
        ("HERE + '/../pkg'", ("pkg",)),
        ("'pkg'", ("pkg",)),
        ("'gone'", ()),
        ("os.environ['X']", ()),
        ("unknown()", ()),
        ("'/usr/lib'", ()),
    ],
)
def test_arguments_of_path_edits_are_evaluated(index: Make, expression: str, folders: tuple[str, ...]) -> None:
    text = "import os, sys\nfrom pathlib import Path\nHERE = os.path.dirname(__file__)\n"
    text += f"sys.path.insert(0, {expression})\n"
    project = index({"pkg/a.py": "", "tool/run.py": text})
    assert added_folders(project, "tool/run.py") == folders


@pytest.mark.parametrize(
    "edit", ["sys.path.append({})", "sys.path.extend([{}])", "sys.path += [{}]", "s.addsitedir({})"]
)
def test_every_way_to_edit(index: Make, edit: str) -> None:
    text = "import sys\nimport site as s\n" + edit.format("'pkg'") + "\n"
    project = index({"pkg/a.py": "", "run.py": text})
    assert added_folders(project, "run.py") == ("pkg",)


def test_a_later_workspace_answers_for_what_changed_and_keeps_the_rest(index: Make, tmp_path: Path) -> None:
    project = index({"Procfile": "web: python a.py\n", "a.py": "import b\n", "b.py": "x = 1\n", "c.py": ""})
    assert [name.module for name in project.imports("a.py")] == ["b"]
    before = project.source("a.py")
    assert before is not None
    unchanged = project.source("b.py")
    after = SourceFile("a.py", "import c\n", "utf-8", False, "\n", digest_of(b"import c\n"))
    later = project.advance(project.workspace.with_changes([FileChange("a.py", before, after, ())]))
    assert [name.module for name in later.imports("a.py")] == ["c"]
    assert [name.module for name in project.imports("a.py")] == ["b"]
    assert later.source("b.py") is unchanged
    assert later.launches == project.launches
    assert {loading.path for launch in [later] for loading in launch.loadings("c.py")} == {"c.py"}


def test_import_line_fits_every_context_or_is_none(index: Make) -> None:
    project = index(
        {
            "Procfile": "web: uvicorn backend.main:app\njob: cd backend && python -m jobs\n",
            "backend/main.py": "from .lib import one\napp = one\n",
            "backend/jobs.py": "from lib import one\n",
            "backend/deps.py": "",
            "backend/lib/__init__.py": "",
            "backend/lib/one.py": "",
            "backend/lib/two.py": "",
        }
    )
    assert project.import_line("backend/lib/one.py", "backend/lib/two.py", "x") == "from .two import x"
    assert project.import_line("backend/lib/one.py", "backend/deps.py", "x") is None
    assert project.import_line("backend/main.py", "backend/deps.py", "x") == "from .deps import x"
    assert project.import_line("backend/jobs.py", "backend/deps.py", "x") == "from deps import x"


def test_import_line_counts_from_where_the_files_own_imports_count(index: Make) -> None:
    """Under a second name the target would be a second module, whose globals nobody else sees."""
    project = index(
        {
            "backend/__init__.py": "",
            "backend/alembic.ini": "[alembic]\nscript_location = alembic\nprepend_sys_path = .\n",
            "backend/alembic/env.py": "import app.store\n",
            "backend/app/__init__.py": "",
            "backend/app/store.py": "",
            "backend/app/web.py": "import app.store\n",
            "backend/app/guarded.py": "try:\n    import app.store\nexcept ImportError:\n    import backend.app.store\n",
            "look.py": "import sys\nsys.path.append('backend')\nimport app.store\n",
        }
    )
    for importer in ("backend/app/web.py", "look.py"):
        assert project.import_line(importer, "backend/app/store.py") == "from app import store"
        assert project.import_line(importer, "backend/app/store.py", "x") == "from app.store import x"
    assert (
        project.import_line("backend/app/guarded.py", "backend/app/store.py", "x") == "from backend.app.store import x"
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "latin-1"])
def test_a_text_is_read_by_its_mark(index: Make, tmp_path: Path, encoding: str) -> None:
    project = index({"requirements.txt": "", "a.py": ""})
    (tmp_path / "requirements.txt").write_bytes("redis\r\n# für x\r\n".encode(encoding))
    expected = None if encoding in ("utf-16-le", "latin-1") else "redis\r\n# für x\r\n"
    assert project.read_text("requirements.txt") == expected
