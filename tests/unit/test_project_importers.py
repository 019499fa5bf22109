"""Who imports a module: the answer by words is that of resolving every import of every file."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st

from rewire.model.workspace import Workspace
from rewire.project.index import ProjectIndex

PATHS = ["__init__.py", "a.py", "p/__init__.py", "p/a.py", "p/b.py", "p/q/__init__.py", "p/q/a.py", "n/a.py", "n/b.py"]
STATEMENTS = [
    "import a", "import p", "import p.a as b, a", "import p.q.a", "from p import a", "from p import q, b as a",
    "from p.q import a", "from p.a import x", "from p.q import *", "from . import a", "from . import x, q",
    "from .. import b", "from .a import x", "from ..a import x as y", "from .q import a", "from . import *",
    "from n import a", "import n.b", "from n.a import x", "import os", "from ... import x",
]  # fmt: skip


def one_by_one(project: ProjectIndex, path: str, name: str | None) -> list[object]:
    """The rule itself."""
    found: list[object] = []
    for importer in project.paths:
        for imported in project.imports(importer):
            target = project.resolve(imported)
            if target is not None and target.path == path:
                taken = "*" if imported.name == "*" else target.attribute
                if name is None or taken in (name, "*"):
                    found.append(imported)
    return found


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.sampled_from(PATHS), st.lists(st.sampled_from(STATEMENTS), max_size=3), min_size=2))
@example(dict.fromkeys(PATHS, STATEMENTS[:12]))
@example(dict.fromkeys(PATHS, STATEMENTS[8:]))
def test_importers_are_those_whose_imports_load_the_file(files: dict[str, list[str]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for path, statements in files.items():
            place = Path(folder) / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text("\n".join(["x = 1", *statements, ""]))
        workspace = Workspace(Path(folder), tuple(sorted(files)))
        by_name, by_word = ProjectIndex(workspace), ProjectIndex(workspace)
        for path in sorted(files):
            for name in ("x", "a"):
                assert list(by_name.importers_of(path, name)) == one_by_one(by_name, path, name)
            for asked in (None, "x", "a"):
                assert list(by_word.importers_of(path, asked)) == one_by_one(by_word, path, asked)
