"""cache: damage, locks, full disks, no home; nothing of it is a crash, a wait or a wrong answer."""

from __future__ import annotations

import os
import random
import resource
import sqlite3
import stat
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from rewire.cache import store, values
from rewire.cache.store import Cache, default_path, key_of, remove
from rewire.cache.values import Unknown, dump, fingerprint, load

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KEYS = [key_of("k", number) for number in range(400)]
ENTRIES = {key: key * 3 for key in KEYS}


@pytest.fixture(autouse=True)
def nothing_is_left_aside() -> Iterator[None]:
    store._aside.clear()
    yield
    store._aside.clear()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file that holds all of ``ENTRIES``."""
    path = tmp_path / "cache.sqlite3"
    with Cache(path) as cache:
        cache.put_many(ENTRIES.items())
    return path


def damage(data: bytes, seed: int) -> bytes:
    """Up to forty bytes that are others, in any place."""
    choice = random.Random(seed)
    damaged = bytearray(data)
    for _ in range(choice.randint(1, 40)):
        damaged[choice.randrange(100, len(damaged))] = choice.randrange(256)
    return bytes(damaged)


def test_bytes_that_changed_anywhere_give_no_crash_and_no_answer_but_the_right_one(path: Path) -> None:
    """Seeds among which are damaged names in the schema, rows without a key, and indexes that lead to other rows."""
    whole = path.read_bytes()
    bad = []
    for seed in (*range(120), 186, 505, 773, 960, 982, 1218, 1369, 1856, 2661):
        for suffix in ("-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        path.write_bytes(damage(whole, seed))
        with Cache(path) as cache:
            found = cache.get_many(KEYS[:100])
        if any(found[key] != ENTRIES.get(key) or key not in KEYS[:100] for key in found):
            bad.append(seed)
        with Cache(path) as cache:
            cache.put_many([(KEYS[0], b"new")])
    assert not bad


def test_a_complaint_of_sqlite_s_that_is_no_text_is_a_file_to_rebuild(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data.replace(b"value BLOB NOT NULL", b"value BLOB NOT NUL\xc8"))
    with Cache(path) as cache:
        assert cache.get_many(KEYS) == {}
        cache.put_many([(KEYS[0], b"v")])
    with Cache(path) as cache:
        assert cache.get_many(KEYS) == {KEYS[0]: b"v"}


def test_a_view_in_place_of_the_table_is_foreign(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("ALTER TABLE answers RENAME TO kept")
        connection.execute("CREATE VIEW answers AS SELECT key, value, used FROM kept")
    connection.close()
    with Cache(path) as cache:
        assert cache.get_many(KEYS) == {}


@pytest.fixture
def writer(path: Path) -> Iterator[sqlite3.Connection]:
    """Another run, stopped in the middle of writing (Ctrl-Z)."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    yield connection
    connection.close()


def test_a_run_that_was_stopped_while_it_wrote_delays_nobody_s_reading(
    path: Path, writer: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "PATIENCE", 30.0)
    begun = time.monotonic()
    with Cache(path) as cache:
        assert cache.get_many(KEYS) == ENTRIES
    assert time.monotonic() - begun < 15


def test_it_delays_writing_once_and_the_file_is_left_to_it(
    path: Path, writer: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "PATIENCE", 0.2)
    with Cache(path) as cache:
        cache.put_many([(key_of("new"), b"v")])
    monkeypatch.setattr(store, "PATIENCE", 30.0)
    begun = time.monotonic()
    for _ in range(3):
        with Cache(path) as cache:
            cache.put_many([(key_of("new"), b"v")])
    assert time.monotonic() - begun < 15
    writer.execute("ROLLBACK")
    store._aside.clear()
    with Cache(path) as cache:
        assert cache.get_many(KEYS) == ENTRIES


def test_a_file_that_others_removed_meanwhile_costs_the_new_one_nothing(path: Path) -> None:
    with Cache(path) as cache:
        assert cache.get_many(KEYS[:1])
        assert remove(path)
        with Cache(path) as other:
            other.put_many([(KEYS[0], b"new")])
        cache.put_many([(KEYS[1], b"lost")])
    with Cache(path) as third:
        assert third.get_many(KEYS) == {KEYS[0]: b"new"}


