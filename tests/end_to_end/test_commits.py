"""Commits of a run: one a codemod, a file or a site; what they hold, what they say, and that they add up."""

from __future__ import annotations

import json
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.repositories import (
    create,
    delete,
    git,
    make_repository,
    outcome,
    replace_words,
    rewrite,
    run_of,
    source,
    tree,
    words,
    write,
)

import rewire
from rewire.deliver.commit import CommitOptions, commit
from rewire.deliver.patch import render
from rewire.model.site import Note, Refusal, Suppression
from rewire.model.source import Span

if TYPE_CHECKING:
    from rewire.model.result import RunResult

FILES = {
    "a.py": b"one = 1\nkeep\none = one\n",
    "pkg/b.py": b"x = one\r\ntwo\r\n",
    "pkg/c.py": b"nothing here\n",
    "notes.txt": b"one\n",
}


def log(root: Path, form: str) -> list[str]:
    """One entry a commit after the first, oldest first."""
    return words(root, "log", "--reverse", "--topo-order", f"--format={form}%x00").rstrip("\0").split("\0\n")[1:]


def shas(root: Path) -> list[str]:
    return words(root, "rev-list", "--reverse", "HEAD").split("\n")


def at(root: Path, sha: str) -> dict[str, bytes]:
    """Every file of a commit, as git stores it."""
    names = [name for name in git(root, "ls-tree", "-r", "-z", "--name-only", sha).decode().split("\0") if name]
    return {name: git(root, "cat-file", "blob", f"{sha}:{name}") for name in names}


def is_clean(root: Path) -> bool:
    return git(root, "status", "--porcelain") == b""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    return make_repository(tmp_path / "repository", FILES)


def test_one_commit_a_codemod_on_top_of_the_branch(repository: Path) -> None:
    base = words(repository, "rev-parse", "HEAD")
    report = commit(replace_words(repository, ("one", "two"), ("two", "six")))
    assert [info.codemod for info in report.commits] == ["first", "second"]
    assert [info.sha for info in report.commits] == shas(repository)[1:]
    assert [info.paths for info in report.commits] == [("a.py", "pkg/b.py")] * 2
    assert [info.subject for info in report.commits] == log(repository, "%s")
    assert report.branch == "main"
    assert words(repository, "rev-parse", "main~2") == base
    assert words(repository, "symbolic-ref", "HEAD") == "refs/heads/main"
    assert is_clean(repository)
    assert tree(repository) == {
        **FILES,
        "a.py": b"six = 1\nkeep\nsix = six\n",
        "pkg/b.py": b"x = six\r\nsix\r\n",
    }


def test_every_commit_of_the_series_holds_what_its_codemod_left(repository: Path) -> None:
    result = replace_words(repository, ("one", "two"), ("two", "six"))
    report = commit(result)
    for info, one in zip(report.commits, result.outcomes, strict=True):
        stored = at(repository, info.sha)
        for file in one.changeset.files:
            assert file.after
            assert stored[file.path] == file.after.to_bytes()


def test_the_tree_is_the_one_that_git_apply_makes_of_the_patch(repository: Path, tmp_path: Path) -> None:
    result = replace_words(repository, ("one", "two"), ("two", "six"))
    patched = tmp_path / "patched"
    write(patched, FILES)
    git(patched, "apply", "-", stdin=render(result))
    commit(result)
    assert tree(repository) == tree(patched)


def test_new_empty_and_deleted_files(repository: Path) -> None:
    files = (
        create("new/__init__.py", ""),
        create("new/deep/m.py", "x = 1\n"),
        delete(source("pkg/c.py", FILES["pkg/c.py"])),
        rewrite(source("a.py", FILES["a.py"]), "one", "two"),
    )
    report = commit(run_of(repository, outcome("toy", *files)))
    assert report.commits[0].paths == ("a.py", "new/__init__.py", "new/deep/m.py", "pkg/c.py")
    assert words(repository, "show", "--format=", "--name-status", "HEAD").split("\n") == [
        "M\ta.py",
        "A\tnew/__init__.py",
        "A\tnew/deep/m.py",
        "D\tpkg/c.py",
    ]
    assert not (repository / "pkg/c.py").exists()
    assert is_clean(repository)


