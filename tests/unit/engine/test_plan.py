"""plan: suppression comments, groups that fall with a suppressed member, and plans that break the contract."""

from __future__ import annotations

import pytest

from rewire.errors import RewireError
from rewire.model.site import NewFile, Plan, Refusal, Site
from rewire.model.source import SourceFile, Span
from rewire.plan import check_plan, decide
from rewire.suppression import read_ignores

TEXT = """\
a = f(1)  # rewire: ignore[toy] measured, keep
# rewire: ignore[other, toy]
b = f(
    2,
)
c = f(3)  # rewire: ignore
d = "# rewire: ignore[toy]"
e = f(
    5,  # rewire: ignore[toy]
)
"""
SOURCE = SourceFile("m.py", TEXT, "utf-8", False, "\n", "")
IGNORES = {"m.py": read_ignores(SOURCE)}


def place(what: str, group: str = "", *, support: bool = False) -> Site:
    start = TEXT.index(what)
    return Site("toy", "m.py", Span(start, start + len(what)), "Call", group=group, support=support)


def test_comments_are_read_with_names_reason_and_the_statement_they_cover() -> None:
    found = IGNORES["m.py"]
    assert [(ignore.line, ignore.names) for ignore in found] == [
        (1, ("toy",)),
        (2, ("other", "toy")),
        (6, ()),
        (9, ("toy",)),
    ]
    assert found[0].comment == "# rewire: ignore[toy] measured, keep"
    assert found[1].covers.of(TEXT) == "b = f(\n    2,\n)\n"
    assert found[3].covers.of(TEXT).startswith("e = f(")


@pytest.mark.parametrize("what", ["f(1)", "f(\n    2,\n)", "f(\n    5"])
def test_a_site_on_a_covered_statement_is_suppressed(what: str) -> None:
    decided = decide(Plan(sites=(place(what),)), "toy", IGNORES)
    assert not decided.plan.sites
    assert len(decided.suppressed) == 1
    assert decided.found == 1
    assert len(decided.used) == 1


def test_a_comment_on_any_statement_of_a_place_suppresses_it_whole() -> None:
    """A block of several statements is one place: it cannot change without the one that must stay."""
    start = TEXT.index("d = ")
    block = Site("toy", "m.py", Span(start, len(TEXT)), "Block")
    decided = decide(Plan(sites=(block,)), "toy", IGNORES)
    assert not decided.plan.sites
    assert [entry.line for entry in decided.suppressed] == [9]


def test_a_comment_without_a_name_suppresses_nothing() -> None:
    decided = decide(Plan(sites=(place("f(3)"),)), "toy", IGNORES)
    assert len(decided.plan.sites) == 1
    assert not decided.used


def test_another_codemods_name_suppresses_nothing() -> None:
    assert not decide(Plan(sites=(place("f(1)"),)), "else", IGNORES).suppressed


def test_a_refusal_can_be_suppressed() -> None:
    refusal = Refusal("toy", "m.py", place("f(1)").span, "c", "r", "a")
    decided = decide(Plan(refusals=(refusal,)), "toy", IGNORES)
    assert not decided.plan.refusals
    assert len(decided.suppressed) == 1


def test_a_suppressed_member_takes_its_group_along_and_the_books_balance() -> None:
    plan = Plan(
        sites=(place("f(1)", "g"), place("f(3)", "g"), place("c =", "g", support=True), place("d =", "h")),
        new_files=(NewFile("n.py", "", "make", "g"),),
    )
    decided = decide(plan, "toy", IGNORES)
    assert [site.group for site in decided.plan.sites] == ["h"]
    assert [refusal.code for refusal in decided.plan.refusals] == ["suppressed-with-group"]
    assert not decided.plan.new_files
    assert decided.found == 3


@pytest.mark.parametrize(
    "plan",
    [
        Plan(sites=(Site("other", "m.py", Span(0, 1), "Name"),)),
        Plan(sites=(Site("toy", "elsewhere.py", Span(0, 1), "Name"),)),
        Plan(sites=(Site("toy", "m.py", Span(0, 1), "Name"), Site("toy", "m.py", Span(0, 1), "Name"))),
        Plan(refusals=(Refusal("toy", "m.py", Span(0, 1), "undeclared", "r", "a"),)),
    ],
    ids=["another's site", "a file not selected", "a place twice", "an undeclared code"],
)
def test_a_plan_that_breaks_the_contract_stops_the_run(plan: Plan) -> None:
    with pytest.raises(RewireError):
        check_plan(plan, "toy", ["declared"], lambda path: path == "m.py")


def test_a_comment_on_an_edit_that_others_need_takes_them_along() -> None:
    plan = Plan(sites=(place("f(1)", "g", support=True), place("f(3)", "g"), place("f(\n    5", "h", support=True)))
    decided = decide(plan, "toy", IGNORES)
    assert not decided.plan.sites
    assert [refusal.code for refusal in decided.plan.refusals] == ["suppressed-with-group"]
    assert not decided.suppressed
    assert decided.found == 1
    assert len(decided.used) == 2
