"""discover: git's own list inside a repository, the tree outside; links, submodules and closed folders left alone."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.permissions import NOBODY, give_to_nobody, open_folder, without_rights
from support.repositories import git, make_repository, write

from rewire.discover import Discovered, discover
from rewire.discover.repository import explain_git_refusal
from rewire.errors import GitError, UsageError


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "project"
    root.mkdir()
    monkeypatch.chdir(root)
    return root


def files(found: Discovered) -> set[str]:
    return {*found.selected, *found.context, *found.others}


PROJECT = {
    "a.py": "",
    "pkg/b.py": "",
    "pkg/stub.pyi": "",
    "pkg/data.txt": "",
    "ünïcødé/naïve name.py": "",
    "README.md": "",
}


def test_tracked_and_untracked_files_that_git_does_not_ignore(here: Path) -> None:
    make_repository(here, {**PROJECT, ".gitignore": "build/\n*.gen.py\n"})
    write(here, {"new.py": "", "build/x.py": "", "y.gen.py": "", "pkg/.gitignore": "/local.py\n", "pkg/local.py": ""})
    found = discover([])
    assert found.root == found.repository == here
    assert found.selected == ("a.py", "new.py", "pkg/b.py", "pkg/stub.pyi", "ünïcødé/naïve name.py")
    assert found.context == ()
    assert found.others == (".gitignore", "README.md", "pkg/.gitignore", "pkg/data.txt")
    assert found.failures == ()


@pytest.mark.parametrize("in_git", [True, False])
def test_a_virtual_environment_is_not_the_project_even_if_somebody_committed_it(here: Path, *, in_git: bool) -> None:
    theirs = {
        "backend/env/pyvenv.cfg": "home = /usr/bin\n",
        "backend/env/bin/activate_this.py": "",
        "backend/env/lib/python3.12/site-packages/pip/__init__.py": "",
    }
    ours = {"backend/env.py": "", "backend/environment/a.py": "", "backend/env_/b.py": ""}
    (make_repository if in_git else write)(here, {**theirs, **ours})
    assert files(discover([])) == set(ours)
    if in_git:
        assert files(discover([Path("backend")])) == set(ours)
        meant = discover([Path("backend/env/lib")])
        assert meant.selected == ("backend/env/lib/python3.12/site-packages/pip/__init__.py",)
        assert set(ours) <= set(meant.context)


def test_paths_select_and_the_rest_is_context(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_repository(here, PROJECT)
    assert discover([Path("pkg")]).selected == ("pkg/b.py", "pkg/stub.pyi")
    assert discover([Path("pkg")]).context == ("a.py", "ünïcødé/naïve name.py")
    assert discover([Path("a.py"), here / "pkg" / "b.py"]).selected == ("a.py", "pkg/b.py")
    monkeypatch.chdir(here / "pkg")
    assert discover([]).selected == ("pkg/b.py", "pkg/stub.pyi")
    assert discover([Path("../a.py")]).selected == ("a.py",)
    assert discover([]).root == here


def test_a_folder_whose_name_begins_another_is_not_that_other(here: Path) -> None:
    make_repository(here, {"app/x.py": "", "app2/x.py": "", "app.py": ""})
    assert discover([Path("app")]).selected == ("app/x.py",)


def test_paths_narrow_a_run_where_they_leave_out_what_is_not_excluded(here: Path) -> None:
    make_repository(here, {**PROJECT, "pkg/sub/c.py": "", "vendor/v.py": ""})
    assert not discover([]).narrowed
    assert not discover([], exclude=["vendor/"]).narrowed
    assert not discover([Path("pkg")], exclude=["/*.py", "/ünïcødé/", "vendor/"]).narrowed
    assert discover([Path("pkg")], exclude=["/*.py", "/ünïcødé/"]).narrowed
    assert discover([Path("a.py")]).narrowed
    whole = discover([])
    assert whole.narrowed_to({"a.py"}).narrowed
    assert not whole.narrowed_to(set(whole.selected)).narrowed
    assert discover([Path("a.py")]).narrowed_to({"a.py"}).narrowed


def test_exclude_takes_patterns_of_gitignore_and_leaves_the_files_to_project_wide_questions(here: Path) -> None:
    make_repository(
        here, {"a.py": "", "vendor/x.py": "", "app/vendor/y.py": "", "app/gen_pb2.py": "", "app/keep.py": ""}
    )
    assert discover([], exclude=["vendor/", "*_pb2.py"]).selected == ("a.py", "app/keep.py")
    assert discover([], exclude=["/vendor/"]).selected == ("a.py", "app/gen_pb2.py", "app/keep.py", "app/vendor/y.py")
    assert discover([], exclude=["*", "!a.py"]).selected == ("a.py",)
    assert "vendor/x.py" in discover([], exclude=["vendor/"]).context


def test_a_bad_pattern_is_the_users_mistake(here: Path) -> None:
    make_repository(here, {"a.py": ""})
    with pytest.raises(UsageError, match="--exclude"):
        discover([], exclude=["!"])


def test_deleted_files_are_not_listed(here: Path) -> None:
    make_repository(here, {"a.py": "", "gone.py": "", "staged.py": ""})
    (here / "gone.py").unlink()
    git(here, "rm", "-q", "--cached", "staged.py")
    (here / "staged.py").unlink()
    assert discover([]).selected == ("a.py",)


def test_a_file_with_conflicts_is_listed_once(here: Path) -> None:
    make_repository(here, {"a.py": "one\n"})
    git(here, "checkout", "-q", "-b", "side")
    write(here, {"a.py": "two\n"})
    git(here, "commit", "-qam", "two")
    git(here, "checkout", "-q", "main")
    write(here, {"a.py": "three\n"})
    git(here, "commit", "-qam", "three")
    git(here, "merge", "side", check=False)
    assert discover([]).selected == ("a.py",)


def test_symbolic_links_are_left_alone(here: Path, tmp_path: Path) -> None:
    write(tmp_path, {"outside/evil.py": "", "outside.py": ""})
    make_repository(here, {"real.py": "", "pkg/x.py": "", "was/y.py": ""})
    (here / "link.py").symlink_to("real.py")
    (here / "out.py").symlink_to("../outside.py")
    (here / "linked").symlink_to("../outside")
    (here / "dangling.py").symlink_to("nowhere.py")
    git(here, "add", "-A")
    git(here, "commit", "-qm", "links")
    # A tracked folder that has become a link since: git still lists what was below it.
    (here / "was" / "y.py").rename(tmp_path / "outside" / "y.py")
    (here / "was").rmdir()
    (here / "was").symlink_to("../outside")
    assert files(discover([])) == {"real.py", "pkg/x.py"}


def test_a_link_named_on_the_command_line_means_its_target(here: Path, tmp_path: Path) -> None:
    write(tmp_path, {"outside.py": ""})
    make_repository(here, {"real.py": "", "other.py": ""})
    (here / "link.py").symlink_to("real.py")
    (here / "out.py").symlink_to("../outside.py")
    assert discover([Path("link.py")]).selected == ("real.py",)
    with pytest.raises(UsageError, match="outside"):
        discover([Path("real.py"), Path("out.py")])


def test_submodules_and_nested_repositories_belong_to_somebody_else(here: Path, tmp_path: Path) -> None:
    make_repository(tmp_path / "lib", {"inner.py": ""})
    make_repository(here, {"a.py": ""})
    git(here, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(tmp_path / "lib"), "vendor/lib")
    make_repository(here / "nested", {"n.py": ""})
    assert discover([]).selected == ("a.py",)
    assert files(discover([])) == {"a.py", ".gitmodules"}
    assert discover([Path("vendor/lib")]).selected == ("inner.py",)
    with pytest.raises(UsageError, match="another repository"):
        discover([Path("a.py"), Path("vendor/lib/inner.py")])


def test_a_linked_work_tree(here: Path, tmp_path: Path) -> None:
    make_repository(here, {"a.py": ""})
    git(here, "worktree", "add", "-q", str(tmp_path / "second"), "-b", "second")
    found = discover([tmp_path / "second"])
    assert (found.root, found.selected) == (tmp_path / "second", ("a.py",))


def test_names_that_quoting_would_spoil(here: Path) -> None:
    names = ["new\nline.py", 'quo"te.py', "tab\t.py", " leading.py", "-dash.py", "café.py", os.fsdecode(b"caf\xe9.py")]
    make_repository(here, dict.fromkeys(names, "x = 1\n"))
    assert discover([]).selected == tuple(sorted(names))
    assert discover([Path("-dash.py")]).selected == ("-dash.py",)


def test_an_ignored_file_that_is_named_is_selected(here: Path) -> None:
    make_repository(here, {"a.py": "", ".gitignore": "gen.py\n"})
    write(here, {"gen.py": ""})
    assert discover([]).selected == ("a.py",)
    assert discover([Path("gen.py")]).selected == ("gen.py",)


def test_a_script_without_a_suffix_is_python_by_its_first_line_if_named(here: Path) -> None:
    make_repository(here, {"tool": "#!/usr/bin/env python3\n", "notes.txt": "hello\n", "run.sh": "#!/bin/sh\n"})
    assert discover([]).selected == ()
    assert discover([Path("tool")]).selected == ("tool",)
    for name in ("notes.txt", "run.sh"):
        with pytest.raises(UsageError, match="not a Python file") as caught:
            discover([Path(name)])
        assert caught.value.advice


@pytest.mark.parametrize("path", ["missing.py", "missing/", "a.py/x"])
def test_a_path_that_does_not_exist(here: Path, path: str) -> None:
    make_repository(here, {"a.py": ""})
    with pytest.raises(UsageError) as caught:
        discover([Path(path)])
    assert path.rstrip("/") in str(caught.value)
    assert caught.value.advice


def test_a_path_outside_the_repository(here: Path, tmp_path: Path) -> None:
    make_repository(here, {"a.py": ""})
    write(tmp_path, {"elsewhere/b.py": ""})
    with pytest.raises(UsageError, match=r"elsewhere.* outside"):
        discover([Path("a.py"), tmp_path / "elsewhere"])


def test_the_tree_outside_git(here: Path) -> None:
    write(
        here,
        {
            **PROJECT,
            ".venv/lib/x.py": "",
            "node_modules/y.py": "",
            "pkg/__pycache__/z.py": "",
            ".gitignore": "build\n*.tmp.py\n",
            "build/w.py": "",
            "v.tmp.py": "",
            "pkg/.gitignore": "!kept.tmp.py\n/own.py\n",
            "pkg/kept.tmp.py": "",
            "pkg/own.py": "",
            "pkg/sub/own.py": "",
        },
    )
    (here / "link.py").symlink_to("a.py")
    found = discover([])
    assert (found.root, found.repository) == (here, None)
    assert found.selected == (
        "a.py", "pkg/b.py", "pkg/kept.tmp.py", "pkg/stub.pyi", "pkg/sub/own.py", "ünïcødé/naïve name.py",
    )  # fmt: skip


def test_outside_git_the_list_is_the_one_git_would_give(here: Path) -> None:
    write(
        here, {**PROJECT, ".gitignore": "b*\n!/pkg/b.py\ndata.txt\n", "b/c.py": "", "x/.gitignore": "*\n", "x/d.py": ""}
    )
    outside = discover([])
    git(here, "init", "-q")
    assert files(outside) == files(discover([]))


parts = st.sampled_from(["a", "b", "ab", "x"])
trees = st.sets(st.lists(parts, min_size=1, max_size=3).map("/".join), min_size=1, max_size=12)
patterns = st.builds(
    "{}{}{}{}".format,
    st.sampled_from(["", "", "!"]),
    st.sampled_from(["", "/", "**/", "a/"]),
    st.sampled_from(["a", "b", "*", "a*", "?", "[ab]", "x.py", "*.py", "**"]),
    st.sampled_from(["", "", "/", "/*", "/**"]),
)
ignores = st.dictionaries(st.sampled_from(["", "a/", "b/", "a/b/"]), st.lists(patterns, max_size=4), max_size=3)


@settings(max_examples=50)
@given(trees, ignores)
def test_any_gitignore_outside_git_means_what_git_takes_it_for(tree: set[str], rules: dict[str, list[str]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder).resolve()
        write(root, {f"{path}.py": b"" for path in tree})
        write(root, {f"{place}.gitignore": "\n".join(lines) for place, lines in rules.items()})
        outside = discover([root])
        git(root, "init", "-q")
        assert files(outside) == files(discover([root]))


def test_outside_git_the_root_is_the_given_one_or_what_the_paths_share(here: Path) -> None:
    write(here, {"one/a.py": "", "one/deep/b.py": "", "two/c.py": ""})
    assert discover([Path("one/a.py"), Path("one/deep")]).root == here / "one"
    found = discover([Path("one/deep")], root=here)
    assert (found.root, found.selected, found.context) == (here, ("one/deep/b.py",), ("one/a.py", "two/c.py"))


def test_without_a_git_program_a_repository_is_a_tree(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_repository(here, {"a.py": "", "pkg/b.py": ""})
    monkeypatch.setenv("PATH", "")
    found = discover([Path("pkg")])
    assert (found.root, found.repository) == (here, None)
    assert (found.selected, found.context) == (("pkg/b.py",), ("a.py",))


def test_a_folder_without_permission_is_named_and_costs_nothing_else() -> None:
    with open_folder() as folder:
        make_repository(folder / "in", {"a.py": "", "closed/b.py": "", "closed/deep/c.py": ""})
        write(folder, {"in/secret/new.py": "", "out/a.py": "", "out/secret/b.py": ""})
        give_to_nobody(folder)
        closed = [folder / "in/closed", folder / "in/secret", folder / "out/secret"]
        for place in closed:
            place.chmod(0)
        try:
            with without_rights():
                inside = discover([folder / "in"])
                outside = discover([folder / "out"])
        finally:
            for place in closed:
                place.chmod(0o755)
    assert inside.selected == ("a.py",)
    assert {failure.path for failure in inside.failures} == {"closed", "closed/deep", "secret"}
    assert outside.selected == ("a.py",)
    assert [(failure.path, failure.code) for failure in outside.failures] == [("secret", "unreadable")]
    assert all(failure.advice for failure in (*inside.failures, *outside.failures))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can own somebody else's files")
def test_dubious_ownership_is_a_clear_error() -> None:
    with open_folder() as folder:
        make_repository(folder, {"a.py": ""})
        os.chown(folder, NOBODY, NOBODY)
        with pytest.raises(GitError, match="dubious ownership") as caught:
            discover([folder])
    assert f"safe.directory '{folder}'" in caught.value.advice


def test_a_bare_repository_and_a_git_directory_have_no_files(here: Path, tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "--bare", "bare.git")
    with pytest.raises(GitError, match="bare") as caught:
        discover([tmp_path / "bare.git"])
    assert caught.value.advice
    make_repository(here, {"a.py": ""})
    with pytest.raises(GitError, match=r"\.git"):
        discover([here / ".git"])


def test_a_broken_repository_is_not_taken_for_none(here: Path) -> None:
    write(here, {"a.py": "", ".git": "gitdir: /nowhere/at/all\n"})
    with pytest.raises(GitError, match="nowhere"):
        discover([])


def test_a_hostile_configuration_starts_nothing(here: Path, tmp_path: Path) -> None:
    make_repository(here, {"a.py": "x = 1\n", ".gitattributes": "*.py filter=evil\n"})
    program = tmp_path / "evil.sh"
    program.write_text(f"#!/bin/sh\ntouch '{tmp_path}/ran'\ncat\n")
    program.chmod(0o755)
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    for name in ("post-index-change", "fsmonitor-watchman"):
        (hooks / name).symlink_to(program)
    for name in ("core.fsmonitor", "filter.evil.clean", "filter.evil.process", "core.editor", "core.sshCommand"):
        git(here, "config", name, str(program))
    git(here, "config", "core.hooksPath", str(hooks))
    os.utime(here / "a.py", (1, 1))
    assert discover([]).selected == ("a.py",)
    assert not (tmp_path / "ran").exists()


def test_the_control_of_that_test_git_itself_would_have_started_it(here: Path, tmp_path: Path) -> None:
    make_repository(here, {"a.py": "x = 1\n"})
    git(here, "config", "core.fsmonitor", f"touch '{tmp_path}/ran'; false")
    subprocess.run(["git", "ls-files", "-co"], cwd=here, check=False, capture_output=True)
    assert (tmp_path / "ran").exists()


def test_variables_of_a_hook_do_not_lead_to_another_repository(
    here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_repository(here, {"a.py": ""})
    other = make_repository(tmp_path / "other", {"b.py": ""})
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other / ".git/index"))
    assert discover([]).selected == ("a.py",)


NAMES = ("a", "b", "a/c", "a/d", "a/c/e", "a/c/f", "b/g", "x.py", "a/y.py", "a/c/z.py", "b/g/h.py")
"""Paths that get in each other's way: most are a file in one state of the work tree and a folder in another."""


