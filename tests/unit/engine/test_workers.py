"""workers: the same answers in the same order for any number of processes, and a death costs one item."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from rewire.errors import RewireError
from rewire.workers import Died, spread

if TYPE_CHECKING:
    from collections.abc import Sequence


def double(items: Sequence[int]) -> list[int]:
    return [item * 2 for item in items]


def double_or_die(items: Sequence[int]) -> list[int]:
    if 13 in items:
        os._exit(3)
    return double(items)


def complain(items: Sequence[int]) -> list[int]:
    raise ValueError(f"cannot {items[0]}")


@pytest.mark.parametrize("jobs", [1, 2, 5])
def test_answers_come_in_the_order_of_the_items(jobs: int) -> None:
    seen: list[int] = []
    answers = list(spread(double, range(100), jobs=jobs, batch=7, advance=seen.append))
    assert answers == [item * 2 for item in range(100)]
    assert sum(seen) == 100


def test_no_items_is_no_answer() -> None:
    assert list(spread(double, [], jobs=2, batch=4)) == []


def test_a_worker_that_dies_costs_the_item_it_had_in_hand() -> None:
    answers = list(spread(double_or_die, range(40), jobs=2, batch=5))
    assert answers[13] == Died(13)
    assert [answer for answer in answers if not isinstance(answer, Died)] == [i * 2 for i in range(40) if i != 13]


def test_an_exception_in_the_function_is_not_swallowed() -> None:
    with pytest.raises(ValueError, match="cannot"):
        list(spread(complain, range(40), jobs=2, batch=5))


def die(items: Sequence[int]) -> list[int]:
    os._exit(3)


def test_workers_that_die_whatever_they_are_given_end_the_run() -> None:
    with pytest.raises(RewireError, match="die whatever"):
        list(spread(die, range(40), jobs=2, batch=5))
