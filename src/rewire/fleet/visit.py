"""One repository of a fleet, from its state as found to its record: look, run in memory, commit to the branch, report.

The repository's HEAD, index and work tree stay as they are. What is written is written in an order in which it can be
cut short anywhere and done again: patches and reports, then the branch; the record is kept by the caller.
"""

from __future__ import annotations

import sys
import time
import traceback
from dataclasses import dataclass, replace
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from rewire import __version__, config
from rewire.deliver.commit.branch import draft, find_branch, find_place, preflight_branch, publish, tracked_files
from rewire.deliver.commit.values import CommitOptions
from rewire.errors import RewireError
from rewire.fleet import products
from rewire.fleet.values import CommitMade, Figures, Record, RefusedPlaces
from rewire.pipeline.answer import run
from rewire.report.about import About, Delivered
from rewire.report.tally import refusal_groups, row

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterator

    from rewire.config.values import Config, Grain
    from rewire.deliver.commit.branch import Draft, Place
    from rewire.model.result import Outcome, RunResult
    from rewire.pipeline.request import Request


class Prepare(Protocol):
    """How a repository becomes a request: the fleet's codemods and options on that repository's own facts."""

    def __call__(self, top: Path, own: Config, tracked: Container[str], jobs: int) -> Request:
        """The request for the repository at ``top``, whose own configuration is ``own``. Picklable."""
        ...


@dataclass(frozen=True, slots=True)
class Orders:
    """What is to be done in every repository. ``branch`` None: a dry run. ``output`` holds a folder for each.

    ``digest`` stands for the codemods, their options and the code that carries them out; ``command`` does the same
    again in one repository. ``packages`` hold the code that does it: rewire, the codemods, their parser. ``limit`` is
    what a repository may take, in seconds; None: as long as it takes.
    """

    prepare: Prepare
    output: Path
    branch: str | None
    per: Grain
    command: str
    digest: str
    packages: tuple[str, ...]
    limit: float | None


@dataclass(frozen=True, slots=True)
class Visit:
    """One repository to look at, and its record of an earlier run."""

    record: Record
    earlier: Record | None


@dataclass(frozen=True, slots=True)
class Visited:
    """What became of it. ``anew`` False: all had been done before, and is as it was.

    ``modules``: what of ``Orders.packages`` had to be imported for it.
    """

    record: Record
    anew: bool = True
    modules: tuple[str, ...] = ()


def visit(orders: Orders, one: Visit, jobs: int, last_step: Callable[[], None]) -> Visited:
    """Do what is to be done in one repository. Never raises but for KeyboardInterrupt: trouble is in the record.

    ``last_step`` is called before the one thing that is not to be cut short: that the branch is moved.
    """
    started = time.perf_counter()
    known = frozenset(sys.modules)
    try:
        visited = _visit(orders, one, jobs, last_step)
    except RewireError as error:
        visited = Visited(replace(one.record, status="failed", reason=error.message, advice=error.advice))
    except Exception as error:  # the other repositories are not to pay for a fault of ours in this one
        visited = Visited(_at_fault(orders, one.record, error))
    needed = [name for name in sys.modules if name not in known and name.partition(".")[0] in orders.packages]
    visited = replace(visited, modules=tuple(needed))
    if not visited.anew:
        return visited
    return replace(visited, record=replace(visited.record, seconds=round(time.perf_counter() - started, 3)))


def _at_fault(orders: Orders, record: Record, error: Exception) -> Record:
    advice = f"this is a fault in rewire; please report it, with {record.folder}/{products.TRACEBACK}"
    try:
        products.write_traceback(orders.output / record.folder, traceback.format_exc())
    except RewireError as unwritten:
        advice = f"this is a fault in rewire; its traceback could not be kept: {unwritten.message}"
    return replace(record, status="failed", reason=f"internal error: {type(error).__name__}: {error}", advice=advice)


def _visit(orders: Orders, one: Visit, jobs: int, last_step: Callable[[], None]) -> Visited:
    top = Path(one.record.path)
    folder = orders.output / one.record.folder
    own = config.load(top)
    place = find_place(top)
    kept = _keep(orders, one, place, own)
    if kept is not None:
        return Visited(kept, anew=False)
    products.clear(folder)
    record = replace(
        one.record,
        key=_key(orders, place.head, own),
        head=place.head,
        base=(place.branch or "").removeprefix("refs/heads/"),
        notes=(*one.record.notes, *_about_configuration(own), *_about_earlier(one, place)),
    )
    preflight_branch(top, orders.branch)
    result = run(orders.prepare(top, own, tracked_files(top), jobs))
    return Visited(_deliver(orders, _with_figures(record, result), result, last_step))


