"""The files that a fleet writes for one repository: the patches, the ledger, the body of a pull request."""

from __future__ import annotations

import re
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from rewire.deliver import patch
from rewire.errors import DeliveryError
from rewire.fleet.state import write_whole
from rewire.report import ledger, markdown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rewire.deliver.commit.branch import Draft
    from rewire.model.result import RunResult
    from rewire.report.about import About

LEDGER = "report.json"
BODY = "pull-request.md"
CHANGES = "changes.patch"
TRACEBACK = "traceback.txt"
_OURS = re.compile(r"\d{4,}-.*\.patch|report\.json|pull-request\.md|changes\.patch|traceback\.txt|\..*\.partial")
_SCRATCH = re.compile(r"\.series\..*\.partial")


def clear(folder: Path) -> None:
    """Take away what an earlier run wrote there, and nothing else. Raises DeliveryError."""
    try:
        for path in _found(folder):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
    except OSError as error:
        raise DeliveryError(f"{error.filename}: cannot be removed: {error.strerror}") from error


def write(folder: Path, result: RunResult, about: About, made: Draft | None) -> tuple[str, ...]:
    """Write everything that is worth reading; the names of the files. Raises DeliveryError and GitError.

    ``made``: the commits, as one patch each; None where there are none: the changes of a dry run are one patch.
    """
    if not (result.failures or any(outcome.found or outcome.notes for outcome in result.outcomes)):
        return ()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(folder / LEDGER, ledger.render(result, about).encode())
        write_whole(folder / BODY, markdown.render(result, about).encode())
        if made is not None:
            return (*_write_series(folder, made), LEDGER, BODY)
        if about.mode != "dry-run" or not result.has_changes:
            return (LEDGER, BODY)
        write_whole(folder / CHANGES, patch.render(result))
        return (CHANGES, LEDGER, BODY)
    except OSError as error:
        raise DeliveryError(f"{error.filename}: cannot be written: {error.strerror}") from error


def write_traceback(folder: Path, text: str) -> None:
    """Keep the traceback of a fault of ours. Raises DeliveryError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DeliveryError(f"{error.filename}: cannot be written: {error.strerror}") from error
    write_whole(folder / TRACEBACK, text.encode("utf-8", "backslashreplace"))


def are_there(folder: Path, names: tuple[str, ...]) -> bool:
    """True if everything that a run wrote is still in its place."""
    return all((folder / name).is_file() for name in names)


def _write_series(folder: Path, made: Draft) -> tuple[str, ...]:
    from rewire.deliver.commit.mail import write_series

    with tempfile.TemporaryDirectory(prefix=".series.", suffix=".partial", dir=folder) as scratch:
        names = write_series(made, Path(scratch))
        for name in names:
            write_whole(folder / name, (Path(scratch) / name).read_bytes())
    return names


def _found(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        for path in sorted(folder.iterdir()):
            kind = _OURS if path.is_file() else _SCRATCH if path.is_dir() and not path.is_symlink() else None
            if kind and kind.fullmatch(path.name):
                yield path
