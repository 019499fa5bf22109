"""Mentions: as if every file were searched for every word, in every state of a project."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from rewire import read
from rewire.model.source import SourceFile
from rewire.model.workspace import FileChange, Workspace
from rewire.needles import Needles
from rewire.project.index import ProjectIndex
from rewire.project.questions import may_start

if TYPE_CHECKING:
    from pathlib import Path

FILES = {
    "a.py": "from shop.tools import *\n",
    "b.py": "from shop.tools import (\t*)\nload = 1\n",
    "c.py": "def load(*names): return names * 2\n",
    "d.py": "import shop\nshop.load(1)\n",
    "e.py": "# nothing\n",
}
WORDS = (b"load", b"shop.load", b"nothing")


def project(tmp_path: Path) -> ProjectIndex:
    for path, text in FILES.items():
        (tmp_path / path).write_text(text)
    return ProjectIndex(Workspace(tmp_path, tuple(sorted(FILES))))


def check(index: ProjectIndex, texts: dict[str, str], words: tuple[bytes, ...]) -> None:
    stars = {path for path, text in texts.items() if re.search(r"import[ \t(]*\*", text)}
    for word in words:
        holding = {path for path, text in texts.items() if word.decode() in text}
        assert index.mentions.of(word) == sorted(holding)
        assert index.mentions.of_star(word) == sorted(holding | stars)


def changed(index: ProjectIndex, path: str, text: str) -> FileChange:
    before = index.source(path)
    assert before is not None
    return FileChange(path, before, before.with_text(text), ())


def test_every_word_in_every_state(tmp_path: Path) -> None:
    index = project(tmp_path)
    check(index, FILES, WORDS[:2])
    later = index.advance(index.workspace.with_changes([changed(index, "e.py", "load\nfrom x import *\n")]))
    texts = FILES | {"e.py": "load\nfrom x import *\n"}
    check(later, texts, WORDS)  # the last word was never asked before
    last = later.advance(later.workspace.with_changes([changed(later, "a.py", "nothing\n")]))
    check(last, texts | {"a.py": "nothing\n"}, WORDS[:1])
    check(last, texts | {"a.py": "nothing\n"}, WORDS)
    check(index, FILES, WORDS)


def test_a_star_is_found_however_it_is_written(tmp_path: Path) -> None:
    spaces = ["", " ", "\t", "  ", " \t", "\t ", "(", " (", "( ", "(\t", "  (  "]
    texts = {f"m{number}.py": f"from x import{space}*" for number, space in enumerate(spaces)}
    texts |= {"n.py": "important = 2 ** 3\ndef f(*a, **k): ...\nexport *\n"}
    for path, text in texts.items():
        (tmp_path / path).write_text(text)
    check(ProjectIndex(Workspace(tmp_path, tuple(sorted(texts)))), texts, (b"absent",))


def test_files_that_stay_the_same_are_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    index = project(tmp_path)
    change = changed(index, "e.py", "load\n")
    opened: list[str] = []
    real = read.read_bytes

    def note(root: Path, path: str) -> object:
        opened.append(path)
        return real(root, path)

    monkeypatch.setattr(read, "read_bytes", note)
    index.mentions.learn(WORDS)
    index.mentions.learn(WORDS)
    assert sorted(opened) == sorted(FILES)
    later = index.advance(index.workspace.with_changes([change]))
    assert later.mentions.of(b"load") == ["b.py", "c.py", "d.py", "e.py"]
    assert sorted(opened) == sorted(FILES)
    assert isinstance(later.source("e.py"), SourceFile)


def told(index: ProjectIndex, files: list[FileChange]) -> ProjectIndex:
    """The index after ``files``, with what whoever rewrote them has found in them."""
    asked = index.asked_of_bytes()
    later = index.advance(index.workspace.with_changes(files))
    found = {file.path: Needles(asked).held(file.after.to_bytes()) for file in files if file.after}
    later.note_held(asked, found)
    return later


def test_what_others_found_in_changed_files_says_the_same(tmp_path: Path) -> None:
    index = project(tmp_path)
    index.note_looks(may_start, sorted(FILES), set())
    check(index, FILES, WORDS[:2])
    later = told(index, [changed(index, "e.py", "load\nfrom x import *\nimport subprocess\n")])
    texts = FILES | {"e.py": "load\nfrom x import *\nimport subprocess\n"}
    check(later, texts, WORDS[:2])
    assert later.look("e.py", may_start)
    assert not later.look("a.py", may_start)
    check(later, texts, WORDS)  # the last word was never asked before, so nobody has found it
    last = told(later, [changed(later, "e.py", "nothing\n"), changed(later, "b.py", "load\n")])
    texts |= {"e.py": "nothing\n", "b.py": "load\n"}
    check(last, texts, WORDS)
    assert not last.look("e.py", may_start)


def test_changed_files_are_not_searched_again_for_what_others_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = project(tmp_path)
    index.note_looks(may_start, sorted(FILES), set())
    index.mentions.learn(WORDS)
    later = told(index, [changed(index, "d.py", "import subprocess as load\n")])
    monkeypatch.setattr(SourceFile, "to_bytes", lambda _: pytest.fail("searched again"))
    assert later.mentions.of(b"load") == ["b.py", "c.py", "d.py"]
    assert later.look("d.py", may_start)
    assert later.advance(later.workspace).look("d.py", may_start)