def _deliver(orders: Orders, record: Record, result: RunResult, last_step: Callable[[], None]) -> Record:
    """Commits, patches and reports, and last the branch."""
    folder = orders.output / record.folder
    if orders.branch is None:
        about = About(__version__, "dry-run", orders.command, result.exit_code())
        written = products.write(folder, result, about, None)
        return replace(record, status="done" if result.has_changes else "unchanged", written=written)
    made = draft(result, CommitOptions(orders.per, orders.branch, command=orders.command))
    written = products.write(folder, result, _about(orders, result, made), made)
    if made is None:
        left = (f"the branch {orders.branch} of an earlier run is still there, and no longer needed",)
        stale = find_branch(Path(record.path), orders.branch) is not None
        return replace(record, status="unchanged", written=written, notes=(*record.notes, *(left if stale else ())))
    last_step()
    publish(made)
    commits = tuple(CommitMade(info.sha, info.subject) for info in made.commits)
    return replace(record, status="done", tip=made.tip, commits=commits, written=written)


def _about(orders: Orders, result: RunResult, made: Draft | None) -> About:
    import shlex

    about = About(__version__, "apply", orders.command, result.exit_code())
    if made is None:
        return about
    return about._replace(
        commits=tuple(Delivered(info.sha, info.subject) for info in made.commits),
        branch=made.branch,
        undo=f"git branch -D {shlex.quote(made.branch)}",
    )


def _keep(orders: Orders, one: Visit, place: Place, own: Config) -> Record | None:
    """The earlier record, if it still says what is there; None if the work is to be done (again)."""
    earlier = one.earlier
    if earlier is None or earlier.status not in ("done", "unchanged"):
        return None
    on_our_branch = orders.branch is not None and place.branch == f"refs/heads/{orders.branch}"
    began = earlier.head if on_our_branch and earlier.tip else place.head
    if earlier.key != _key(orders, began, own):
        return None
    if not products.are_there(orders.output / one.record.folder, earlier.written):
        return None
    kept = replace(earlier, line=one.record.line, folder=one.record.folder)
    if orders.branch is None or not earlier.tip:
        return kept
    tip = find_branch(Path(earlier.path), orders.branch)
    if tip is None:
        return None
    note = f"the branch has moved on since: it is at {tip[:12]}, and was made at {earlier.tip[:12]}"
    notes = tuple(text for text in earlier.notes if not text.startswith("the branch has moved on since"))
    return replace(kept, notes=notes if tip == earlier.tip else (*notes, note))


def _key(orders: Orders, head: str, own: Config) -> str:
    """A digest of all that the answer depends on: the commit, the orders, and what the repository says of itself."""
    facts = (orders.digest, orders.branch, orders.per, orders.command, head, own.roots, own.launch, own.exclude)
    return blake2b(repr(facts).encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()


def _about_configuration(own: Config) -> Iterator[str]:
    """What of a repository's own configuration is not in force."""
    said = [name for name, value in (("select", own.select), ("ignore", own.ignore), *own.codemods.items()) if value]
    if said:
        yield f"its own configuration of {', '.join(sorted(said))} is not in force here: the fleet's is"


def _about_earlier(one: Visit, place: Place) -> Iterator[str]:
    earlier = one.earlier
    if earlier is not None and earlier.head not in ("", place.head):
        yield f"HEAD has moved since the last run, from {earlier.head[:12]} to {place.head[:12]}: done again"


def _with_figures(record: Record, result: RunResult) -> Record:
    return replace(
        record,
        figures=tuple(_figures(outcome) for outcome in result.outcomes),
        refused=tuple(entry for outcome in result.outcomes for entry in _refused(outcome)),
        files_seen=result.files_seen,
        files_changed=len(result.net_changes()),
        files_failed=len(result.failures),
        files_rejected=sum(len(outcome.rejected) for outcome in result.outcomes),
    )


def _figures(outcome: Outcome) -> Figures:
    figures = row(outcome)
    return Figures(
        figures.codemod,
        str(figures.promise),
        figures.files,
        figures.found,
        figures.changed,
        figures.refused,
        figures.suppressed,
    )


def _refused(outcome: Outcome) -> Iterator[RefusedPlaces]:
    for group in refusal_groups(outcome.refusals):
        yield RefusedPlaces(outcome.codemod, group.code, len(group.refusals), group.reason, group.advice)
