"""``rewire apply`` as a process: what it prints where, what it leaves behind, and its exit codes."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from support.command import Command
from support.repositories import git, make_repository, tree, words, write

if TYPE_CHECKING:
    from pathlib import Path

FILES = {
    "app/a.py": 'def f(logger):\n    logger.warn("a")  # why\n    return 1\n',
    "app/b.py": b'logger.warn("b")\r\nx = 1\r\nlogger.warn("c")',
    "app/c.py": "shout = logger.warn\n",
    "app/d.py": 'logger.warn("kept")  # rewire: ignore[logger-warning] on purpose\n',
    "app/nothing.py": "x = 1\n",
    "notes.txt": "logger.warn(1)\n",
}
ONE = ("--select", "logger-warning")
CLEAN = {"app/a.py": FILES["app/a.py"]}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return make_repository(tmp_path / "project", FILES)


@pytest.fixture
def rewire(project: Path, tmp_path: Path) -> Command:
    return Command(project, tmp_path / "site")


def test_a_dry_run_writes_nothing_and_its_patch_is_what_the_real_run_does(rewire: Command, project: Path) -> None:
    before = tree(project)
    dry = rewire("apply", "--dry-run", *ONE)
    assert dry.code == 0
    assert tree(project) == before
    assert words(project, "status", "--porcelain") == ""
    git(project, "apply", "--check", "-", stdin=dry.out)
    git(project, "apply", "-", stdin=dry.out)
    patched = tree(project)
    assert patched != before
    git(project, "checkout", "-q", ".")
    assert rewire("apply", *ONE).code == 0
    assert tree(project) == patched


def test_a_piped_dry_run_has_nothing_but_the_patch_on_stdout(rewire: Command) -> None:
    done = rewire("apply", "--dry-run", *ONE)
    assert done.out.startswith(b"diff --git a/app/a.py b/app/a.py\n")
    assert b"\x1b" not in done.out
    assert "\x1b" not in done.err
    assert "would change 2 files" in done.err
    assert "nothing was written" in done.err


def test_the_table_shows_that_the_books_balance(rewire: Command) -> None:
    lines = [line.split() for line in rewire("apply", "--dry-run", *ONE).err.splitlines()]
    assert ["codemod", "promise", "files", "found", "=", "changed", "+", "refused", "+", "suppressed"] in lines
    assert ["logger-warning", "checked", "2", "5", "3", "1", "1"] in lines


def test_refusals_are_shown_by_code_with_place_and_advice(rewire: Command) -> None:
    told = rewire("apply", "--dry-run", *ONE).err
    assert "not-called (1): handed around, not called" in told
    assert "app/c.py:1" in told
    assert "-> rename it by hand" in told


def test_apply_makes_one_commit_and_says_how_to_undo_it(rewire: Command, project: Path) -> None:
    before, head = tree(project), words(project, "rev-parse", "HEAD")
    done = rewire("apply", *ONE)
    assert done.code == 0
    assert done.err == ""
    assert words(project, "rev-list", "--count", f"{head}..HEAD") == "1"
    subject = words(project, "log", "-1", "--format=%s")
    assert subject == "rewire(logger-warning): call logger.warning instead of the deprecated logger.warn"
    assert f"{words(project, 'rev-parse', '--short=10', 'HEAD')} {subject}" in done.text
    assert words(project, "status", "--porcelain") == ""
    undo = done.text.partition("to take it back: ")[2].strip()
    assert undo.startswith("git ")
    git(project, *undo.split()[1:])
    assert tree(project) == before
    assert words(project, "rev-parse", "HEAD") == head


def test_a_second_run_changes_nothing_and_says_so(rewire: Command, project: Path) -> None:
    rewire("apply", *ONE)
    head = words(project, "rev-parse", "HEAD")
    again = rewire("apply", *ONE)
    assert again.code == 0
    assert "nothing to change" in again.text
    assert words(project, "rev-parse", "HEAD") == head


def test_commits_of_a_file_each(rewire: Command, project: Path) -> None:
    assert rewire("apply", "--commit-per", "file", *ONE).code == 0
    changed = words(project, "log", "-2", "--format=", "--name-only").split()
    assert sorted(changed) == ["app/a.py", "app/b.py"]


def test_commits_on_a_new_branch(rewire: Command, project: Path) -> None:
    head = words(project, "rev-parse", "main")
    done = rewire("apply", "--branch", "rewire/warn", *ONE)
    assert "on branch rewire/warn" in done.text
    assert words(project, "rev-parse", "main") == head
    assert words(project, "rev-list", "--count", "main..rewire/warn") == "1"


def test_no_commit_writes_the_files(rewire: Command, project: Path) -> None:
    head = words(project, "rev-parse", "HEAD")
    assert rewire("apply", "--no-commit", *ONE).code == 0
    assert words(project, "rev-parse", "HEAD") == head
    assert words(project, "diff", "--name-only").split() == ["app/a.py", "app/b.py"]


def test_outside_git(rewire: Command, project: Path) -> None:
    import shutil

    shutil.rmtree(project / ".git")
    before = tree(project)
    refused = rewire("apply", *ONE)
    assert refused.code == 2
    assert "not in a git repository" in refused.err
    assert "--no-commit" in refused.err
    assert tree(project) == before
    assert rewire("apply", "--dry-run", *ONE).code == 0
    assert rewire("apply", "--no-commit", *ONE).code == 0
    assert b"logger.warning" in tree(project)["app/a.py"]


@pytest.mark.parametrize("arguments", [("app/a.py",), ("app", "--exclude", "b.py"), (".", "--exclude", "app/b*")])
def test_paths_and_exclude_narrow_the_run(rewire: Command, arguments: tuple[str, ...]) -> None:
    patch = rewire("apply", "--dry-run", *ONE, *arguments).text
    assert "a/app/a.py" in patch
    assert "app/b.py" not in patch


def test_check_exits_1_when_there_is_work_and_0_when_there_is_none(rewire: Command, project: Path) -> None:
    before = tree(project)
    found = rewire("apply", "--check", *ONE)
    assert found.code == 1
    assert "would change 2 files" in found.err
    assert tree(project) == before
    assert rewire("apply", "--check", *ONE, "app/nothing.py").code == 0
    quiet = rewire("apply", "--check", "--quiet", *ONE)
    assert (quiet.code, quiet.out, quiet.err) == (1, b"", "")


def test_set_reaches_the_codemod(rewire: Command) -> None:
    assert rewire("apply", "--dry-run", *ONE, "--set", "logger-warning.names=log").out == b""
    kept = rewire("apply", "--dry-run", *ONE, "--set", "logger-warning.names=log,logger")
    assert b"logger.warning" in kept.out


def test_configuration_reaches_the_run(rewire: Command, project: Path) -> None:
    write(
        project,
        {
            "pyproject.toml": '[tool.rewire]\nselect = ["logger-warning"]\nexclude = ["a.py"]\n\n'
            '[tool.rewire.logger-warning]\nnames = ["logger"]\n'
        },
    )
    done = rewire("apply", "--dry-run", "--format", "json", "app")
    (codemod,) = json.loads(done.out)["codemods"]
    assert codemod["explicit_options"] == {"names": ["logger"]}
    assert [file["path"] for file in codemod["files"]] == ["app/b.py"]


def test_output_puts_the_product_into_a_file(rewire: Command, project: Path, tmp_path: Path) -> None:
    patch = rewire("apply", "--dry-run", *ONE).out
    done = rewire("apply", "--dry-run", "--output", str(tmp_path / "x.patch"), *ONE)
    assert (tmp_path / "x.patch").read_bytes() == patch
    assert b"diff --git" not in done.out
    assert "would change 2 files" in done.text
    failed = rewire("apply", "--dry-run", "--output", str(tmp_path / "no" / "x.patch"), *ONE)
    assert failed.code == 4
    assert "cannot be written" in failed.err


def test_quiet_keeps_the_product_and_nothing_else(rewire: Command) -> None:
    done = rewire("apply", "--dry-run", "--quiet", *ONE)
    assert done.out.startswith(b"diff --git")
    assert done.err == ""


def test_json_of_a_real_run_names_its_commits(rewire: Command, project: Path) -> None:
    document = json.loads(rewire("apply", "--format", "json", *ONE).out)
    assert document["mode"] == "apply"
    assert [commit["sha"] for commit in document["commits"]] == [words(project, "rev-parse", "HEAD")]
    assert document["exit_code"] == 0


def test_an_unused_suppression_is_reported(rewire: Command, project: Path) -> None:
    write(project, {"app/e.py": "x = 1  # rewire: ignore[logger-warning] no longer needed\n"})
    assert "unused: app/e.py:1" in rewire("apply", "--dry-run", *ONE).err
    assert "unused: app/e.py:1" in rewire("apply", "--dry-run", *ONE, "--exclude", "app/a.py").err


def test_on_a_narrowed_run_only_comments_that_name_no_codemod_are_reported(rewire: Command, project: Path) -> None:
    """What a comment suppresses may hang together with files that such a run does not look at."""
    write(project, {"app/e.py": "x = 1  # rewire: ignore[logger-warning] of a whole\ny = 1  # rewire: ignore\n"})
    assert "unused: app/e.py:1" in rewire("apply", "--dry-run", *ONE, "app").err, "which is everything there is"
    for narrow in (("app/e.py",), ("--since", "HEAD")):
        for _ in range(2):  # the second time out of the cache
            told = rewire("apply", "--dry-run", *ONE, *narrow).err
            assert "unused: app/e.py:2" in told
            assert "unused: app/e.py:1" not in told


def test_on_a_terminal_the_diff_is_coloured_and_by_codemod(rewire: Command, project: Path) -> None:
    seen = rewire.on_terminal("apply", "--dry-run", *ONE).text
    assert "\x1b[1;35m=== logger-warning: call logger.warning" in seen
    assert '\x1b[31m-    logger.warn("a")  # why\x1b[0m\n\x1b[32m+    logger.warning("a")  # why\x1b[0m' in seen
    assert "diff --git" not in seen
    assert "would change 2 files" in seen


@pytest.mark.parametrize(
    ("arguments", "environment", "coloured"),
    [
        ((), {"NO_COLOR": "1"}, False),
        ((), {"NO_COLOR": "1", "FORCE_COLOR": "1"}, False),
        ((), {"NO_COLOR": ""}, True),
        ((), {"TERM": "dumb"}, False),
        (("--color", "never"), {}, False),
        (("--color", "always"), {"NO_COLOR": "1"}, True),
    ],
)
def test_who_decides_on_colour_on_a_terminal(
    rewire: Command, arguments: tuple[str, ...], environment: dict[str, str], coloured: bool
) -> None:
    seen = rewire.on_terminal("apply", "--dry-run", *ONE, *arguments, **environment).out
    assert bool(re.search(rb"\x1b\[[1-9][\d;]*m", seen)) is coloured
    assert b"logger.warning" in seen


@pytest.mark.parametrize("way", ["option", "environment"])
def test_colour_can_be_forced_through_a_pipe_but_never_into_the_patch(rewire: Command, way: str) -> None:
    arguments, environment = (("--color", "always"), {}) if way == "option" else ((), {"FORCE_COLOR": "1"})
    done = rewire("apply", "--dry-run", *ONE, *arguments, **environment)
    assert b"\x1b" not in done.out
    assert "\x1b[" in done.err


def test_hostile_names_and_code_cannot_steer_the_terminal(rewire: Command, project: Path) -> None:
    evil = "\x1b]0;owned\x07\x1b[2J\u202e\u200b\x9b1m"
    write(
        project,
        {
            f"app/{evil}.py": f'logger.warn("{evil}")\nshout = logger.warn\n',
            f"app/\x1b[31mbroken{evil}.py": "logger.warn(\n",
        },
    )
    for arguments in (("--dry-run",), ("--dry-run", "--verbose"), ("--no-commit",)):
        done = rewire.on_terminal("apply", *arguments, *ONE, TERM="dumb")
        assert done.code == 3
        for character in "\x1b\x07\x9b\u202e\u200b":
            assert character not in done.text
        assert "\\x1b[31mbroken" in done.text


def test_the_patch_of_a_hostile_name_still_applies(rewire: Command, project: Path) -> None:
    write(project, {"app/\x1b[2J\tx.py": 'logger.warn("\x1b[2J")\n'})
    patch = rewire("apply", "--dry-run", *ONE).out
    git(project, "apply", "--check", "-", stdin=patch)
    assert b'"a/app/\\033[2J\\tx.py"' in patch


def test_the_figures_are_whole_on_a_narrow_terminal(rewire: Command) -> None:
    seen = rewire.on_terminal("apply", "--dry-run", *ONE, "--color", "never", COLUMNS="20").text
    assert "logger-warning  checked      2      5          3          1             1\n" in seen


def test_verbose_shows_options_and_timings(rewire: Command) -> None:
    assert re.search(r"^logger-warning: \d+\.\d\d s  names=", rewire("apply", "--dry-run", "-v", *ONE).err, re.M)


def test_a_terminal_that_lacks_characters_shows_the_rest(rewire: Command, project: Path) -> None:
    write(project, {"app/größe.py": "shout = logger.warn\n", "app/z.py": 'logger.warn("größe")\n'})
    for arguments in (("--dry-run",), ("--no-commit",)):
        seen = rewire.on_terminal("apply", *arguments, *ONE, "--color", "never", PYTHONIOENCODING="ascii")
        assert seen.code == 0
        assert "app/gr\\xf6\\xdfe.py:1" in seen.text


def test_from_a_folder_below_and_from_elsewhere(rewire: Command, project: Path, tmp_path: Path) -> None:
    rewire.folder = project / "app"
    below = rewire("apply", "--dry-run", *ONE).out
    git(project / "app", "apply", "--check", "-", stdin=below)
    rewire.folder = tmp_path
    elsewhere = rewire("apply", "--dry-run", *ONE, "project")
    assert elsewhere.out == below
    assert below.startswith(b"diff --git a/app/a.py")
    assert rewire("apply", *ONE, "project").code == 0
    assert words(project, "status", "--porcelain") == ""
