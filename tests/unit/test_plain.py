"""Lone statements by regular expression: whatever they answer is what the scanner says, and they answer often."""

from __future__ import annotations

import sysconfig
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.programs import programs

from rewire.model.source import Span
from rewire.syntax import native
from rewire.syntax.lexical import Layout, scan
from rewire.syntax.plain import find_lone, is_bare, is_import, lone_indent

STANDARD_LIBRARY = Path(sysconfig.get_path("stdlib"))
PIECES = [*"\"\"''\\()[]{}#@:;,=\n\n\r \t\fxfrt", '"""', "'''", "else", "case", "\\\n", "if ", "import a\n", "    "]
PIECES += ["@d\n", "@d(\n", "def f():\n", "class A: pass\n", "@"]
TORN = st.lists(st.sampled_from(PIECES)).map("".join)

WORDS = ["from", "import", "as", "a", "b_1", "_", "match", "type", "None", "is", "lambda", "é", "²", "1", "__debug__"]
SIGNS = [".", "..", ",", "(", ")", "*", " ", "  ", "\t", "\n", "\r\n", "\r", "# c\n", "# é\n", ";", "\\\n", "\f", "\0"]


def scanned(layout: Layout, code: int, stop: int) -> tuple[int, int] | None:
    """What the scanner says of a statement: its region, if it is simple and has that to itself."""
    span = Span(code, stop)
    region = layout.statement_region(span)
    if region is None or not layout.is_simple(span) or region != layout.lines_of(span):
        return None
    text = layout.text
    if text[region.start : code].strip(" \t") or text[stop : region.end].lstrip(" \t")[:1] not in ("", "#", "\r", "\n"):
        return None
    return region.start, region.end


def statements(layout: Layout) -> list[tuple[int, int]]:
    """Each logical line as if it were one statement, a comment at its end left out."""
    text = layout.text
    found = []
    for line in layout.lines:
        stop = line.end
        if layout.comments and (last := [span for span in layout.comments if line.code < span.start < line.end]):
            stop = last[-1].start if "\n" not in text[last[-1].start : line.end].rstrip() else stop
        found.append((line.code, max(line.code + 1, line.code + len(text[line.code : stop].rstrip(" \t\r\n")))))
    return found


def agree(layout: Layout, code: int, stop: int) -> bool:
    """True if the expression answers at all; what it answers must be what the scanner says."""
    found = find_lone(layout.text, [(code, stop)])
    if found is None:
        return False
    assert found[0].code == code
    assert (found[0].start, found[0].end) == scanned(layout, code, stop), layout.text[code:stop]
    return True


@pytest.mark.parametrize("name", ["ast.py", "argparse.py", "asyncio/events.py", "test/test_fstring.py", "enum.py"])
def test_the_scanner_says_the_same_of_the_standard_library(name: str) -> None:
    layout = scan((STANDARD_LIBRARY / name).read_text(encoding="utf-8"))
    for code, stop in statements(layout):
        agree(layout, code, stop)


def test_an_import_at_the_margin_is_mostly_plain() -> None:
    asked = answered = 0
    for path in sorted(STANDARD_LIBRARY.glob("*.py")):
        layout = scan(path.read_text(encoding="utf-8", errors="replace"))
        heads = [place for place in statements(layout) if layout.text.startswith(("import ", "from "), place[0])]
        for code, stop in [place for place in heads if layout.text[place[0] - 1] == "\n"][:5]:
            asked += 1
            answered += agree(layout, code, stop)
    assert asked > 400
    assert answered > 0.75 * asked


@given(programs())
@settings(max_examples=100, deadline=None)
def test_the_scanner_says_the_same_of_any_program(text: str) -> None:
    layout = scan(text)
    for code, stop in statements(layout):
        agree(layout, code, stop)


@given(TORN, st.data())
@settings(max_examples=600, deadline=None)
@example("@d\nx\n", None)
@example("@d\ndef f(): pass\nimport a\n", None)
@example("@d\n@e('x')\nclass A:\n    import a\n", None)
@example("@d(\n)\nimport a\n", None)
@example("def f(): pass\n@d\nimport a\n", None)
@example("@d('\\\ndef f')\nimport a\n", None)
@example('@d("""\ndef f\n""")\nimport a\n', None)
@example("x\n  y\n", None)
@example("x\nelse\n", None)
@example("x = f'{a}'\ny\n", None)
@example("rf'(\ny\n", None)
@example("fr'{'''\ny\n", None)
@example("(\nx\n", None)
@example("'''\nx\n'''\n", None)
@example("\\\nx\ny\n", None)
def test_the_scanner_says_the_same_of_what_is_no_program(text: str, data: st.DataObject | None) -> None:
    layout = scan(text)
    places = statements(layout)
    if data is not None and text:
        code = data.draw(st.integers(0, len(text) - 1))
        places.append((code, data.draw(st.integers(code + 1, len(text)))))
    for code, stop in places:
        agree(layout, code, stop)


