"""Many strings in one pass: the same answer as looking for each of them alone."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rewire.needles import _FEW, AnyOf, Needles

WORDS = st.binary(min_size=1, max_size=9).map(lambda data: bytes(b"abc"[byte % 3] for byte in data))
"""Of three letters, so that they overlap, hold and begin one another."""


@given(st.lists(WORDS, max_size=8), st.lists(WORDS, max_size=12).map(b"".join))
@example([b"abca", b"cabc"], b"abcabc")
@example([b"abcabc", b"bca", b"cab"], b"abcabc")
@example([b"aaab", b"aab"], b"aaab")
@example([b"ab", b"abc", b"abcc"], b"abcc")
def test_as_each_alone(needles: list[bytes], data: bytes) -> None:
    assert Needles(needles).held(data) == {needle for needle in needles if needle in data}


@given(st.lists(WORDS, max_size=90), st.lists(WORDS, max_size=12).map(b"".join))
def test_as_each_alone_among_many(needles: list[bytes], data: bytes) -> None:
    """As many as are looked for by the other kind of matching."""
    many = [*needles, *(b"cab%03d" % number for number in range(_FEW))]
    assert Needles(many).held(data) == {needle for needle in many if needle in data}


@pytest.mark.parametrize("count", [1, 40, 200])
def test_any_number_of_needles(count: int) -> None:
    """The library changes its algorithm with their number."""
    needles = [f"package_{number:03}".encode() for number in range(count)]
    data = b"import os\n" * 50 + b"from package_000x import y\n"
    assert Needles(needles).held(data) == {b"package_000"}
    assert Needles(needles).held(b"import os\n" * 50) == frozenset()


def test_nothing_to_look_for_and_the_empty_string() -> None:
    assert Needles([]).held(b"abc") == frozenset()
    assert Needles([b""]).held(b"") == {b""}


def test_every_byte_counts() -> None:
    needles = [bytes([0, 255, 10, 13]), "größe".encode(), "größe".encode("latin-1")]
    assert Needles(needles).held(b"x\0\xff\n\r" + "größe".encode()) == set(needles[:2])


def test_any_of() -> None:
    question = AnyOf((b"os.system", b"subprocess"))
    assert question(b"import subprocess")
    assert not question(b"import os")
    assert not question(None)
