"""Every fixture of connect-timeout, each in all the ways that the fixture runner knows."""

from __future__ import annotations

from pathlib import Path

import pytest
from rewire_codemods.connect_timeout.codemod import ConnectTimeout
from rewire_codemods.connect_timeout.examine import Examined

from rewire.codemod import NestedTooDeeply
from rewire.read import decode
from rewire.testing import Case, cases, check_case

FIXTURES = Path(__file__).parent.parent / "fixtures" / "connect_timeout"


@pytest.mark.parametrize("case", cases(FIXTURES, ConnectTimeout), ids=str)
def test_case(case: Case) -> None:
    check_case(case)


def test_half_of_the_cases_say_leave_this_alone() -> None:
    found = cases(FIXTURES, ConnectTimeout)
    assert len(found) >= 60
    assert 0.4 <= sum(case.negative for case in found) / len(found) <= 0.6


def test_every_refusal_code_is_met_by_a_case() -> None:
    met = {code for case in cases(FIXTURES, ConnectTimeout) for code in case.refuses}
    assert met == {code.code for code in ConnectTimeout.refusal_codes}


def test_what_parses_and_cannot_be_walked_is_said_to_nest_too_deeply() -> None:
    """LibCST reads 150 lists in one another; Python's own stack is too small to walk over what it makes of them."""
    source = decode("a.py", f"connect(connect_timeout={'[' * 150}{']' * 150})\n".encode())
    with pytest.raises(NestedTooDeeply):
        Examined(source)  # type: ignore[arg-type]
