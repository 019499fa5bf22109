"""The line scanner against the oracle that ships with Python: its own tokenizer over its own standard library."""

from __future__ import annotations

import io
import itertools
import re
import sysconfig
import time
import tokenize
from bisect import bisect_right
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.programs import programs

from rewire.model.source import Span
from rewire.syntax import lines, literals
from rewire.syntax.lexical import Layout, scan

if TYPE_CHECKING:
    from collections.abc import Iterator

STANDARD_LIBRARY = Path(sysconfig.get_path("stdlib"))
TORTURE = [f"test/test_{name}.py" for name in ("fstring", "grammar", "tokenize", "patma", "tstring")]
FORMATTED_STARTS = {getattr(tokenize, name, -1) for name in ("FSTRING_START", "TSTRING_START")}
FORMATTED_ENDS = {getattr(tokenize, name, -1) for name in ("FSTRING_END", "TSTRING_END")}
NOT_CODE = {tokenize.INDENT, tokenize.DEDENT, tokenize.NL, tokenize.COMMENT, tokenize.ENDMARKER}


def sample() -> list[Path]:
    flat = sorted(STANDARD_LIBRARY.glob("*.py"))
    nested = [STANDARD_LIBRARY / name for name in TORTURE]
    nested += sorted((STANDARD_LIBRARY / "asyncio").glob("*.py"))
    return flat + [path for path in nested if path.exists()]


def tokens(text: str) -> tuple[list[int], list[int], list[tuple[int, int]]]:
    """Starts of logical lines, starts of comments, and spans of strings, from Python's tokenizer."""
    starts = [0]
    for line in io.StringIO(text, newline=""):
        starts.append(starts[-1] + len(line))
    read = list(tokenize.generate_tokens(io.StringIO(text, newline="").readline))

    def offset(place: tuple[int, int]) -> int:
        return starts[place[0] - 1] + place[1]

    strings = list(whole_strings(read))
    inside = [(offset(first.start), offset(last.end)) for first, last in strings if first is not last]
    comments = [offset(token.start) for token in read if token.type == tokenize.COMMENT]
    code = [token for token in read if token.type not in NOT_CODE]
    before = [tokenize.NEWLINE, *(token.type for token in code)]
    return (
        [
            offset(token.start)
            for token, previous in zip(code, before, strict=False)
            if previous == tokenize.NEWLINE and token.type != tokenize.NEWLINE
        ],
        [start for start in comments if not any(low < start < high for low, high in inside)],
        [(offset(first.start), offset(last.end)) for first, last in strings],
    )


def whole_strings(read: list[tokenize.TokenInfo]) -> Iterator[tuple[tokenize.TokenInfo, tokenize.TokenInfo]]:
    """First and last token of each string literal; from Python 3.12 on an f-string comes in pieces, and nested."""
    opened: list[tokenize.TokenInfo] = []
    for token in read:
        if token.type in FORMATTED_STARTS:
            opened.append(token)
        elif token.type in FORMATTED_ENDS:
            first = opened.pop()
            if not opened:
                yield first, token
        elif token.type == tokenize.STRING and not opened:
            yield token, token


def test_agrees_with_the_tokenizer_on_the_standard_library() -> None:
    compared = 0
    for path in sample():
        with tokenize.open(path) as file:
            text = file.read().replace("\r\n", "\n")
        try:
            expected = tokens(text)
        except (tokenize.TokenError, SyntaxError):  # test data that is broken on purpose
            continue
        layout = scan(text)
        got = (
            [line.code for line in layout.lines],
            [comment.start for comment in layout.comments],
            [(string.start, string.end) for string in layout.strings],
        )
        assert got == expected, path
        compared += 1
    assert compared > 100


@given(programs())
@settings(max_examples=200)
@example("x = 1 # c")
@example("if x: pass\nelse: pass\n")
@example("\\\nx\n")
@example("x = 1\n\\\n\ny\n")
def test_agrees_with_the_tokenizer_on_made_up_programs(text: str) -> None:
    try:
        expected = tokens(text)
    except (tokenize.TokenError, SyntaxError):
        return
    layout = scan(text)
    assert [line.code for line in layout.lines] == expected[0]
    assert [comment.start for comment in layout.comments] == expected[1]
    assert [(string.start, string.end) for string in layout.strings] == expected[2]


PIECES = [*"\"'\\{}()[]#:\n\r\t\f rfbxé@= if", '"""', "'''", "else:", "case x:", "\n  "]
NOISE = st.lists(st.sampled_from(PIECES), max_size=50).map("".join)


