"""Which files hold a word, and which may import all names of a module: one reading of all files for many words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from rewire.needles import Needles

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rewire.project.files import Files

_STAR = re.compile(rb"import[ \t(]*\*")
_STAR_ENDS = (
    *(b"rt" + between + b"*" for between in (b"", b" ", b"\t", b"(")),
    *(bytes((first, second)) + b"*" for first in b" \t(" for second in b" \t("),
)
"""How every match of ``_STAR`` ends: three bytes or more, which are found at less cost than two."""


def takes_all(data: bytes | None) -> bool:
    """True if a file of these bytes may import all names of a module."""
    return data is not None and _STAR.search(data) is not None


_LISTED = rb"NAME(?<![\w.'\"]NAME)(?![\w.(\['\"=:]|[ \t\f]+import\b)"
"""Where NAME may stand in the list of a ``from`` import: ``from NAME import`` and ``import NAME.a`` are left out."""


@dataclass(frozen=True, slots=True)
class Lists:
    """A question to a file's bytes: may ``name`` stand in the list of a ``from`` import there?"""

    name: bytes

    def __call__(self, data: bytes | None) -> bool:
        """The answer for the bytes of one file; False for one that cannot be read (None)."""
        return data is not None and _listed(self.name).search(data) is not None


@lru_cache(maxsize=64)
def _listed(name: bytes) -> re.Pattern[bytes]:
    return re.compile(_LISTED.replace(b"NAME", re.escape(name)))


class Mentions:
    """The mentions in one state of a project. ``earlier``: those of another state with the same ``paths``."""

    def __init__(self, files: Files, paths: tuple[str, ...], earlier: Mentions | None = None) -> None:
        self._files = files
        self._paths = paths
        self._earlier = earlier
        self._found: dict[bytes, set[str]] = {}
        self._stars: set[str] | None = None

    def learn(self, words: Iterable[bytes], listed: Sequence[bytes] = ()) -> None:
        """Find out for many words at once what ``of`` will be asked; of those that are ``listed``, what ``Lists`` will
        be asked of the files that hold them, while their bytes are at hand.
        """
        unknown = [word for word in dict.fromkeys(words) if word not in self._found]
        if not unknown:
            return
        earlier, self._earlier = self._earlier, None
        if earlier:  # what was asked before will be asked again
            unknown = list(dict.fromkeys((*unknown, *earlier._found)))
        self._stars = set() if self._stars is None else self._stars
        self._found.update((word, set()) for word in unknown)
        unchanged = self._take_over(earlier, unknown) if earlier else frozenset()
        needles = Needles([*unknown, *_STAR_ENDS])
        wanted = frozenset((*unknown, *_STAR_ENDS))
        for path in self._paths:
            if path in unchanged:
                continue
            held = self._files.held(path, wanted)
            data = self._files.data(path) if held is None else None
            if data is not None:
                held = needles.held(data)
            if held:
                self._note(path, held, data)
                if data is not None:
                    for word in held.intersection(listed):
                        self._files.look(path, Lists(word), data)

    def asked(self) -> frozenset[bytes]:
        """The byte strings that a later state of the project will look for in every file that is not the same."""
        return frozenset((*self._found, *_STAR_ENDS))

    def of(self, word: bytes) -> list[str]:
        """The files that hold ``word``, sorted."""
        self.learn([word])
        return sorted(self._found[word])

    def of_star(self, word: bytes) -> list[str]:
        """The files that hold ``word`` or may import all names of a module, sorted."""
        self.learn([word])
        assert self._stars is not None
        return sorted(self._found[word] | self._stars)

    def of_listed(self, word: bytes) -> list[str]:
        """Those of ``of_star`` that may import all names of a module, or ``word`` from one."""
        lists = Lists(word)
        holding = self.of_star(word)
        assert self._stars is not None
        return [path for path in holding if path in self._stars or self._files.look(path, lists)]

    def _note(self, path: str, held: frozenset[bytes], data: bytes | None) -> None:
        assert self._stars is not None
        if not held.isdisjoint(_STAR_ENDS) and takes_all(self._files.data(path) if data is None else data):
            self._stars.add(path)
        for word in held:
            if word in self._found:
                self._found[word].add(path)

    def _take_over(self, earlier: Mentions, unknown: list[bytes]) -> frozenset[str]:
        """What the earlier state knows of all these words in files that are the same; the files that this answers."""
        if earlier._stars is None or not all(word in earlier._found for word in unknown):
            return frozenset()
        old, new = earlier._files.workspace.overlay, self._files.workspace.overlay
        unchanged = frozenset(path for path in self._paths if old.get(path) is new.get(path))
        self._stars = earlier._stars & unchanged
        for word in unknown:
            self._found[word] = earlier._found[word] & unchanged
        return unchanged
