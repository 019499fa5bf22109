"""A whole fleet: every repository visited, every record kept as soon as it is known."""

from __future__ import annotations

import signal
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from rewire.errors import RewireError
from rewire.fleet import products, state
from rewire.fleet.crew import Crew, Late, Lost
from rewire.fleet.visit import Visit, Visited, visit
from rewire.registry import preload

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from rewire.fleet.values import Record
    from rewire.fleet.visit import Orders


def run_fleet(
    orders: Orders,
    listed: Sequence[Record],
    earlier: Mapping[str, Record],
    *,
    jobs: int,
    tell: Callable[[Visited, int, int], None],
) -> tuple[Record, ...]:
    """The records of ``listed``, in its order; those that are pending are visited, ``jobs`` processes at a time.

    ``earlier`` are the records of the state; those of repositories that are not listed stay in it. ``tell`` hears of
    each repository that is through: what became of it, how many are through, of how many. Raises DeliveryError where
    the output folder cannot be written.
    """
    records = list(listed)
    visits = {number: record for number, record in enumerate(records) if record.status == "pending"}
    numbers = list(visits)
    tasks = [Visit(record, earlier.get(record.path)) for record in visits.values()]
    kept = dict(earlier)
    _save(orders, kept)
    crew: Crew[Visit, Visited] = Crew(partial(visit, orders), jobs, orders.limit)
    for through, (position, answer) in enumerate(crew.answers(tasks), 1):
        number = numbers[position]
        visited = answer if isinstance(answer, Visited) else Visited(_without_answer(orders, records[number], answer))
        preload(visited.modules)  # what one repository needed, the processes still to be forked find in place
        records[number] = visited.record
        kept[visited.record.path] = visited.record
        if visited.anew:
            _save(orders, kept)
        tell(visited, through, len(tasks))
    return tuple(records)


def _save(orders: Orders, records: Mapping[str, Record]) -> None:
    state.save(orders.output, records.values())


def _without_answer(orders: Orders, record: Record, answer: Lost | Late) -> Record:
    """The record of a repository whose process gave none. What it may have written to the output is taken away."""
    try:
        products.clear(orders.output / record.folder)
    except RewireError as error:
        record = replace(record, notes=(*record.notes, f"what it left could not be taken away: {error.message}"))
    return _late(record, answer) if isinstance(answer, Late) else _lost(record, answer)


def _late(record: Record, late: Late) -> Record:
    """The record of a repository that took too long."""
    limit = _in_words(late.limit)
    reason, advice = (
        f"not through after {limit}, the limit for each repository; nothing was written to it",
        "the same command tries it again; give it a longer --time-limit, or --exclude what takes so long",
    )
    if late.in_last_step:
        reason, advice = (
            f"git took longer than {limit} to move the branch, and was not waited for any longer",
            "look at the branch; then the same command tries again",
        )
    return replace(record, status="failed", reason=reason, advice=advice, seconds=round(late.seconds, 3))


def _in_words(seconds: float) -> str:
    """A time in the largest unit in which it is a whole number."""
    for size, unit in ((3600, "hour"), (60, "minute")):
        if seconds >= size and seconds % size == 0:
            return f"{seconds // size:g} {unit}{'' if seconds == size else 's'}"
    return f"{seconds:g} second{'' if seconds == 1 else 's'}"


def _lost(record: Record, lost: Lost) -> Record:
    """The record of a repository whose process died."""
    if lost.exit_code < 0:
        try:
            name = signal.Signals(-lost.exit_code).name
        except ValueError:
            name = f"signal {-lost.exit_code}"
        reason = f"the process that worked on it was killed ({name})"
    else:
        reason = f"the process that worked on it ended without an answer (exit status {lost.exit_code})"
    return replace(record, status="failed", reason=reason, advice="if memory ran out, try again with --jobs 1")
