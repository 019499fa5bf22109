"""No new unresolved import: the files that are looked into are all in which one can be."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rewire.model.site import Change
from rewire.model.source import SourceFile, Span, digest_of
from rewire.model.workspace import FileChange, Workspace
from rewire.project.index import ProjectIndex
from rewire.verify import imports
from rewire.verify.imports import newly_unresolved

FILES = ("main.py", "pkg/__init__.py", "pkg/a.py", "pkg/b.py", "pkg/sub/__init__.py")
LINES = """\
import os|import pkg.a|import pkg.c as c|from pkg import a|from pkg import x, sub|from pkg.a import x
from . import a|from .a import y|from .sub import (|    z)|from ..a import x|import sub|from pkg.a import y; x = 1
x = 1|y: int = 2|z = x = 3|x += 1|x == 1|del x|def x():|class y:|(x := 1)|pass||for x in y: pass|if x:|else:
    x = 1|    return x|    global z|    import pkg.gone|    z = 1|    y = 2|x = '''|'''|# import pkg.gone
vars()['y'] = 1|from pkg.a import *|def __getattr__(name):|sys.path.insert(0, 'pkg')|x = 'import pkg.gone'""".replace(
    "\n", "|"
).split("|")
TEXTS = st.lists(st.sampled_from(LINES), max_size=6)
PUT = st.lists(st.sampled_from(LINES), max_size=2)
EDITS = st.lists(st.tuples(st.sampled_from(FILES), st.integers(0, 5), st.integers(0, 2), PUT), min_size=1, max_size=4)
NOTHING: dict[str, list[str]] = {path: [""] for path in FILES}


def source(path: str, text: str) -> SourceFile:
    return SourceFile(path, text, "utf-8", False, "\n", digest_of(text.encode()))


def joined(lines: list[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def replaced(path: str, lines: list[str], first: int, count: int, new: list[str]) -> FileChange | None:
    """One region: ``count`` lines from ``first`` on became ``new``."""
    first = min(first, len(lines))
    old = lines[first : first + count]
    if old == new:
        return None
    start = len(joined(lines[:first]))
    before, after = Span(start, start + len(joined(old))), Span(start, start + len(joined(new)))
    change = Change("toy", path, before, first + 1, "", "", False, before, after)
    whole = joined([*lines[:first], *new, *lines[first + count :]])
    return FileChange(path, source(path, joined(lines)), source(path, whole), (change,))


def indexes(texts: dict[str, list[str]], files: list[FileChange]) -> tuple[ProjectIndex, ProjectIndex]:
    overlay = {path: source(path, joined(lines)) for path, lines in texts.items()}
    workspace = Workspace(Path("nowhere"), tuple(sorted(texts)), overlay=overlay)
    before = ProjectIndex(workspace)
    return before, before.advance(workspace.with_changes(files))


def looked_into_everywhere(before: ProjectIndex, after: ProjectIndex, files: list[FileChange]) -> set[tuple[str, str]]:
    """What the check says where it leaves no file out."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(imports, "_to_look_into", lambda _, __, files: [file.path for file in files])
        return {(one.path, one.detail) for one in newly_unresolved(before, after, files, "toy")}


def taken(
    name: str, lines: list[str], new: tuple[str, ...], above: str = "pass"
) -> tuple[dict[str, list[str]], list[tuple[str, int, int, list[str]]]]:
    """``main.py`` takes ``name`` from a module; the first of that one's ``lines`` becomes ``new``."""
    texts = {**NOTHING, "pkg/a.py": [above, *lines], "main.py": [f"from pkg.a import {name}", "x = 1"]}
    return texts, [("main.py", 1, 1, ["x = 2"]), ("pkg/a.py", 1, 1, [*new])]


@given(st.fixed_dictionaries(dict.fromkeys(FILES, TEXTS)), EDITS)
@settings(max_examples=400, deadline=None)
@example(*taken("x", ["x = 1"], ("y = 1",)))
@example(*taken("y", ["vars()['y'] = 1"], ("pass",)))
@example(*taken("z", ["if x:", "    z = 1"], ("def y():",)))
@example(*taken("z", ["    global z", "    z = 1"], ("    return x",), "def x():"))
def test_no_file_is_left_out_in_which_an_import_broke(
    texts: dict[str, list[str]], edits: list[tuple[str, int, int, list[str]]]
) -> None:
    changed = {path: file for path, *rest in edits if (file := replaced(path, texts[path], *rest))}
    files = [file for _, file in sorted(changed.items())]
    before, after = indexes(texts, files)
    found = {(one.path, one.detail) for one in newly_unresolved(before, after, files, "toy")}
    assert found == looked_into_everywhere(before, after, files)


