"""The short way of one statement: as the long way would, from memory only where everything that matters is the same."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from moves_transformer import HeadMover, Keeper, ModuleMover, Mover, NameCopier, NameDropper, Setter, Speller, Writer

from rewire.model.result import Rejected
from rewire.model.site import Site
from rewire.model.source import Lines, SourceFile, Span, line_of
from rewire.model.workspace import FileChange
from rewire.rewrite.carry import rewrite_file
from rewire.rewrite.statement import Memory, _read, memory_of, rewritten_statement

if TYPE_CHECKING:
    from rewire.codemod.cst import SiteTransformer

NAMES = [
    "x",
    "x as y",
    "x, y as z",
    "(x)",
    "(x, y,)",
    "(\n    x,\n    y as z,\n)",
    "(x,  # why, (\n    y)",
    "*",
    "( # c\n x )",
]
HEADS = [
    "from a.b import",
    "from  a.b\timport ",
    "from .a import",
    "from . import",
    "from a import\t",
    "from ... a import",
]


def moved(statement: str, transformer: SiteTransformer, payload: object = ".new", kind: str = "ImportFrom") -> str:
    site = Site("moves", "m.py", Span(0, len(statement)), kind, payload, "move")
    answer = rewrite_file(SourceFile("m.py", statement, "utf-8", False, "\n", ""), [site], transformer)
    assert isinstance(answer, FileChange), answer
    assert answer.after is not None
    return answer.after.text


STAND_INS = [HeadMover, ModuleMover, Setter, Writer]


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("names", NAMES)
@pytest.mark.parametrize("short", STAND_INS)
def test_with_stand_ins_the_answer_is_the_same(head: str, names: str, short: type[SiteTransformer]) -> None:
    statement = f"{head} {names}"
    assert moved(statement, short()) == moved(statement, Mover())


def test_all_statements_that_differ_in_what_is_not_read_are_parsed_as_one() -> None:
    memory: Memory = {}
    _read.cache_clear()
    for module, names in itertools.product(("a", "a.b", ".", "..c"), ("x", "y as z", "(x, y)")):
        statement = f"from {module} import {names}"
        site = Site("moves", "m.py", Span(0, len(statement)), "ImportFrom", ".new", "move")
        assert rewritten_statement(site, statement, Setter(), memory) == f"from .new import {names}"
    assert _read.cache_info().misses == 1


def test_payloads_that_differ_in_what_is_only_written_are_carried_out_as_one() -> None:
    memory: Memory = {}
    for payload, module in itertools.product((".one", ".two", "..two"), ("a", "b.c")):
        statement = f"from {module} import x"
        site = Site("moves", "m.py", Span(0, len(statement)), "ImportFrom", payload, "move")
        assert rewritten_statement(site, statement, Writer(), memory) == f"from {payload} import x"
    assert {payload for _, payload, _ in memory} == {".one", ".two", "..two", "._rewire_written_", ".._rewire_written_"}  # type: ignore[misc]


def test_what_is_not_written_as_it_is_said_to_be_is_asked_for_itself() -> None:
    assert moved("from a import x", Speller(), ".new") == "from NEW import x"
    assert moved("from _rewire_written_ import x", Writer(), ".new") == "from .new import x"
    assert moved("from a import _rewire_written_", Writer(), ".new") == "from .new import _rewire_written_"


def test_a_stand_in_never_stays() -> None:
    """Where the transformer keeps what it says it does not keep, it is shown the statement itself."""
    assert moved("from a.b import x", Keeper()) == "from a.b import (x)"


ODD_MODULES = [
    "a",
    ".",
    "..",
    ".a",
    "a.b",
    "a.",
    ".a.",
    "a..b",
    "1a",
    "if",
    "a.if",
    "é",
    "_rewire_stand_in_",
    "a.1",
    "...a",
]


@given(
    st.one_of(st.sampled_from(HEADS), st.sampled_from(ODD_MODULES).map("from {} import".format)),
    st.lists(st.sampled_from(["x", " as ", ",", "(", ")", "*", "\n", " ", "# c\n", "_", ";"])),
    st.sampled_from(STAND_INS),
)
@settings(max_examples=400, deadline=None)
@example("from if import", ["x"], Setter)
@example("from a..b import", ["x"], Setter)
@example("from _rewire_stand_in_ import", ["x"], Setter)
def test_what_is_no_import_is_no_more_one_with_a_stand_in(
    head: str, pieces: list[str], stand_in: type[SiteTransformer]
) -> None:
    statement = f"{head} {''.join(pieces)}".rstrip()
    site = Site("moves", "m.py", Span(0, len(statement)), "ImportFrom", ".new", "move")
    whole = rewritten_statement(site, statement, Mover(), {})
    short = rewritten_statement(site, statement, stand_in(), {})
    if whole is not None:
        assert short == whole
    elif short is not None:  # it may answer; then what it answers is refused by whoever parses it
        source = SourceFile("m.py", statement, "utf-8", False, "\n", "")
        assert isinstance(rewrite_file(source, [site], Mover()), Rejected)
        with pytest.raises(SyntaxError):
            compile(short, "m.py", "exec", dont_inherit=True)


def test_a_transformer_that_reads_names_is_shown_them() -> None:
    assert moved("from a import x, y", NameDropper(), "y") == "from a import x"
    assert moved("from a import x, z, y", NameDropper(), "y") == "from a import x, z"
    assert moved("from a import x, z", NameCopier()) == "from x import x, z"


@dataclass(frozen=True)
class Options:
    word: str


def test_memory_is_kept_apart_by_transformer_options_kind_payload_and_text() -> None:
    assert memory_of(Mover(), Options("a")) is memory_of(Mover(), Options("a"))
    assert memory_of(Mover(), Options("a")) is not memory_of(Mover(), Options("b"))
    assert memory_of(Mover(), Options("a")) is not memory_of(HeadMover(), Options("a"))
    assert moved("from a import x", Mover(), ".one") == "from .one import x"
    assert moved("from a import x", Mover(), ".two") == "from .two import x"
    assert moved("from a import y", Mover(), ".one") == "from .one import y"
    with pytest.raises(AssertionError, match="placed"):
        moved("from a import x", Mover(), ".one", kind="Import")


@given(st.text("a\r\n"), st.lists(st.integers(0, 20)))
def test_lines_of_offsets_in_any_order_are_those_counted_from_the_start(text: str, offsets: list[int]) -> None:
    lines = Lines(text)
    for offset in [offset for offset in offsets if offset <= len(text)]:
        assert lines.at(offset) == line_of(text, offset)
