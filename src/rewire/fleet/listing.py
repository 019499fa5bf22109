"""The list of repositories: what each line leads to, and what is wrong with those that lead nowhere."""

from __future__ import annotations

import os
import re
import shutil
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from rewire.deliver.commit.branch import shared_directory
from rewire.discover.repository import find_repository
from rewire.errors import GitError, RewireError, UsageError
from rewire.fleet.values import Record

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

LOOK_SECONDS = 30.0
"""What git may take to say where a repository is: milliseconds, and the whole fleet waits for it."""


@dataclass(frozen=True, slots=True)
class Line:
    """One entry of the list: its 1-based number, its words, and the path that they mean."""

    number: int
    text: str
    path: Path


def read_list(text: bytes, directory: Path) -> tuple[Line, ...]:
    """The entries of a list: one path a line, relative to ``directory``; blank lines and those with a ``#`` are none.

    A path is bytes, whatever its encoding. Raises UsageError where there is no entry at all.
    """
    lines = []
    for number, raw in enumerate(text.removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1):
        words = os.fsdecode(raw.strip())
        if words and not words.startswith("#"):
            lines.append(Line(number, words, directory / Path(os.path.expanduser(words))))  # noqa: PTH111 - keeps ~who
    if not lines:
        raise UsageError("the list names no repository", advice="write one path a line; # begins a comment line")
    return tuple(lines)


def resolve(lines: Sequence[Line], known: Mapping[str, Record]) -> tuple[Record, ...]:
    """One record a line: ``pending`` where it leads to a repository, else what is wrong with it.

    ``known`` are records of an earlier run by path: a repository keeps its folder. Raises GitError without git.
    """
    if shutil.which("git") is None:
        raise GitError("there is no git on the PATH", advice="install git")
    records: list[Record] = []
    seen: dict[str, Record] = {}
    shared: dict[str, Record] = {}
    for line in lines:
        record = _resolve(line)
        if record.status == "pending":
            record = _compare(record, seen, shared)
        records.append(record)
    return tuple(_folders(_nested(records), known))


def _resolve(line: Line) -> Record:
    record = Record(path=line.text, line=line.number)
    try:
        top = _top(line)
    except RewireError as error:
        return replace(record, status="failed", reason=error.message, advice=error.advice)
    return replace(record, path=str(top))


def _top(line: Line) -> Path:
    """The repository that a line means. Raises UsageError or GitError."""
    try:
        real = line.path.resolve(strict=True)
    except FileNotFoundError:
        hint = "a comment stands on a line of its own" if re.search(r"\s#", line.text) else "clone it there first"
        raise UsageError("no such folder", advice=f"{hint}, or correct the line") from None
    except (OSError, RuntimeError, ValueError) as error:
        raise UsageError(f"cannot be reached: {error}", advice="check the path and its permissions") from None
    if not real.is_dir():
        raise UsageError("a file, and no repository", advice="name the folder that holds the repository")
    try:
        top = find_repository(real, limit=LOOK_SECONDS)
    except OSError as error:
        raise UsageError(f"cannot be entered: {error.strerror}", advice="check its permissions") from None
    if top is None:
        raise UsageError("not a git repository", advice="clone it first, or correct the line")
    if top.resolve() != real:
        raise UsageError(f"a folder inside the repository {top}", advice="name the top level of the repository")
    return top


def _compare(record: Record, seen: dict[str, Record], shared: dict[str, Record]) -> Record:
    """``record``, or what it has in common with an earlier line."""
    earlier = seen.setdefault(record.path, record)
    if earlier is not record:
        return replace(record, status="duplicate", reason=f"the same repository as line {earlier.line}")
    try:
        common = str(shared_directory(Path(record.path), limit=LOOK_SECONDS))
    except RewireError as error:
        return replace(record, status="failed", reason=error.message, advice=error.advice)
    other = shared.setdefault(common, record)
    if other is not record:
        return replace(
            record,
            status="failed",
            reason=f"another work tree of the repository on line {other.line}: the two share their branches",
            advice="leave one of the two lines out",
        )
    return record


def _nested(records: Sequence[Record]) -> Iterator[Record]:
    """Records, with a note where one repository lies inside another."""
    tops = {record.path: record for record in records if record.status == "pending"}
    for record in records:
        outer = next((tops[str(above)] for above in Path(record.path).parents if str(above) in tops), None)
        if outer is not None and record.status == "pending":
            note = f"lies inside {outer.path} (line {outer.line}); each is worked on by itself"
            record = replace(record, notes=(*record.notes, note))
        yield record


def _folders(records: Iterator[Record], known: Mapping[str, Record]) -> Iterator[Record]:
    """Records with a folder's name each: the repository's own, with the folders above it where that is taken."""
    everything = list(records)
    kept = {path: record.folder for path, record in known.items() if record.folder}
    taken = {name.casefold() for name in kept.values()}
    counts = Counter(Path(one.path).name.casefold() for one in everything if one.status == "pending")
    for record in everything:
        if record.status != "pending":
            yield record
        elif record.path in kept:
            yield replace(record, folder=kept[record.path])
        else:
            path = Path(record.path)
            names = _names(path) if counts[path.name.casefold()] == 1 else _names(path, first=2)
            name = next(one for one in names if one.casefold() not in taken)
            taken.add(name.casefold())
            yield replace(record, folder=name)


def _names(path: Path, first: int = 1) -> Iterator[str]:
    """``name``, ``parent-name``, and so on upwards; then ``name-2`` and further numbers."""
    parts = [_harmless(part) for part in path.parts[1:]] or ["repository"]
    for count in range(min(first, len(parts)), len(parts) + 1):
        yield "-".join(parts[-count:])
    number = 2
    while True:
        yield f"{parts[-1]}-{number}"
        number += 1


def _harmless(part: str) -> str:
    """A folder's name without what would hide it, look like an option, or speak to a terminal."""
    return re.sub(r"[\x00-\x1f\x7f]", "_", part).lstrip(".-") or "repository"
