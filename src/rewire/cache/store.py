"""What a run may remember for the next one: answers by the digest of everything they depend on, in one sqlite file.

Safe under several runs at a time (WAL), versioned, bounded in size. The file is a convenience and nothing more: one
that is corrupt, foreign or locked is rebuilt or left aside, an entry whose checksum does not fit is a miss, and
nothing that is read from it is ever unpickled.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
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


def default_path() -> Path:
    """``$REWIRE_CACHE_DIR``, else ``$XDG_CACHE_HOME/rewire``, else ``~/.cache/rewire``; the file in it."""
    folder = os.environ.get("REWIRE_CACHE_DIR")
    if folder:
        return Path(folder) / "cache.sqlite3"
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "rewire" / "cache.sqlite3"


def key_of(*parts: object) -> bytes:
    """The key of an answer: a 16-byte digest of the ``repr`` of everything that it depends on."""
    return blake2b("\0".join(map(repr, parts)).encode("utf-8", "surrogateescape"), digest_size=16).digest()


class Cache:
    """A persistent mapping from 16-byte keys to bytes. ``path`` None: remembers nothing."""

    def __init__(self, path: Path | None, most_bytes: int = MOST_BYTES) -> None:
        self._path = path
        self._most_bytes = most_bytes
        self._connection = self._open() if path else None
        self._touched: list[bytes] = []

    def get_many(self, keys: Sequence[bytes]) -> Mapping[bytes, bytes]:
        """The values of those ``keys`` that are known and intact."""
        found: dict[bytes, bytes] = {}
        if self._connection is None:
            return found
        try:
            for start in range(0, len(keys), _CHUNK):
                some = keys[start : start + _CHUNK]
                marks = ",".join("?" * len(some))
                query = f"SELECT key, value FROM answers WHERE key IN ({marks})"
                for key, value in self._connection.execute(query, some):
                    if isinstance(value, bytes) and value[:_CHECK] == _checksum(key, value[_CHECK:]):
                        found[key] = value[_CHECK:]
        except sqlite3.Error:
            self._give_up()
            return {}
        self._touched += found
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
        except sqlite3.Error:
            self._give_up()

    def close(self) -> None:
        """Note what was used, drop what is too much, and let go of the file."""
        if self._connection is None:
            return
        try:
            with self._connection:
                self._connection.executemany(
                    "UPDATE answers SET used = strftime('%s') WHERE key = ? AND used < strftime('%s') - 86400",
                    [(key,) for key in self._touched],
                )
                self._trim(self._connection)
        except sqlite3.Error:
            self._give_up()
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
            self._path.parent.mkdir(parents=True, exist_ok=True)
            return self._connect(self._path)
        except (sqlite3.DatabaseError, _Foreign) as error:
            if isinstance(error, sqlite3.OperationalError) and "lock" in str(error):
                return None
            with contextlib.suppress(OSError, sqlite3.Error, _Foreign):
                remove(self._path)
                return self._connect(self._path)
        except OSError:
            pass
        return None

    @staticmethod
    def _connect(path: Path) -> sqlite3.Connection:
        connection = sqlite3.connect(path, timeout=5.0)
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = OFF")
            application = connection.execute("PRAGMA application_id").fetchone()[0]
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            empty = not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
            if not empty and (application, version) != (_APPLICATION, SCHEMA):
                raise _Foreign
            with connection:
                connection.execute(f"PRAGMA application_id = {_APPLICATION}")
                connection.execute(f"PRAGMA user_version = {SCHEMA}")
                connection.execute(
                    "CREATE TABLE IF NOT EXISTS answers (key BLOB PRIMARY KEY, value BLOB NOT NULL, used INTEGER)"
                )
        except BaseException:
            connection.close()
            raise
        return connection

    def _give_up(self) -> None:
        """The file turned out bad in the middle of a run: forget it; the next run rebuilds it."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(sqlite3.Error):
                connection.close()
        if self._path is not None:
            with contextlib.suppress(OSError):
                remove(self._path)

    def __enter__(self) -> Cache:
        return self

    def __exit__(self, *exception: Any) -> None:
        self.close()


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
