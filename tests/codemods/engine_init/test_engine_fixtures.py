"""Every shape of the table: changed as written, left byte for byte, or refused with its code."""

from __future__ import annotations

from pathlib import Path

import pytest
from rewire_codemods.engine_init.codemod import EngineInit

from rewire.testing import Case, cases, check_case

FIXTURES = Path(__file__).parents[2] / "fixtures" / "engine_init"


@pytest.mark.parametrize("case", cases(FIXTURES, EngineInit), ids=str)
def test_case(case: Case) -> None:
    check_case(case)
