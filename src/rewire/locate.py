"""Find the files that a codemod is about and the cheap facts that each of them holds, independent of any other file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from rewire import read
from rewire.errors import NestedTooDeeply, NotPython, SourceError
from rewire.model.result import Failure

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from rewire.codemod.base import Codemod
    from rewire.model.source import SourceFile

FactsT = TypeVar("FactsT")


class Located(NamedTuple, Generic[FactsT]):
    """One codemod's facts about one file, or why there are none."""

    path: str
    facts: FactsT | None
    failure: Failure | None = None


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
        deep = NestedTooDeeply("an expression is nested too deeply", advice="exclude the file")
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
    """The failure that a parser's complaint about ``source`` becomes; Python 2 is recognised and named as such.

    Python 2's grammar reads most of Python 3, and fissix has no limit: that it reads what is too deep tells nothing.
    """
    if isinstance(error, NotPython) and not isinstance(error, NestedTooDeeply):
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