@pytest.mark.parametrize(
    ("new", "taker", "complaint"),
    [
        ("y = 1", "from pkg.a import x", "nothing answers to the import of pkg.a (x)"),
        ("x = 2", "from pkg.a import x", None),
        ("y = 1", "import pkg.a", None),
        ("from pkg.b import y as x", "from pkg.a import x", None),
        ("from pkg.b import *", "from pkg.a import x", None),
    ],
)
def test_a_name_that_a_module_loses_breaks_who_takes_it(new: str, taker: str, complaint: str | None) -> None:
    texts = {**NOTHING, "pkg/a.py": ["x = 1"], "pkg/b.py": ["y = 1"], "main.py": [taker, "z = 1"]}
    edits = [("main.py", 1, 1, ["z = 2"]), ("pkg/a.py", 0, 1, [new])]
    files = [file for path, *rest in edits if (file := replaced(path, texts[path], *rest))]
    found = newly_unresolved(*indexes(texts, files), files, "toy")
    assert [(one.path, one.check, one.detail) for one in found] == (
        [("main.py", "imports", complaint)] if complaint else []
    )


def test_an_import_that_the_run_writes_must_find_something() -> None:
    texts = {**NOTHING, "main.py": ["import os", "x = 1"]}
    file = replaced("main.py", texts["main.py"], 0, 1, ["import pkg.gone"])
    assert file
    (complaint,) = newly_unresolved(*indexes(texts, [file]), [file], "toy")
    assert (complaint.path, complaint.detail) == ("main.py", "nothing answers to the import of pkg.gone")


def test_an_import_that_no_change_touches_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = {**NOTHING, "main.py": ["from pkg.a import x", "y = 1"], "pkg/a.py": ["x = 1"]}
    file = replaced("main.py", texts["main.py"], 1, 1, ["y = 2"])
    assert file
    before, after = indexes(texts, [file])
    assert before.found_roots == after.found_roots
    monkeypatch.setattr(ProjectIndex, "imports", lambda self, path: pytest.fail(f"{path} is read"))
    assert newly_unresolved(before, after, [file], "toy") == []


def test_a_module_that_is_gone_breaks_who_imports_it() -> None:
    texts = {**NOTHING, "main.py": ["import pkg.a", "x = 1"]}
    file = replaced("main.py", texts["main.py"], 1, 1, ["x = 2"])
    assert file
    files = [file, FileChange("pkg/a.py", source("pkg/a.py", "\n"), None, ())]
    (complaint,) = newly_unresolved(*indexes(texts, files), files, "toy")
    assert (complaint.path, complaint.detail) == ("main.py", "nothing answers to the import of pkg.a")


def test_a_root_that_comes_breaks_who_counts_from_the_one_above() -> None:
    texts = {"tools/run.py": ["pass"], "tools/part.py": ["y = 1"], "tools/other.py": ["from .part import y", "x = 1"]}
    edits = [("tools/other.py", 1, 1, ["x = 2"]), ("tools/run.py", 0, 1, ["import part"])]
    files = [file for path, *rest in edits if (file := replaced(path, texts[path], *rest))]
    before, after = indexes(texts, files)
    assert before.found_roots != after.found_roots
    (complaint,) = newly_unresolved(before, after, files, "toy")
    assert (complaint.path, complaint.detail) == ("tools/other.py", "nothing answers to the import of .part (y)")


def test_a_file_that_is_made_where_one_was_may_break_who_imports_it() -> None:
    """A second codemod of the run makes the file that the first one made: the paths stay the same."""
    texts = {**NOTHING, "main.py": ["from pkg.a import x", "z = 1"], "pkg/a.py": ["x = 1"]}
    file = replaced("main.py", texts["main.py"], 1, 1, ["z = 2"])
    assert file
    files = [file, FileChange("pkg/a.py", None, source("pkg/a.py", "y = 1\n"), ())]
    (complaint,) = newly_unresolved(*indexes(texts, files), files, "toy")
    assert (complaint.path, complaint.detail) == ("main.py", "nothing answers to the import of pkg.a (x)")
