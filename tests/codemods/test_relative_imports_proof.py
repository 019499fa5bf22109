"""The codemod's own proof says no to every other text than the one that means the same, whatever it saw before."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rewire_codemods.relative_imports import proof
from rewire_codemods.relative_imports.forms import Move
from rewire_codemods.relative_imports.proof import find_difference

from rewire.codemod import Site, SourceFile, Span, read_import_at
from rewire.model.source import digest_of

MOVE = Move(1, "b", proof=(("a", "a.b"),))


def source(text: str) -> SourceFile:
    return SourceFile("a/m.py", text, "utf-8", False, "\n", digest_of(text.encode()))


def difference(old: str, new: str, move: Move = MOVE) -> str | None:
    """The complaint about ``old`` becoming ``new``, its only import being the site."""
    start = min(at for at in (old.find("from "), old.find("import ")) if at >= 0)
    statement = read_import_at(old, start)
    assert statement is not None
    kind = "ImportFrom" if statement.is_from else "Import"
    site = Site("relative-imports", "a/m.py", Span(start, statement.end), kind, move)
    return find_difference(source(old), source(new), [site])


RIGHT = [
    ("from a.b import c\n", "from .b import c\n"),
    ("from a.b import c  # why\nx\n", "from .b import c  # why\nx\n"),
    ("if x: from a.b import c; y\n", "if x: from .b import c; y\n"),
    ("from a.b import (c as d,\n  e)\n", "from .b import (c as d,\n  e)\n"),
    ("from a.b import *", "from .b import *"),
]
WRONG = [
    ("from a.b import c\n", "from .b import c, d\n"),
    ("from a.b import c\n", "from .b import c as d\n"),
    ("from a.b import c\n", "from .b import cc\n"),
    ("from a.b import c\n", "from .bb import c\n"),
    ("from a.b import c\n", "from ..b import c\n"),
    ("from a.b import c\n", "from a.c import c\n"),
    ("from a.b import c\n", "from .b import c \\\n , d\n"),
    ("from a.b import c\n", "from .b import c\nx\n"),
    ("from a.b import c\ny\n", "from .b import c\nx\n"),
    ("from a.b import c  # why\n", "from .b import c  # what\n"),
    ("from a.b import (c as d,\n  e)\n", "from .b import (c as e,\n  d)\n"),
    ("from a.b import (c,\n  e)\n", "from .b import (c, e)\n"),
]


@pytest.mark.parametrize(("old", "new"), RIGHT)
def test_what_means_the_same_is_proved(old: str, new: str) -> None:
    assert difference(old, new) is None
    assert difference(old, new) is None


@pytest.mark.parametrize(("old", "new"), WRONG)
def test_what_does_not_is_refused_cold_and_after_the_right_one_was_seen(old: str, new: str) -> None:
    proof._became.clear()
    proof._says.cache_clear()
    cold = difference(old, new)
    assert cold is not None
    for right in RIGHT:
        assert difference(*right) is None
    assert difference(old, new) == cold


@pytest.mark.parametrize("package", ["", "b", "a.b", "x.a"])
def test_the_package_counts_for_each_place(package: str) -> None:
    assert difference("from a.b import c\n", "from .b import c\n") is None
    other = Move(1, "b", proof=((package, "a.b"),))
    assert difference("from a.b import c\n", "from .b import c\n", other) is not None
    assert difference("from a.b import c\n", "from .b import c\n", Move(1, "b")) is not None


STATEMENTS = [
    "from a.b import c",
    "from a import (b,\n c)",
    "import a.b",
    "import a as b, c",
    "from .a import *",
    "x",
    "",
]
CONTEXTS = [
    "",
    "\n",
    " \n",
    "\t# d\n",
    ";x",
    " ; x",
    ", d\n",
    " as d\n",
    "d\n",
    ".d\n",
    " \\\n, d\n",
    " \\\n\n",
    "(",
    ":",
]


@given(st.sampled_from(STATEMENTS), st.sampled_from(CONTEXTS), st.sampled_from(STATEMENTS), st.text("ab .,\n"))
def test_a_statement_read_by_its_text_is_the_one_that_stands_there(
    written: str, after: str, guess: str, rest: str
) -> None:
    text = written + after + rest
    expected = read_import_at(text, 0)
    found = proof._read(text, 0, guess)
    if expected is None:
        assert found is None
    else:
        assert found is not None
        assert (found.text, found.says[2:]) == (text[: expected.end], expected[2:])


def test_every_pair_of_statement_and_context() -> None:
    for written, after in itertools.product(STATEMENTS, CONTEXTS):
        expected = read_import_at(written + after, 0)
        found = proof._read(written + after, 0, written)
        assert (found and found.text) == (expected and (written + after)[: expected.end])
