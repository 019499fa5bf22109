"""Taking the argument out of a call gives back the call as it was before it was put in, in any layout."""

from __future__ import annotations

import ast
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rewire_codemods.connect_timeout.codemod import ConnectTimeout

from rewire.testing import rewrite

NAMES = ("host", "port", "user", "password", "database", "ssl")
VALUES = ("'db'", "5432", "settings.user", "get(\n    1,  # one\n    2,\n)", '"""a\nb"""', "[1, 2]")


@dataclass(frozen=True)
class Line:
    """One argument of a call on a line of its own, with what stands around it."""

    text: str
    above: str = ""
    comment: str = ""

    def render(self, indent: str, comma: str) -> str:
        """The line or lines."""
        above = f"{indent}# {self.above}\n" if self.above else ""
        return f"{above}{indent}{self.text}{comma}{'  # ' + self.comment if self.comment else ''}\n"


words = st.sampled_from(["", "the main one", "see below", "todo: ask"])
lines = st.builds(
    lambda name, value, above, comment: Line(f"{name}={value}", above, comment),
    st.sampled_from(NAMES),
    st.sampled_from(VALUES),
    words,
    words,
)
unique_lines = st.lists(lines, max_size=4, unique_by=lambda line: line.text.partition("=")[0])


def program(callee: str, inside: str) -> str:
    return f"import asyncpg\n\n\nasync def main(settings, get):\n    return await {callee}({inside})\n"


def stripped(source: str) -> str:
    return rewrite(ConnectTimeout, {"module.py": source}, {"replace": "strip"}).text("module.py")


def renamed(source: str) -> str:
    return rewrite(ConnectTimeout, {"module.py": source}, {"replace": "rename"}).text("module.py")


@given(unique_lines, st.integers(0, 4), st.booleans(), st.sampled_from(["asyncpg.connect", "asyncpg.create_pool"]))
def test_one_line_an_argument(others: list[Line], place: int, comma: bool, callee: str) -> None:
    place = min(place, len(others))
    ours = Line("connect_timeout=10", comment="goes with its line")

    def inside(listed: list[Line]) -> str:
        last = len(listed) - 1
        body = "".join(
            line.render("        ", "," if comma or number < last else "") for number, line in enumerate(listed)
        )
        return f"\n{body}    " if listed else ""

    before = program(callee, inside(others))
    source = program(callee, inside([*others[:place], ours, *others[place:]]))
    ast.parse(source)
    assert stripped(source) == before
    assert renamed(source) == source.replace("connect_timeout", "timeout")


@given(st.lists(st.sampled_from(NAMES), max_size=4, unique=True), st.integers(0, 4), st.booleans())
def test_all_on_one_line(names: list[str], place: int, comma: bool) -> None:
    others = [f"{name}=settings.{name}" for name in names]
    place = min(place, len(others))

    def inside(listed: list[str]) -> str:
        return ", ".join(listed) + ("," if comma and listed else "")

    source = program("asyncpg.connect", inside([*others[:place], "connect_timeout=10", *others[place:]]))
    assert stripped(source) == program("asyncpg.connect", inside(others))


@given(unique_lines, st.booleans())
def test_an_argument_is_added_on_a_line_of_its_own(others: list[Line], comma: bool) -> None:
    listed = [Line('dsn="postgresql://db/shop?connect_timeout=10"'), *others]
    last = len(listed) - 1

    def inside(listed: list[Line], last: int) -> str:
        body = "".join(
            line.render("        ", "," if comma or number < last else "") for number, line in enumerate(listed)
        )
        return f"\n{body}    "

    source = program("asyncpg.connect", inside(listed, last))
    expected = program("asyncpg.connect", inside([*listed, Line("timeout=10")], last + 1))
    assert renamed(source) == expected.replace("?connect_timeout=10", "")


@given(st.lists(st.sampled_from(["sslmode=require", "application_name=x", "a=b"]), max_size=3), st.integers(0, 3))
def test_a_query_loses_its_limit_and_nothing_else(parts: list[str], place: int) -> None:
    place = min(place, len(parts))

    def dsn(listed: list[str]) -> str:
        return "'postgresql://u:p@db/shop" + ("?" + "&".join(listed) if listed else "") + "'"

    source = program("asyncpg.connect", dsn([*parts[:place], "connect_timeout=10", *parts[place:]]))
    assert renamed(source) == program("asyncpg.connect", dsn(parts) + ", timeout=10")


@pytest.mark.parametrize(
    ("display", "expected"),
    [
        ("{'connect_timeout': 10}", "{}"),
        ("{'connect_timeout': 10, 'host': 'db'}", "{'host': 'db'}"),
        ("{'host': 'db', 'connect_timeout': 10}", "{'host': 'db'}"),
        ("{'host': 'db', 'connect_timeout': 10,}", "{'host': 'db',}"),
        ("{\n    'host': 'db',  # a\n    'connect_timeout': 10,  # b\n}", "{\n    'host': 'db',  # a\n}"),
        ("{\n    'connect_timeout': 10,  # b\n    'host': 'db'  # a\n}", "{\n    'host': 'db'  # a\n}"),
        ("{\n    'host': 'db',\n    # why\n    'connect_timeout': 10\n}", "{\n    'host': 'db'\n    # why\n}"),
        ("{**base, 'connect_timeout': 10}", "{**base}"),
        ("dict(base, connect_timeout=10)", "dict(base)"),
    ],
)
def test_a_dict_without_the_key(display: str, expected: str) -> None:
    def source(text: str) -> str:
        return f"import asyncpg\nfrom mine import base\n\nCONFIG = {text}\nasyncpg.connect(**CONFIG)\n"

    assert stripped(source(display)) == source(expected)
