"""keeps_names: yes only where no name can have been unbound."""

from __future__ import annotations

import pytest

from rewire.verify.bindings import keeps_names

KEPT = [
    ("conn = await connect(dsn, timeout=5)\n", "conn = await connect(dsn)\n"),
    ("    return found\n", "    return dict(found)\n"),
    ("x.y[z] = f(a, b)\n", "x.y[z] = f(a)\n"),
    ("a, *b = c\nf(a)\n", "a, *b = c\nf()\n"),
    ("raise E(a) from b\n", "raise E from b\n"),
    ("assert a, b\n", "assert a\n"),
]


@pytest.mark.parametrize(("old", "new"), KEPT)
def test_kept(old: str, new: str) -> None:
    assert keeps_names(old, new)


LOST = [
    ("conn = f(a)\n", "f(a)\n"),
    ("conn = f(a)\n", "other = f(a)\n"),
    ("a.b = c\n", "a.d = c\n"),
    ("x = a\n", "x = b\n"),
    ("f(a)\n", "f(a, a)\n"),
    ("import a\n", "a\n"),
    ("f(a)\nx = 1\n", "f(a)\n"),
    ("[y for y in a]\n", "[y, a]\n"),
    ("f(lambda a: a, a)\n", "f(a, a)\n"),
    ("f((n := a), n)\n", "f(a, n)\n"),
    ("del a\n", "f(a)\n"),
    ("x: int = a\n", "x: str = a\n"),
    ("with a as b:\n    b\n", "b\n"),
    ("f(a\n", "f(a)\n"),
    ("f(a)\n", "f(a\n"),
    ("    f(a)\n", "f(a)\n    g()\n"),
]


@pytest.mark.parametrize(("old", "new"), LOST)
def test_not_known_to_be_kept(old: str, new: str) -> None:
    assert not keeps_names(old, new)
