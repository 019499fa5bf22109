"""The short way of dotted names: as the long way would, and only where the parser finds what the plan names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import libcst as cst
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rewire.codemod.cst import SiteTransformer, Tree, parse
from rewire.errors import NotLossless, NotPython
from rewire.model.result import Rejected
from rewire.model.site import Site
from rewire.model.source import SourceFile, Span
from rewire.model.workspace import FileChange
from rewire.rewrite.carry import rewrite_file
from rewire.syntax.native import names_in

if TYPE_CHECKING:
    from collections.abc import Sequence


class Renames(SiteTransformer):
    """A name, dotted or not, becomes its payload."""

    def rewrite(self, site: Site, original: cst.CSTNode, updated: cst.CSTNode) -> Any:
        assert isinstance(updated, (cst.Name, cst.Attribute))
        return cst.Name(site.payload, lpar=updated.lpar, rpar=updated.rpar)


def carried(text: str, sites: Sequence[Site]) -> str | None:
    """The new text; None where the file is rejected."""
    answer = rewrite_file(SourceFile("m.py", text, "utf-8", False, "\n"), sites, Renames())
    if isinstance(answer, Rejected):
        return None
    assert isinstance(answer, FileChange)
    assert answer.after is not None
    return answer.after.text


def both_ways(text: str, sites: Sequence[Site]) -> tuple[str | None, str | None]:
    short = carried(text, sites)
    with patch("rewire.rewrite.carry.names_in", return_value={}):
        return short, carried(text, sites)


def site(start: int, end: int, kind: str) -> Site:
    return Site("toy", "m.py", Span(start, end), kind, f"new{start}", f"at {start}")


def names_of(tree: Tree) -> list[tuple[Span, str]]:
    """The names that stand for themselves, and the attributes of names, in order."""
    found = []
    for node in tree.walk():
        above = tree.parent(node)
        if isinstance(node, cst.Name) and not (isinstance(above, cst.Attribute) and above.attr is node):
            found.append((tree.span(node), "Name"))
        if isinstance(node, cst.Attribute):
            found.append((tree.span(node), "Attribute"))
    return sorted(found, key=lambda entry: entry[0])


ATOMS = st.sampled_from(
    [
        "a",
        "a.b",
        "a.b.c",
        "(a.b)",
        "a . b",
        "a.\\\n b",
        "f'{a.b}'",
        "'a.b'",
        "é.a",
        "1",
        "a[0].b",
        "a(b=c).d",
        "(yield)",
    ]
)
EXPRESSIONS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(lambda pair: f"{pair[0]}({pair[1]}, k={pair[0]})"),
        st.tuples(inner, inner).map(lambda pair: f"[{pair[0]},  # a.b\n *{pair[1]}]"),
        st.tuples(inner, inner).map(lambda pair: f"{pair[0]}if {pair[1]} else(a.b)"),
        inner.map("(lambda a=a.b: {})".format),
        inner.map("not {}".format),
    ),
    max_leaves=5,
)
LINES = st.one_of(
    EXPRESSIONS,
    st.tuples(EXPRESSIONS, EXPRESSIONS).map(lambda pair: f"x = {pair[0]}; print({pair[1]})  # a.b"),
    st.tuples(EXPRESSIONS, EXPRESSIONS).map(lambda pair: f"@{pair[0]}\ndef f(a: a.b = {pair[1]}): return a.b"),
    EXPRESSIONS.map("for a.b in {}: a.b\nelse: a.b".format),
    EXPRESSIONS.map("with {} as a.b: pass".format),
    EXPRESSIONS.map("del a.b, {}".format),
)


@given(st.lists(LINES, min_size=1, max_size=3), st.booleans(), st.sampled_from(["\n", "\r\n"]), st.randoms())
@settings(max_examples=250, deadline=None)
def test_the_short_way_says_what_the_long_way_says(lines: list[str], deep: bool, newline: str, random: Any) -> None:
    text = "\n".join([*lines, ""])
    if deep:
        text = "def g():\n" + "".join(f"    {line}\n" for line in text.splitlines())
    text = text.replace("\n", newline)
    try:
        tree = parse(text)
    except (NotPython, NotLossless):
        return
    chosen: list[Site] = []
    for span, kind in names_of(tree):
        if random.random() < 0.6 and not any(span.overlaps(one.span) for one in chosen):
            chosen.append(site(span.start, span.end, kind))
    if chosen:
        short, long = both_ways(text, chosen)
        assert short == long


@pytest.mark.parametrize(
    ("text", "what", "kind"),
    [
        ("x = 'a.b'\n", "a.b", "Attribute"),
        ("x = y.a.b\n", "a.b", "Attribute"),
        ("x = 1  # a.b\n", "a.b", "Attribute"),
        ("x = a.b\n", "a.b", "Name"),
        ("x = a.b\n", "b", "Attribute"),
        ("from a import b\n", "a import", "Name"),
    ],
)
def test_a_place_that_holds_no_such_name_is_rejected(text: str, what: str, kind: str) -> None:
    start = text.index(what)
    assert both_ways(text, [site(start, start + len(what), kind)]) == (None, None)


def test_names_are_where_they_stand() -> None:
    text = "\tx = a.b.c(\r\n\t d)\n"
    found = names_in(text)
    assert {text[start:end]: kind for (start, end), kind in found.items()} == {
        "x": "Name", "a": "Name", "a.b": "Attribute", "a.b.c": "Attribute", "d": "Name",
    }  # fmt: skip
    assert names_in("x = é\n") == names_in("x = (\n") == names_in("\fx = 1\n") == {}
    assert {text for text in ("f'{a}'", "f'{a.b}' f'{c}'") if names_in(text)} == set()
