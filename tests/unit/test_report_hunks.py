"""Hunks for people: they say exactly what changed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st
from support.repositories import create, delete, rewrite, source

from rewire.report.hunks import hunks

if TYPE_CHECKING:
    from rewire.model.workspace import FileChange
    from rewire.report.hunks import Hunk

LINES = st.lists(st.sampled_from(["a\n", "b\n", "old\n", "x old y\n", "\n", "old old\r\n", "\f\n"]), max_size=40)


def rebuild(text: str, found: tuple[Hunk, ...], *, sign: str) -> str:
    """The old lines with every hunk applied (``+``), or checked against it (``-``)."""
    lines = text.split("\n")
    for hunk in reversed(found):
        old = [line for mark, line in hunk.lines if mark != "+"]
        at = hunk.old_start - 1
        assert [line.removesuffix("\r") for line in lines[at : at + hunk.old_count]] == old
        assert len(old) == hunk.old_count
        if sign == "+":
            lines[at : at + hunk.old_count] = [line for mark, line in hunk.lines if mark != "-"]
    return "\n".join(lines)


def without_carriage(text: str) -> str:
    return re.sub(r"\r$", "", text, flags=re.MULTILINE)


@given(LINES, st.sampled_from(["old", "tail"]), st.sampled_from(["new", "two\nlines", "", "\n"]), st.integers(0, 4))
def test_hunks_turn_the_old_text_into_the_new_one(lines: list[str], end: str, new: str, context: int) -> None:
    before = source("a.py", "".join([*lines, end]).encode())
    change = rewrite(before, "old", new)
    assert change.after is not None
    found = hunks(change, context)
    # A line that ends up empty at the very end is no line of its own; both sides are compared without it.
    rebuilt = rebuild(without_carriage(before.text), found, sign="+")
    assert rebuilt.rstrip("\n") == without_carriage(change.after.text).rstrip("\n")


@given(LINES, st.integers(0, 4))
def test_unchanged_lines_are_shown_only_as_context(lines: list[str], context: int) -> None:
    change = rewrite(source("a.py", "".join(lines).encode()), "old", "new")
    for hunk in hunks(change, context):
        assert any(mark == "-" for mark, _ in hunk.lines)
        for mark, line in hunk.lines:
            assert mark == " " or ("old" in line) == (mark == "-")
        marks = "".join(mark for mark, _ in hunk.lines)
        assert len(marks) - len(marks.lstrip()) <= context
        assert max(map(len, re.findall(" +", marks)), default=0) <= 2 * context


def test_a_new_file_and_one_that_goes() -> None:
    (made,) = hunks(create("a.py", "x\ny\n"))
    assert made.lines == (("+", "x"), ("+", "y"))
    (gone,) = hunks(delete(source("a.py", b"x\ny\n")))
    assert gone.lines == (("-", "x"), ("-", "y"))


def test_distant_changes_are_hunks_of_their_own() -> None:
    text = "old\n" + "same\n" * 20 + "old\n"
    first, second = hunks(rewrite(source("a.py", text.encode()), "old", "new"))
    assert (first.old_start, first.old_count, second.old_start) == (1, 4, 19)


def test_changes_that_do_not_account_for_the_file_do_not_hide_a_difference() -> None:
    from dataclasses import replace

    change = rewrite(source("a.py", b"old\nx\nold\n"), "old", "new")
    lying: FileChange = replace(change, changes=change.changes[:1])
    assert sum(mark == "-" for hunk in hunks(lying) for mark, _ in hunk.lines) == 2
