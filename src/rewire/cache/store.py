"""What a run may remember for the next one: answers by the digest of everything they depend on, in one sqlite file.

Safe under several runs at a time (WAL), versioned, bounded in size. The file is a convenience and nothing more: one
that is corrupt or foreign is rebuilt, one that is locked, or for which the disk has no room, is left aside, and an
entry whose checksum does not fit is a miss.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

SCHEMA = 1
"""Goes up when the table or the meaning of a key changes; a file of another version is rebuilt."""

MOST_BYTES = 256 * 1024 * 1024
"""Beyond this size the entries that were not used for longest go."""

_APPLICATION = 0x72657772  # "rewr": sqlite's own field to tell one program's files from another's
_CHUNK = 500
_CHECK = 8
_DAY = 86_400

PATIENCE = 2.0
"""Seconds to wait for another run that is writing, which takes it milliseconds, unless it was stopped in the middle."""

LEFT_ASIDE = 60.0
"""Seconds for which a file that could not be written to is left alone: a run opens it several times."""

TROUBLE = (sqlite3.Error, UnicodeError, MemoryError)
"""What a file in any state may raise: sqlite quotes in its complaints what it has found there, be it text or not."""

_NOT_ITS_FAULT = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_NOMEM})
"""What says nothing against the file."""

_MAKE = f"""
BEGIN IMMEDIATE;
PRAGMA application_id = {_APPLICATION};
PRAGMA user_version = {SCHEMA};
CREATE TABLE IF NOT EXISTS answers (key BLOB PRIMARY KEY, value BLOB NOT NULL, used INTEGER);
COMMIT;
"""

_aside: dict[Path, float] = {}
"""Files that are left alone, and until when (``time.monotonic``)."""


def default_path() -> Path | None:
    """The file in ``$REWIRE_CACHE_DIR``, else in ``$XDG_CACHE_HOME/rewire``, else in ``~/.cache/rewire``.

    None where there is no home: a user without a name, and no ``$HOME``. A relative ``$XDG_CACHE_HOME`` is ignored, as
    https://specifications.freedesktop.org/basedir-spec asks for: it would be a place in the target.
    """
    folder = os.environ.get("REWIRE_CACHE_DIR")
    if folder:
        return Path(folder) / "cache.sqlite3"
    base = Path(os.environ.get("XDG_CACHE_HOME", ""))
    try:
        return (base if base.is_absolute() else Path.home() / ".cache") / "rewire" / "cache.sqlite3"
    except RuntimeError:
        return None


def key_of(*parts: object) -> bytes:
    """The key of an answer: a 16-byte digest of the ``repr`` of everything that it depends on."""
    return blake2b("\0".join(map(repr, parts)).encode("utf-8", "surrogateescape"), digest_size=16).digest()


class Cache:
    """A persistent mapping from 16-byte keys to bytes. ``path`` None: remembers nothing."""

    def __init__(self, path: Path | None, most_bytes: int = MOST_BYTES) -> None:
        self._path = path
        self._most_bytes = most_bytes
        self._connection = self._open() if path and time.monotonic() >= _aside.get(path, 0.0) else None
        self._unused: list[bytes] = []
        """What was got now, and had not been for a day."""

    def get_many(self, keys: Sequence[bytes]) -> Mapping[bytes, bytes]:
        """The values of those ``keys`` that are known and intact."""
        found: dict[bytes, bytes] = {}
        asked = frozenset(keys)  # a damaged index leads to another row, which is intact
        if self._connection is None:
            return found
        try:
            for start in range(0, len(keys), _CHUNK):
                some = keys[start : start + _CHUNK]
                marks = ",".join("?" * len(some))
                query = f"SELECT key, value, used < strftime('%s') - {_DAY} FROM answers WHERE key IN ({marks})"
                for key, value, is_old in self._connection.execute(query, some):
                    if key in asked and isinstance(value, bytes) and value[:_CHECK] == _checksum(key, value[_CHECK:]):
                        found[key] = value[_CHECK:]
                        if is_old:
                            self._unused.append(key)
        except TROUBLE as error:
            self._give_up(error)
            return {}
        return found

    def put_many(self, entries: Iterable[tuple[bytes, bytes]]) -> None:
        """Remember ``entries``. Trouble with the file is no trouble of the run's: they are forgotten."""
        if self._connection is None:
            return
        rows = [(key, _checksum(key, value) + value) for key, value in entries]
        try:
            with self._connection:
                self._connection.executemany(
                    "INSERT OR REPLACE INTO answers (key, value, used) VALUES (?, ?, strftime('%s'))", rows
                )
        except TROUBLE as error:
            self._give_up(error)

    def close(self) -> None:
        """Note what was used, drop what is too much, and let go of the file."""
        if self._connection is None:
            return
        try:
            with self._connection:
                if self._unused:
                    self._connection.executemany(
                        "UPDATE answers SET used = strftime('%s') WHERE key = ?", [(key,) for key in self._unused]
                    )
                self._trim(self._connection)
        except TROUBLE as error:
            self._give_up(error)
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _trim(self, connection: sqlite3.Connection) -> None:
        pages, free, size = (
            connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")
        )
        excess = (pages - free) * size - self._most_bytes
        if excess <= 0:
            return
        dropped = 0
        rows = connection.execute("SELECT key, length(value) FROM answers ORDER BY used, rowid").fetchall()
        gone = []
        for key, length in rows:
            if dropped >= excess + self._most_bytes // 4:
                break
            dropped += length
            gone.append((key,))
        connection.executemany("DELETE FROM answers WHERE key = ?", gone)

    def _open(self) -> sqlite3.Connection | None:
        assert self._path is not None
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)  # who writes there, answers
            return _connect(self._path)
        except (*TROUBLE, _Foreign) as error:
            if _leave_aside(self._path, error):
                return None
            with contextlib.suppress(OSError, *TROUBLE, _Foreign):
                remove(self._path)
                return _connect(self._path)
        except OSError:
            pass
        return None

    def _give_up(self, error: Exception) -> None:
        """The file turned out bad in the middle of a run: forget it; the next run rebuilds it."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(*TROUBLE):
                connection.close()
        # A file that has become read-only was taken away (``rewire cache clean``): the one there now is another run's.
        if self._path is not None and not (_leave_aside(self._path, error) or _code(error) == sqlite3.SQLITE_READONLY):
            with contextlib.suppress(OSError):
                remove(self._path)

    def __enter__(self) -> Cache:
        return self

    def __exit__(self, *exception: Any) -> None:
        self.close()


def _connect(path: Path) -> sqlite3.Connection:
    """The open file; made, where there is none. Only what is written waits for others, and nothing is where it is ours.

    Raises one of TROUBLE, and _Foreign.
    """
    connection = sqlite3.connect(path, timeout=PATIENCE)
    try:
        connection.execute("BEGIN")  # one look, while others may be making it
        application = connection.execute("PRAGMA application_id").fetchone()[0]
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        tables = connection.execute("SELECT name, type FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
        connection.execute("COMMIT")
        if tables and ((application, version) != (_APPLICATION, SCHEMA) or tables != [("answers", "table")]):
            raise _Foreign
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA journal_mode = WAL")
        if not tables:
            connection.executescript(_MAKE)
    except BaseException:
        connection.close()
        raise
    return connection


def _leave_aside(path: Path, error: Exception) -> bool:
    """True where ``error`` says nothing against the file: it is left alone for a while, by this process."""
    if _code(error) not in _NOT_ITS_FAULT:
        return False
    _aside[path] = time.monotonic() + LEFT_ASIDE
    return True


def _code(error: Exception) -> int:
    """sqlite's primary result code; that of a file which is none of ours for anything else."""
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_NOTADB) & 0xFF


class _Foreign(Exception):
    """The file is a database of another program or version."""


def remove(path: Path) -> bool:
    """Delete the cache file and sqlite's own beside it; True if there was one. Raises OSError."""
    there = path.exists()
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    return there


def _checksum(key: bytes, value: bytes) -> bytes:
    return blake2b(value, digest_size=_CHECK, key=key).digest()