def test_a_second_run_and_a_run_without_changes_make_no_commit(repository: Path) -> None:
    commit(replace_words(repository, ("one", "two")))
    before = shas(repository)
    for result in (replace_words(repository, ("one", "two")), replace_words(repository, ("absent", "x"))):
        report = commit(result)
        assert report.commits == ()
        assert report.undo_command == ""
    assert shas(repository) == before


def test_what_two_codemods_undo_between_them_is_still_their_history(repository: Path) -> None:
    report = commit(replace_words(repository, ("one", "qqq"), ("qqq", "one")))
    assert len(report.commits) == 2
    assert tree(repository) == FILES
    assert is_clean(repository)


def test_one_commit_a_file(repository: Path) -> None:
    report = commit(replace_words(repository, ("one", "two"), ("two", "six")), CommitOptions(per="file"))
    assert [(info.codemod, info.paths) for info in report.commits] == [
        ("first", ("a.py",)),
        ("first", ("pkg/b.py",)),
        ("second", ("a.py",)),
        ("second", ("pkg/b.py",)),
    ]
    assert report.commits[0].subject == "rewire(first): replace a word (first) in a.py"
    assert is_clean(repository)


def test_one_commit_a_site(repository: Path) -> None:
    report = commit(replace_words(repository, ("one", "two")), CommitOptions(per="site"))
    stored = [at(repository, sha) for sha in shas(repository)]
    assert [files["a.py"] for files in stored] == [
        b"one = 1\nkeep\none = one\n",
        b"two = 1\nkeep\none = one\n",
        b"two = 1\nkeep\ntwo = one\n",
        b"two = 1\nkeep\ntwo = two\n",
        b"two = 1\nkeep\ntwo = two\n",
    ]
    assert stored[-1]["pkg/b.py"] == b"x = two\r\ntwo\r\n"
    assert [info.subject for info in report.commits][1] == "rewire(first): one becomes two (a.py:3)"
    assert is_clean(repository)


def test_sites_of_one_group_share_a_commit_across_files(repository: Path) -> None:
    files = (
        rewrite(source("a.py", FILES["a.py"]), "keep", "kept", group="g"),
        rewrite(source("pkg/b.py", FILES["pkg/b.py"]), "two", "six", group="g"),
        rewrite(source("pkg/c.py", FILES["pkg/c.py"]), "here", "there"),
    )
    for per in ("site", "file"):
        copy = make_repository(repository.parent / per, FILES)
        report = commit(run_of(copy, outcome("toy", *files)), CommitOptions(per=per))  # type: ignore[arg-type]
        assert [info.paths for info in report.commits] == [("a.py", "pkg/b.py"), ("pkg/c.py",)]


def test_a_group_pulls_only_its_own_sites_out_of_a_file(repository: Path) -> None:
    before = source("a.py", FILES["a.py"])
    change = rewrite(before, "one", "two")
    grouped = tuple(replace(one, group="g") if index != 1 else one for index, one in enumerate(change.changes))
    result = run_of(repository, outcome("toy", replace(change, changes=grouped), create("new.py", "", group="g")))
    commit(result, CommitOptions(per="site"))
    first, second = shas(repository)[1:]
    assert at(repository, first)["a.py"] == b"two = 1\nkeep\none = two\n"
    assert "new.py" in at(repository, first)
    assert at(repository, second)["a.py"] == b"two = 1\nkeep\ntwo = two\n"


def test_sites_of_one_statement_share_a_commit(repository: Path) -> None:
    before = source("a.py", b"f(one, one)\ng(one)\n")
    write(repository, {"a.py": before.to_bytes()})
    git(repository, "commit", "-qam", "again")
    change = rewrite(before, "one", "two")
    line = Span(0, 11)
    shared = tuple(replace(one, before=line, after=line) if one.line == 1 else one for one in change.changes)
    report = commit(run_of(repository, outcome("toy", replace(change, changes=shared))), CommitOptions(per="site"))
    assert len(report.commits) == 2
    assert report.commits[0].subject == "rewire(toy): one becomes two (a.py:1 and 1 more)"
    assert at(repository, report.commits[0].sha)["a.py"] == b"f(two, two)\ng(one)\n"


