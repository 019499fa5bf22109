"""Every fixture of shared-pool, in every form that the runner knows."""

from __future__ import annotations

from pathlib import Path

import pytest
from rewire_codemods.shared_pool.codemod import SharedPool
from rewire_codemods.shared_pool.refusals import CODES

from rewire.testing import Case, cases, check_case

FIXTURES = Path(__file__).parents[2] / "fixtures" / "shared_pool"
CASES = cases(FIXTURES, SharedPool)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case: Case) -> None:
    check_case(case)


def test_about_half_of_the_cases_say_leave_this_alone() -> None:
    negative = sum(case.negative for case in CASES)
    assert 0.4 <= negative / len(CASES) <= 0.6


def test_every_refusal_code_is_shown_by_a_case() -> None:
    shown = {code for case in CASES for code in case.refuses}
    assert {entry.code for entry in CODES} - shown == set()
