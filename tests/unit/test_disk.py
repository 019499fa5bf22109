"""disk: the whole run or nothing; modes, links and owners kept; nobody's later work written over."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from support.permissions import give_to_nobody, open_folder, without_rights
from support.repositories import create, delete, outcome, replace_words, rewrite, run_of, source, tree, write

from rewire.deliver import disk
from rewire.errors import DeliveryError

if TYPE_CHECKING:
    from pathlib import Path

    from rewire.model.result import RunResult


def three(root: Path) -> RunResult:
    """An edit, a new file in a new folder, and a deletion."""
    write(root, {"a.py": b"one\r\n", "old.py": b"gone\n", "z.py": b"one\n"})
    return run_of(
        root,
        outcome(
            "toy",
            rewrite(source("a.py", b"one\r\n"), "one", "two"),
            create("new/deep/b.py", "x = 1\n"),
            delete(source("old.py", b"gone\n")),
            rewrite(source("z.py", b"one\n"), "one", "two"),
        ),
    )


def test_writes_edits_new_files_and_deletions(tmp_path: Path) -> None:
    assert disk.write(three(tmp_path)) == ("a.py", "new/deep/b.py", "old.py", "z.py")
    assert tree(tmp_path) == {"a.py": b"two\r\n", "new/deep/b.py": b"x = 1\n", "z.py": b"two\n"}


def test_nothing_to_do_writes_nothing(tmp_path: Path) -> None:
    write(tmp_path, {"a.py": b"one\n"})
    before = (tmp_path / "a.py").stat()
    assert disk.write(replace_words(tmp_path, ("one", "two"), ("two", "one"))) == ()
    assert (tmp_path / "a.py").stat() == before


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o755, 0o664, 0o777])
def test_permission_bits_are_kept(tmp_path: Path, mode: int) -> None:
    write(tmp_path, {"a.py": b"one\n"})
    (tmp_path / "a.py").chmod(mode)
    disk.write(replace_words(tmp_path, ("one", "two")))
    assert (tmp_path / "a.py").stat().st_mode & 0o7777 == mode


def test_hard_links_are_kept(tmp_path: Path) -> None:
    write(tmp_path, {"a.py": b"one one one\n"})
    os.link(tmp_path / "a.py", tmp_path / "other-name")
    disk.write(replace_words(tmp_path, ("one", "x"), paths=["a.py"]))
    assert tree(tmp_path) == {"a.py": b"x x x\n", "other-name": b"x x x\n"}
    assert (tmp_path / "a.py").samefile(tmp_path / "other-name")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can own somebody else's files")
def test_the_owner_is_kept(tmp_path: Path) -> None:
    write(tmp_path, {"a.py": b"one\n"})
    os.chown(tmp_path / "a.py", 1234, 4321)
    disk.write(replace_words(tmp_path, ("one", "two")))
    status = (tmp_path / "a.py").stat()
    assert (status.st_uid, status.st_gid) == (1234, 4321)
    assert tree(tmp_path) == {"a.py": b"two\n"}


def test_extended_attributes_are_kept(tmp_path: Path) -> None:
    write(tmp_path, {"a.py": b"one\n"})
    try:
        os.setxattr(tmp_path / "a.py", "user.origin", b"here")
    except OSError:
        pytest.skip("this file system has no extended attributes")
    disk.write(replace_words(tmp_path, ("one", "two")))
    assert os.getxattr(tmp_path / "a.py", "user.origin") == b"here"


@pytest.mark.parametrize(
    ("disturb", "said"),
    [
        (lambda root: write(root, {"z.py": b"somebody's work\n"}), "z.py: it has changed"),
        (lambda root: (root / "z.py").unlink(), "z.py: it is gone"),
        (lambda root: write(root, {"new/deep/b.py": b"mine\n"}), "new/deep/b.py: something exists"),
        (lambda root: (root / "old.py").write_bytes(b"keep me\n"), "old.py: it has changed"),
        (lambda root: ((root / "z.py").unlink(), (root / "z.py").mkdir()), "z.py: it is not a regular file"),
        (
            lambda root: ((root / "z.py").rename(root / "w"), (root / "z.py").symlink_to("w")),
            "z.py: it is not a regular",
        ),
        (lambda root: (root / "new").symlink_to("/tmp"), "new/deep/b.py: a directory on the way"),
    ],
    ids=["changed", "deleted", "appeared", "deletion changed", "a folder now", "a link now", "reached by a link"],
)
def test_a_file_that_is_not_what_the_run_read_stops_everything(tmp_path: Path, disturb: object, said: str) -> None:
    result = three(tmp_path)
    disturb(tmp_path)  # type: ignore[operator]
    before = tree(tmp_path)
    with pytest.raises(DeliveryError, match=said) as caught:
        disk.write(result)
    assert "nothing was written" in str(caught.value)
    assert tree(tmp_path) == before


@pytest.mark.parametrize("at", range(8))
@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()], ids=["full", "ctrl-c"])
def test_a_failure_half_way_takes_everything_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int, error: BaseException
) -> None:
    result = three(tmp_path)
    (tmp_path / "a.py").chmod(0o755)
    os.link(tmp_path / "z.py", tmp_path / "z-link")
    before = tree(tmp_path)
    calls = iter(range(100))

    def failing(real: object) -> object:
        def call(*args: object, **kwargs: object) -> object:
            if next(calls) == at:
                raise error
            return real(*args, **kwargs)  # type: ignore[operator]

        return call

    monkeypatch.setattr(disk._Move, "place", failing(disk._Move.place))
    monkeypatch.setattr(disk._Move, "prepare", failing(disk._Move.prepare))
    expected = DeliveryError if isinstance(error, OSError) else KeyboardInterrupt
    with pytest.raises(expected):
        disk.write(result)
    assert tree(tmp_path) == before
    assert not (tmp_path / "new").exists()
    assert (tmp_path / "a.py").stat().st_mode & 0o777 == 0o755
    assert (tmp_path / "z.py").samefile(tmp_path / "z-link")


def test_an_interruption_inside_a_write_in_place_is_taken_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, {"a.py": b"one\n", "b.py": b"one\n"})
    os.link(tmp_path / "b.py", tmp_path / "b-link")
    real = disk.overwrite

    def half(path: Path, data: bytes) -> None:
        if data == b"two and more\n":
            real(path, b"two")
            raise OSError(5, "Input/output error", str(path))
        real(path, data)

    monkeypatch.setattr(disk, "overwrite", half)
    before = tree(tmp_path)
    with pytest.raises(DeliveryError, match="Input/output error"):
        disk.write(replace_words(tmp_path, ("one", "two and more")))
    assert tree(tmp_path) == before


def test_a_write_between_check_and_rename_is_not_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, {"a.py": b"one\n", "b.py": b"one\n"})
    result = replace_words(tmp_path, ("one", "two"))
    real = disk._Move.flush

    def late(move: disk._Move) -> None:
        real(move)
        write(tmp_path, {"b.py": b"late work\n"})

    monkeypatch.setattr(disk._Move, "flush", late)
    with pytest.raises(DeliveryError, match=r"b\.py: it was written to"):
        disk.write(result)
    assert tree(tmp_path) == {"a.py": b"one\n", "b.py": b"late work\n"}


def test_a_folder_or_file_without_permission_stops_everything() -> None:
    with open_folder() as folder:
        write(folder, {"a.py": b"one\n", "closed/b.py": b"one\n", "c.py": b"one\n"})
        result = replace_words(folder, ("one", "two"))
        before = tree(folder)
        give_to_nobody(folder)
        (folder / "closed").chmod(0o555)
        with without_rights(), pytest.raises(DeliveryError, match=r"closed.*Permission denied"):
            disk.write(result)
        (folder / "closed").chmod(0o755)
        (folder / "c.py").chmod(0o444)
        with without_rights(), pytest.raises(DeliveryError, match=r"c\.py: it is not writable"):
            disk.write(result)
        assert tree(folder) == before


def test_many_files_are_flushed_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk, "SYNC_AT_ONCE", 3)
    write(tmp_path, {f"m{number}.py": b"one\n" for number in range(5)})
    disk.write(replace_words(tmp_path, ("one", "two")))
    assert set(tree(tmp_path).values()) == {b"two\n"}
