"""The fixtures of relative-imports, and what needs more than one run to show."""

from __future__ import annotations

from pathlib import Path

import pytest

from rewire.testing import Case, cases, check_case

FIXTURES = Path(__file__).parent.parent / "fixtures" / "relative_imports"


@pytest.mark.parametrize("case", cases(FIXTURES), ids=str)
def test_case(case: Case) -> None:
    check_case(case)


def test_about_half_of_the_cases_say_leave_this_alone() -> None:
    found = cases(FIXTURES)
    assert sum(case.negative for case in found) >= 0.45 * len(found)
