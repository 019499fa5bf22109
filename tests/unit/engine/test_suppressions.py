"""The suppression comments of a run follow the text, and a file without any is not looked through again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewire import suppression
from rewire.model.site import Change
from rewire.model.source import SourceFile, Span, digest_of
from rewire.model.workspace import FileChange
from rewire.suppression import Suppressions, may_suppress, read_ignores

LINES = ["x = 1", "y = 2  # rewire: ignore[toy] why", "# rewire: ignore[toy]", "z = '# rewire: ignore[toy]'", "'''", ""]
TEXTS = st.lists(st.sampled_from(LINES), max_size=4)


def source(text: str) -> SourceFile:
    return SourceFile("m.py", text, "utf-8", False, "\n", digest_of(text.encode()))


def replaced(head: list[str], old: list[str], new: list[str], tail: list[str]) -> FileChange:
    """Some lines between two others, as one region."""
    first, was, became, last = ("".join(f"{line}\n" for line in part) for part in (head, old, new, tail))
    start = len(first)
    before, after = Span(start, start + len(was)), Span(start, start + len(became))
    change = Change("toy", "m.py", before, len(head) + 1, "", "", False, before, after)
    return FileChange("m.py", source(first + was + last), source(first + became + last), (change,))


def known(text: str) -> Suppressions:
    """As the search of a file on disk leaves them."""
    found = Suppressions()
    if may_suppress(text.encode()):
        found.read(source(text))
    return found


@given(TEXTS, TEXTS, TEXTS, TEXTS)
def test_the_comments_are_those_of_the_text_that_is_left(
    head: list[str], old: list[str], new: list[str], tail: list[str]
) -> None:
    file = replaced(head, old, new, tail)
    assert file.before
    assert file.after
    suppressions = known(file.before.text)
    after = suppressions.after([file])
    suppressions.move([file])
    assert after.get("m.py", ()) == suppressions.by_path.get("m.py", ()) == read_ignores(file.after)


def test_a_file_without_such_a_comment_is_not_scanned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suppression, "read_ignores", lambda source: pytest.fail(f"{source.path} is scanned"))
    suppressions = Suppressions()
    file = replaced(["'''", "rewire: the tool", "'''"], ["x = 1"], ["x = 2"], [])
    assert suppressions.after([file]) == {}
    suppressions.move([file])
    assert suppressions.by_path == {}


def test_a_comment_that_a_change_takes_away_is_not_waited_for() -> None:
    file = replaced([], ["y = 2  # rewire: ignore[toy] why"], ["y = 3"], [])
    assert file.before
    suppressions = known(file.before.text)
    assert len(suppressions.unused(["toy"])) == 1
    suppressions.move([file])
    assert suppressions.unused(["toy"]) == ()
