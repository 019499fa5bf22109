"""What every built-in codemod owes its users: fixtures, a page, options and refusal codes that are documented."""

from __future__ import annotations

import ast
import dataclasses
import re
from typing import TYPE_CHECKING, Any

import pytest
from support.sources import TOP, modules

from rewire.registry import load
from rewire.testing import cases

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rewire.codemod import Codemod
    from rewire.testing import Case

FIXTURES = TOP / "tests" / "fixtures"
REGISTRY = load()
CODEMODS = [one for one in REGISTRY.codemods.values() if type(one).__module__.startswith("rewire_codemods.")]
every_codemod = pytest.mark.parametrize("codemod", CODEMODS, ids=lambda codemod: codemod.name)


def fixtures(codemod: Codemod[Any, Any]) -> list[Case]:
    return cases(FIXTURES / codemod.name.replace("-", "_"))


def package_of(codemod: Codemod[Any, Any]) -> str:
    return type(codemod).__module__.rpartition(".")[0]


def trees(codemod: Codemod[Any, Any]) -> Iterator[ast.Module]:
    prefix = package_of(codemod)
    return (module.tree for module in modules() if f"{module.name}.".startswith(f"{prefix}."))


def test_nothing_installed_is_broken() -> None:
    assert not REGISTRY.broken
    assert CODEMODS


@every_codemod
def test_one_word_in_four_spellings(codemod: Codemod[Any, Any]) -> None:
    """Class, module, name and fixture folder."""
    words = codemod.name.split("-")
    assert type(codemod).__name__ == "".join(word.capitalize() for word in words)
    assert package_of(codemod).rpartition(".")[2] == "_".join(words)
    assert (FIXTURES / "_".join(words)).is_dir()


@every_codemod
def test_about_half_of_the_fixtures_say_leave_this_alone(codemod: Codemod[Any, Any]) -> None:
    found = fixtures(codemod)
    negative = sum(case.negative for case in found)
    assert len(found) >= 10
    assert 0.35 <= negative / len(found) <= 0.75, f"{negative} of {len(found)}"


@every_codemod
def test_the_summary_is_a_commit_s_subject(codemod: Codemod[Any, Any]) -> None:
    assert codemod.summary
    assert "\n" not in codemod.summary
    assert not codemod.summary.endswith(".")
    assert codemod.summary[0].islower()
    assert len(f"rewire({codemod.name}): {codemod.summary}") <= 100


@every_codemod
def test_the_page_shows_before_and_after_and_what_is_left_alone(codemod: Codemod[Any, Any]) -> None:
    page = REGISTRY.page(codemod)
    assert len(page.splitlines()) > 10
    for word in ("before", "after"):
        assert re.search(rf"(?im)^\W*{word}\b", page), f"the page has no part '{word}'"
    assert re.search(r"(?i)left alone|leaves? alone|never touched|refuse", page)


@every_codemod
def test_every_option_says_what_it_is_for(codemod: Codemod[Any, Any]) -> None:
    assert dataclasses.is_dataclass(codemod.options_type)
    assert codemod.options_type.__doc__
    for field in dataclasses.fields(codemod.options_type):
        assert field.metadata.get("doc"), f"{field.name} is not made with option(default, doc)"
        assert field.default is not dataclasses.MISSING


@every_codemod
def test_every_refusal_code_is_explained(codemod: Codemod[Any, Any]) -> None:
    codes = [entry.code for entry in codemod.refusal_codes]
    assert len(codes) == len(set(codes))
    for entry in codemod.refusal_codes:
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", entry.code)
        assert entry.meaning
        assert entry.advice


@every_codemod
def test_every_refusal_code_is_exercised_by_a_fixture(codemod: Codemod[Any, Any]) -> None:
    """That no other code is used is checked on every run (``rewire.plan.check_plan``)."""
    shown = {code for case in fixtures(codemod) for code in case.refuses}
    assert not {entry.code for entry in codemod.refusal_codes} - shown


@every_codemod
def test_every_code_in_the_source_is_declared(codemod: Codemod[Any, Any]) -> None:
    declared = {entry.code for entry in codemod.refusal_codes}
    used = {code for tree in trees(codemod) for code in literal_codes(tree)}
    assert not used - declared


def literal_codes(tree: ast.AST) -> Iterator[str]:
    """Codes that are written out in a call of Refusal."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) == "Refusal":
            given = [keyword.value for keyword in node.keywords if keyword.arg == "code"] or node.args[3:4]
            yield from (value.value for value in given if isinstance(value, ast.Constant))


def test_literal_codes_are_seen() -> None:
    tree = ast.parse("Refusal(n, p, s, 'a', '', ''); model.Refusal(code='b')")
    assert list(literal_codes(tree)) == ["a", "b"]


@every_codemod
def test_a_codemod_is_stateless(codemod: Codemod[Any, Any]) -> None:
    """It is made anew in every process: nothing may be kept on the instance or its class."""
    assert not vars(codemod)
    assert type(codemod)() is not None
