"""patch: what ``git apply`` takes, for every kind of line end, name and file; unidiff as a second reader."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.repositories import create, delete, git, outcome, replace_words, rewrite, run_of, source, tree, write
from unidiff import PatchSet

from rewire.deliver.patch import fragment, quote_path, render, render_files, render_outcome
from rewire.model.site import Change
from rewire.model.source import Span
from rewire.model.workspace import FileChange

if TYPE_CHECKING:
    from rewire.model.source import SourceFile

LINES = "".join(f"line {number}\n" for number in range(40))
FUNCTION = "def f{}():\n    from a.b import c\n\n    return int(\n        c,\n    )\n"
FUNCTIONS = "".join(FUNCTION.format(number) for number in range(60))

EDITS = {
    "one line": (b"a = 1\n", b"a = 2\n"),
    "no newline at the end": (b"a = 1\nb", b"a = 2\nb"),
    "newline at the end lost": (b"a\nb\n", b"a\nb"),
    "newline at the end won": (b"a\nb", b"a\nb\n"),
    "last line of a file without a newline": (b"a\nb", b"a\nc"),
    "crlf": (b"a = 1\r\nb\r\n", b"a = 2\r\nb\r\n"),
    "mixed line ends": (b"a = 1\r\nb\nc\r\n", b"a = 1\r\nB\nc\r\n"),
    "lone carriage returns": (b"a = 1\rb = 2\rc\n", b"a = 1\rb = 3\rc\n"),
    "carriage returns only": (b"a = 1\rb = 2\r", b"a = 1\rb = 3\r"),
    "form feed": (b"a = 1\n\x0c\nb = 2\n", b"a = 1\n\x0c\nb = 3\n"),
    "form feed and vertical tab inside a line": (b"a\x0cb\x0bc\n", b"a\x0cb\x0bd\n"),
    "latin-1": ("# coding: latin-1\ns = 'é'\n".encode("latin-1"), "# coding: latin-1\nt = 'é'\n".encode("latin-1")),
    "line separators of unicode": ("s = '\u2028'\nb\n".encode(), "s = '\u2028'\nc\n".encode()),
    "byte order mark": (b"\xef\xbb\xbfa = 1\n", b"\xef\xbb\xbfa = 2\n"),
    "trailing blanks": (b"a  \n\tb\n", b"a  \n\tc\n"),
    "filled from nothing": (b"", b"a\n"),
    "emptied": (b"a\n", b""),
    "two hunks": (LINES.encode(), LINES.replace("line 3\n", "x\n").replace("line 30\n", "").encode()),
    "lines that look like a patch": (b"--- a\n+++ b\n@@ -1 +1 @@\nx\n", b"--- a\n+++ b\n@@ -1 +1 @@\ny\n"),
    "inserted at the start": (LINES.encode(), b"new\n" + LINES.encode()),
    "the same line many times": (b"\n" * 300, b"\n" * 150 + b"a\n" + b"\n" * 150),
    "lines so frequent that difflib passes them over": (FUNCTIONS.encode(), FUNCTIONS.replace("a.b", ".b").encode()),
    "the lines after a change appear in it": (b"p\nx\ny\nz\nend\n", b"x\ny\nz\nq\nx\ny\nz\nend\n"),
    "the lines before a change appear in it": (b"x\ny\nz\np\nend\n", b"x\ny\nz\nq\nx\ny\nz\nend\n"),
}
NAMES = ["plain.py", "with blank.py", "ünï.py", 'quo"te.py', "back\\slash.py", "new\nline.py", "tab\there.py", "-x.py",
         "a b/ü/c d.py", "b/b/x.py", "trail .py", "\x7f.py", "$(touch x).py"]  # fmt: skip


def change(path: str, before: bytes | None, after: bytes | None) -> FileChange:
    def text(data: bytes | None) -> SourceFile | None:
        return None if data is None else source(path, data)

    return FileChange(path, text(before), text(after), ())


def applied(root: Path, before: dict[str, bytes], patch: bytes) -> dict[str, bytes]:
    """What ``git apply`` makes of ``before``."""
    root.mkdir(exist_ok=True)
    write(root, before)
    if patch:
        git(root, "apply", "--check", "-", stdin=patch)
        git(root, "apply", "-", stdin=patch)
    return tree(root)


@pytest.mark.parametrize("name", EDITS)
def test_git_apply_gives_the_new_bytes_for(name: str, tmp_path: Path) -> None:
    before, after = EDITS[name]
    patch = render_files([change("m.py", before, after)], tmp_path)
    assert applied(tmp_path, {"m.py": before}, patch) == {"m.py": after}


@pytest.mark.parametrize("name", EDITS)
def test_git_apply_takes_it_back_for(name: str, tmp_path: Path) -> None:
    before, after = EDITS[name]
    patch = render_files([change("m.py", before, after)], tmp_path)
    write(tmp_path, {"m.py": after})
    git(tmp_path, "apply", "-R", "-", stdin=patch)
    assert tree(tmp_path) == {"m.py": before}


@pytest.mark.parametrize("path", NAMES)
@pytest.mark.parametrize(("before", "after"), [(b"a\n", b"b\n"), (None, b"b\n"), (b"a\n", None), (None, b"")])
def test_git_apply_finds_a_file_by_an_unusual_name(
    path: str, before: bytes | None, after: bytes | None, tmp_path: Path
) -> None:
    patch = render_files([change(path, before, after)], tmp_path)
    assert applied(tmp_path, {} if before is None else {path: before}, patch) == (
        {} if after is None else {path: after}
    )


def test_headers_are_those_of_git_itself(tmp_path: Path) -> None:
    before = dict.fromkeys(NAMES, b"a\n")
    git(tmp_path, "init", "-q")
    write(tmp_path, before)
    git(tmp_path, "add", "-A")
    write(tmp_path, dict.fromkeys(NAMES, b"b\n"))
    ours = render_files([change(path, b"a\n", b"b\n") for path in sorted(NAMES)], tmp_path)
    theirs = git(tmp_path, "diff", "--no-color")
    heads = (b"diff", b"---", b"+++", b"@@")

    def headers(patch: bytes) -> set[bytes]:
        return {line for line in patch.split(b"\n") if line.startswith(heads)}

    assert headers(ours) == headers(theirs)


def test_many_files_make_one_patch_that_unidiff_reads(tmp_path: Path) -> None:
    before = {f"m{number}.py": edit[0] for number, edit in enumerate(EDITS.values())}
    after = {f"m{number}.py": edit[1] for number, edit in enumerate(EDITS.values())}
    patch = render_files([change(path, before[path], after[path]) for path in before], tmp_path)
    assert applied(tmp_path, before, patch) == after
    readable = {path for path in before if b"\r" not in before[path] and b"\x0c" not in before[path]}
    text = render_files([change(path, before[path], after[path]) for path in sorted(readable)], tmp_path)
    assert {file.path for file in PatchSet(text.decode("latin-1").split("\n"))} == readable


def test_an_executable_file_stays_executable_and_its_deletion_is_no_warning(tmp_path: Path) -> None:
    write(tmp_path, {"run.py": b"a\n", "gone.py": b"a\n"})
    for name in ("run.py", "gone.py"):
        (tmp_path / name).chmod(0o755)
    patch = render_files([change("gone.py", b"a\n", None), change("run.py", b"a\n", b"b\n")], tmp_path)
    assert b"deleted file mode 100755" in patch
    git(tmp_path, "apply", "-", stdin=patch)
    assert (tmp_path / "run.py").stat().st_mode & 0o777 == 0o755


def test_the_patch_of_a_run_is_net_and_that_of_a_codemod_is_its_own(tmp_path: Path) -> None:
    before = {"m.py": b"one\nkeep\n", "back.py": b"two\n"}
    write(tmp_path, before)
    result = replace_words(tmp_path, ("one", "two"), ("two", "six"))
    assert applied(tmp_path / "net", before, render(result)) == {"m.py": b"six\nkeep\n", "back.py": b"six\n"}
    assert b"+two" not in render(result)
    steps = tmp_path / "steps"
    assert applied(steps, before, render_outcome(result.outcomes[0], tmp_path))["m.py"] == b"two\nkeep\n"
    git(steps, "apply", "-", stdin=render_outcome(result.outcomes[1], tmp_path))
    assert tree(steps) == {"m.py": b"six\nkeep\n", "back.py": b"six\n"}


def test_what_ends_as_it_began_leaves_no_trace(tmp_path: Path) -> None:
    write(tmp_path, {"m.py": b"one\n"})
    assert render(replace_words(tmp_path, ("one", "two"), ("two", "one"))) == b""
    born = create("new.py", "x = 1\n")
    assert born.after
    assert render(run_of(tmp_path, outcome("a", born), outcome("b", delete(born.after)))) == b""


def test_created_edited_and_deleted_together(tmp_path: Path) -> None:
    write(tmp_path, {"old.py": b"a\n", "m.py": b"a\n"})
    files = (
        create("pkg/__init__.py", ""),
        create("pkg/new.py", "x = 1\n"),
        delete(source("old.py", b"a\n")),
        rewrite(source("m.py", b"a\n"), "a", "b"),
    )
    patch = render(run_of(tmp_path, outcome("toy", *files)))
    git(tmp_path, "apply", "-", stdin=patch)
    assert tree(tmp_path) == {"pkg/__init__.py": b"", "pkg/new.py": b"x = 1\n", "m.py": b"b\n"}


def test_the_quoted_path_of_bytes_that_are_no_utf8() -> None:
    assert quote_path("caf\udce9.py") == '"caf\\351.py"'
    assert quote_path("plain name.py") == "plain name.py"


pieces = st.sampled_from([b"a", b"b", b" ", b"\t", b"\r", b"\n", b"\r\n", b"\x0c", "é".encode(), b"# x\n", b"\n\n"])
texts = st.lists(pieces, max_size=40).map(b"".join)


@settings(max_examples=60)
@given(st.lists(st.tuples(texts, texts), min_size=1, max_size=12))
def test_any_two_texts(pairs: list[tuple[bytes, bytes]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        before = {f"m{number}.py": pair[0] for number, pair in enumerate(pairs)}
        after = {f"m{number}.py": pair[1] for number, pair in enumerate(pairs)}
        patch = render_files([change(path, before[path], after[path]) for path in before], root)
        assert applied(root, before, patch) == after


names = st.text(st.characters(exclude_characters="/\0", exclude_categories=("Cs",)), min_size=1, max_size=12)


@settings(max_examples=60)
@given(st.sets(names.map(lambda name: f"{name[:60]}.py"), min_size=1, max_size=6))
def test_any_names(paths: set[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        patch = render_files([change(path, b"a\n", b"b\n") for path in sorted(paths)], root)
        assert applied(root, dict.fromkeys(paths, b"a\n"), patch) == dict.fromkeys(paths, b"b\n")


def told(old: list[str], new: list[str], regions: list[tuple[int, int]]) -> FileChange:
    """A change of lines, with the regions (first line, line after the last) in which the lines differ."""
    starts = [[0], [0]]
    for lines, offsets in zip((old, new), starts, strict=True):
        for line in lines:
            offsets.append(offsets[-1] + len(line))
    file = change("m.py", "".join(old).encode(), "".join(new).encode())
    changes = []
    for first, end in regions:
        before, after = Span(starts[0][first], starts[0][end]), Span(starts[1][first], starts[1][end])
        changes.append(Change("toy", "m.py", before, first + 1, "s", "", False, before, after))
    return FileChange(file.path, file.before, file.after, tuple(changes))


@st.composite
def edits(draw: st.DrawFn, alphabet: st.SearchStrategy[str] | None) -> FileChange:
    """Some lines of a text exchanged for as many others; without ``alphabet`` no line stands twice."""
    count = draw(st.integers(1, 40))
    end = draw(st.sampled_from(["\n", "\r\n"]))
    old = [f"{number if alphabet is None else draw(alphabet)}{end}" for number in range(count)]
    touched = draw(st.sets(st.integers(0, count - 1), min_size=1))
    new = [f"n{line}" if number in touched else line for number, line in enumerate(old)]
    regions, first = [], 0
    while first < count:  # regions of one to three lines, as sites make them, and what lies between
        size = draw(st.integers(1, 3))
        if touched & set(range(first, first + size)):
            regions.append((first, min(count, first + size)))
        first += size
    return told(old, new, regions)


@given(edits(None))
@settings(max_examples=200, deadline=None)
def test_what_the_changes_tell_is_what_comparing_finds(file: FileChange) -> None:
    compared = FileChange(file.path, file.before, file.after, ())
    assert fragment(file, Path()) == fragment(compared, Path())


@given(edits(st.sampled_from(["", "a", "b", ")"])))
@settings(max_examples=25, deadline=None)
def test_git_apply_takes_what_the_changes_tell_of_lines_that_stand_more_than_once(file: FileChange) -> None:
    assert file.before is not None
    assert file.after is not None
    with tempfile.TemporaryDirectory() as folder:
        patch = fragment(file, Path())
        assert applied(Path(folder), {"m.py": file.before.to_bytes()}, patch) == {"m.py": file.after.to_bytes()}


@pytest.mark.parametrize("regions", [[(1, 2)], [(0, 3), (4, 5)], [(7, 8)], [(0, 8)], []])
def test_changes_that_do_not_tell_all_of_a_file_are_not_believed(regions: list[tuple[int, int]]) -> None:
    old = [f"{number}\n" for number in range(20)]
    new = [line if number not in (1, 7) else f"n{line}" for number, line in enumerate(old)]
    file = told(old, new, regions)
    assert fragment(file, Path()) == fragment(FileChange(file.path, file.before, file.after, ()), Path())