@given(NOISE)
@settings(max_examples=400)
@example("'" * 7)
@example('f"{')
@example("f'{a!r:{b:{c}}}'")
@example("rb")
@example("\\")
@example("\ufeffx")
def test_never_fails_and_keeps_its_books_on_any_text(text: str) -> None:
    layout = scan(text)
    for before, after in itertools.pairwise(layout.lines):
        assert before.end <= after.start
    for line in layout.lines:
        assert 0 <= line.start <= line.code < line.end <= len(text)
        assert not text[line.start : line.code].strip().strip("\\")
    for spans in (layout.comments, layout.strings):
        for before, after in itertools.pairwise(spans):
            assert before.end <= after.start
    for comment in layout.comments:
        assert text[comment.start] == "#"
        assert "\n" not in comment.of(text)
    owned = sum(line.end - line.start for line in layout.lines)
    assert owned <= len(text)


QUOTED = [
    *("f'", 'f"', 'f"""', "rf'", "t'", "Rb'", "tu'", "{x}", "{{", "}}", "'a'", '"b"', "f'{d[\"k\"]}'", 'f"{a:{b}}"'),
    *("f'{d['k']}'", "\\\n", "\\\r\n", "\r\n", "\\'", '\\"', "\\N{DASH}", "not'", "1if'", "'''", '"""', "''", "'", '"'),
    *("#c\n", "x = 1\n", "(", ")", "[", "]", "{", "}", "\n", " ", "\t", "\f", "\\", "f", "é", "_", "import a"),
]
QUOTES = st.lists(st.sampled_from(QUOTED), max_size=40).map("".join)
Found = tuple[list[tuple[int, ...]], list[tuple[int, int]], list[tuple[int, int]]]


def at_once(text: str, stop: int) -> Found:
    layout = Layout(text, stop)
    return (
        [tuple(line) for line in layout.lines],
        [(span.start, span.end) for span in layout.comments],
        [(span.start, span.end) for span in layout.strings],
    )


def token_by_token(text: str, stop: int) -> Found:
    """What the scanner answers where its quick patterns never match."""
    never = re.compile(r"(?!)()()")
    hard = re.compile(r"[^'\"#]*+(?:(\#[^\r\n]*+)|(?!)()|['\"])")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines, "_easy_line", lambda: never)
        patch.setattr(literals, "_next_literal", lambda: hard)
        return at_once(text, stop)


@given(QUOTES, st.integers(0, 120))
@settings(max_examples=600)
@example("f'{d['k']}'\nx", 120)
@example("((((((((1))))))))\nx = (((((1)))))\n", 120)
@example("'''a''''b'\n", 120)
@example("tu'{' # }'\n'", 120)
@example("x = f'''{\n'a'  # it's\n}'''\ny", 120)
@example("f'{x}}}{{{y}'\n", 120)
@example('f"""a{b}""""c"\n', 120)
@example("f'{a!r:>{b}}{c:{d}.{e}}' + f'{x:{y:{z}}}'\n", 120)
def test_whole_lines_and_strings_end_where_they_do_token_by_token(text: str, stop: int) -> None:
    assert at_once(text, stop) == token_by_token(text, stop)
    assert at_once(text, len(text)) == token_by_token(text, len(text))


@given(programs(), st.integers(0, 200))
@settings(max_examples=200)
@example("x = 1\n# c\n\n# d\ny = 2\n", 8)
@example("x = 1\r\n# c\r\n", 6)
def test_a_stop_gives_the_lines_up_to_it_and_what_they_hold(text: str, stop: int) -> None:
    whole, part = Layout(text), Layout(text, stop)
    assert part.lines == tuple(line for line in whole.lines if line.start <= stop)
    for mine, everything in ((part.comments, whole.comments), (part.strings, whole.strings)):
        assert mine == everything[: len(mine)]
        assert {span for span in everything if span.start <= stop} <= set(mine)
        assert all(part.line_at(span.start) is not None or span in part.comments for span in mine)


@given(NOISE, st.integers(0, 60), st.integers(0, 60))
@settings(max_examples=300)
def test_a_region_covers_its_span_in_whole_lines_on_any_text(text: str, one: int, other: int) -> None:
    layout = scan(text)
    span = Span(min(one, other, len(text)), min(max(one, other), len(text)))
    region = layout.statement_region(span)
    if region is None:
        return
    assert region.contains(span) or span.start == span.end
    starts = {line.start for line in layout.lines}
    ends = {line.end for line in layout.lines}
    assert region.start in starts
    assert region.end in ends


def test_is_linear() -> None:
    """Twenty times the text takes about twenty times as long; four hundred would be quadratic."""
    text = "x = [\n" + "    'a', f'{b}', (1, 2),  # c\n" * 200 + "]\n"

    def fastest(source: str) -> float:
        taken = []
        for _ in range(3):
            started = time.perf_counter()
            scan(source)
            taken.append(time.perf_counter() - started)
        return min(taken)

    assert fastest(text * 20) < 80 * fastest(text)


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_line_ends_of_every_kind(newline: str) -> None:
    text = newline.join(["if x:", "    y = '''a", "b'''  # c", "", "z", ""])
    layout = scan(text)
    assert [text[line.code : line.end] for line in layout.lines] == [
        "if x:" + newline,
        f"y = '''a{newline}b'''  # c{newline}",
        "z" + newline,
    ]


