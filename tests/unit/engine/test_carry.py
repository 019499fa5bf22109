"""rewrite.carry: regions are cut, rewritten and spliced; everything else stays byte for byte."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import libcst as cst
import pytest

from rewire.codemod.cst import SiteTransformer, parse
from rewire.model.result import Rejected
from rewire.model.site import BLOCK, INSERT, Site
from rewire.model.source import SourceFile, Span, digest_of
from rewire.model.workspace import FileChange
from rewire.rewrite.carry import rewrite_file


class Renames(SiteTransformer):
    """A Name site becomes its payload; a BLOCK site is wrapped in ``with payload:``, or removed for payload None."""

    def rewrite(self, site: Site, original: cst.CSTNode, updated: cst.CSTNode) -> Any:
        if site.payload is None:
            return cst.RemoveFromParent()
        assert isinstance(updated, cst.Name)
        return updated.with_changes(value=site.payload)

    def rewrite_block(self, site: Site, statements: Any) -> Any:
        if site.payload is None:
            return []
        item = cst.WithItem(cst.Name(site.payload))
        return [cst.With(items=[item], body=cst.IndentedBlock(body=list(statements)))]


def source_of(text: str, newline: Any = "\n") -> SourceFile:
    return SourceFile("m.py", text, "utf-8", False, newline, digest_of(text.encode()))


def site(text: str, what: str, kind: str = "Name", payload: Any = "new", start: int = 0) -> Site:
    begin = text.index(what, start)
    return Site("toy", "m.py", Span(begin, begin + len(what)), kind, payload, f"{what} at {begin}")


def rewritten(text: str, *sites: Site, newline: Any = "\n") -> str:
    answer = rewrite_file(source_of(text, newline), sites, Renames())
    assert isinstance(answer, FileChange), answer
    assert answer.after is not None
    return answer.after.text


def test_only_the_statement_that_holds_the_site_is_touched() -> None:
    text = "except_ = 1  ;x=2\nif  x :\n\told( a )   # c\n\ty =  3\n"
    assert rewritten(text, site(text, "old")) == text.replace("old", "new")


def test_a_site_in_an_else_clause_is_found_through_the_whole_statement() -> None:
    text = "def f():\n    if a:\n        pass\n    # between\n    else:  # why\n        old()\n    return 1\n"
    assert rewritten(text, site(text, "old")) == text.replace("old", "new")


def test_two_sites_of_one_statement_are_carried_out_in_one_pass() -> None:
    text = "x = [\n  old,\n    other ]\n"
    changed = rewritten(text, site(text, "old"), site(text, "other", payload="fresh"))
    assert changed == "x = [\n  new,\n    fresh ]\n"


def test_crlf_tabs_form_feed_and_a_final_lone_cr_stay() -> None:
    text = "\fimport a\r\nclass C:\r\n\tdef f(self):\r\n\t\treturn old\r\n\r"
    assert rewritten(text, site(text, "old"), newline="\r\n") == text.replace("old", "new")


def test_a_form_feed_before_the_statement_stays() -> None:
    text = "import a\n\x0c\nold = 1\n\x0cold2 = 2\n"
    assert rewritten(text, site(text, "old2")) == text.replace("old2", "new")


def test_wrapping_a_block_reindents_code_but_no_string() -> None:
    text = 'def f():\n  a = 1\n  q = """\n  SELECT\n  """\n  # last words\n  b(q)\n  return b\n'
    block = Site("toy", "m.py", Span(text.index("q ="), text.index("b(q)") + 4), BLOCK, "pool", "wrap")
    expected = 'def f():\n  a = 1\n  with pool:\n    q = """\n  SELECT\n  """\n    # last words\n    b(q)\n  return b\n'
    assert rewritten(text, block) == expected


def test_a_block_site_holds_smaller_sites() -> None:
    text = "def f():\n    a(old)\n    b(old)\n"
    start = text.index("a(")
    block = Site("toy", "m.py", Span(start, len(text) - 1), BLOCK, "pool", "wrap")
    inner = site(text, "old", start=text.index("b("))
    assert rewritten(text, block, inner) == "def f():\n    with pool:\n        a(old)\n        b(new)\n"


def test_a_removed_statement_leaves_its_neighbours_alone() -> None:
    text = "a = 1\nb = 2  # two\nc = 3\n"
    block = Site("toy", "m.py", Span(text.index("b"), text.index("b") + 5), BLOCK, None, "drop")
    assert rewritten(text, block) == "a = 1\nc = 3\n"


def test_insertions_take_the_newline_of_the_file() -> None:
    text = "a = 1\r\nb = 2\r\n"
    insert = Site("toy", "m.py", Span(7, 7), INSERT, "import x\nimport y\n", "add")
    assert rewritten(text, insert, newline="\r\n") == "a = 1\r\nimport x\r\nimport y\r\nb = 2\r\n"


def test_insertion_after_a_last_line_without_newline() -> None:
    insert = Site("toy", "m.py", Span(5, 5), INSERT, "b = 2\n", "add")
    assert rewritten("a = 1", insert) == "a = 1\nb = 2"


def test_changes_know_their_statements_in_both_texts() -> None:
    text = "a = 1\nold = 2\nb = old2\n"
    answer = rewrite_file(source_of(text), [site(text, "old", payload="longer"), site(text, "old2")], Renames())
    assert isinstance(answer, FileChange)
    assert answer.after is not None
    for change in answer.changes:
        assert change.before.of(text) != change.after.of(answer.after.text)
    assert [change.line for change in answer.changes] == [2, 3]
    assert answer.changes[1].after.of(answer.after.text) == "b = new\n"


@pytest.mark.parametrize(
    ("text", "what", "check"),
    [
        ("# old\na = 1\n", "old", "placed"),
        ("a = 1\nx = 'old'\n", "old", "placed"),
        ("a = (1\nx = old\n", "old", "reads"),
    ],
    ids=["in a comment", "in a string", "in text that is no Python"],
)
def test_what_cannot_be_carried_out_is_rejected_by_name(text: str, what: str, check: str) -> None:
    answer = rewrite_file(source_of(text), [site(text, what)], Renames())
    assert isinstance(answer, Rejected)
    assert answer.check == check


def test_a_transformer_that_changes_nothing_is_rejected() -> None:
    text = "old = 1\n"
    answer = rewrite_file(source_of(text), [site(text, "old", payload="old")], Renames())
    assert isinstance(answer, Rejected)
    assert answer.check == "changed"


def test_the_same_place_twice_is_rejected() -> None:
    text = "old = 1\n"
    one = site(text, "old")
    answer = rewrite_file(source_of(text), [one, replace(one, summary="again")], Renames())
    assert isinstance(answer, Rejected)


@pytest.mark.parametrize(("first", "second"), [("a()\nb()", "b()\nc()"), ("a()\nb()", "a()"), ("a()\nb()\nc()", "b()")])
def test_blocks_that_share_a_statement_are_rejected(first: str, second: str) -> None:
    """Each of them would write the shared statement, so it would stand there twice."""
    text = "a()\nb()\nc()\n"
    blocks = [site(text, first, BLOCK, "pool"), site(text, second, BLOCK, "pool")]
    answer = rewrite_file(source_of(text), blocks, Renames())
    assert isinstance(answer, Rejected)
    assert (answer.check, answer.detail) == ("placed", "line 1: two sites claim the same statements")


def test_a_result_that_does_not_fit_the_encoding_is_rejected() -> None:
    text = "# coding: ascii\nold = 1\n"
    source = SourceFile("m.py", text, "ascii", False, "\n", "")
    answer = rewrite_file(source, [site(text, "old", payload="é")], Renames())
    assert isinstance(answer, Rejected)
    assert answer.check == "encodes"


def test_positions_of_a_parsed_file_are_offsets_into_its_text() -> None:
    text = "\fa = 1\r\nif b:\r\n    c = '''\r\nx'''; d = e\r"
    tree = parse(text)
    names = [node for node in tree.walk() if isinstance(node, cst.Name)]
    assert [tree.code(node) for node in names] == ["a", "b", "c", "d", "e"]


def test_a_new_block_deep_inside_is_indented_by_the_step_of_the_file() -> None:
    text = "class C:\n  def f(self):\n    if x:\n      a()\n      b()\n"
    block = Site("toy", "m.py", Span(text.index("a()"), text.index("b()") + 3), BLOCK, "pool", "wrap")
    expected = "class C:\n  def f(self):\n    if x:\n      with pool:\n        a()\n        b()\n"
    assert rewritten(text, block) == expected
