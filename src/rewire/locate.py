"""Find the files that a codemod is about and the cheap facts that each of them holds, independent of any other file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from rewire import read
from rewire.errors import NotPython, SourceError
from rewire.model.result import Failure
from rewire.model.source import digest_of
from rewire.suppression import may_suppress

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from rewire.codemod.base import Codemod
    from rewire.model.source import SourceFile

FactsT = TypeVar("FactsT")
Question = Callable[[bytes | None], bool]
"""Asked of a file's bytes, None where it cannot be read; importable, for a worker."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the byte search looks for: by codemod its markers, and what the project must hold for it to matter."""

    markers: Mapping[str, Sequence[bytes]]
    needs: Mapping[str, Sequence[bytes]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Searched:
    """What the byte search saw in one file: whose markers and whose needs it holds, and if it suppresses any."""

    path: str
    codemods: tuple[str, ...]
    needs: tuple[str, ...] = ()
    suppresses: bool = False
    failure: Failure | None = None
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Located(Generic[FactsT]):
    """One codemod's facts about one file, or why there are none."""

    path: str
    facts: FactsT | None
    failure: Failure | None = None


def search(
    root: Path, paths: Sequence[str], wanted: Wanted, questions: Sequence[Question] = (), *, digests: bool = False
) -> list[tuple[Searched | None, tuple[bool, ...]]]:
    """Read each file once, search its bytes for what is wanted, and ask them some questions. Nothing is parsed.

    A file in which nothing was found is None. One that cannot be read as text is a failure whatever it holds: it cannot
    be searched. ``digests``: note the content's digest where a marker was found.
    """
    answers = []
    for path in paths:
        data = read.read_bytes(root, path)
        asked = None if isinstance(data, Failure) else data
        looks = tuple([question(asked) for question in questions])
        answers.append((search_bytes(path, data, wanted, digests=digests), looks))
    return answers


def search_bytes(path: str, data: bytes | Failure, wanted: Wanted, *, digests: bool = False) -> Searched | None:
    """The search of one file's bytes; None where nothing is in it."""
    if isinstance(data, Failure):
        return Searched(path, (), failure=data)
    if not data.isascii() or b"\0" in data:
        source = read.decode(path, data)
        if isinstance(source, Failure):
            return Searched(path, (), failure=source)
    found = _held(data, wanted.markers)
    needs = _held(data, wanted.needs)
    suppresses = may_suppress(data)
    if not (found or needs or suppresses):
        return None
    return Searched(path, found, needs, suppresses, digest=digest_of(data) if digests and found else "")


def _held(data: bytes, wanted: Mapping[str, Sequence[bytes]]) -> tuple[str, ...]:
    held = []
    for name, needles in wanted.items():
        for needle in needles:
            if needle in data:
                held.append(name)
                break
    return tuple(held)


def locate(
    source: SourceFile | Failure, codemod: Codemod[Any, Any], markers: Sequence[bytes], options: Any
) -> Located[Any]:
    """One codemod's facts about one file. A file that it needs to parse and cannot is a failure, by name."""
    if isinstance(source, Failure):
        return Located(source.path, None, source)
    try:
        return Located(source.path, codemod.locate(source, markers, options))
    except SourceError as error:
        return Located(source.path, None, failure_of(source, error))
    except RecursionError:
        deep = NotPython("an expression is nested too deeply", advice="exclude the file")
        return Located(source.path, None, failure_of(source, deep))


def locate_files(
    items: Sequence[tuple[str, SourceFile | Failure | None]],
    *,
    root: Path,
    codemod: Codemod[Any, Any],
    markers: Sequence[bytes],
    options: Any,
) -> list[Located[Any]]:
    """Locate some files, in a worker; texts that memory holds are sent along, the others are read from disk."""
    return [locate(overlay or read.read(root, path), codemod, markers, options) for path, overlay in items]


def failure_of(source: SourceFile, error: SourceError) -> Failure:
    """The failure that a parser's complaint about ``source`` becomes; Python 2 is recognised and named as such."""
    if isinstance(error, NotPython):
        from rewire.syntax.legacy import is_python2

        if is_python2(source.text):
            return Failure(
                source.path,
                "python2",
                "only Python 2's grammar reads this file",
                "convert it first (`python -m fissix -w FILE`), or exclude it",
                error.line,
            )
    return Failure(source.path, error.code, error.message, error.advice, error.line)
