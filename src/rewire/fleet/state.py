"""What a fleet remembers between two runs: one JSON file in its output folder, replaced whole or not at all."""

from __future__ import annotations

import dataclasses
import fcntl
import json
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rewire.errors import DeliveryError, UsageError
from rewire.fleet.values import Record

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

NAME = "state.json"
LOCK = "state.lock"
SCHEMA = 1
"""Goes up when a record means something else; a state of another schema is not gone on with."""


def load(folder: Path) -> dict[str, Record]:
    """Records of an earlier run by path; none where there is no state. Raises UsageError for one that is not ours."""
    import msgspec

    path = folder / NAME
    try:
        document = json.loads(path.read_bytes())
        if document["schema_version"] != SCHEMA:
            raise ValueError(f"schema version {document['schema_version']}")
        records = msgspec.convert(document["repositories"], tuple[Record, ...])
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError, msgspec.ValidationError) as error:
        raise UsageError(
            f"{path}: not a state that this version can go on with ({error})",
            advice="--restart begins anew; branches that an earlier run made are known as such all the same",
        ) from None
    return {record.path: record for record in records}


def save(folder: Path, records: Iterable[Record]) -> None:
    """Replace the state. Raises DeliveryError."""
    document = {"schema_version": SCHEMA, "repositories": [dataclasses.asdict(record) for record in records]}
    write_whole(folder / NAME, (json.dumps(document, indent=1) + "\n").encode())


def write_whole(path: Path, data: bytes) -> None:
    """``data`` in ``path``, on the disk itself; whoever reads it, at any moment, sees the old bytes or the new ones.

    Raises DeliveryError.
    """
    partial = path.with_name(f".{path.name}.partial")
    try:
        with partial.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
        directory = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
    except OSError as error:
        raise DeliveryError(f"{path}: cannot be written: {error.strerror}") from error


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Make ``folder`` and be the only fleet that works on it. Raises UsageError while another one does.

    The system takes the lock away with the process that holds it, however that ends; its children do not have it.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / LOCK).open("ab")
    except OSError as error:
        raise DeliveryError(f"{error.filename}: cannot be written: {error.strerror}") from error
    with file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise UsageError(
                f"another rewire fleet is at work on {folder}", advice="wait for it, or choose another --output"
            ) from None
        yield
