"""What the rest of the run will ask of a rewritten file: answered where it was made, while its text is at hand.

A second run's facts, the markers of the codemods to come, the file's part of the patch. Each depends on the file alone,
so it is the same as if it were asked later, in the main process; but it is worked out by as many processes as rewrite,
and the text is not sent about once more for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from rewire.locate import Located, locate
from rewire.model.result import Rendered
from rewire.needles import Needles
from rewire.search import Searched, Wanted, prepare, search_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from rewire.codemod.base import Codemod
    from rewire.model.result import RunResult
    from rewire.model.workspace import FileChange


class Aftermath(NamedTuple):
    """``located``: as the codemod would find the file again, None without facts or failure. ``searched``: what it holds
    for later codemods. ``fragment``: its part of the patch, None where that was not asked for. ``held``: of the byte
    strings that the project asks about, those that it holds.
    """

    located: Located[Any] | None
    searched: Searched | None
    fragment: bytes | None
    held: frozenset[bytes] | None


@dataclass(frozen=True, slots=True)
class Question:
    """What to answer of each rewritten file. ``later``: what to search for, None after the last codemod; ``patched``:
    the root of a run whose patch is this one codemod's; ``asked``: the byte strings that the project asks about.
    """

    codemod: Codemod[Any, Any]
    options: Any
    markers: Sequence[bytes]
    later: Wanted | None
    patched: Path | None
    asked: frozenset[bytes]

    def __call__(self, file: FileChange) -> Aftermath:
        """The answers."""
        assert file.after is not None
        located = locate(file.after, self.codemod, self.markers, self.options)
        searched = fragment = held = None
        if self.asked:
            held = _needles(self.asked).held(file.after.to_bytes())
        if self.later is not None:
            searched = search_bytes(file.path, file.after.to_bytes(), self.later, prepare(self.later))
        if self.patched is not None:
            from rewire.deliver.patch import fragment as part_of_patch

            fragment = part_of_patch(file, self.patched)
        is_empty = located.facts is None and located.failure is None
        return Aftermath(None if is_empty else located, searched, fragment, held)


@lru_cache(maxsize=1)
def _needles(asked: frozenset[bytes]) -> Needles:
    return Needles(asked)


def render(result: RunResult, fragments: Mapping[str, bytes]) -> Rendered:
    """The patch of a run of one codemod, most ``fragments`` of which are there already, by path."""
    from rewire.deliver.patch import fragment as part_of_patch

    files = result.net_changes()
    known = (fragments.get(file.path) for file in files)
    pieces = [
        part_of_patch(file, result.before.root) if piece is None else piece
        for file, piece in zip(files, known, strict=True)
    ]
    return Rendered(b"".join(pieces), len(files))
