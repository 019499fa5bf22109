"""cache: what is put is got back, and no state of the file is a crash or a wrong answer."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from rewire.cache.store import Cache, default_path, key_of, remove

if TYPE_CHECKING:
    from pathlib import Path

KEYS = [key_of("k", number) for number in range(1200)]


def test_what_is_put_is_got_back_by_the_next_run(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "cache.sqlite3"
    with Cache(path) as cache:
        cache.put_many((key, key * 2) for key in KEYS)
    with Cache(path) as cache:
        assert cache.get_many([*KEYS, key_of("other")]) == {key: key * 2 for key in KEYS}


def test_without_a_path_nothing_is_remembered() -> None:
    with Cache(None) as cache:
        cache.put_many([(KEYS[0], b"v")])
        assert cache.get_many(KEYS) == {}


def test_keys_depend_on_every_part_and_on_their_borders() -> None:
    assert len({key_of("ab", "c"), key_of("a", "bc"), key_of("ab", b"c"), key_of("ab", ("c",)), key_of("ab")}) == 5


@pytest.mark.parametrize("content", [b"", b"not a database at all" * 100, b"SQLite format 3\0" + b"\xff" * 4000])
def test_a_corrupt_file_is_rebuilt(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "cache.sqlite3"
    path.write_bytes(content)
    with Cache(path) as cache:
        assert cache.get_many(KEYS) == {}
        cache.put_many([(KEYS[0], b"v")])
    with Cache(path) as cache:
        assert cache.get_many(KEYS) == {KEYS[0]: b"v"}


def test_a_file_cut_in_half_is_no_crash_and_no_wrong_answer(tmp_path: Path) -> None:
    path = tmp_path / "cache.sqlite3"
    with Cache(path) as cache:
        cache.put_many((key, key * 50) for key in KEYS)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    for _ in range(2):
        with Cache(path) as cache:
            assert all(value == key * 50 for key, value in cache.get_many(KEYS).items())


def test_a_flipped_byte_in_a_value_is_a_miss(tmp_path: Path) -> None:
    path = tmp_path / "cache.sqlite3"
    with Cache(path) as cache:
        cache.put_many([(KEYS[0], b"precious"), (KEYS[1], b"other")])
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("UPDATE answers SET value = replace(value, x'70', x'71')")
    connection.close()
    with Cache(path) as cache:
        assert KEYS[0] not in cache.get_many(KEYS)


def test_another_programs_database_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "cache.sqlite3"
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("CREATE TABLE answers (key BLOB PRIMARY KEY, value BLOB, used INTEGER)")
    connection.close()
    with Cache(path) as cache:
        cache.put_many([(KEYS[0], b"v")])
        assert cache.get_many(KEYS) == {KEYS[0]: b"v"}


def test_a_folder_that_cannot_be_made_is_no_trouble(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with Cache(tmp_path / "file" / "cache.sqlite3") as cache:
        cache.put_many([(KEYS[0], b"v")])
        assert cache.get_many(KEYS) == {}


def test_the_size_is_bounded_and_what_was_used_last_stays(tmp_path: Path) -> None:
    path = tmp_path / "cache.sqlite3"
    for start in range(0, 1200, 100):
        with Cache(path, most_bytes=500_000) as cache:
            cache.put_many((key, bytes(2000)) for key in KEYS[start : start + 100])
    with Cache(path, most_bytes=500_000) as cache:
        left = cache.get_many(KEYS)
    assert 0 < len(left) <= 350
    assert KEYS[-1] in left
    assert KEYS[0] not in left


def test_two_runs_at_a_time_share_the_file(tmp_path: Path) -> None:
    path = tmp_path / "cache.sqlite3"
    code = (
        "import sys; from pathlib import Path; from rewire.cache.store import Cache, key_of\n"
        "for n in range(30):\n"
        "    with Cache(Path(sys.argv[1])) as c:\n"
        "        c.put_many([(key_of(sys.argv[2], n), b'v')])\n"
        "        assert c.get_many([key_of(sys.argv[2], n)])\n"
    )
    runs = [subprocess.Popen([sys.executable, "-c", code, str(path), name]) for name in "abc"]
    assert [run.wait(60) for run in runs] == [0, 0, 0]
    with Cache(path) as cache:
        assert len(cache.get_many([key_of(name, number) for name in "abc" for number in range(30)])) == 90


def test_the_place_follows_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("REWIRE_CACHE_DIR", raising=False)
    assert default_path() == tmp_path / "rewire" / "cache.sqlite3"
    monkeypatch.setenv("REWIRE_CACHE_DIR", str(tmp_path / "mine"))
    assert default_path() == tmp_path / "mine" / "cache.sqlite3"


def test_remove_says_whether_there_was_one(tmp_path: Path) -> None:
    path = tmp_path / "cache.sqlite3"
    assert not remove(path)
    Cache(path).close()
    assert remove(path)
    assert not list(tmp_path.iterdir())