@pytest.mark.parametrize(
    ("text", "strings"),
    [
        ("""f'{d["k"]}'""", ["""f'{d["k"]}'"""]),
        ("f'{d['k']}' + 'z'", ["f'{d['k']}'", "'z'"]),
        ("f'{x:{'>'}{10}}'", ["f'{x:{'>'}{10}}'"]),
        ("f'{'\\n'.join(a)}'", ["f'{'\\n'.join(a)}'"]),
        ("t'{a}' 'b'", ["t'{a}'", "'b'"]),
        ("rt'{a}\\{b}'", ["rt'{a}\\{b}'"]),
        ("f'''{\n'a'  # it's\n}'''", ["f'''{\n'a'  # it's\n}'''"]),
        ("f'{a!r}' f'}}{{'", ["f'{a!r}'", "f'}}{{'"]),
        ("f'{f'{f'{1}'}'}'", ["f'{f'{f'{1}'}'}'"]),
        ("'a\\\nb' 'c'", ["'a\\\nb'", "'c'"]),
        ("x = 'open\ny = 'z'", ["'open", "'z'"]),
        ("not'a'", ["'a'"]),
        ("1if'a'else'b'", ["'a'", "'b'"]),
    ],
)
def test_strings_of_any_version(text: str, strings: list[str]) -> None:
    """Quotes nested in replacement fields (PEP 701) and t-strings (PEP 750), whatever Python runs this."""
    assert [span.of(text) for span in scan(text).strings] == strings


def test_a_region_around_the_end_of_a_block_starts_where_the_block_does() -> None:
    text = "a\nif b:\n    c\n    d\ne\nf\n"
    region = scan(text).statement_region(Span(text.index("d"), text.index("e") + 1))
    assert region is not None
    assert region.of(text) == "if b:\n    c\n    d\ne\n"


def test_indent_step() -> None:
    assert scan("if x:\n\ty\n").indent_step() == "\t"
    assert scan("class A:\n  def f(self):\n      pass\n").indent_step() == "  "
    assert scan("x\n").indent_step() == "    "


def test_positions() -> None:
    text = "a = 1\n\n# c\nb = (\n 2)\n"
    layout = scan(text)
    assert [layout.line_at(offset) for offset in (0, 5, 6, 7, 11, 17, len(text))] == [0, 0, None, None, 1, 1, None]
    assert bisect_right([line.start for line in layout.lines], 11) == 2


def regions(text: str) -> Iterator[tuple[str, str]]:
    """Each capital that stands alone in ``text``, with the region around it."""
    layout = scan(text)
    for word in re.finditer(r"\b[A-Z]\b", text):
        region = layout.statement_region(Span(word.start(), word.end()))
        assert region is not None
        yield word.group(), region.of(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\nX\nb\n", {"X": "X\n"}),
        ("if A:\n    X\nelse:\n    Y\nz\n", {"A": "if A:\n    X\nelse:\n    Y\n", "X": "    X\n", "Y": "    Y\n"}),
        ("try:\n  a\nexcept X:\n  b\nfinally:\n  c\nz\n", {"X": "try:\n  a\nexcept X:\n  b\nfinally:\n  c\n"}),
        ("@D\n@e\ndef f():\n    X\nz\n", {"D": "@D\n@e\ndef f():\n    X\n", "X": "    X\n"}),
        ("match m:\n    case A:\n        x\n    case B:\n        y\nz\n", {
            "A": "match m:\n    case A:\n        x\n    case B:\n        y\n",
            "B": "match m:\n    case A:\n        x\n    case B:\n        y\n",
        }),
        ("match m:\n    case (A, 1): x = B\nz\n", {
            "A": "match m:\n    case (A, 1): x = B\n",
            "B": "match m:\n    case (A, 1): x = B\n",
        }),
        ("match(a)\nif b:\n    case = X\n", {"X": "    case = X\n"}),
        ("for i in X:\n  a\n\n# c\nelse:\n  b\n", {"X": "for i in X:\n  a\n\n# c\nelse:\n  b\n"}),
        ("class k:\n  @D\n  def f(self): pass\n\n  x = Y\n", {"D": "  @D\n  def f(self): pass\n", "Y": "  x = Y\n"}),
        ("a = 1; b = X; c\nd\n", {"X": "a = 1; b = X; c\n"}),
        ("if a: X\nelse: b\nz\n", {"X": "if a: X\nelse: b\n"}),
        ("with (A as b,\n      c):\n    pass\n", {"A": "with (A as b,\n      c):\n    pass\n"}),
        ("x = '''\nif A:\n'''\ny\n", {"A": "x = '''\nif A:\n'''\n"}),
    ],
)  # fmt: skip
def test_statement_regions(text: str, expected: dict[str, str]) -> None:
    assert dict(regions(text)) == expected
