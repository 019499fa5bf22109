"""LibCST without loss: what is parsed comes back, what would not is said, and every node's place is exact."""

from __future__ import annotations

import ast
import io
import sysconfig
import tokenize
from pathlib import Path

import libcst as cst
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.programs import programs

from rewire.errors import NestedTooDeeply, NotLossless, NotPython
from rewire.model.source import Span
from rewire.syntax.lexical import scan
from rewire.syntax.modern import dotted_name, dotted_node, parse, parses

STANDARD_LIBRARY = Path(sysconfig.get_path("stdlib"))
SAMPLE = ["contextlib", "functools", "heapq", "textwrap", "types", "asyncio/taskgroups"]


def sample() -> list[tuple[str, str]]:
    found = []
    for name in SAMPLE:
        path = STANDARD_LIBRARY / f"{name}.py"
        if path.exists() and path.stat().st_size < 100_000:
            with tokenize.open(path) as file:
                found.append((name, file.read()))
    return found


def check_regions(text: str) -> int:
    """For every statement: the region of any part of it covers that part and parses on its own."""
    tree, layout = parse(text), scan(text)
    checked = 0
    for node in tree.walk():
        if not isinstance(node, cst.BaseSmallStatement | cst.BaseCompoundStatement):
            continue
        span = tree.span(node)
        if span.start == span.end:
            continue
        header = Span(span.start, span.start + 1) if isinstance(node, cst.BaseCompoundStatement) else span
        for part in {span, header, Span(span.start, span.start + 1), Span(span.end - 1, span.end)}:
            region = layout.statement_region(part)
            assert region is not None, (part.of(text), span.of(text))
            assert region.contains(part)
            alone = region.of(text)
            indented = alone[:1] in (" ", "\t", "\f")
            assert parses(("if 1:\n" if indented else "") + alone), alone
        if isinstance(node, cst.BaseSmallStatement):
            region = layout.statement_region(span)
            assert region is not None
            assert region.contains(span)
        checked += 1
    return checked


@pytest.mark.parametrize(("name", "text"), sample(), ids=lambda value: value if len(value) < 40 else "")
def test_regions_agree_with_libcst_on_the_standard_library(name: str, text: str) -> None:
    assert check_regions(text) > 10


@given(programs())
@settings(max_examples=40)
def test_regions_agree_with_libcst_on_made_up_programs(text: str) -> None:
    try:
        ast.parse(text)
    except SyntaxError:
        return
    try:
        check_regions(text)
    except NotLossless:
        return


@pytest.mark.parametrize(("name", "text"), sample(), ids=lambda value: value if len(value) < 40 else "")
def test_spans_agree_with_python_s_own_parser(name: str, text: str) -> None:
    """Every name and number that ``ast`` sees lies where ``Tree.span`` says a node of that text lies."""
    tree = parse(text)
    starts = [0]
    for line in io.StringIO(text, newline=""):
        starts.append(starts[-1] + len(line))
    lines = text.split("\n")
    found = {tree.span(node).start: node for node in tree.walk() if isinstance(node, cst.Name)}
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Name) and lines[node.lineno - 1].isascii() and node.id != "__class__":
            start = starts[node.lineno - 1] + node.col_offset
            if text.startswith(node.id, start):  # before Python 3.12 names inside f-strings lie elsewhere
                assert start in found, (node.id, node.lineno)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "x",
        "x\n",
        "\fx = 1\n",
        "\f\f# c\nx\n",
        "x = 1\r\ny = 2\r\n",
        "x = 1\ry = 2\r",
        "x = 1\r\ny = 2\nz\r",
        "if x:\n\ty\n\tz\n",
        "# only a comment",
        "def f(): pass\n\n\n",
        "x = '''\r\n\r'''\r\n",
    ],
)
def test_positions_and_text_of_every_odd_layout(text: str) -> None:
    tree = parse(text)
    for node in tree.walk():
        span = tree.span(node)
        assert 0 <= span.start <= span.end <= len(text)
        if isinstance(node, cst.Name):
            assert span.of(text) == node.value
            assert tree.line(node) == text[: span.start].replace("\r\n", "\n").replace("\r", "\n").count("\n") + 1


