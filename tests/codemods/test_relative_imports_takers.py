"""What many files ask alike is worked out once: who reaches through a module, and what a tree holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from rewire_codemods.relative_imports.facts import read_facts
from rewire_codemods.relative_imports.reading import Reading
from rewire_codemods.relative_imports.takers import Reachers

from rewire.model.workspace import Workspace
from rewire.project.index import ProjectIndex

if TYPE_CHECKING:
    import ast
    from pathlib import Path

FILES = {
    "pkg/__init__.py": "",
    "pkg/a.py": "import pkg.tool\n",
    "pkg/b.py": "import pkg.tool\n",
    "pkg/c.py": "import pkg.tool\nfrom pkg import a\na.pkg.tool.run()\n",
    "pkg/d.py": "import pkg.a as first\nimport pkg.b as second\nfirst.pkg.tool.run()\nsecond.other()\n",
    "pkg/e.py": "import pkg.e as me\nme.pkg.tool.run()\n",
    "pkg/tool.py": "def run(): ...\n",
}


@pytest.fixture
def index(tmp_path: Path) -> ProjectIndex:
    for path, text in FILES.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text)
    return ProjectIndex(Workspace(tmp_path, tuple(sorted(FILES))))


@pytest.mark.parametrize(("path", "reacher"), [("pkg/a.py", "pkg/c.py"), ("pkg/b.py", ""), ("pkg/e.py", "")])
def test_who_reaches_through_a_module(index: ProjectIndex, path: str, reacher: str) -> None:
    assert Reachers(index).find(path, "pkg") == reacher


def test_a_file_that_reaches_through_itself_does_not_hide_another(index: ProjectIndex, tmp_path: Path) -> None:
    (tmp_path / "pkg/a.py").write_text("import pkg.a as me\nme.pkg.tool.run()\n")
    assert Reachers(index).find("pkg/a.py", "pkg") == "pkg/c.py"


def test_files_are_looked_through_once_for_each_name(index: ProjectIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[str] = []
    real = ProjectIndex.mentioning

    def noting(self: ProjectIndex, word: str) -> list[str]:
        looked.append(word)
        return real(self, word)

    monkeypatch.setattr(ProjectIndex, "mentioning", noting)
    reachers = Reachers(index)
    for path in FILES:
        reachers.find(path, "pkg")
    assert looked == [".pkg."]


def test_a_tree_is_walked_once_however_many_names_are_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    walked: list[object] = []
    real = Reading.__init__

    def noting(self: Reading, tree: ast.Module) -> None:
        walked.append(tree)
        real(self, tree)

    monkeypatch.setattr(Reading, "__init__", noting)
    text = "import one.a\nimport two.b\nimport three.c\none.a.x()\ntwo.b.y(three.c.z)\nx: 'one.a' = 1\n"
    facts = read_facts(text, {"one", "two", "three"})
    assert facts is not None
    assert {entry.top: [use.dotted for use in entry.uses] or entry.problem for entry in facts.dotted} == {
        "one": "line 6 uses one in a string",
        "two": ["two.b"],
        "three": ["three.c"],
    }
    assert len(walked) == 1
