"""Which files changed since a commit, asked of real repositories in every state that a maintainer's may be in."""

from __future__ import annotations

import os
import random
from typing import TYPE_CHECKING

import pytest
from support.repositories import git, make_repository, tree, words, write

from rewire.discover import discover
from rewire.discover.changes import changed_since
from rewire.errors import GitError, UsageError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def top(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = make_repository(tmp_path / "project", {"a.py": "a = 1\n", "b.py": "b = 1\n", "pkg/c.py": "c = 1\n"})
    monkeypatch.chdir(root)
    return root


def commit(top: Path, **files: str) -> str:
    """Write, commit; the commit's whole hash."""
    write(top, {f"{name}.py": text for name, text in files.items()})
    git(top, "add", "-A")
    git(top, "commit", "-q", "--allow-empty", "-m", "more")
    return words(top, "rev-parse", "HEAD")


def test_nothing_changed(top: Path) -> None:
    found = changed_since(top, "HEAD")
    assert found.paths == frozenset()
    assert found.commit == words(top, "rev-parse", "HEAD")
    assert found.revision == "HEAD"
    assert words(top, "rev-parse", found.shown) == found.commit


def test_committed_staged_unstaged_and_untracked_files_count_and_ignored_ones_do_not(top: Path) -> None:
    commit(top, committed="x = 1\n")
    write(top, {".gitignore": "ignored.py\n", "staged.py": "", "ignored.py": "", "pkg/new/untracked.py": ""})
    git(top, "add", "staged.py")
    write(top, {"b.py": "b = 2\n"})
    changed = {"committed.py", "staged.py", "b.py", "pkg/new/untracked.py", ".gitignore"}
    assert changed_since(top, "HEAD~").paths == changed
    assert changed_since(top, "HEAD").paths == changed - {"committed.py"}


def test_a_file_that_was_only_touched_has_not_changed(top: Path) -> None:
    for _ in range(2):
        os.utime(top / "a.py", (1, 1))
        assert changed_since(top, "HEAD").paths == frozenset()
    (top / "a.py").write_bytes((top / "a.py").read_bytes())
    assert changed_since(top, "HEAD").paths == frozenset()


def test_staged_and_taken_back_in_the_work_tree_still_counts(top: Path) -> None:
    before = (top / "a.py").read_bytes()
    write(top, {"a.py": "a = 2\n"})
    git(top, "add", "a.py")
    (top / "a.py").write_bytes(before)
    assert changed_since(top, "HEAD").paths == {"a.py"}


def test_renamed_files_count_under_their_new_names_and_deleted_ones_are_not_there_to_be_read(top: Path) -> None:
    git(top, "mv", "a.py", "renamed.py")
    (top / "b.py").unlink()
    (top / "pkg/c.py").rename(top / "pkg/d.py")
    narrowed = discover([]).narrowed_to(changed_since(top, "HEAD").paths)
    assert narrowed.selected == ("pkg/d.py", "renamed.py")
    assert narrowed.context == ()


@pytest.mark.parametrize("quoted", ["true", "false"])
def test_names_of_every_kind(top: Path, quoted: str) -> None:
    git(top, "config", "core.quotePath", quoted)
    names = {"ünï/naïve name.py", 'quo"te.py', "tab\tand\nline.py", " blank.py", "-dash.py", ":(top).py"}
    write(top, dict.fromkeys(names, ""))
    assert changed_since(top, "HEAD").paths == names
    git(top, "add", "-A")
    git(top, "commit", "-q", "-m", "names")
    assert changed_since(top, "HEAD~").paths == names
    assert set(discover([]).narrowed_to(changed_since(top, "HEAD~").paths).selected) == names


def test_a_branch_is_compared_with_where_it_left_the_other(top: Path) -> None:
    """What others did on main meanwhile is not this branch's change, whichever of the two is ahead."""
    fork = words(top, "rev-parse", "HEAD")
    git(top, "checkout", "-q", "-b", "topic")
    commit(top, mine="x = 1\n")
    git(top, "checkout", "-q", "main")
    commit(top, theirs="x = 1\n", a="a = 3\n")
    git(top, "checkout", "-q", "topic")
    for revision in ("main", "main...", "refs/heads/main", words(top, "rev-parse", "main")):
        found = changed_since(top, revision)
        assert found.paths == {"mine.py"}
        assert found.commit == fork
        assert found.revision == revision


def test_after_a_merge_only_the_branch_s_own_work_is_left(top: Path) -> None:
    git(top, "checkout", "-q", "-b", "topic")
    commit(top, mine="x = 1\n")
    git(top, "checkout", "-q", "main")
    commit(top, theirs="x = 1\n")
    git(top, "checkout", "-q", "topic")
    git(top, "merge", "-q", "--no-edit", "main")
    assert changed_since(top, "main").paths == {"mine.py"}


def test_tags_upstreams_and_searches_are_revisions_too(top: Path) -> None:
    git(top, "tag", "-a", "-m", "v", "v1")
    commit(top, later="")
    git(top, "branch", "base", "HEAD~")
    git(top, "branch", "-q", "--set-upstream-to", "base")
    for revision in ("v1", "@{upstream}", ":/begin", "HEAD^", "HEAD@{1}"):
        assert changed_since(top, revision).paths == {"later.py"}, revision


@pytest.mark.parametrize(
    "revision", ["nowhere", "", "...", "-x", "--all", "^main", "HEAD:a.py", "HEAD^{tree}", "main^@"]
)
def test_what_is_no_commit(top: Path, revision: str) -> None:
    with pytest.raises(UsageError, match="git knows no commit of that name") as caught:
        changed_since(top, revision)
    assert caught.value.exit_code == 2
    assert caught.value.advice


def test_a_name_that_comes_close_is_offered(top: Path) -> None:
    git(top, "branch", "release/1.0")
    with pytest.raises(UsageError, match=r"did you mean 'release/1\.0'"):
        changed_since(top, "relase/1.0")


@pytest.mark.parametrize("revision", ["main..", "HEAD~..HEAD", "main...topic"])
def test_a_range_is_refused(top: Path, revision: str) -> None:
    with pytest.raises(UsageError, match="a range, where one commit is expected"):
        changed_since(top, revision)


def test_git_s_own_reason_is_told(top: Path) -> None:
    with pytest.raises(UsageError, match="no upstream configured for branch 'main'"):
        changed_since(top, "@{u}")


def test_a_repository_without_a_commit(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    with pytest.raises(UsageError, match="git knows no commit"):
        changed_since(tmp_path, "HEAD")


def test_histories_that_never_met(top: Path) -> None:
    git(top, "checkout", "-q", "--orphan", "other")
    commit(top, other="")
    with pytest.raises(UsageError, match="no commit in common with HEAD") as caught:
        changed_since(top, "main")
    assert "shallow" not in caught.value.advice


def test_a_shallow_clone_without_the_base_says_how_to_get_it(top: Path, tmp_path: Path) -> None:
    git(top, "checkout", "-q", "-b", "topic")
    commit(top, mine="")
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", "--depth", "1", "--branch", "topic", top.as_uri(), str(clone))
    for revision in ("origin/main", words(top, "rev-parse", "main")):
        with pytest.raises(UsageError, match="git knows no commit of that name") as caught:
            changed_since(clone, revision)
        assert "git fetch --unshallow" in caught.value.advice
    git(clone, "fetch", "-q", "--depth", "1", "origin", "main:main")
    with pytest.raises(UsageError, match="no commit in common with HEAD") as caught:
        changed_since(clone, "main")
    assert "git fetch --unshallow" in caught.value.advice
    git(clone, "fetch", "-q", "--unshallow", "origin")
    assert changed_since(clone, "main").paths == {"mine.py"}


def test_a_partial_clone_needs_no_text_of_the_base_and_fetches_none(top: Path, tmp_path: Path) -> None:
    commit(top, a="a = 2\n")
    git(top, "config", "uploadpack.allowFilter", "true")
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", "--filter=blob:none", top.as_uri(), str(clone))
    write(clone, {"b.py": "b = 2\n"})
    os.utime(clone / "a.py", (1, 1))
    before = words(clone, "count-objects", "-v")
    assert changed_since(clone, "HEAD~").paths == {"a.py", "b.py"}
    assert words(clone, "count-objects", "-v") == before


def test_submodules_and_links_are_nobody_s_changed_files(top: Path, tmp_path: Path) -> None:
    inner = make_repository(tmp_path / "inner", {"inside.py": ""})
    git(top, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", inner.as_uri(), "sub")
    git(top, "commit", "-q", "-m", "sub")
    write(top / "sub", {"inside.py": "changed = 1\n", "new.py": ""})
    (top / "link.py").symlink_to("a.py")
    (top / "folder").symlink_to("pkg")
    git(top, "add", "link.py")
    assert discover([]).narrowed_to(changed_since(top, "HEAD").paths).selected == ()
    write(top, {"a.py": "a = 2\n"})
    assert discover([]).narrowed_to(changed_since(top, "HEAD").paths).selected == ("a.py",)


def test_a_linked_work_tree_has_changes_of_its_own(top: Path, tmp_path: Path) -> None:
    git(top, "worktree", "add", "-q", "-b", "topic", str(tmp_path / "tree"))
    write(tmp_path / "tree", {"mine.py": ""})
    assert changed_since(tmp_path / "tree", "main").paths == {"mine.py"}
    assert changed_since(top, "main").paths == frozenset()


def test_conflicts_count_once(top: Path) -> None:
    git(top, "checkout", "-q", "-b", "topic")
    commit(top, a="a = 2\n")
    git(top, "checkout", "-q", "main")
    commit(top, a="a = 3\n")
    git(top, "checkout", "-q", "topic")
    git(top, "merge", "main", check=False)
    assert changed_since(top, "HEAD").paths == {"a.py"}


def test_no_program_that_a_configuration_names_is_started(top: Path, tmp_path: Path) -> None:
    """A clean filter would run for each file whose time changed; its being required must not stop us either."""
    mark = tmp_path / "started"
    write(top, {".gitattributes": "*.py filter=evil diff=evil\n"})
    git(top, "add", "-A")
    git(top, "commit", "-q", "-m", "attributes")
    for key in ("filter.evil.clean", "filter.evil.process", "diff.evil.textconv", "diff.evil.command", "diff.external"):
        git(top, "config", key, f"touch {mark}; cat")
    git(top, "config", "filter.evil.required", "true")
    git(top, "config", "core.fsmonitor", f"touch {mark}")
    os.utime(top / "a.py", (1, 1))
    write(top, {"b.py": "b = 2\n"})
    assert changed_since(top, "HEAD").paths == {"b.py"}
    assert not mark.exists()
    git(top, "diff", check=False)
    assert mark.exists(), "the probe would not have noticed"


def test_the_index_is_not_written(top: Path) -> None:
    os.utime(top / "a.py", (1, 1))
    before = (top / ".git/index").stat().st_mtime_ns, (top / ".git/index").read_bytes()
    changed_since(top, "HEAD")
    assert ((top / ".git/index").stat().st_mtime_ns, (top / ".git/index").read_bytes()) == before


def test_git_s_refusal_is_an_error_with_its_words(top: Path) -> None:
    head = words(top, "rev-parse", "HEAD^{tree}")
    (top / ".git/objects" / head[:2] / head[2:]).unlink()
    with pytest.raises(GitError, match="git diff-index failed"):
        changed_since(top, "HEAD")


@pytest.mark.parametrize("seed", range(6))
def test_any_series_of_edits(top: Path, seed: int) -> None:
    """Against the bytes themselves: a file counts if and only if the work tree's differs from the base's."""
    dice = random.Random(seed)
    base, before = words(top, "rev-parse", "HEAD"), tree(top)
    for step in range(12):
        name = dice.choice(["a.py", "b.py", "pkg/c.py", "d.py", "pkg/e/é.py"])
        match dice.randrange(5):
            case 0 | 1:
                write(top, {name: f"x = {dice.randrange(3)}\n"})
            case 2:
                (top / name).unlink(missing_ok=True)
            case 3:
                git(top, "add", "-A")
            case 4:
                git(top, "add", "-A")
                git(top, "commit", "-q", "--allow-empty", "-m", f"step {step}")
    git(top, "add", "-A")  # with nothing staged that the work tree takes back
    after = tree(top)
    differing = {name for name in {*before, *after} if before.get(name) != after.get(name)}
    assert changed_since(top, base).paths == differing
