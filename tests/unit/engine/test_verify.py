"""verify: each check says no to the fault it is for, and yes to the same change without it."""

from __future__ import annotations

import pytest

from rewire.model.site import Change, Site
from rewire.model.source import SourceFile, Span
from rewire.model.splices import splices
from rewire.model.workspace import FileChange
from rewire.verify.check import still_parses as parses_with
from rewire.verify.ledger import unowned as unowned_in
from rewire.verify.names import newly_undefined, undefined
from rewire.verify.tokens import lost_text as lost_in


def change_of(old: str, new: str, *regions: tuple[Span, Span]) -> FileChange:
    before = SourceFile("m.py", old, "utf-8", False, "\n", "1")
    after = SourceFile("m.py", new, "utf-8", False, "\n", "2")
    return FileChange(
        "m.py",
        before,
        after,
        tuple(Change("toy", "m.py", span, 1, "s", "", False, span, to) for span, to in regions),
    )


def unowned(file: FileChange) -> str | None:
    return unowned_in(file, splices(file))


def lost_text(file: FileChange, sites: list[Site]) -> str | None:
    return lost_in(splices(file), sites)


def still_parses(file: FileChange) -> bool:
    return parses_with(file, splices(file))


def whole(old: str, new: str) -> FileChange:
    return change_of(old, new, (Span(0, len(old)), Span(0, len(new))))


def site(file: FileChange, *, comments: bool = False, strings: bool = False) -> list[Site]:
    return [
        Site("toy", "m.py", change.span, "Name", summary="s", drops_comments=comments, edits_strings=strings)
        for change in file.changes
    ]


def test_a_balanced_ledger_is_accepted() -> None:
    assert unowned(change_of("a\nb\nc\n", "a\nX\nc\n", (Span(2, 4), Span(2, 4)))) is None


@pytest.mark.parametrize(
    ("old", "new", "span", "to"),
    [
        ("a\nb\nc\n", "A\nX\nc\n", Span(2, 4), Span(2, 4)),
        ("a\nb\nc\n", "a\nX\nC\n", Span(2, 4), Span(2, 4)),
        ("a\nb\nc\n", "a\nX\nc\nd\n", Span(2, 4), Span(2, 4)),
        ("a\nb\nc\n", "a\nb\nc\n", Span(2, 4), Span(2, 4)),
    ],
    ids=["before", "after", "grown tail", "a change that changed nothing"],
)
def test_a_character_nobody_owns_is_found(old: str, new: str, span: Span, to: Span) -> None:
    assert unowned(change_of(old, new, (span, to)))


def test_a_lost_comment_is_found_unless_announced() -> None:
    file = whole("a = f(1,  # one\n  2)\n", "a = f(2)\n")
    assert "one" in str(lost_text(file, site(file)))
    assert lost_text(file, site(file, comments=True)) is None


def test_a_comment_that_moves_to_another_region_is_not_lost() -> None:
    old, new = "a = 1  # c\nkeep\nb = 2\n", "a = 1\nkeep\nb = 2  # c\n"
    file = change_of(old, new, (Span(0, 11), Span(0, 6)), (Span(16, 22), Span(11, 22)))
    assert lost_text(file, site(file)) is None


def test_an_altered_string_is_found_unless_announced() -> None:
    file = whole('q("""a\n  b""")\n', 'q("""a\n    b""")\n')
    assert "altered" in str(lost_text(file, site(file)))
    assert lost_text(file, site(file, strings=True)) is None


@pytest.mark.parametrize(
    ("old", "new", "verdict"),
    [
        ("import a\n", "from . import a\n", True),
        ("    import a\n", "    from . import a\n", True),
        ("import a\n", "from . import (a\n", False),
        ("import a\n", "import\n", False),
        ("x = 1\n", "    x = 1\n", False),
        ("if a:\n    b\n", "with a:\n    b\n", True),
        ("if a:\n    b\n", "with a:\nb\n", False),
        ("type X = int\n", "type Y = int\n", True),
    ],
)
def test_the_result_must_be_python(old: str, new: str, verdict: bool) -> None:
    assert still_parses(whole(old, new)) is verdict


def test_a_name_that_nothing_defines_any_more_is_found() -> None:
    assert newly_undefined("import a\na.b\n", "a.b\n") == "a"
    assert newly_undefined("def f(c):\n    return c\n", "def f():\n    return c\n") == "c"
    assert newly_undefined("import a\na.b\n", "import a\na.c\n") is None


def test_a_name_that_was_undefined_before_is_not_our_fault() -> None:
    assert newly_undefined("x = zzz\n", "y = zzz\n") is None
    assert undefined("print(zzz, __file__)\n") == {"zzz": 1}


def test_newer_syntax_than_the_running_python_is_analysed() -> None:
    assert undefined("type A[T] = list[T]\ndef f[U](x: U) -> U:\n    return x\n") == {}
