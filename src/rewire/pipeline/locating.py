"""Locate: one codemod's facts about its candidates, remembered or worked out, wherever the work runs."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from rewire import locate as station
from rewire.pipeline.state import died
from rewire.workers import Died

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rewire.cache.recall import Recall
    from rewire.model.result import Failure
    from rewire.model.workspace import Workspace
    from rewire.pipeline.request import Selected
    from rewire.pipeline.state import State
    from rewire.project.index import ProjectIndex

BATCH = 128
SPREAD_FROM = 256
"""From this many candidates on, locating in them is worth a second process."""


def locate(
    state: State,
    selected: Selected,
    workspace: Workspace,
    paths: Sequence[str],
    known: Mapping[str, station.Located[Any] | None] | None = None,
) -> tuple[dict[str, Any], dict[str, Failure]]:
    """Facts and failures by path, in path order; what an earlier run knows of the same bytes is not asked again.

    ``known`` was located already, by whoever rewrote the file (None: nothing found).
    """
    known = known or {}
    codemod = selected.codemod
    markers = state.wanted.markers[codemod.name]
    recall = _recall(state, selected, markers)
    digests = {path: state.digest(workspace, path) for path in paths} if recall else {}
    located = recall.located({path: digest for path, digest in digests.items() if path not in known}) if recall else {}
    items = [(path, state.carried(workspace, path)) for path in paths if path not in located and path not in known]
    work = partial(
        station.locate_files, root=workspace.root, codemod=codemod, markers=markers, options=selected.options
    )
    advance = state.advance(f"locate {codemod.name}", len(items))
    fresh = {path: found and found.facts for path, found in known.items() if not (found and found.failure)}
    failures = {path: found.failure for path, found in known.items() if found and found.failure}
    meanwhile = partial(_prepare, state, selected, state.project(workspace))
    answers = state.executor.spread(
        work, items, batch=BATCH, pays_from=SPREAD_FROM, advance=advance, meanwhile=meanwhile
    )
    for answer in answers:
        if isinstance(answer, Died):
            failures[answer.item[0]] = died(answer.item[0])
        elif answer.failure:
            failures[answer.path] = answer.failure
        else:
            fresh[answer.path] = answer.facts
    if recall:
        recall.keep(digests, fresh)
    located.update(fresh)
    return {path: located[path] for path in paths if located.get(path) is not None}, failures


def _recall(state: State, selected: Selected, markers: Sequence[bytes]) -> Recall | None:
    """What earlier runs located; None for a run without a cache."""
    if state.request.cache is None:
        return None
    from rewire.cache.recall import Recall  # and sqlite3

    return Recall(state.request.cache, selected.codemod, selected.options, markers)


def _prepare(state: State, selected: Selected, project: ProjectIndex) -> None:
    """What a codemod with so many candidates will need next, while others work."""
    state.executor.ensure(partial(_load, selected))
    selected.codemod.markers(project, selected.options)  # hang on launches, which are read for them
    state.executor.hurry(partial(selected.codemod.prepare, project, selected.options))


def _load(selected: Selected) -> None:
    """What rewriting takes, for workers that are forked from this process."""
    from rewire.verify.accept import workshop

    workshop()
    selected.codemod.transformer(selected.options)