def test_a_full_disk_forgets_what_is_new_and_nothing_else(path: Path) -> None:
    """As far as a process can be told not to make its files any longer."""
    code = (
        "import resource, sys; from pathlib import Path; from rewire.cache.store import Cache, key_of\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]),) * 2)\n"
        "with Cache(Path(sys.argv[1])) as cache:\n"
        "    cache.put_many((key_of('big', n), bytes(1000)) for n in range(1000))\n"
    )
    size = path.stat().st_size
    assert resource.RLIMIT_FSIZE is not None
    subprocess.run([sys.executable, "-c", code, str(path), str(size)], check=True, timeout=60)
    with Cache(path) as cache:
        assert cache.get_many(KEYS) in (ENTRIES, {})  # sqlite's journal may not tell a limit from a broken disk
        cache.put_many([(KEYS[0], b"v")])
        assert cache.get_many(KEYS[:1]) == {KEYS[0]: b"v"}


@pytest.mark.parametrize("name", ["a b", "'q'", "é", os.fsdecode(b"\xff\xfe"), "%41?x#y"])
def test_a_folder_may_have_any_name(tmp_path: Path, name: str) -> None:
    path = tmp_path / name / "cache.sqlite3"
    with Cache(path) as cache:
        cache.put_many([(KEYS[0], b"v")])
    with Cache(path) as cache:
        assert cache.get_many(KEYS) == {KEYS[0]: b"v"}


def test_a_folder_where_the_file_should_be_is_no_trouble(tmp_path: Path) -> None:
    path = tmp_path / "cache.sqlite3"
    path.mkdir()
    with Cache(path) as cache:
        cache.put_many([(KEYS[0], b"v")])
        assert cache.get_many(KEYS) == {}
    assert path.is_dir()


def test_a_new_folder_is_the_user_s_own(tmp_path: Path) -> None:
    """Whoever can write to the file decides what runs answer."""
    Cache(tmp_path / "new" / "cache.sqlite3").close()
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700


def test_without_a_home_nothing_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("REWIRE_CACHE_DIR", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os, "getuid", lambda: 987_654)
    assert default_path() is None


def test_a_relative_folder_of_the_desktop_s_is_ignored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REWIRE_CACHE_DIR", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", "somewhere")
    assert default_path() == tmp_path / ".cache" / "rewire" / "cache.sqlite3"


def test_another_version_of_a_library_is_another_fingerprint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))

    def look() -> str:
        fingerprint.cache_clear()
        return fingerprint("rewire")

    seen = [look()]
    for name in ("libcst-1.9.0.dist-info", "tree_sitter_python-0.25.dist-info", "PyYAML-6.0-py3.11.egg-info"):
        (tmp_path / name).mkdir()
        seen.append(look())
    (tmp_path / "libcst-1.9.0.dist-info").rename(tmp_path / "libcst-1.9.1.dist-info")
    seen.append(look())
    assert len(set(seen)) == len(seen)
    (tmp_path / "unrelated-1.0.dist-info").mkdir()
    (tmp_path / "libcst-extras-1.0.dist-info").mkdir()
    assert look() == seen[-1]
    fingerprint.cache_clear()


def test_every_library_that_has_a_say_is_known() -> None:
    names = {name.rpartition("/")[2].casefold().partition("-")[0] for name in values._versions()}
    assert names == set(values.LIBRARIES)


def test_no_program_of_an_allowed_package_is_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "innocent"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "__main__.py").write_text("import pathlib\npathlib.Path(__file__).with_name('started').touch()\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    data = b"\x80\x04\x8c\x11innocent.__main__\x8c\x04Path\x93."
    with pytest.raises(Unknown):
        load(data, ["innocent"])
    assert not (package / "started").exists()
    assert load(dump((1,)), ["innocent"]) == (1,)
