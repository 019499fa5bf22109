"""Finding codemods by entry point, and choosing among them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from support import plugin

from rewire import registry
from rewire.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

CODEMOD = """
from rewire.codemod import Codemod, Plan, Promise

class {cls}(Codemod):
    "For a test."
    name = "{name}"
    summary = "do nothing"
    promise = Promise.PROVED
    position = {position}
    default = {default}
    def markers(self, project, options): return ()
    def locate(self, source, markers, options): return None
    def plan(self, facts, project, options): return Plan()
    def transformer(self, options): raise NotImplementedError
"""


def codemod(name: str, position: int = 100, *, default: bool = True) -> str:
    return CODEMOD.format(cls=name.title().replace("-", ""), name=name, position=position, default=default)


@pytest.fixture
def load_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., registry.Registry]]:
    """Install packages made on the spot (package -> {module path: code}) beside what is installed, and load."""
    monkeypatch.syspath_prepend(str(tmp_path))
    known = set(sys.modules)

    def load(**packages: dict[str, str]) -> registry.Registry:
        for package, modules in packages.items():
            plugin.install(tmp_path, package=package, code="")
            (tmp_path / f"{package}.py").unlink()
            for path, code in {"__init__": "", **modules}.items():
                file = tmp_path / package / f"{path}.py"
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(code, encoding="utf-8")
                init = file.parent / "__init__.py"
                init.touch()
        registry.load.cache_clear()
        return registry.load()

    yield load
    registry.load.cache_clear()
    for name in set(sys.modules) - known:
        if name.startswith("made_"):
            del sys.modules[name]


def test_a_subpackage_with_a_codemod_module_is_a_codemod(load_with: Callable[..., registry.Registry]) -> None:
    found = load_with(
        made_one={"shout/__init__": '"""The page.\n\nMore of it.\n"""', "shout/codemod": codemod("shout")}
    )
    assert found.get("shout").summary == "do nothing"
    assert found.page(found.get("shout")) == "The page.\n\nMore of it."
    assert not found.broken


def test_what_is_no_codemod_is_passed_over(load_with: Callable[..., registry.Registry]) -> None:
    found = load_with(
        made_two={
            "plain": "",
            "words/text": "",
            "_hidden/codemod": codemod("hidden"),
            "abstract/codemod": "from rewire.codemod import Codemod\nclass Half(Codemod):\n    'Not whole.'\n",
        }
    )
    assert not {"hidden", "half"} & set(found.codemods)
    assert not found.broken


def test_an_imported_codemod_belongs_to_where_it_is_defined(load_with: Callable[..., registry.Registry]) -> None:
    found = load_with(
        made_three={"a/codemod": codemod("a-one"), "b/codemod": "from made_three.a.codemod import AOne\n"}
    )
    assert type(found.get("a-one")).__module__ == "made_three.a.codemod"


def test_the_order_is_position_then_name(load_with: Callable[..., registry.Registry]) -> None:
    found = load_with(
        made_four={"z/codemod": codemod("z", -3), "b/codemod": codemod("b", -2), "a/codemod": codemod("a", -2)}
    )
    assert list(found.codemods)[:3] == ["z", "a", "b"]
    assert [one.name for one in found.select(["b", "z"])] == ["z", "b"]


def test_one_that_is_not_default_runs_only_by_name(load_with: Callable[..., registry.Registry]) -> None:
    found = load_with(made_five={"rare/codemod": codemod("rare", default=False)})
    assert "rare" not in {one.name for one in found.select()}
    assert [one.name for one in found.select(["rare"])] == ["rare"]


def test_ignore_takes_away(load_with: Callable[..., registry.Registry]) -> None:
    found = load_with(made_six={"a/codemod": codemod("a"), "b/codemod": codemod("b")})
    assert {"a", "b"} <= {one.name for one in found.select()}
    assert "a" not in {one.name for one in found.select(ignore=["a"])}
    assert [one.name for one in found.select(["a", "b"], ["a"])] == ["b"]


def test_an_unknown_name_is_refused_with_what_comes_close(load_with: Callable[..., registry.Registry]) -> None:
    found = load_with(made_seven={"a/codemod": codemod("shout-more")})
    assert found.get("shout_more").name == "shout-more"
    for call in (
        lambda: found.get("shuot-more"),
        lambda: found.select(["shuot-more"]),
        lambda: found.select([], ["shuot-more"]),
    ):
        with pytest.raises(UsageError, match="there is no codemod 'shuot-more'; did you mean 'shout-more'"):
            call()


def test_a_broken_plug_in_is_named_and_costs_the_others_nothing(load_with: Callable[..., registry.Registry]) -> None:
    found = load_with(
        made_eight={"good/codemod": codemod("good"), "bad_one/codemod": "import nothing_of_this_name\n"},
        made_nine={"__init__": "raise OSError('no disk')"},
    )
    assert "good" in found.codemods
    assert {(one.name, one.reason.partition(":")[0]) for one in found.broken} == {
        ("bad-one", "ModuleNotFoundError"),
        ("some", "OSError"),
    }
    assert [one.name for one in found.select(["good"])] == ["good"]
    with pytest.raises(UsageError, match="'bad-one' cannot be loaded: ModuleNotFoundError"):
        found.get("bad-one")
    with pytest.raises(UsageError, match="cannot be loaded"):
        found.select()
    assert "good" in {one.name for one in found.select(ignore=["bad-one", "some"])}


def test_two_codemods_of_one_name_are_refused(load_with: Callable[..., registry.Registry]) -> None:
    with pytest.raises(UsageError, match=r"two codemods are called 'twin': made_ten.a.codemod and made_ten.b.codemod"):
        load_with(made_ten={"a/codemod": codemod("twin"), "b/codemod": codemod("twin")})
