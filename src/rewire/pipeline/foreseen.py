"""What is foreseen after the search: where much will be rewritten, workers get ready while the project is asked."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING, Any

from rewire.pipeline.searching import candidates
from rewire.pipeline.state import Ahead
from rewire.workers import FORESEEN_FROM

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from rewire.model.result import Failure
    from rewire.pipeline.request import Selected
    from rewire.pipeline.state import State


def foresee(state: State) -> None:
    """Begin with what will most likely be needed: what rewriting takes is loaded, and the first codemod locates.

    Files are located with the markers that are guessed so far, while this process asks the project what the plan needs,
    launches first of all.
    """
    if len(state.searched) < FORESEEN_FROM:
        return
    coming = [(selected, paths) for selected in state.request.codemods if (paths := candidates(state, selected))]
    if not coming:
        return
    if "libcst" not in sys.modules:  # what this process has, as a test's or a plug-in's does, forks inherit
        samples = [(selected, state.wanted.markers[selected.codemod.name], paths[0]) for selected, paths in coming]
        count = sum(len(paths) for _, paths in coming)
        state.executor.foresee(partial(get_ready, state.workspace.root, samples), count)
    selected, paths = coming[0]
    if len(paths) >= FORESEEN_FROM:
        from rewire.pipeline.locating import locate

        name = selected.codemod.name
        located = locate(state, selected, state.workspace, paths)
        state.ahead[name] = Ahead(state.workspace, paths, tuple(state.wanted.markers[name]), *located)


def locate_rest(state: State, selected: Selected) -> tuple[dict[str, Any], dict[str, Failure]]:
    """Facts and failures of the candidates, in path order; what is known from ``foresee`` is not located again.

    Facts hang on those markers that a file holds: those of a file without a marker that came late are what they were.
    """
    paths = candidates(state, selected)
    known = _still_true(state, selected)
    late = state.late.get(selected.codemod.name, frozenset())
    told = set(known.paths) - late if known else set()
    asked = [path for path in paths if path not in told]
    facts: dict[str, Any] = {}
    failures: dict[str, Failure] = {}
    if asked:
        from rewire.pipeline.locating import locate  # what only work needs is not imported without any

        facts, failures = locate(state, selected, state.workspace, asked)
    if known:
        facts |= {path: found for path, found in known.facts.items() if path in told}
        failures |= {path: found for path, found in known.failures.items() if path in told}
        facts = {path: facts[path] for path in paths if path in facts}
    return facts, failures


def _still_true(state: State, selected: Selected) -> Ahead | None:
    """What was located ahead, if the files are the same and every marker of then is one still."""
    name = selected.codemod.name
    known = state.ahead.pop(name, None)
    if known is None or known.workspace is not state.workspace:
        return None
    return known if set(known.markers) <= set(state.wanted.markers[name]) else None


def get_ready(root: Path, samples: Sequence[tuple[Selected, Sequence[bytes], str]]) -> None:
    """In a worker: import what the work takes, and locate in one file for each codemod, as a rehearsal."""
    from rewire.locate import locate_files
    from rewire.pipeline import aftermath  # noqa: F401 - what a worker answers with
    from rewire.verify.accept import workshop

    workshop()
    for selected, markers, path in samples:
        codemod, options = selected.codemod, selected.options
        codemod.transformer(options)
        locate_files([(path, None)], root=root, codemod=codemod, markers=markers, options=options)
