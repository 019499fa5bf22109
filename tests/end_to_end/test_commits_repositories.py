"""Commits in every kind of repository: linked, detached, partial, sparse, converting; and states that forbid them."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from support.permissions import NOBODY, open_folder
from support.repositories import create, git, make_repository, outcome, replace_words, run_of, tree, words, write

from rewire.deliver.commit import CommitOptions, commit, preflight
from rewire.deliver.patch import render
from rewire.discover import discover
from rewire.errors import DeliveryError, GitError, RewireError, UsageError

FILES = {"a.py": b"one = 1\n", "pkg/b.py": b"x = one\n", "notes.txt": b"one\n"}


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    return make_repository(tmp_path / "repository", FILES)


def is_clean(root: Path) -> bool:
    return git(root, "status", "--porcelain") == b""


def snapshot(root: Path) -> tuple[object, ...]:
    """Everything that a refused run must leave as it was."""
    refs = words(root, "for-each-ref", "--format=%(refname) %(objectname)", "refs/heads", "refs/tags")
    return tree(root), refs, git(root, "status", "--porcelain"), words(root, "ls-files", "--stage")


def test_a_linked_work_tree(repository: Path, tmp_path: Path) -> None:
    git(repository, "worktree", "add", "-q", "-b", "side", str(tmp_path / "linked"))
    main = snapshot(repository)
    report = commit(replace_words(tmp_path / "linked", ("one", "two")))
    assert report.branch == "side"
    assert is_clean(tmp_path / "linked")
    assert (tmp_path / "linked/a.py").read_bytes() == b"two = 1\n"
    assert words(repository, "rev-parse", "side~1") == words(repository, "rev-parse", "main")
    assert snapshot(repository)[0] == main[0]


def test_a_detached_head(repository: Path) -> None:
    git(repository, "checkout", "-q", "--detach")
    report = commit(replace_words(repository, ("one", "two")))
    assert report.branch is None
    assert words(repository, "rev-parse", "HEAD~1") == words(repository, "rev-parse", "main")
    assert git(repository, "symbolic-ref", "-q", "HEAD", check=False) == b""
    assert is_clean(repository)
    git(repository, *report.undo_command.split()[1:])
    assert words(repository, "rev-parse", "HEAD") == words(repository, "rev-parse", "main")


def test_a_branch_from_a_detached_head(repository: Path) -> None:
    git(repository, "checkout", "-q", "--detach")
    report = commit(replace_words(repository, ("one", "two")), CommitOptions(branch="new"))
    assert words(repository, "symbolic-ref", "HEAD") == "refs/heads/new"
    for command in report.undo_command.split(" && "):
        git(repository, *command.split()[1:])
    assert words(repository, "rev-parse", "HEAD") == words(repository, "rev-parse", "main")


def test_started_in_a_subdirectory(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repository / "pkg")
    found = discover([])
    report = commit(replace_words(found.root, ("one", "two"), paths=found.selected))
    assert [info.paths for info in report.commits] == [("pkg/b.py",)]
    assert is_clean(repository)


def test_a_submodule_is_a_repository_of_its_own(repository: Path, tmp_path: Path) -> None:
    make_repository(tmp_path / "lib", {"inner.py": b"one\n"})
    git(repository, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(tmp_path / "lib"), "lib")
    git(repository, "commit", "-qm", "lib")
    commit(replace_words(repository, ("one", "two"), paths=["a.py"]))
    commit(replace_words(repository / "lib", ("one", "two")))
    assert tree(repository)["lib/inner.py"] == b"two\n"
    # The new commit of the submodule is a change of the outer repository, and not in the way.
    assert len(commit(replace_words(repository, ("one", "two"), paths=["pkg/b.py"])).commits) == 1


def test_a_shallow_clone(repository: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", "--depth=1", f"file://{repository}", "shallow")
    commit(replace_words(tmp_path / "shallow", ("one", "two")))
    assert is_clean(tmp_path / "shallow")


@pytest.mark.parametrize("kind", ["blob:none", "tree:0"])
def test_a_partial_clone_with_a_sparse_checkout_fetches_nothing(repository: Path, tmp_path: Path, kind: str) -> None:
    write(repository, {"far/away.py": b"one, far\n", "far/deep/x.py": b"x\n", "pkg/sub/y.py": b"one\n"})
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "far")
    write(repository, {"far/away.py": b"one, further\n"})
    git(repository, "commit", "-qam", "further")
    git(repository, "config", "uploadpack.allowFilter", "true")
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", "--sparse", f"--filter={kind}", f"file://{repository}", "clone")
    git(clone, "sparse-checkout", "set", "pkg")
    repository.rename(tmp_path / "gone")
    before = git(clone, "rev-list", "--objects", "--missing=print", "--all")
    found = discover([clone])
    assert found.selected == ("a.py", "pkg/b.py", "pkg/sub/y.py")
    report = commit(replace_words(clone, ("one", "two"), ("two", "six"), paths=found.selected))
    assert len(report.commits) == 2
    assert is_clean(clone)
    missing = {line for line in before.split(b"\n") if line.startswith(b"?")}
    assert missing
    after = git(clone, "rev-list", "--objects", "--missing=print", "--all")
    assert {line for line in after.split(b"\n") if line.startswith(b"?")} == missing
    assert (clone / "pkg/sub/y.py").read_bytes() == b"six\n"
    assert not (clone / "far").exists()


def test_a_new_file_outside_a_sparse_checkout_is_in_the_commit(repository: Path) -> None:
    write(repository, {"far/x.py": b"x\n"})
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "far")
    git(repository, "sparse-checkout", "set", "pkg")
    commit(run_of(repository, outcome("toy", create("far/new.py", "x = 1\n"))))
    assert is_clean(repository)
    assert git(repository, "show", "HEAD:far/new.py") == b"x = 1\n"


def test_an_index_that_is_split_or_sparse(repository: Path) -> None:
    git(repository, "update-index", "--split-index")
    commit(replace_words(repository, ("one", "two")))
    git(repository, "sparse-checkout", "set", "--cone", "--sparse-index", "pkg")
    commit(replace_words(repository, ("two", "six")))
    assert is_clean(repository)


def test_a_repository_of_the_other_hash(tmp_path: Path) -> None:
    root = tmp_path / "r"
    root.mkdir()
    git(root, "init", "-q", "-b", "main", "--object-format=sha256")
    write(root, FILES)
    git(root, "add", "-A")
    git(root, "commit", "-qm", "begin")
    report = commit(replace_words(root, ("one", "two")))
    assert len(report.commits[0].sha) == 64
    assert is_clean(root)


CRLF = b"one = 1\r\nkeep\r\n"
MIXED = b"one = 1\r\nkeep\nlast\r\n"
CONVERSIONS: dict[str, tuple[dict[str, str], str, bytes, bytes]] = {
    "autocrlf=true": ({"core_autocrlf": "true"}, "", CRLF, b"two = 1\nkeep\n"),
    "autocrlf=input": ({"core_autocrlf": "input"}, "", CRLF, b"two = 1\nkeep\n"),
    "autocrlf=true, mixed": ({"core_autocrlf": "true"}, "", MIXED, b"two = 1\nkeep\nlast\n"),
    "safecrlf": ({"core_autocrlf": "true", "core_safecrlf": "true"}, "", CRLF, b"two = 1\nkeep\n"),
    "text=auto": ({}, "* text=auto\n", CRLF, b"two = 1\nkeep\n"),
    "text=auto, mixed": ({}, "* text=auto\n", MIXED, b"two = 1\nkeep\nlast\n"),
    "eol=crlf": ({}, "*.py text eol=crlf\n", CRLF, b"two = 1\nkeep\n"),
    "eol=lf": ({}, "*.py text eol=lf\n", CRLF, b"two = 1\nkeep\n"),
    "-text": ({"core_autocrlf": "true"}, "*.py -text\n", CRLF, b"two = 1\r\nkeep\r\n"),
    "no conversion": ({}, "", MIXED, b"two = 1\r\nkeep\nlast\r\n"),
    "working-tree-encoding": (
        {},
        "*.py working-tree-encoding=ISO-8859-1\n",
        "# coding: latin-1\none = 'é'\n".encode("latin-1"),
        "# coding: latin-1\ntwo = 'é'\n".encode(),
    ),
    "ident": ({}, "*.py ident\n", b"# $Id$\none\n", b"# $Id$\ntwo\n"),
}


@pytest.mark.parametrize("name", CONVERSIONS)
def test_stored_as_the_repository_says_and_on_disk_as_the_run_showed(name: str, tmp_path: Path) -> None:
    settings, attributes, on_disk, stored = CONVERSIONS[name]
    # safecrlf would keep "git add" of these very files from working: it is set afterwards.
    late = {key: settings.pop(key) for key in ["core_safecrlf"] if key in settings}
    root = make_repository(tmp_path / "r", {"pkg/m.py": on_disk, "pkg/.gitattributes": attributes}, **settings)
    for key, value in late.items():
        git(root, "config", key.replace("_", "."), value)
    assert is_clean(root)
    result = replace_words(root, ("one", "two"))
    commit(result)
    assert git(root, "cat-file", "blob", "HEAD:pkg/m.py") == stored
    assert (root / "pkg/m.py").read_bytes() == on_disk.replace(b"one", b"two")
    assert is_clean(root)
    git(root, "update-index", "--refresh")
    assert words(root, "show", "--format=", "--numstat", "HEAD") == "1\t1\tpkg/m.py"


@pytest.mark.parametrize("name", [name for name in CONVERSIONS if name not in ("ident", "working-tree-encoding")])
def test_the_patch_gives_the_same_tree_under_git_apply_where_git_converts(name: str, tmp_path: Path) -> None:
    settings, attributes, on_disk, _ = CONVERSIONS[name]
    settings.pop("core_safecrlf", None)
    files = {"m.py": on_disk, ".gitattributes": attributes}
    ours = make_repository(tmp_path / "ours", files, **settings)
    theirs = make_repository(tmp_path / "theirs", files, **settings)
    result = replace_words(ours, ("one", "two"))
    git(theirs, "apply", "-", stdin=render(result))
    commit(result)
    assert tree(ours) == tree(theirs)


def test_attributes_that_are_not_committed_count_as_git_add_counts_them(repository: Path) -> None:
    write(repository, {"a.py": CRLF, ".git/info/attributes": b"a.py text\n"})
    git(repository, "commit", "-qam", "crlf")
    write(repository, {"pkg/.gitattributes": b"*.py text eol=crlf\n", "pkg/b.py": b"x = one\r\n"})
    git(repository, "add", "pkg/b.py")
    commit(replace_words(repository, ("one", "two")))
    assert git(repository, "cat-file", "blob", "HEAD:a.py") == b"two = 1\nkeep\n"
    assert git(repository, "cat-file", "blob", "HEAD:pkg/b.py") == b"x = two\n"
    assert tree(repository)["pkg/b.py"] == b"x = two\r\n"


@pytest.mark.parametrize("file_mode", ["true", "false"])
def test_modes_are_kept_in_the_commit_and_on_disk(tmp_path: Path, file_mode: str) -> None:
    root = make_repository(tmp_path / "r", {**FILES, "tool.py": b"one\n"})
    git(root, "update-index", "--chmod=+x", "tool.py")
    git(root, "commit", "-qm", "executable")
    git(root, "config", "core.fileMode", file_mode)
    (root / "tool.py").chmod(0o755 if file_mode == "true" else 0o640)
    (root / "a.py").chmod(0o600)
    commit(replace_words(root, ("one", "two")))
    assert words(root, "ls-tree", "HEAD", "tool.py").startswith("100755")
    assert words(root, "ls-tree", "HEAD", "a.py").startswith("100644")
    assert stat.S_IMODE((root / "tool.py").stat().st_mode) == (0o755 if file_mode == "true" else 0o640)
    assert stat.S_IMODE((root / "a.py").stat().st_mode) == 0o600
    assert is_clean(root)


def test_hard_links_are_kept(repository: Path, tmp_path: Path) -> None:
    os.link(repository / "a.py", tmp_path / "other-name")
    commit(replace_words(repository, ("one", "two")))
    assert (tmp_path / "other-name").read_bytes() == b"two = 1\n"
    assert (repository / "a.py").samefile(tmp_path / "other-name")
    assert is_clean(repository)
    assert not list((repository / ".git").glob("rewire*"))


def test_unusual_names(tmp_path: Path) -> None:
    names = ["with blank.py", "new\nline.py", 'quo"te.py', "-dash.py", ":(glob)x.py", "*.py", "ünï/cödé.py",
             os.fsdecode(b"caf\xe9.py"), "tab\t.py", "back\\slash.py"]  # fmt: skip
    root = make_repository(tmp_path / "r", {name: f"one {number}\n" for number, name in enumerate(names)})
    report = commit(replace_words(root, ("one", "two"), paths=names), CommitOptions(per="file"))
    assert len(report.commits) == len(names)
    assert is_clean(root)
    assert sorted(tree(root).values()) == [f"two {number}\n".encode() for number in range(len(names))]


def test_a_symbolic_link_beside_stays_a_link(repository: Path) -> None:
    (repository / "link.py").symlink_to("a.py")
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "link")
    commit(replace_words(repository, ("one", "two"), paths=["a.py"]))
    assert (repository / "link.py").is_symlink()
    assert is_clean(repository)


def refused(root: Path, said: str, options: CommitOptions | None = None, kind: type[RewireError] = GitError) -> str:
    """The advice of a refusal, made before the run where ``preflight`` can know, and leaving all as it was."""
    result = replace_words(root, ("one", "two"))
    before = snapshot(root)
    with pytest.raises(kind, match=said) as caught:
        commit(result, options)
    assert snapshot(root) == before
    assert caught.value.advice
    return caught.value.advice


def test_uncommitted_work_stops_the_run_by_name(repository: Path) -> None:
    write(repository, {"notes.txt": b"work\n"})
    advice = refused(repository, r"uncommitted changes: notes\.txt")
    assert "--allow-dirty" in advice
    with pytest.raises(GitError, match=r"notes\.txt"):
        preflight(repository)


@pytest.mark.parametrize("staged", [False, True])
def test_a_dirty_file_that_a_change_needs_always_stops_the_run(repository: Path, staged: bool) -> None:
    write(repository, {"a.py": b"one = 1  # work\n", "notes.txt": b"work\n"})
    if staged:
        git(repository, "add", "a.py")
        write(repository, {"a.py": b"one = 1\n"})
    refused(repository, r"would change: a\.py$", CommitOptions(allow_dirty=True))
    with pytest.raises(GitError, match=r"would change: a\.py$"):
        preflight(repository, ["a.py", "pkg/b.py"], CommitOptions(allow_dirty=True))
    preflight(repository, ["pkg/b.py"], CommitOptions(allow_dirty=True))


@pytest.mark.parametrize("branch", [None, "new"])
def test_unrelated_work_is_left_alone_with_allow_dirty(repository: Path, branch: str | None) -> None:
    write(repository, {"notes.txt": b"work\n", "staged.txt": b"staged\n", "untracked.txt": b"u\n", "kept.txt": b"k\n"})
    git(repository, "add", "staged.txt")
    git(repository, "add", "-N", "kept.txt")
    commit(replace_words(repository, ("one", "two")), CommitOptions(allow_dirty=True, branch=branch))
    assert git(repository, "status", "--porcelain") == b" A kept.txt\n M notes.txt\nA  staged.txt\n?? untracked.txt\n"
    assert words(repository, "show", "--format=", "--name-only", "HEAD") == "a.py\npkg/b.py"
    assert tree(repository)["notes.txt"] == b"work\n"


def test_untracked_files_stop_nothing_unless_a_change_needs_them(repository: Path) -> None:
    write(repository, {"other.py": b"nothing\n", "untracked.txt": b"u\n"})
    commit(replace_words(repository, ("one", "two")))
    write(repository, {"new.py": b"one\n"})
    assert "git add" in refused(repository, r"does not track would change: new\.py")
    git(repository, "add", "-N", "new.py")
    refused(repository, r"new\.py", CommitOptions(allow_dirty=True))


def test_a_new_file_does_not_write_over_one_that_is_there(repository: Path) -> None:
    write(repository, {"born.py": b"mine\n", ".git/info/exclude": b"born.py\n"})
    before = snapshot(repository)
    with pytest.raises(GitError, match=r"born\.py was to be created"):
        commit(run_of(repository, outcome("toy", create("born.py", "x = 1\n"))))
    assert snapshot(repository) == before


@pytest.mark.parametrize("flag", ["--assume-unchanged", "--skip-worktree"])
def test_files_that_git_is_told_not_to_look_at(repository: Path, flag: str) -> None:
    git(repository, "update-index", flag, "a.py")
    write(repository, {"a.py": b"one = 'my local settings'\n"})
    refused(repository, r"told not to look at .*: a\.py")


def test_a_file_that_changed_after_the_run_read_it(repository: Path) -> None:
    result = replace_words(repository, ("one", "two"))
    write(repository, {"pkg/b.py": b"x = one + 1\n"})
    git(repository, "commit", "-qam", "somebody's commit")
    before = snapshot(repository)
    with pytest.raises(GitError, match=r"pkg/b\.py has changed since"):
        commit(result)
    assert snapshot(repository) == before


def test_no_commit_yet(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "r")
    write(tmp_path / "r", FILES)
    with pytest.raises(GitError, match="no commit yet") as caught:
        commit(replace_words(tmp_path / "r", ("one", "two")))
    assert "--no-commit" in caught.value.advice


def conflicting(root: Path) -> None:
    """Two branches that disagree about ``notes.txt``; ``main`` is checked out."""
    for branch, text in (("side", b"side\n"), ("main", b"main\n")):
        git(root, "checkout", "-q", *(["-b"] if branch == "side" else []), branch)
        write(root, {"notes.txt": text})
        git(root, "commit", "-qam", branch)


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["merge", "side"], "a merge is in progress"),
        (["rebase", "side"], "a rebase is in progress"),
        (["cherry-pick", "side"], "a cherry-pick is in progress"),
        (["revert", "--no-edit", "HEAD~1"], "a revert is in progress"),
        (["bisect", "start", "HEAD", "HEAD~1"], "a bisection is in progress"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_unfinished_business_is_named_with_the_way_out(repository: Path, command: list[str], said: str) -> None:
    conflicting(repository)
    if command[0] == "revert":
        write(repository, {"notes.txt": b"later\n"})
        git(repository, "commit", "-qam", "later")
    git(repository, *command, check=False)
    assert f"git {command[0]}" in refused(repository, said)
    with pytest.raises(GitError, match=said):
        preflight(repository)


def test_conflicts_left_by_a_stash(repository: Path) -> None:
    write(repository, {"notes.txt": b"mine\n"})
    git(repository, "stash")
    write(repository, {"notes.txt": b"theirs\n"})
    git(repository, "commit", "-qam", "theirs")
    git(repository, "stash", "pop", check=False)
    refused(repository, r"conflicts: notes\.txt", CommitOptions(allow_dirty=True))


def test_a_locked_index(repository: Path) -> None:
    (repository / ".git/index.lock").touch()
    assert "remove that file" in refused(repository, "index is locked")


def test_a_bare_repository(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "--bare", "bare.git")
    with pytest.raises(GitError, match="bare"):
        preflight(tmp_path / "bare.git")


def test_nobody_knows_who_the_author_is(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL"):
        monkeypatch.delenv(name)
    git(repository, "config", "user.useConfigOnly", "true")
    assert "git config --global user.name" in refused(repository, "who the author is")


@pytest.mark.parametrize("name", ["main", "main/sub", "feature", "feature/new/more"])
def test_a_branch_that_is_there_already(repository: Path, name: str) -> None:
    git(repository, "branch", "feature/new")
    refused(repository, "a branch (main|feature/new) already", CommitOptions(branch=name))


@pytest.mark.parametrize(
    "name", ["", "-f", "--orphan", "HEAD", "a..b", "a b", "a\nb", "refs/heads/x", "x.lock", "@{-1}"]
)
def test_a_name_that_no_branch_can_have(repository: Path, name: str) -> None:
    refused(repository, "cannot be the name of a branch", CommitOptions(branch=name), UsageError)


def test_a_branch_beside_one_whose_name_begins_alike(repository: Path) -> None:
    git(repository, "branch", "feature/old")
    git(repository, "branch", "fea")
    assert (
        commit(replace_words(repository, ("one", "two")), CommitOptions(branch="feature/new")).branch == "feature/new"
    )


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can own somebody else's files")
def test_dubious_ownership() -> None:
    with open_folder() as folder:
        root = make_repository(folder / "r", FILES)
        result = replace_words(root, ("one", "two"))
        os.chown(root, NOBODY, NOBODY)
        with pytest.raises(GitError, match="dubious ownership") as caught:
            commit(result)
        assert "safe.directory" in caught.value.advice


def test_a_root_below_the_top_level_is_our_own_fault(repository: Path) -> None:
    with pytest.raises(GitError, match="not the top level"):
        preflight(repository / "pkg")


def test_what_could_not_be_put_right_after_landing_is_said(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (repository / "a.py").chmod(0o600)

    real = Path.chmod

    def failing(self: Path, mode: int) -> None:
        if self.is_relative_to(repository):
            raise PermissionError(1, "Operation not permitted", str(self))
        real(self, mode)

    result = replace_words(repository, ("one", "two"))
    monkeypatch.setattr(Path, "chmod", failing)
    with pytest.raises(DeliveryError, match=r"commits are made, but .*a\.py"):
        commit(result)
    assert words(repository, "log", "-1", "--format=%s") == "rewire(first): replace a word (first)"
