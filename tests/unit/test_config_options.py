"""A codemod's options out of defaults, configuration and ``--set``."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Literal

import pytest

from rewire.codemod import Codemod, Plan, Promise, option
from rewire.config import Config, check_tables, options_for, parse_setting
from rewire.config.convert import Misfit, convert, describe, parse
from rewire.errors import ConfigError, UsageError

if TYPE_CHECKING:
    from pathlib import Path


@dataclasses.dataclass(frozen=True, slots=True)
class Options:
    style: Literal["loud", "quiet"] = option("quiet", "how")
    max_level: int | None = option(None, "how deep")
    names: tuple[str, ...] = option(("a",), "whose")
    strict: bool = option(False, "whether")
    ratio: float = option(0.5, "how much")
    text: str = option("", "what")

    def __post_init__(self) -> None:
        if self.strict and self.style == "loud":
            raise ValueError("strict is never loud")


class Shout(Codemod[str, Options]):
    """For these tests."""

    name = "shout-more"
    summary = "shout"
    promise = Promise.REVIEW
    options_type = Options

    def markers(self, project: Any, options: Options) -> list[bytes]:
        return []

    def locate(self, source: Any, markers: Any, options: Options) -> None:
        return None

    def plan(self, facts: Any, project: Any, options: Options) -> Plan:
        return Plan()

    def transformer(self, options: Options) -> Any:
        raise NotImplementedError


def configured(tmp_path: Path, text: str) -> Config:
    from rewire.config import load

    (tmp_path / "rewire.toml").write_text(text, encoding="utf-8")
    return load(tmp_path)


def test_defaults_alone() -> None:
    options, given = options_for(Shout(), Config())
    assert options == Options()
    assert given == {}


def test_configuration_over_defaults_and_set_over_both(tmp_path: Path) -> None:
    config = configured(tmp_path, '[shout-more]\nmax-level = 2\nnames = ["x", "y"]\nstyle = "loud"\n')
    options, given = options_for(Shout(), config, ["shout-more.max_level=5", "other.thing=1", "shout-more.style=quiet"])
    assert options == Options(max_level=5, names=("x", "y"))
    assert given == {"max_level": 5, "names": ["x", "y"], "style": "quiet"}
    assert list(given) == sorted(given)


def test_names_take_hyphens_and_underscores(tmp_path: Path) -> None:
    config = configured(tmp_path, "[shout_more]\nmax_level = 2\n")
    check_tables(config, {"shout-more": Shout()})
    assert options_for(Shout(), config, ["shout_more.max-level=7"])[0].max_level == 7
    assert options_for(Shout(), config)[0].max_level == 2


def test_the_last_set_wins() -> None:
    assert options_for(Shout(), Config(), ["shout-more.text=a", "shout-more.text=b"])[0].text == "b"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("shout-more.sytle=loud", "has no option 'sytle'; did you mean 'style'?"),
        ("shout-more.zzz=1", "has no option 'zzz' (it has style, max-level, names, strict, ratio, text)"),
        ("shout-more.style=shrill", "expected one of loud, quiet, got 'shrill'"),
        ("shout-more.strict=maybe", "expected true or false, got 'maybe'"),
        ("shout-more.strict=1", "expected true or false, got '1'"),
        ("shout-more.max-level=two", "expected int or none, got 'two'"),
        ("shout-more.names=[1", "expected list of str, got '[1'"),
        ("shout-more", "not of the form codemod.option=value"),
        ("style=loud", "not of the form codemod.option=value"),
        ("shout-more.style", "not of the form codemod.option=value"),
    ],
)
def test_a_set_that_does_not_fit_is_refused(text: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        options_for(Shout(), Config(), [text])
    assert f"--set {text}" in caught.value.message
    assert message in caught.value.message


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("[shout-more]\nsytle = 'loud'\n", ":2: shout-more.sytle:", "did you mean 'style'?"),
        ("[shout-more]\n\nstyle = 'x'\n", ":3: shout-more.style:", "expected one of 'loud', 'quiet', got 'x'"),
        ("[shout-more]\nnames = ['a', 1]\n", ":2: shout-more.names[1]:", "expected str, got int"),
        ("[shout-less]\n", ":1: shout-less:", "there is no codemod 'shout-less'; did you mean 'shout-more'?"),
        ('jobs = 1\nselect = ["shout-more", "shout-les"]\n', ":2: select[1]:", "there is no codemod 'shout-les'; did"),
        ('ignore = [\n"shout",\n]\n', ":1: ignore[0]:", "there is no codemod 'shout'"),
        ("[lunch]\n", ":1: lunch:", "there is no codemod 'lunch'; did you mean 'launch'?"),
    ],
)
def test_a_table_that_does_not_fit_is_refused_by_its_place(tmp_path: Path, text: str, place: str, message: str) -> None:
    config = configured(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        check_tables(config, {"shout-more": Shout()})
    assert f"{tmp_path / 'rewire.toml'}{place}" in caught.value.message
    assert message in caught.value.message


def test_what_is_installed_and_broken_is_no_misspelling(tmp_path: Path) -> None:
    config = configured(tmp_path, 'ignore = ["cracked"]\n[cracked]\nx = 1\n')
    check_tables(config, {"shout-more": Shout()}, ["cracked"])
    with pytest.raises(ConfigError, match="there is no codemod 'cracked'"):
        check_tables(config, {"shout-more": Shout()})


def test_values_that_do_not_go_together_are_refused() -> None:
    with pytest.raises(UsageError, match="do not go together: strict is never loud"):
        options_for(Shout(), Config(), ["shout-more.strict=true", "shout-more.style=loud"])


def test_a_value_may_hold_equals_signs_and_dots() -> None:
    setting = parse_setting("shout-more.text=a.b=c")
    assert (setting.codemod, setting.option, setting.value) == ("shout-more", "text", "a.b=c")


@pytest.mark.parametrize(
    ("text", "wanted", "value"),
    [
        ("true", bool, True),
        ("False", bool, False),
        ("12", int, 12),
        ("-1", int, -1),
        ("1.5", float, 1.5),
        ("2", float, 2.0),
        ("2", str, "2"),
        ("", str, ""),
        ("none", int | None, None),
        ("none", str, "none"),
        ("3", int | None, 3),
        ("a,b", tuple[str, ...], ("a", "b")),
        ("a, b,", tuple[str, ...], ("a", "b")),
        ("", tuple[str, ...], ()),
        ('["a,b", "c"]', tuple[str, ...], ("a,b", "c")),
        ("1,2", tuple[int, ...], (1, 2)),
        ("b", Literal["a", "b"], "b"),
        ("2", Literal[1, 2], 2),
        ("b", Literal["a", "b"] | None, "b"),
    ],
)
def test_words_of_the_command_line_become_values(text: str, wanted: Any, value: Any) -> None:
    parsed = parse(text, wanted)
    assert parsed == value
    assert type(parsed) is type(value)


@pytest.mark.parametrize(
    ("value", "wanted"), [("1", int), (1, bool), (True, int), (1, str), ("a", tuple[str, ...]), ("x", Literal["a"])]
)
def test_configuration_is_strict(value: Any, wanted: Any) -> None:
    assert isinstance(convert(value, wanted), Misfit)


@pytest.mark.parametrize(
    ("name", "value"),
    [("strict", True), ("max_level", None), ("max_level", 3), ("ratio", 0.25), ("names", ["a,b", "it's", '"q"', ""])],
)
def test_what_a_commit_message_writes_reads_back(name: str, value: Any) -> None:
    """A commit says ``--set codemod.option=JSON`` to reproduce itself."""
    import json

    _, given = options_for(Shout(), Config(), [f"shout-more.{name}={json.dumps(value)}"])
    assert given == {name: value}


def test_types_in_words() -> None:
    assert describe(bool) == "true or false"
    assert describe(int | None) == "int or none"
    assert describe(tuple[str, ...]) == "list of str"
    assert describe(Literal["a", "b"]) == '"a" | "b"'
    assert describe(Literal["a", "b"] | None) == '"a" | "b" or none'