@given(TORN)
@settings(max_examples=400, deadline=None)
def test_one_simple_statement_is_what_the_scanner_calls_one(text: str) -> None:
    indent = lone_indent(text)
    if indent is not None:
        layout = scan(text)
        (line,) = layout.lines
        assert (line.start, line.end) == (0, len(text))
        assert layout.indent(0) == indent
        assert layout.is_simple(Span(line.code, line.code + 1))
    if is_bare(text):
        layout = scan(text)
        assert layout.strings == layout.comments == ()


def test_several_statements_are_found_in_one_go() -> None:
    text = '"""Docs ("here").\n"""\n\nimport a  # why\nfrom b import (\n    c,  # )\n    d,\n)\nif x:\n    import e\n'
    places = [(text.index(word), text.index(word) + len(word)) for word in ("import a", "import e")]
    second = text.index("from b")
    places.insert(1, (second, text.index(")\nif") + 1))
    found = find_lone(text, places)
    assert found is not None
    assert [text[line.start : line.end] for line in found] == [
        "import a  # why\n",
        "from b import (\n    c,  # )\n    d,\n)\n",
        "    import e\n",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "# import a\n",
        "'''\nimport a\n'''\n",
        "x = (\nimport a\n)\n",
        "x = \\\nimport a\n",
        "import a; import b\n",
        "if x: import a\n",
        "@d\nimport a\n",
        "import a\n    x\n",
        "import a\nelse:\n    pass\n",
        "x = f'''\nimport a\n'''\n",
        "\x0cimport a\n",
    ],
)
def test_what_is_not_plain_or_not_alone_is_left_to_the_scanner(text: str) -> None:
    start = text.index("import a")
    assert find_lone(text, [(start, start + len("import a"))]) is None


@st.composite
def imports(draw: st.DrawFn) -> str:
    """Something like an import: words and signs where Python expects them, and now and then elsewhere."""
    words = st.sampled_from(WORDS)
    gaps = st.sampled_from(["", "", " ", " ", "\n", "# c\n", "\t", "\f"])
    names = draw(st.lists(st.one_of(words, st.tuples(words, words).map(" as ".join)), max_size=3))
    listed = ",".join(draw(gaps) + name + draw(gaps) for name in names) + draw(st.sampled_from(["", "", ",", ", "]))
    bracketed = draw(st.booleans())
    module = draw(st.sampled_from(["", ".", "..", ". ", "...."])) + ".".join(draw(st.lists(words, max_size=3)))
    head = f"{draw(st.sampled_from(['', '  ']))}from {module} import"
    text = f"{head}{draw(gaps)}({listed})" if bracketed else f"{head} {listed or '*'}"
    at = draw(st.integers(0, len(text)))
    text = text[:at] + draw(st.sampled_from(["", "", "", *SIGNS])) + text[at:]
    return text + draw(st.sampled_from(["\n", "\r\n", "  # c\n", "", "\nx\n"]))


@given(st.one_of(imports(), st.lists(st.sampled_from([*WORDS, *SIGNS])).map("".join)))
@settings(max_examples=1500, deadline=None)
@example("from a import (b, c as d,\n  # e\n)\n")
@example("from . import *\n")
@example("from .None import a\n")
@example("from a import b as\n")
@example("from a import (*)\n")
@example("from a import ()\n")
@example("from a import (b,,)\n")
@example("from a import b,\n")
def test_what_is_called_an_import_is_one_to_python(text: str) -> None:
    if is_import(text):
        assert native.parses(f"if 1:\n{text}" if text[:1] in (" ", "\t") else text), text


@pytest.mark.parametrize(
    "text",
    [
        "from a import b\n",
        "    from .a.b import (c, d as e)  # why\n",
        "from ... import a\r\n",
        "from .a import (\n    b,  # why\n    c as d,\n)\n",
        "from .. import *\n",
        "from .match import type as case\n",
    ],
)
def test_usual_imports_are_called_imports(text: str) -> None:
    assert is_import(text)