def test_an_edit_that_others_need_keeps_its_file_in_one_commit(repository: Path) -> None:
    change = rewrite(source("a.py", FILES["a.py"]), "one", "two")
    support = (replace(change.changes[0], support=True), *change.changes[1:])
    report = commit(run_of(repository, outcome("toy", replace(change, changes=support))), CommitOptions(per="site"))
    assert len(report.commits) == 1


def test_spans_that_do_not_tell_the_sites_apart_keep_the_file_in_one_commit(repository: Path) -> None:
    change = rewrite(source("a.py", FILES["a.py"]), "one", "twelve")
    wrong = tuple(replace(one, after=one.before) for one in change.changes)
    report = commit(run_of(repository, outcome("toy", replace(change, changes=wrong))), CommitOptions(per="site"))
    assert len(report.commits) == 1
    assert is_clean(repository)


pieces = st.lists(st.sampled_from(["one", "two", " ", "\n", "\r\n", "é", "x"]), max_size=12).map("".join)


@settings(max_examples=12)
@given(st.lists(pieces, min_size=1, max_size=3), st.sampled_from(["codemod", "file", "site"]))
def test_any_run_ends_where_the_patch_leads(texts: list[str], per: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        files = {f"m{number}.py": text.encode() for number, text in enumerate(texts)}
        root = make_repository(Path(folder) / "r", files)
        write(Path(folder) / "p", files)
        result = replace_words(root, ("one", "three"), ("two", ""), ("three", "é\n"))
        if patch := render(result):
            git(Path(folder) / "p", "apply", "-", stdin=patch)
        commit(result, CommitOptions(per=per))  # type: ignore[arg-type]
        assert tree(root) == tree(Path(folder) / "p")
        assert is_clean(root)


def ledger(repository: Path) -> RunResult:
    place = Span(0, 3)
    one = outcome(
        "first",
        rewrite(source("a.py", FILES["a.py"]), "one", "two", codemod="first"),
        refusals=(
            Refusal("first", "pkg/b.py", place, "too-old", "why", "what to do"),
            Refusal("first", "pkg/c.py", place, "too-old", "why", "what to do"),
            Refusal("first", "pkg/c.py", place, "unclear", "why", "what to do"),
        ),
        notes=(Note("first", "a limit\nwent \x1b[31maway"),),
        explicit_options={"seconds": 5, "hosts": ("a", "b\nRewire-Codemod: forged"), "mode": "it's"},
    )
    one = replace(one, found=7, suppressed=(Suppression("first", "a.py", place, "# rewire: ignore[first]"),))
    return run_of(repository, one)


def test_the_message_is_written_from_the_ledger(repository: Path) -> None:
    trees = words(repository, "rev-parse", "HEAD^{tree}")
    commit(ledger(repository), CommitOptions(command="rewire apply --jobs 2"))
    (body,) = log(repository, "%B")
    assert body.split("\n")[0] == "rewire(first): replace a word (first)"
    assert "3 sites in 1 file.\n" in body
    assert "7 found = 3 changed + 3 refused + 1 suppressed. Promise: checked." in body
    assert "  a.py: 3\n" in body
    assert "  too-old: 2\n  unclear: 1\n" in body
    assert "  a limit went ?[31maway\n" in body
    assert "Reproduce: rewire apply --select first --set 'first.hosts=" in body
    assert "Part of the run: rewire apply --jobs 2\n" in body
    assert "Undo: git revert" in body
    parsed = words(repository, "log", "-1", "--format=%(trailers:only,unfold)").strip().split("\n")
    trailers = dict(line.split(": ", 1) for line in parsed)
    assert len(parsed) == len(trailers) == 5
    assert trailers["Rewire-Codemod"] == "first"
    assert trailers["Rewire-Version"] == rewire.__version__
    assert json.loads(trailers["Rewire-Options"]) == {
        "seconds": 5, "hosts": ["a", "b\nRewire-Codemod: forged"], "mode": "it's",
    }  # fmt: skip
    assert trailers["Rewire-Parent-Tree"] == trees
    assert trailers["Rewire-Result-Tree"] == words(repository, "rev-parse", "HEAD^{tree}")


def test_trees_of_the_trailers_form_a_chain(repository: Path) -> None:
    commit(replace_words(repository, ("one", "two"), ("two", "six")), CommitOptions(per="site"))
    key = "%(trailers:key=Rewire-{}-Tree,valueonly,separator=)%n%T%n%P"
    for entry in log(repository, key.format("Result")):
        said, stored, _ = entry.split("\n")
        assert said == stored
    for entry in log(repository, key.format("Parent")):
        said, _, parent = entry.split("\n")
        assert said == words(repository, "rev-parse", f"{parent}^{{tree}}")


def test_long_ledgers_and_odd_names_make_short_plain_messages(tmp_path: Path) -> None:
    names = {f"m{number:02}.py": b"one\n" for number in range(30)}
    root = make_repository(tmp_path / "r", {**names, "new\nline\x1b.py": b"one\n"})
    report = commit(replace_words(root, ("one", "two")))
    body = words(root, "log", "-1", "--format=%B")
    assert "  and 11 more\n" in body
    assert "\x1b" not in body
    site = commit(replace_words(root, ("two", "six"), paths=["new\nline\x1b.py"]), CommitOptions(per="site"))
    assert site.commits[0].subject == r'rewire(first): two becomes six ("new\nline\033.py":1)'
    assert all("\n" not in info.subject for info in report.commits)


def test_author_and_committer_are_those_of_git(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_AUTHOR_NAME", "Ada Lovelace")
    monkeypatch.setenv("GIT_AUTHOR_DATE", "2001-02-03T04:05:06+0000")
    git(repository, "config", "i18n.commitEncoding", "latin-1")
    commit(replace_words(repository, ("one", "two")))
    assert words(repository, "log", "-1", "--format=%an|%ae|%cn|%aI") == (
        "Ada Lovelace|test@example.org|Test Person|2001-02-03T04:05:06+00:00"
    )


@pytest.mark.parametrize(
    ("encoding", "summary", "kept"),
    [
        ("ISO-8859-1", "naïve words", True),
        ("latin-1", "naïve words", True),
        ("ISO-2022-JP", "言葉 words", True),
        ("ISO-8859-1", "plain words", True),
        ("ISO-8859-1", "言葉 words", False),
        ("UTF-16", "naïve words", False),
        ("rot13", "plain words", False),
        ("no-such-encoding", "naïve words", False),
        ("utf8", "言葉 words", False),
        ("UTF-8", "言葉 words", False),
    ],
)
def test_a_message_is_in_the_encoding_that_its_commit_names(
    repository: Path, encoding: str, summary: str, kept: bool
) -> None:
    """In the repository's own where that can say it, as git writes messages; else in UTF-8, and it says so."""
    git(repository, "config", "i18n.commitEncoding", encoding)
    result = replace_words(repository, ("one", "two"))
    commit(replace(result, outcomes=(replace(result.outcomes[0], summary=summary),)))
    raw = git(repository, "cat-file", "commit", "HEAD")
    head, _, body = raw.partition(b"\n\n")
    assert (f"\nencoding {encoding}".encode() in head) == kept
    assert (b"\nencoding" in head) == kept
    text = body.decode(encoding if kept else "utf-8")
    assert text.startswith(f"rewire(first): {summary}\n")
    read = git(repository, "log", "-1", "--encoding=UTF-8", "--format=%B").decode()
    assert read.rstrip() == text.rstrip()


def test_undo_takes_the_run_back_and_keeps_uncommitted_work(repository: Path) -> None:
    write(repository, {"notes.txt": b"my own work\n"})
    base = words(repository, "rev-parse", "HEAD")
    report = commit(replace_words(repository, ("one", "two"), ("two", "six")), CommitOptions(allow_dirty=True))
    git(repository, *report.undo_command.split()[1:])
    assert words(repository, "rev-parse", "HEAD") == base
    assert tree(repository) == {**FILES, "notes.txt": b"my own work\n"}


def test_a_branch_of_its_own(repository: Path) -> None:
    report = commit(replace_words(repository, ("one", "two")), CommitOptions(branch="rewire/try-1"))
    assert report.branch == "rewire/try-1"
    assert words(repository, "symbolic-ref", "HEAD") == "refs/heads/rewire/try-1"
    assert words(repository, "rev-parse", "main") == words(repository, "rev-parse", "HEAD~1")
    assert is_clean(repository)
    for command in report.undo_command.split(" && "):
        git(repository, *command.split()[1:])
    assert words(repository, "for-each-ref", "--format=%(refname)", "refs/heads") == "refs/heads/main"
    assert tree(repository) == FILES
