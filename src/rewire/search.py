"""The byte search: whose markers a file holds, and what else can be told of its bytes in the same pass."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from rewire import read
from rewire.model.result import Failure
from rewire.model.source import digest_of
from rewire.needles import AnyOf, Needles
from rewire.suppression import SUPPRESSES, may_suppress

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence, Set
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to look for: by codemod its markers, and what the project must hold for it to matter; questions besides."""

    markers: Mapping[str, Sequence[bytes]]
    needs: Mapping[str, Sequence[bytes]] = field(default_factory=dict)
    questions: tuple[AnyOf, ...] = ()


class Searched(NamedTuple):
    """What the byte search saw in one file: whose markers and whose needs it holds, and if it suppresses any.

    ``answered`` are the questions to which the answer is yes.
    """

    path: str
    codemods: tuple[str, ...]
    needs: tuple[str, ...] = ()
    suppresses: bool = False
    failure: Failure | None = None
    digest: str = ""
    answered: tuple[AnyOf, ...] = ()


def search(root: Path, paths: Sequence[str], wanted: Wanted, *, digests: bool = False) -> list[Searched | None]:
    """Read each file once and search its bytes for what is wanted. Nothing is parsed.

    A file in which nothing was found is None. One that cannot be read as text is a failure whatever it holds: it cannot
    be searched. ``digests``: note the content's digest where a marker was found.
    """
    needles = prepare(wanted)
    return [search_bytes(path, read.read_bytes(root, path), wanted, needles, digests=digests) for path in paths]


def prepare(wanted: Wanted) -> Needles:
    """One search for all that is wanted."""
    lists = (*wanted.markers.values(), *wanted.needs.values(), *(question.needles for question in wanted.questions))
    return _prepare(tuple(tuple(needles) for needles in lists))


@lru_cache(maxsize=16)
def _prepare(lists: tuple[tuple[bytes, ...], ...]) -> Needles:
    return Needles([SUPPRESSES, *(needle for needles in lists for needle in needles)])


def search_bytes(
    path: str, data: bytes | Failure, wanted: Wanted, needles: Needles, *, digests: bool = False
) -> Searched | None:
    """The search of one file's bytes, with what ``prepare`` made of ``wanted``; None where nothing is in it."""
    if isinstance(data, Failure):
        return Searched(path, (), failure=data)
    held = needles.held(data)
    failure = None
    if not data.isascii() or b"\0" in data:
        source = read.decode(path, data)
        failure = source if isinstance(source, Failure) else None
    if not held and failure is None:
        return None
    answered = tuple([question for question in wanted.questions if not held.isdisjoint(question.needles)])
    if failure is not None:
        return Searched(path, (), failure=failure, answered=answered)
    found = _named(wanted.markers, held)
    needs = _named(wanted.needs, held)
    suppresses = SUPPRESSES in held and may_suppress(data)
    digest = digest_of(data) if digests and found else ""
    if not (found or needs or suppresses or answered):
        return None
    return Searched(path, found, needs, suppresses, digest=digest, answered=answered)


def _named(wanted: Mapping[str, Sequence[bytes]], held: Set[bytes]) -> tuple[str, ...]:
    return tuple([name for name, needles in wanted.items() if not held.isdisjoint(needles)])
