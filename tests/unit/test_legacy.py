"""Which files only Python 2's grammar reads."""

from __future__ import annotations

import pytest

from rewire.syntax.legacy import is_python2
from rewire.syntax.modern import parses


@pytest.mark.parametrize(
    "text",
    [
        "print 'a'\n",
        "print 'a'",
        "exec code in scope\n",
        "x = `y`\n",
        "if a <> b: pass\n",
        "x = 0777\n",
        "x = 10L\n",
        "raise E, 'm'\n",
        "def f((a, b)): pass\n",
        "x = ur'a'\n",
        "\fprint 'a'\r\nprint 'b'\r\n",
    ],
)
def test_python_2(text: str) -> None:
    assert not parses(text)
    assert is_python2(text)


@pytest.mark.parametrize("text", ["x = (\n", "def f(:\n", "class\n", "<html>\n", "match x:\n  case\n", "a b c\n"])
def test_no_python_at_all(text: str) -> None:
    assert not is_python2(text)
