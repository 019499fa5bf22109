"""What is foreseen after the search: where much will be rewritten, workers get ready while the project is asked."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING

from rewire.pipeline.searching import candidates
from rewire.workers import FORESEEN_FROM

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from rewire.pipeline.request import Selected
    from rewire.pipeline.state import State


def foresee(state: State) -> None:
    """Let workers load LibCST (0.14 s) and what else rewriting and verifying takes, if so much is likely to come.

    Not where this process has it already, as a test's or a plug-in's does: workers that are forked later inherit it.
    """
    if len(state.searched) < FORESEEN_FROM or "libcst" in sys.modules:
        return
    coming = [(selected, paths) for selected in state.request.codemods if (paths := candidates(state, selected))]
    count = sum(len(paths) for _, paths in coming)
    samples = [(selected, state.wanted.markers[selected.codemod.name], paths[0]) for selected, paths in coming]
    state.executor.foresee(partial(get_ready, state.workspace.root, samples), count)


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
