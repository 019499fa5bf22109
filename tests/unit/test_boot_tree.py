"""The file tree of a boot: directories and what lies in them, worked out from the files alone."""

from __future__ import annotations

from rewire.project.boot.tree import HOME, Files, Tree, files_of


def test_directories_are_those_above_a_file() -> None:
    files = Files(["a/b/c.py", "a/d.py", "top.py", "a/b/native.so", "a/b/stub.pyi"])
    assert files.folders == {"", "a", "a/b"}
    assert {folder: set(names) for folder, names in files.children.items()} == {
        "": {"a", "top.py"},
        "a": {"b", "d.py"},
        "a/b": {"c.py", "native.so", "stub.pyi"},
    }
    assert files.compiled == {"a/b/native", "a/b/stub"}
    assert files.is_dir("a/b")
    assert not files.is_dir("a/d.py")


def test_a_project_without_files_has_its_root() -> None:
    files = Files([])
    assert files.is_dir("")
    assert Tree(files).names(HOME) == []


def test_one_state_of_a_project_has_one_table_of_files() -> None:
    assert files_of(("a.py", "b.py")) is files_of(("a.py", "b.py"))
    assert files_of(("a.py",)).files == {"a.py"}
