"""Import roots, module names and resolution, on trees drawn as dictionaries."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rewire.model.project import Target
from rewire.model.workspace import Workspace
from rewire.project.index import ProjectIndex

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def index(tmp_path: Path):
    def make(files: dict[str, str], roots: tuple[str, ...] = ()) -> ProjectIndex:
        for path, text in files.items():
            place = tmp_path / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text)
        python = tuple(sorted(path for path in files if path.endswith((".py", ".pyi"))))
        others = tuple(sorted(path for path in files if not path.endswith((".py", ".pyi"))))
        return ProjectIndex(Workspace(tmp_path, python), others, roots)

    return make


def root_paths(project: ProjectIndex) -> list[str]:
    return [root.path for root in project.roots]


def targets(project: ProjectIndex, path: str) -> list[Target | None]:
    return [project.resolve(name) for name in project.imports(path)]


def test_a_src_layout_counts_from_src_and_never_says_src_pkg(index):
    project = index({"src/pkg/__init__.py": "", "src/pkg/a.py": "", "tests/test_a.py": "from pkg.a import x\n"})
    assert "src" in root_paths(project)
    assert project.module_names("src/pkg/a.py") == ("pkg.a",)
    assert project.find_module("pkg.a") == "src/pkg/a.py"
    assert project.find_module("src.pkg.a") is None or project.module_names("src/pkg/a.py") == ("pkg.a",)


def test_src_that_imports_name_is_a_package_and_no_root(index):
    project = index({"src/app.py": "from src.db import x\n", "src/db.py": "x = 1\n"})
    assert root_paths(project) == [""]
    assert project.module_names("src/db.py") == ("src.db",)
    assert targets(project, "src/app.py") == [Target("src.db", "src/db.py", "x")]


@pytest.mark.parametrize(
    ("name", "text", "root"),
    [
        ("pyproject.toml", "[tool.setuptools.packages.find]\nwhere = ['code']\n", "code"),
        ("pyproject.toml", "[tool.setuptools]\npackage-dir = {'' = 'code'}\n", "code"),
        ("pyproject.toml", "[tool.hatch.build.targets.wheel]\npackages = ['code/pkg']\n", "code"),
        ("pyproject.toml", "[tool.poetry]\npackages = [{include = 'pkg', from = 'code'}]\n", "code"),
        ("setup.cfg", "[options]\npackage_dir =\n    = code\n", "code"),
        ("setup.cfg", "[options.packages.find]\nwhere = code\n", "code"),
        ("setup.py", "from setuptools import *\nsetup(packages=find_packages('code'))\n", "code"),
        ("setup.py", "from setuptools import *\nsetup(package_dir={'': 'code'})\n", "code"),
    ],
)
def test_packaging_metadata_names_the_root(index, name, text, root):
    project = index({name: text, "code/pkg/__init__.py": "", "code/pkg/a.py": ""})
    assert root_paths(project)[0] == root
    assert project.module_names("code/pkg/a.py") == ("pkg.a",)


def test_unreadable_metadata_names_no_root_and_stops_nothing(index):
    project = index({"pyproject.toml": "[tool", "setup.cfg": "x", "setup.py": "print 'x'", "pkg/__init__.py": ""})
    assert root_paths(project) == [""]


def test_namespace_packages_have_names_without_init(index):
    project = index({"ns/one/a.py": "from ns.two import b\nimport ns.two.b\n", "ns/two/b.py": ""})
    assert project.module_names("ns/two/b.py") == ("ns.two.b",)
    assert targets(project, "ns/one/a.py") == [Target("ns.two.b", "ns/two/b.py", None)] * 2


def test_a_folder_whose_modules_import_each_other_flat_is_a_root_for_them(index):
    project = index(
        {
            "backend/main.py": "from routers import users\n",
            "backend/routers/users.py": "from deps import db\n",
            "backend/deps.py": "db = 1\n",
            "other.py": "import deps\n",
        }
    )
    assert "backend" in root_paths(project)
    assert project.module_names("backend/routers/users.py") == ("routers.users",)
    assert targets(project, "backend/routers/users.py") == [Target("deps", "backend/deps.py", "db")]
    assert targets(project, "other.py") == [Target("deps", None, None)]


def test_both_names_count_where_imports_use_both(index):
    project = index(
        {
            "backend/main.py": "import deps\n",
            "backend/deps.py": "",
            "tool.py": "import backend.deps\n",
        }
    )
    assert project.module_names("backend/deps.py") == ("deps", "backend.deps")


def test_configured_roots_win(index):
    project = index({"src/a.py": "", "lib/b.py": "import a\n"}, ("src", "lib"))
    assert root_paths(project) == ["src", "lib"]
    assert project.find_module("a") == "src/a.py"


def test_the_standard_library_wins_over_a_local_folder_of_its_name(index):
    project = index({"collections/__init__.py": "", "collections/abc.py": "", "m.py": "import collections.abc\n"})
    assert project.find_module("collections.abc") is None
    assert targets(project, "m.py") == [Target("collections.abc", None, None)]


def test_a_name_that_init_binds_wins_over_the_submodule(index):
    project = index(
        {
            "p/__init__.py": "from .run import run\nfrom . import stop\n",
            "p/run.py": "def run(): pass\n",
            "p/stop.py": "",
            "p/plain.py": "",
            "m.py": "from p import run, stop, plain, nothing\n",
        }
    )
    assert targets(project, "m.py") == [
        Target("p", "p/__init__.py", "run"),
        Target("p.stop", "p/stop.py", None),
        Target("p.plain", "p/plain.py", None),
        None,
    ]


def test_a_stub_declares_what_its_compiled_module_has(index):
    project = index(
        {
            "p/__init__.py": "",
            "p/fast.pyi": "limit: int\nclass Box:\n    size: int\n",
            "p/slow.py": "limit: int\n",
            "m.py": "from p.fast import limit, Box, other\nfrom p.slow import limit\n",
        }
    )
    assert targets(project, "m.py") == [
        Target("p.fast", "p/fast.pyi", "limit"),
        Target("p.fast", "p/fast.pyi", "Box"),
        None,
        None,
    ]
    provided = [project.provides(f"p/{file}", name) for file, name in (("fast.pyi", "limit"), ("slow.py", "limit"))]
    assert provided == [True, False]


def test_a_star_in_init_may_bring_the_name(index):
    project = index(
        {
            "p/__init__.py": "from .run import *\n",
            "p/run.py": "run = 1\n",
            "m.py": "from p import run\n",
        }
    )
    assert targets(project, "m.py") == [Target("p", "p/__init__.py", "run")]


def test_relative_imports_resolve_by_directory(index):
    project = index(
        {
            "p/__init__.py": "",
            "p/q/__init__.py": "",
            "p/q/a.py": "from . import b\nfrom .b import x\nfrom .. import c\nfrom ..c import y\nfrom ...z import w\n",
            "p/q/b.py": "x = 1\n",
            "p/c.py": "y = 1\n",
        }
    )
    assert targets(project, "p/q/a.py") == [
        Target("p.q.b", "p/q/b.py", None),
        Target("p.q.b", "p/q/b.py", "x"),
        Target("p.c", "p/c.py", None),
        Target("p.c", "p/c.py", "y"),
        None,
    ]


def test_a_module_hides_a_folder_of_its_name(index):
    project = index({"a.py": "", "a/b.py": ""})
    assert project.find_module("a.b") is None


def test_imports_in_strings_and_comments_are_none(index):
    text = '"""\nimport p.a\n"""\n# import p.a\nx = """\nfrom p import a\n"""; import p.a as y\nif x: import p\n'
    project = index({"p/__init__.py": "", "p/a.py": "", "m.py": text})
    assert [(name.module, name.bound, name.guards) for name in project.imports("m.py")] == [
        ("p.a", "y", ()),
        ("p", "p", ("if",)),
    ]


def test_scope_and_guards(index):
    text = (
        "try:\n    import a\nexcept ImportError:\n    import b\nelse:\n    import c\n"
        "class K:\n    import d\n    def f(self):\n        import e\n"
        "if TYPE_CHECKING:\n    import f\nif __name__ == '__main__':\n    import g\n"
    )
    project = index({"m.py": text})
    assert [(name.bound, name.scope, name.guards) for name in project.imports("m.py")] == [
        ("a", "module", ("try",)),
        ("b", "module", ("except",)),
        ("c", "module", ("else",)),
        ("d", "class", ()),
        ("e", "function", ()),
        ("f", "module", ("type_checking",)),
        ("g", "module", ("main",)),
    ]


def test_importers_are_found_through_every_spelling(index):
    project = index(
        {
            "p/__init__.py": "",
            "p/a.py": "x = y = 1\n",
            "p/b.py": "from .a import x\nfrom . import a\n",
            "c.py": "import p.a as q\nfrom p.a import y\nfrom p.a import *\n",
        }
    )
    everyone = [(name.path, name.bound) for name in project.importers_of("p/a.py")]
    assert everyone == [("c.py", "q"), ("c.py", "y"), ("c.py", "*"), ("p/b.py", "x"), ("p/b.py", "a")]
    assert [(name.path, name.bound) for name in project.importers_of("p/a.py", "x")] == [("c.py", "*"), ("p/b.py", "x")]


def test_import_line_follows_the_style_of_the_file(index):
    project = index(
        {
            "p/__init__.py": "",
            "p/q/__init__.py": "",
            "p/db.py": "",
            "p/relative.py": "from . import x\n",
            "p/absolute.py": "from p import x\n",
            "p/q/deep.py": "from ..x import y\n",
            "p/x.py": "y = 1\n",
            "script.py": "",
        }
    )
    assert project.import_line("p/relative.py", "p/db.py", "pool") == "from .db import pool"
    assert project.import_line("p/relative.py", "p/db.py") == "from . import db"
    assert project.import_line("p/absolute.py", "p/db.py", "pool", "p") == "from p.db import pool as p"
    assert project.import_line("p/absolute.py", "p/db.py") == "from p import db"
    assert project.import_line("p/q/deep.py", "p/db.py", "pool") == "from ..db import pool"
    assert project.import_line("p/q/deep.py", "p/__init__.py", "x") == "from .. import x"
    assert project.import_line("script.py", "p/db.py", "pool") == "from p.db import pool"


@pytest.mark.parametrize(
    "text",
    [
        "from p.a import x\n",
        "from p.a import (y, x)\n",
        "from p.a import (\n    x,  # why\n)\n",
        "from p.a import x as z; y = 1\n",
        "from p.a import\\\n    x\n",
        "from p.a import y, x# why\n",
        "from p.a import(x)\n",
        "from p.a import\tx\tas z\n",
        "if 1: from p.a import x\r",
        "from p.a import *\n",
        "from p.a import*\n",
        "from p.a import x",
    ],
)
def test_who_takes_a_name_is_found_however_the_list_is_written(index, text):
    project = index(
        {"p/__init__.py": "", "p/a.py": "x = y = 1\n", "user.py": text, "p/other.py": "from x import p\nx.a\n"}
    )
    assert [name.path for name in project.importers_of("p/a.py", "x")] == ["user.py"]


def test_a_mention_of_a_name_opens_no_file(index, monkeypatch):
    quiet = "import x.y\nfrom x import a\nx(1)\nd = {'x': x[1], \"x\": 2}\nother.x\nf(x=1)\n"
    project = index({"a.py": "x = 1\n", "quiet.py": quiet})
    monkeypatch.setattr(ProjectIndex, "imports", lambda self, path: pytest.fail(path) if path == "quiet.py" else ())
    assert project.importers_of("a.py", "x") == ()
