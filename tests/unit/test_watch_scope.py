"""What a run depends on: the folders to watch, and the changes that ask for another run."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from support.repositories import git, make_repository, words, write

from rewire.cli.parser import build
from rewire.cli.request import Asked, read_request
from rewire.cli.watch.scope import Scope, own_files
from rewire.cli.watch.watcher import Watcher
from rewire.errors import RewireError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def top(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    files = {"app/a.py": "", "app/deep/er/b.py": "", "docs/x.md": "", "Procfile": "", ".gitignore": "build/\n"}
    root = make_repository(tmp_path / "project", files)
    write(root, {"build/lib/x.py": "", "venv/lib/y.py": "", "venv/.gitignore": "*\n"})
    monkeypatch.chdir(root)
    return root


def read(*arguments: str) -> Asked:
    return read_request(build().parse(["apply", "--dry-run", *arguments]), None)


def test_the_folders_of_the_project_and_those_above_are_watched_and_ignored_ones_are_not(top: Path) -> None:
    folders = {str(top), *(str(top / path) for path in ("app", "app/deep", "app/deep/er", "docs"))}
    assert Scope(read()).folders == folders


def test_so_are_the_folder_of_a_configuration_elsewhere_and_with_since_git_s_own(top: Path, tmp_path: Path) -> None:
    write(tmp_path / "elsewhere", {"my.toml": ""})
    plain = Scope(read()).folders
    assert Scope(read("--config", "../elsewhere/my.toml")).folders - plain == {str(tmp_path / "elsewhere")}
    assert Scope(read("--since", "HEAD")).folders - plain == {str(top / ".git"), str(top / ".git/logs")}
    git(top, "worktree", "add", "-q", str(tmp_path / "tree"))
    linked = read_request(build().parse(["apply", "--check", "--since", "HEAD", str(tmp_path / "tree")]), None)
    assert str(top / ".git/worktrees/tree/logs") in Scope(linked).folders


@pytest.mark.parametrize(
    ("path", "counts"),
    [
        ("app/a.py", True),
        ("app/new.py", True),
        ("app", True),
        ("Procfile", True),
        (".gitignore", True),
        (".git/index", False),
        (".git/HEAD", False),
        ("app/.a.py.swp", False),
        ("app/a.py~", False),
        ("app/.#a.py", False),
        ("app/#a.py#", False),
        ("app/4913", False),
        ("app/a.py___jb_tmp___", False),
        ("app/a.pyc", False),
        ("server.log", False),
        ("data.sqlite3-journal", False),
        ("out.patch", False),
        ("cache/facts.sqlite", False),
    ],
)
def test_which_changes_concern_a_run(top: Path, path: str, counts: bool) -> None:
    scope = Scope(read(), own_files("out.patch", top / "cache/facts.sqlite"))
    assert scope.concerns([str(top / path)]) == (frozenset({path}) if counts else frozenset())


def test_a_leftover_that_the_run_looked_into_concerns_it(top: Path) -> None:
    scope = Scope(read(), looked_into=frozenset({"conf/app.log"}))
    assert scope.concerns([str(top / "conf/app.log"), str(top / "other.log")]) == {"conf/app.log"}


def test_a_configuration_and_with_since_the_head_concern_it_wherever_they_are(top: Path, tmp_path: Path) -> None:
    write(tmp_path / "elsewhere", {"my.toml": ""})
    scope = Scope(read("--config", "../elsewhere/my.toml", "--since", "HEAD"))
    mine = str(tmp_path / "elsewhere/my.toml")
    assert scope.concerns([mine, str(tmp_path / "elsewhere/a.log")]) == {mine}
    assert scope.concerns([str(top / ".git/logs/HEAD"), str(top / ".git/index.lock")]) == {".git/logs/HEAD"}


def test_only_contents_of_python_files_leave_the_request_as_it_is(top: Path) -> None:
    scope = Scope(read())
    assert not scope.needs_reading(["app/a.py", "app/deep/er/b.py"])
    for path in ("app/new.py", "Procfile", ".gitignore", "pyproject.toml", "app"):
        assert scope.needs_reading(["app/a.py", path])
    (top / "app/a.py").unlink()
    assert scope.needs_reading(["app/a.py"])
    (top / "app/a.py").symlink_to("deep/er/b.py")
    assert scope.needs_reading(["app/a.py"])
    assert Scope(read("--since", "HEAD")).needs_reading(["app/deep/er/b.py"])
    assert Scope(read("--launch", "python -m app.a")).needs_reading(["app/deep/er/b.py"])


def test_what_asks_for_a_run(top: Path) -> None:
    asked = read()
    scope = Scope(asked, looked_into=frozenset({"Procfile"}))
    assert scope.reasons(asked, ["app/a.py"]) == {"app/a.py"}
    assert scope.reasons(asked, ["Procfile", "docs/x.md"]) == {"Procfile"}
    assert scope.reasons(asked, ["docs/x.md"]) == frozenset()
    assert Scope(asked).reasons(asked, ["docs/x.md"]) == {"docs/x.md"}, "no answer: it may depend on anything"
    write(top, {"app/new.py": ""})
    assert scope.reasons(read(), ["app/new.py", "app"]) == {"app/new.py"}


def test_another_request_is_a_reason_and_the_same_one_read_again_is_none(top: Path) -> None:
    scope = Scope(read(), looked_into=frozenset())
    assert scope.reasons(read(), ["app"]) == frozenset()
    assert scope.reasons(read("--select", "relative-imports"), ["rewire.toml"]) == {"rewire.toml"}
    assert scope.reasons(read("--set", "connect-timeout.replace=strip"), ["rewire.toml"]) == {"rewire.toml"}
    write(top, {"server.log": "", "app/.a.py.swp": ""})
    assert scope.reasons(read(), ["app"]) == frozenset()


def test_with_since_it_is_the_commit_that_counts(top: Path) -> None:
    scope = Scope(read("--since", "HEAD"), looked_into=frozenset())
    write(top, {"docs/x.md": "changed"})
    assert scope.reasons(read("--since", "HEAD"), ["docs/x.md"]) == frozenset()
    git(top, "commit", "-q", "-am", "more")
    assert words(top, "rev-parse", "HEAD") != scope.asked.since.commit  # type: ignore[union-attr]
    assert scope.reasons(read("--since", "HEAD"), [".git/logs/HEAD"]) == {".git/logs/HEAD"}


def test_folders_whose_names_are_no_text_are_left_out(top: Path) -> None:
    asked = read()
    found = replace(asked.request.discovered, selected=("app/a.py", "odd\udcff/b.py"))
    odd = asked._replace(request=replace(asked.request, discovered=found))
    assert Scope(odd).folders == {str(top), str(top / "app"), str(top / "docs")}


@pytest.mark.parametrize("recursive", [False, True])
def test_a_watcher_hears_of_changes_from_the_moment_it_follows(top: Path, recursive: bool) -> None:
    """Both ways: folder by folder as on Linux, and whole trees as elsewhere."""
    with Watcher(recursive=recursive) as watcher:
        folders = Scope(read()).folders
        assert watcher.follow(folders)
        assert not watcher.follow(folders)
        write(top, {"app/deep/er/b.py": "x = 1\n"})
        assert str(top / "app/deep/er/b.py") in (watcher.wait() or ())
        write(top, {"app/brand/new.py": ""})
        heard = watcher.wait() or frozenset()
        assert any(path.startswith(str(top / "app/brand")) for path in heard)
        assert watcher.follow(Scope(read()).folders) is not recursive
        write(top, {"app/brand/new.py": "y = 1\n"})
        while str(top / "app/brand/new.py") not in (watcher.wait() or ()):
            pass


def test_a_folder_that_went_away_is_passed_over_and_none_at_all_is_an_error(top: Path, tmp_path: Path) -> None:
    with Watcher(recursive=False) as watcher:
        assert watcher.follow(frozenset({str(top), str(top / "gone")}))
        with pytest.raises(RewireError, match="nothing left to watch"):
            watcher.follow(frozenset({str(tmp_path / "nowhere")}))