@settings(max_examples=60, deadline=None)
@given(
    tracked=st.sets(st.sampled_from(NAMES)),
    later=st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(["file", "link", "gone", "folder"])), max_size=6),
    ignored=st.sets(st.sampled_from(["x.py", "e", "c/", "/a", "*.py"]), max_size=2),
)
def test_any_work_tree_is_listed_as_git_lists_it(
    tracked: set[str], later: list[tuple[str, str]], ignored: set[str]
) -> None:
    """git is asked for untracked files where the folders show any, and so says the same as if it were always asked."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder).resolve()
        first = {path for path in tracked if not any(other.startswith(f"{path}/") for other in tracked)}
        make_repository(root, dict.fromkeys([*first, "kept.py"], ""))
        if ignored:
            (root / ".gitignore").write_text("".join(f"{line}\n" for line in sorted(ignored)))
        for path, kind in later:
            _put(root, path, kind)
        listed = git(root, "ls-files", "-z", "--cached", "--others", "--exclude-standard").decode().split("\0")
        expected = {path for path in listed if path and not path.endswith("/") and _is_plain(root, path)}
        assert files(discover([root])) == expected


def _put(root: Path, path: str, kind: str) -> None:
    """Let ``path`` be a file, a link or an empty folder, or be gone, whatever is in the way."""
    place = root / path
    for part in (*reversed(place.relative_to(root).parents), place.relative_to(root)):
        found = root / part
        if found.is_symlink() or (found.exists() and (found == place or not found.is_dir())):
            shutil.rmtree(found) if found.is_dir() and not found.is_symlink() else found.unlink()
    if kind == "gone":
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    if kind == "file":
        place.touch()
    elif kind == "link":
        place.symlink_to("kept.py")
    else:
        place.mkdir()


def _is_plain(root: Path, path: str) -> bool:
    """True for a regular file that no symbolic link leads to."""
    parts = [root / parent for parent in Path(path).parents]
    return (root / path).is_file() and not any(place.is_symlink() for place in (*parts, root / path) if place != root)


def test_a_fresh_checkout_is_listed_without_a_search_for_untracked_files(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_repository(here, {"src/deep/a.py": "", "b.py": ""})
    monkeypatch.setattr("rewire.discover.repository._Untracked.ask", lambda _: pytest.fail("there are none"))
    assert discover([]).selected == ("b.py", "src/deep/a.py")


@pytest.mark.parametrize("new", ["c.py", "src/c.py", "src/deep/c.py", "src/deep/er/c.py", "src/other/c.py"])
def test_a_new_file_is_found_wherever_it_lies(here: Path, new: str) -> None:
    make_repository(here, {"src/deep/a.py": "", "b.py": ""})
    write(here, {new: ""})
    assert new in discover([]).selected


def test_an_empty_project(here: Path) -> None:
    assert files(discover([])) == set()
    git(here, "init", "-q")
    assert files(discover([])) == set()


def test_a_git_that_was_killed_is_told_as_such(tmp_path: Path) -> None:
    error = explain_git_refusal(tmp_path, "")
    assert "it ended without a word, as one does that was killed" in error.message