@pytest.mark.parametrize(
    "text",
    [
        "type X = int\n",
        "def f[T: int](x: T) -> T: ...\n",
        "class A[*Ts]: ...\n",
        "match x:\n    case {'a': [1, *_]} | None: pass\n",
        "f'{d['k']}'\n",
        "try: x\nexcept* E: y\n",
        "async def f():\n    async with a as b, c: [x async for x in y]\n",
        "with (a as b, c as d): pass\n",
        "def f(a, /, b, *, c): ...\n",
        "if (n := 1): pass\n",
    ],
)
def test_newer_syntax_whatever_python_runs_this(text: str) -> None:
    assert parses(text)
    assert parse(text).module.code == text


@pytest.mark.parametrize(
    ("text", "line"),
    [("x = (\n", 2), ("def f(:\n    pass\n", 1), ("a\n  b\n", 2), ("print 'a'\n", 1), ("x\nif y\n", 2)],
)
def test_what_is_not_python_is_said_with_its_line(text: str, line: int) -> None:
    with pytest.raises(NotPython) as caught:
        parse(text)
    assert abs(caught.value.line - line) <= 1
    assert caught.value.message
    assert caught.value.advice
    assert not parses(text)


def test_what_libcst_would_not_print_again_is_said() -> None:
    with pytest.raises(NotLossless) as caught:
        parse("a\ntry: x\nexcept (A, B) : y\n")
    assert caught.value.line == 3


@pytest.mark.parametrize(
    "text",
    [
        "x = " + "(" * 3000 + ")" * 3000 + "\n",
        "x = " + "[" * 300 + "]" * 300 + "\n",
        "x = " + "-" * 12_000 + "1\n",
        "x = " + "f'{" * 1000 + "1" + "}'" * 1000 + "\n",
    ],
    ids=["parentheses", "lists", "signs", "f-strings"],
)
def test_too_deep_an_expression_is_said_and_brings_nothing_down(text: str) -> None:
    """Without a guard LibCST overflows the C stack on these, and the process is gone."""
    with pytest.raises(NestedTooDeeply, match="too deeply"):
        parse(text)


def test_too_many_blocks_are_said() -> None:
    text = "".join(f"{' ' * depth}if a:\n" for depth in range(150)) + " " * 150 + "pass\n"
    with pytest.raises(NestedTooDeeply, match="blocks are nested too deeply"):
        parse(text)


@pytest.mark.parametrize("text", [f"x = '{'(' * 5000}'\n", f"# {'[' * 5000}\nx = 1\n", f"x = {'[' * 150}{']' * 150}\n"])
def test_what_only_looks_too_deep_is_parsed(text: str) -> None:
    assert parse(text).module.code == text


@given(st.text(alphabet="ab()[]:=\n\r\t\f '\"\\#,.{}", max_size=40))
@settings(max_examples=200)
def test_any_text_is_parsed_without_loss_or_refused(text: str) -> None:
    try:
        tree = parse(text)
    except (NotPython, NotLossless):
        return
    for node in tree.walk():
        tree.span(node)


def test_find_gives_the_node_of_each_place_and_no_other() -> None:
    text = "f(a)(b)\nf\n"
    tree = parse(text)
    calls = [node for node in tree.walk() if isinstance(node, cst.Call)]
    places = [(tree.span(call), "Call") for call in calls]
    assert tree.find(places) == dict(zip(calls, places, strict=True))
    assert not tree.find([(Span(0, 1), "Call"), (Span(0, 2), "Name")])
    (name,) = tree.find([(Span(0, 1), "Name")])
    assert isinstance(name, cst.Name)


def test_parents_scopes_and_qualified_names() -> None:
    tree = parse("import asyncpg as pg\ndef f(x):\n    return pg.connect(x)\n")
    call = next(node for node in tree.walk() if isinstance(node, cst.Call))
    assert tree.qualified_names(call.func) == ["asyncpg.connect"]
    assert tree.qualified_names(call.args[0].value) == []
    assert isinstance(tree.enclosing(call, cst.FunctionDef), cst.FunctionDef)
    assert tree.enclosing(call, cst.ClassDef) is None
    assert list(tree.ancestors(call))[-1] is tree.module
    assert tree.parent(tree.module) is None
    assert tree.code(call) == "pg.connect(x)"


@pytest.mark.parametrize("name", ["a", "a.b", "a.b.c"])
def test_dotted_names_there_and_back(name: str) -> None:
    assert dotted_name(dotted_node(name)) == name
    assert dotted_name(cst.parse_expression("a().b")) is None
    assert dotted_name(None) is None
