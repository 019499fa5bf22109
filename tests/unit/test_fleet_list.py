"""The list of a fleet, the names of its folders, and its state: what can be said without running anything."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.repositories import make_repository

from rewire.errors import UsageError
from rewire.fleet import listing, state
from rewire.fleet.listing import read_list, resolve
from rewire.fleet.values import CommitMade, Figures, Record, RefusedPlaces

if TYPE_CHECKING:
    from collections.abc import Sequence

HERE = Path("/lists")


def paths(text: bytes) -> list[tuple[int, str]]:
    return [(line.number, str(line.path)) for line in read_list(text, HERE)]


def test_a_list_holds_one_path_a_line() -> None:
    text = b"\xef\xbb\xbf# all of them\r\n\r\n  a b/c \r\n/absolute\n../up # not a comment\n\t\n#last\nend"
    assert paths(text) == [
        (3, "/lists/a b/c"),
        (4, "/absolute"),
        (5, "/lists/../up # not a comment"),
        (8, "/lists/end"),
    ]


def test_a_path_need_not_be_utf_8() -> None:
    (line,) = read_list(b"caf\xe9\n", HERE)
    assert os.fsencode(line.path) == b"/lists/caf\xe9"


def test_a_tilde_is_somebody_s_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    assert paths(b"~/src/a\n./~b\n") == [(1, "/home/me/src/a"), (2, "/lists/~b")]


@pytest.mark.parametrize("text", [b"", b"\n\n", b"# nothing\n"])
def test_a_list_of_nothing_is_refused(text: bytes) -> None:
    with pytest.raises(UsageError, match="names no repository"):
        read_list(text, HERE)


def test_a_repository_that_does_not_answer_costs_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a disk that is gone: here git waits for somebody to write into a pipe."""
    monkeypatch.setattr(listing, "LOOK_SECONDS", 1.0)
    for name in ("first", "sick", "last"):
        make_repository(tmp_path / name, {"a.py": ""})
    (tmp_path / "sick/.git/config").unlink()
    os.mkfifo(tmp_path / "sick/.git/config")
    first, sick, last = resolve(read_list(b"first\nsick\nlast\n", tmp_path), {})
    assert (first.status, last.status) == ("pending", "pending")
    assert sick.status == "failed"
    assert sick.reason == f"git rev-parse has not answered for 1 s in {tmp_path / 'sick'}"
    assert f"git -C {tmp_path / 'sick'} status" in sick.advice


def folders(tmp_path: Path, names: Sequence[str], known: dict[str, Record] | None = None) -> list[str]:
    for name in names:
        if not (tmp_path / name).exists():
            make_repository(tmp_path / name, {"a.py": ""})
    lines = read_list(os.fsencode("\n".join(names)), tmp_path)
    return [record.folder for record in resolve(lines, known or {})]


def test_a_folder_is_named_for_its_repository_and_for_those_above_where_that_is_not_enough(tmp_path: Path) -> None:
    names = ["one/api", "two/API", "two/one/api", "web", "two/.hidden", "x/--option"]
    assert folders(tmp_path, names) == ["one-api", "two-API", "two-one-api", "web", "hidden", "option"]


def test_a_folder_that_was_given_is_kept_and_given_to_nobody_else(tmp_path: Path) -> None:
    names = ["one/api", "two/web"]
    earlier = Record(path=str(tmp_path / "one/api"), line=1, folder="web", status="done")
    gone = Record(path="/gone", line=2, folder="two-web", status="done")
    assert folders(tmp_path, names, {earlier.path: earlier, gone.path: gone}) == [
        "web",
        f"{tmp_path.name}-two-web",
    ]


FULL = Record(
    path="/caf\udce9/x",
    line=3,
    folder="x",
    status="done",
    key="k",
    head="h",
    base="main",
    tip="t",
    commits=(CommitMade("t", "subject"),),
    written=("0001-a.patch", "report.json"),
    figures=(Figures("c", "proved", 1, 3, 1, 1, 1),),
    refused=(RefusedPlaces("c", "code", 1, "why", ""),),
    files_seen=4,
    files_changed=1,
    notes=("said",),
    seconds=0.5,
)


def test_a_state_comes_back_as_it_was_kept(tmp_path: Path) -> None:
    state.save(tmp_path, [FULL])
    assert state.load(tmp_path) == {FULL.path: FULL}
    assert [path.name for path in tmp_path.iterdir()] == ["state.json"]


def test_no_state_is_an_empty_one(tmp_path: Path) -> None:
    assert state.load(tmp_path) == {}


def test_a_state_with_a_field_of_another_kind_is_not_ours(tmp_path: Path) -> None:
    state.save(tmp_path, [replace(FULL, line="three")])  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="not a state"):
        state.load(tmp_path)


@pytest.mark.parametrize(
    ("record", "whole"),
    [
        (FULL, True),
        (replace(FULL, status="unchanged"), True),
        (replace(FULL, status="duplicate"), True),
        (replace(FULL, status="failed"), False),
        (replace(FULL, status="pending"), False),
        (replace(FULL, files_failed=1), False),
        (replace(FULL, status="unchanged", files_rejected=1), False),
    ],
)
def test_what_needs_nobody_is_whole(record: Record, whole: bool) -> None:
    assert record.is_whole is whole
