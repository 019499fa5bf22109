"""Which files only Python 2's grammar reads."""

from __future__ import annotations

import pytest

from rewire.errors import NestedTooDeeply
from rewire.locate import failure_of
from rewire.model.source import SourceFile
from rewire.read import decode
from rewire.syntax.legacy import is_python2
from rewire.syntax.modern import parse, parses


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


@pytest.mark.parametrize(
    "text",
    [
        "x = " + "[" * 3000 + "]" * 3000 + "\n",
        "x = " + "-" * 12_000 + "1\n",
        "".join(f"{' ' * depth}if a:\n" for depth in range(150)) + " " * 150 + "pass\n",
    ],
    ids=["brackets", "signs", "blocks"],
)
def test_what_nests_too_deeply_is_not_taken_for_python_2(text: str) -> None:
    """Its grammar reads it, as it reads most of Python 3, and fissix has no limit."""
    assert is_python2(text)
    source = decode("deep.py", text.encode())
    assert isinstance(source, SourceFile)
    with pytest.raises(NestedTooDeeply) as caught:
        parse(text)
    failure = failure_of(source, caught.value)
    assert failure.code == "unparsable"
    assert "nested too deeply" in failure.reason
