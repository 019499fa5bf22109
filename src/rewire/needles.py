"""Which of many byte strings a file holds, told in one pass over it.

Python's ``in`` costs a pass for each string; an Aho-Corasick automaton with a vector prefilter finds all in one.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from ahocorasick_rs import BytesAhoCorasick, MatchKind

if TYPE_CHECKING:
    from collections.abc import Iterable

_SHORT = 3
"""Strings of fewer bytes are found by ``in``: they stand so often in a file that noting each place costs more."""

_FEW = 64
"""Up to so many strings leftmost matching is quicker. Beyond, too many begin within each other's matches, and each of
those would be asked for by itself.
"""

_NOTHING: frozenset[bytes] = frozenset()


class Needles:
    """Some byte strings to look for."""

    def __init__(self, needles: Iterable[bytes]) -> None:
        every = dict.fromkeys(needles)
        self._short = tuple(needle for needle in every if len(needle) < _SHORT)
        self._long = tuple(needle for needle in every if len(needle) >= _SHORT)
        # Only leftmost matching has the vector prefilter. It passes over a match that begins within another one.
        self._overlapping = len(self._long) > _FEW
        kind = MatchKind.Standard if self._overlapping else MatchKind.LeftmostFirst
        self._automaton = BytesAhoCorasick(self._long, matchkind=kind) if self._long else None
        self._by_first: dict[int, list[bytes]] = defaultdict(list)
        for needle in self._long:
            self._by_first[needle[0]].append(needle)
        self._covers: dict[int, tuple[tuple[bytes, int], ...]] = {}

    def held(self, data: bytes) -> frozenset[bytes]:
        """Those that ``data`` holds, wherever, in however many places."""
        matches = self._automaton.find_matches_as_indexes(data, self._overlapping) if self._automaton else ()
        if not matches and not self._short:
            return _NOTHING
        found = {self._long[index] for index in {match[0] for match in matches}}
        for index, start, _ in () if self._overlapping else matches:
            for needle, offset in self._covered_by(index):
                if needle not in found and data.startswith(needle, start + offset):
                    found.add(needle)
        found.update(needle for needle in self._short if needle in data)
        return frozenset(found)

    def _covered_by(self, index: int) -> tuple[tuple[bytes, int], ...]:
        """The others that may begin within a match of the string ``index``, and so are passed over: where they do."""
        covered = self._covers.get(index)
        if covered is None:
            seen = self._long[index]
            tails = [(seen[start:], start) for start in range(len(seen))]
            covered = self._covers[index] = tuple(
                (needle, start)
                for tail, start in tails
                for needle in self._by_first.get(tail[0], ())
                if needle != seen and (needle.startswith(tail) or tail.startswith(needle))
            )
        return covered


@dataclass(frozen=True, slots=True)
class AnyOf:
    """A question to a file's bytes: is any of these in there? The search answers it in the pass it makes anyway."""

    needles: tuple[bytes, ...]

    def __call__(self, data: bytes | None) -> bool:
        """The answer for the bytes of one file; False for one that cannot be read (None)."""
        return data is not None and bool(_prepared(self.needles).held(data))


@lru_cache(maxsize=16)
def _prepared(needles: tuple[bytes, ...]) -> Needles:
    return Needles(needles)
