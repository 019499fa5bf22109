"""Import roots that only imports show: the same ones, for the same reasons, as by trying each file in turn."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from hypothesis import example, given
from hypothesis import strategies as st

from rewire.project.modules import STANDARD, ModuleTable
from rewire.project.roots import SHOWN, _imported_by, _plain_folders, _shown_by_imports, _statements, holds

if TYPE_CHECKING:
    from collections.abc import Callable

NAMES = ["a", "b", "json"]
FOLDERS = st.lists(st.sampled_from(["x", "y", "x-z", "x0"]), max_size=3).map("/".join)
FILES = st.dictionaries(
    st.tuples(FOLDERS, st.sampled_from(["a.py", "b.py", "json.py", "c.py", "a/__init__.py"])).map(
        lambda parts: "/".join(part for part in parts if part)
    ),
    st.sets(st.sampled_from([*NAMES, "elsewhere"]), max_size=2),
    max_size=8,
)


def by_trying(table: ModuleTable, imported: Callable[[str], frozenset[str]]) -> list[tuple[str, str]]:
    """The rule itself: the files below a folder, then those beside it, each in order."""
    found = []
    for folder in _plain_folders(table, set()):
        tops = {top for top in table.tops[folder] - STANDARD if table.at(f"{folder}/{top}")}
        above = folder.rpartition("/")[0]
        near = [path for path in table.paths if holds(above, path) and (above or holds(folder, path))]
        for path in sorted(near, key=lambda path: (not holds(folder, path), path)):
            if shown := sorted(tops & imported(path)):
                found.append((folder, f"{SHOWN} {path}, which knows {shown[0]} as a module"))
                break
    return found


@given(FILES)
@example({"x/y/a.py": set(), "x/user.py": {"a"}, "x/y0.py": {"a"}})
@example({"x/y/a.py": set(), "x/a.py": {"a"}, "x/z/b.py": {"a"}})
def test_roots_are_shown_as_if_each_file_were_tried_in_turn(files: dict[str, set[str]]) -> None:
    texts = {path: "".join(f"import {name}\n" for name in sorted(names)).encode() for path, names in files.items()}
    table = ModuleTable(texts)
    shown = _shown_by_imports(table, _plain_folders(table, set()), lambda path, question: question(texts[path]))
    assert [(root.path, root.why) for root in shown] == by_trying(table, lambda path: _imported_by(texts[path]))


def test_many_folders_beside_each_other_are_told_apart_by_one_look_at_each_file() -> None:
    texts = {f"tools/t{number}/m{number}.py": b"import os\n" for number in range(60)}
    texts["tools/user.py"] = b"import m7\n"
    looked: list[str] = []

    def look(path: str, question: Callable[[bytes | None], frozenset[str]]) -> frozenset[str]:
        looked.append(path)
        return question(texts[path])

    table = ModuleTable(texts)
    (root,) = _shown_by_imports(table, _plain_folders(table, set()), look)
    assert root.path == "tools/t7"
    assert len(looked) <= 3 * len(texts)


ONE_PATTERN = re.compile(
    rb"(?:^(?:\xef\xbb\xbf)?|[\r\n;:])[ \t]*(?:from[ \t]+([A-Za-z_]\w*)|import[ \t]+([^\r\n#;(]+))"
)
PIECES = [
    "from ",
    "import ",
    "from\t",
    "a",
    "b.c",
    ",",
    ".",
    ";",
    ":",
    "\n",
    "\r",
    "\r\n",
    " ",
    "\t",
    "#",
    "(",
    "\ufeff",
    "'",
]


@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join))
@example("import  ")
@example("import a: import b")
@example("\nfrom a: import b: import c; import d")
@example("\ufeffimport a")
@example("x\rimport a\r\nfrom b import c")
def test_imports_are_found_byte_by_byte_as_by_one_pattern(text: str) -> None:
    found = [match.group(1, 2) for match in _statements(text.encode())]
    assert found == [match.group(1, 2) for match in ONE_PATTERN.finditer(text.encode())]
