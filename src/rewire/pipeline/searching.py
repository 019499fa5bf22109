"""Search: read every selected file once, and note what it holds for whom."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from rewire import search as station
from rewire.needles import AnyOf
from rewire.workers import Processes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence, Set

    from rewire.pipeline.request import Selected
    from rewire.pipeline.state import State
    from rewire.project.index import ProjectIndex

SPREAD_FROM = 500
"""From this many files on, reading and searching them is worth a second process."""


def search(state: State, foresee: Callable[[State], object] = lambda _: None) -> None:
    """Search the selected files for the markers and needs of every codemod.

    Markers that hang on the project are guessed before its launches are known, for the same reading tells which files
    to ask about those. Where a guess was short, every file is searched once more for what it missed. ``foresee`` is
    called when the candidates are known, but for what the guess missed.
    """
    project = state.project(state.workspace)
    alone = project.before_launches()
    guess = _markers(state, alone)
    questions = project.learn(alone)
    needs = {one.codemod.name: tuple(one.codemod.needs) for one in state.request.codemods if one.codemod.needs}
    state.wanted = station.Wanted(guess, needs)
    asked = [path for path in state.workspace.paths if path not in state.workspace.overlay]
    answered = _read_all(state, asked, replace(state.wanted, questions=questions), meanwhile=project.foresee_launches)
    for question in questions:
        project.note_looks(question, asked, answered[question])
    foresee(state)
    markers = _markers(state, project)
    late = {name: new for name, words in markers.items() if (new := _added(words, guess[name]))}
    if late:
        holding = {name: AnyOf(words) for name, words in late.items()}
        answered = _read_all(state, asked, station.Wanted(late, questions=tuple(holding.values())))
        state.late = {name: answered[question] for name, question in holding.items()}
    state.wanted = station.Wanted(markers, needs)


def candidates(state: State, selected: Selected) -> list[str]:
    """The files that hold a marker of the codemod; none if the project names nothing of what it is about."""
    codemod = selected.codemod
    is_needed = (
        not codemod.needs
        or bool(state.workspace.context)
        or any(codemod.name in found.needs for found in state.searched.values())
    )
    if not is_needed:
        return []
    return [
        path for path in state.workspace.paths if (found := state.searched.get(path)) and codemod.name in found.codemods
    ]


def _markers(state: State, project: ProjectIndex) -> dict[str, tuple[bytes, ...]]:
    return {one.codemod.name: tuple(one.codemod.markers(project, one.options)) for one in state.request.codemods}


def _added(words: Sequence[bytes], before: Sequence[bytes]) -> tuple[bytes, ...]:
    known = set(before)
    return tuple([word for word in words if word not in known])


def _read_all(
    state: State, paths: Sequence[str], wanted: station.Wanted, meanwhile: Callable[[], object] | None = None
) -> Mapping[AnyOf, Set[str]]:
    """Search files as they lie on disk, and note what is found. By question, the files of which the answer is yes."""
    work = partial(station.search, state.workspace.root, wanted=wanted, digests=state.request.cache is not None)
    station.prepare(wanted)  # once, before there are several processes
    advance = state.advance("search", len(paths))
    here = Processes(state.request.jobs)  # searching costs less than sending a file anywhere
    answers = here.share(work, paths, pays_from=SPREAD_FROM, advance=advance, meanwhile=meanwhile)
    answered: dict[AnyOf, set[str]] = {question: set() for question in wanted.questions}
    for path, answer in zip(paths, answers, strict=True):
        if answer is not None:
            state.note(answer)
            for question in answer.answered:
                answered[question].add(path)
    return answered
