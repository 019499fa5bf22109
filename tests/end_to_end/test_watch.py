"""``rewire apply --watch``: real processes in real repositories, on pipes and on a terminal."""

from __future__ import annotations

import json
import os
import re
import shutil
from typing import TYPE_CHECKING

import pytest
from support.command import Command
from support.live import Live
from support.repositories import git, make_repository, tree, words, write

if TYPE_CHECKING:
    from pathlib import Path

FILES = {
    "app/a.py": 'logger.warn("a")\n',
    "app/b.py": "x = 1\n",
    ".gitignore": "build/\n",
}
ONE = ("--select", "logger-warning")
WATCH = ("apply", "--dry-run", "--watch", *ONE)
END = re.compile(rb"^# rewire: end of run (\d+)( \(failed\))?\n", re.MULTILINE)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return make_repository(tmp_path / "project", FILES)


@pytest.fixture
def rewire(project: Path, tmp_path: Path) -> Command:
    return Command(project, tmp_path / "site")


def patches(live: Live, number: int) -> list[bytes]:
    """The patches of the first runs, cut at the lines that end them."""
    heard = live.out.until(lambda said: len(END.findall(said)) >= number, f"the end of run {number}")
    pieces = END.split(heard)
    assert [int(told) for told in pieces[1::3]] == list(range(1, len(pieces) // 3 + 1))
    return pieces[0::3][:number]


def test_each_save_is_answered_with_the_patch_that_a_dry_run_gives(rewire: Command, project: Path) -> None:
    with Live(rewire, *WATCH) as live:
        (first,) = patches(live, 1)
        assert first == rewire("apply", "--dry-run", *ONE).out
        write(project, {"app/b.py": 'logger.warn("b")\n'})
        second = patches(live, 2)[1]
        assert second == rewire("apply", "--dry-run", *ONE).out
        assert b"app/b.py" in second
        write(project, {"app/a.py": "", "app/b.py": ""})
        assert patches(live, 3)[2] == b""
        said = live.err.text("nothing to change")
    assert "app/b.py changed; looking again\n" in said
    assert "would change 2 files; 2 files in" in said


def test_git_apply_takes_no_notice_of_the_line_that_ends_a_patch(rewire: Command, project: Path) -> None:
    write(project, {"app/b.py": b'logger.warn("no newline at the end")'})
    with Live(rewire, *WATCH) as live:
        patches(live, 1)
        whole = live.out.bytes
    assert whole.endswith(b"# rewire: end of run 1\n")
    git(project, "apply", "-", stdin=whole)
    assert (project / "app/b.py").read_bytes() == b'logger.warning("no newline at the end")'
    assert (project / "app/a.py").read_bytes() == b'logger.warning("a")\n'


def test_nothing_is_written(rewire: Command, project: Path) -> None:
    before, status = tree(project), words(project, "status", "--porcelain")
    with Live(rewire, *WATCH) as live:
        patches(live, 1)
        write(project, {"app/b.py": 'logger.warn("b")\n'})
        patches(live, 2)
        assert live.press_ctrl_c() == 130
    write(project, {"app/b.py": FILES["app/b.py"]})
    assert tree(project) == before
    assert words(project, "status", "--porcelain") == status


def test_ctrl_c_ends_it_while_it_waits(rewire: Command) -> None:
    with Live(rewire, *WATCH) as live:
        live.rounds(1)
        assert live.press_ctrl_c() == 130
        assert live.err.text("interrupted").endswith("rewire: interrupted; nothing was written\n")


def test_ctrl_c_ends_it_in_the_middle_of_a_run(rewire: Command, project: Path) -> None:
    write(project, {f"many/m{number}.py": f'logger.warn("{number}")\n' for number in range(600)})
    with Live(rewire, *WATCH, "--jobs", "2") as live:
        patches(live, 1)
        write(project, {f"many/m{number}.py": f'logger.warn("x{number}")\n' for number in range(600)})
        live.err.text("looking again")
        assert live.press_ctrl_c() == 130
        assert "Traceback" not in live.err.text("interrupted")


@pytest.mark.parametrize(
    ("arguments", "says", "advice"),
    [
        (("apply", "--watch"), "--watch never writes", "add --dry-run"),
        (("apply", "--watch", "--no-commit"), "--watch never writes", "add --dry-run"),
        (("apply", "--watch", "--check", "--executor", "dask"), "--watch and --executor dask", "leave one"),
        (("apply", "--watch", "--check", "--select", "nothing-like-it"), "there is no codemod 'nothing-like-it'", ""),
        (("apply", "--watch", "--check", "nowhere"), "no such file or directory: nowhere", ""),
        (("apply", "--watch", "--check", "--since", "nowhere"), "git knows no commit of that name", ""),
    ],
)
def test_what_cannot_be_watched_is_said_at_once(
    rewire: Command, project: Path, arguments: tuple[str, ...], says: str, advice: str
) -> None:
    before = tree(project)
    done = rewire(*arguments)
    assert (done.code, done.out) == (2, b"")
    assert says in done.err
    assert advice in done.err
    assert tree(project) == before


def test_without_watchfiles_the_extra_is_named(rewire: Command, tmp_path: Path) -> None:
    write(tmp_path / "site", {"watchfiles.py": "raise ImportError\n"})
    done = rewire(*WATCH)
    assert (done.code, done.out) == (2, b"")
    assert "pip install 'rewire-codemods[watch]'" in done.err
    assert rewire("apply", "--dry-run", *ONE).code == 0


def test_a_burst_of_saves_is_few_runs_and_the_last_one_sees_them_all(rewire: Command, project: Path) -> None:
    with Live(rewire, *WATCH) as live:
        patches(live, 1)
        for number in range(200):
            write(project, {f"app/n{number}.py": f'logger.warn("{number}")\n'})
        heard = live.out.until(
            lambda said: END.split(said)[-4].count(b"diff --git") == 201 if END.search(said) else False, "all 201 files"
        )
    assert len(END.findall(heard)) <= 20


def test_a_save_during_a_run_starts_another_after_it(rewire: Command, project: Path) -> None:
    """The first run cannot end before its patch is read: it is longer than the pipe holds."""
    write(project, {"app/long.py": 'logger.warn("' + "x" * 500_000 + '")\n'})
    live = Live(rewire, *WATCH)
    live.out.hold()
    with live:
        live.out.until(lambda said: said, "the beginning of the first patch")
        write(project, {"app/b.py": 'logger.warn("during")\n'})
        assert not END.search(live.out.bytes)
        live.out.go_on()
        live.out.until(lambda said: b'+logger.warning("during")' in said, "what was saved meanwhile")


def test_a_save_before_the_first_run_has_ended_is_not_lost(rewire: Command, project: Path) -> None:
    write(project, {f"many/m{number}.py": "x = 1\n" for number in range(50)})
    with Live(rewire, *WATCH) as live:
        for number in range(50):
            write(project, {f"many/m{number}.py": f'logger.warn("{number}")\n'})
        live.out.until(
            lambda said: END.split(said)[-4].count(b"diff --git") == 51 if END.search(said) else False, "all 51 files"
        )


def test_files_come_go_move_and_are_half_written(rewire: Command, project: Path) -> None:
    with Live(rewire, *WATCH) as live:
        patches(live, 1)
        write(project, {"new/deep/folder/c.py": 'logger.warn("c")\n'})
        live.out.until(lambda said: b"+++ b/new/deep/folder/c.py" in said, "the new folder's file")
        runs = len(END.findall(live.out.bytes))
        write(project, {"new/deep/folder/c.py": "logger.warn(\n"})
        live.err.text(r"failed: new/deep/folder/c.py:\d+: ")
        patches(live, runs + 1)
        write(project, {"new/deep/folder/c.py": 'logger.warn("whole again")\n'})
        live.out.until(lambda said: b'+logger.warning("whole again")' in said, "the file whole again")
        shutil.move(project / "new", project / "moved")
        live.out.until(lambda said: b"+++ b/moved/deep/folder/c.py" in said, "the moved file")
        shutil.rmtree(project / "moved")
        (project / "app/a.py").unlink()
        live.err.text("nothing to change")
        assert live.press_ctrl_c() == 130


def test_a_save_by_renaming_is_a_save(rewire: Command, project: Path) -> None:
    """As most editors save: a new file beside, then renamed over the old one; its leftovers are nobody's files."""
    with Live(rewire, *WATCH) as live:
        patches(live, 1)
        write(project, {"app/.b.py.swp": "leftover", "app/b.py.tmp": 'logger.warn("renamed")\n'})
        (project / "app/b.py.tmp").replace(project / "app/b.py")
        assert b'+logger.warning("renamed")' in patches(live, 2)[1]
        assert "app/b.py changed; looking again" in live.err.text("looking again")


def test_what_no_run_depends_on_starts_none(rewire: Command, project: Path) -> None:
    write(project, {"notes.txt": "there before"})
    with Live(rewire, *WATCH) as live:
        patches(live, 1)
        write(
            project,
            {
                "notes.txt": "changed",
                "build/x.py": 'logger.warn("ignored")\n',
                "app/__pycache__/b.pyc": "",
                "app/server.log": "1",
            },
        )
        git(project, "status")
        write(project, {"build/y.py": "y = 1\n", "app/server.log": "22", "data.sqlite3-wal": "w", "app/b.py~": ""})
        write(project, {"app/b.py": 'logger.warn("b")\n'})
        live.out.until(lambda said: b"+++ b/app/b.py" in said, "the run after the save")
        said = live.rounds(len(END.findall(live.out.bytes)))
    for line in re.findall(r"^(.*) changed; looking again$", said, re.MULTILINE):
        assert "build/" not in line
        assert ".log" not in line
    assert re.search(r"^app/b.py changed; looking again$", said, re.MULTILINE)


@pytest.mark.parametrize("path", ["Procfile", "app/__init__.py", "deploy/Dockerfile"])
def test_whatever_a_run_looks_into_starts_one(rewire: Command, project: Path, path: str) -> None:
    write(project, {"app/b.py": "import app.a\n"})
    with Live(rewire, "apply", "--dry-run", "--watch", "--select", "relative-imports") as live:
        patches(live, 1)
        write(project, {path: "# new\n"})
        patches(live, 2)
        before = len(END.findall(live.out.bytes))
        write(project, {path: "# another\n"})
        patches(live, before + 1)
        live.err.text(rf"{path} changed; looking again")


def test_configuration_is_read_again_and_one_that_is_wrong_is_told(rewire: Command, project: Path) -> None:
    with Live(rewire, "apply", "--check", "--watch") as live:
        assert b"logger.warning" in patches(live, 1)[0]
        write(project, {"pyproject.toml": '[tool.rewire]\nselect = ["logger-warnin"]\n'})
        live.err.text(r"pyproject.toml:2: tool.rewire.select.*did you mean 'logger-warning'")
        live.err.text("nothing is run until that is corrected")
        write(project, {"app/b.py": 'logger.warn("b")\n'})
        live.err.text("nothing is run until that is corrected", 2)
        assert len(END.findall(live.out.bytes)) == 1
        write(project, {"pyproject.toml": '[tool.rewire]\nselect = ["logger-warning"]\nexclude = ["a.py"]\n'})
        second = patches(live, 2)[1]
        assert b"app/b.py" in second
        assert b"app/a.py" not in second
        (project / "pyproject.toml").unlink()
        assert b"app/a.py" in patches(live, 3)[2]


def test_a_configuration_elsewhere_is_watched_too(rewire: Command, project: Path, tmp_path: Path) -> None:
    write(tmp_path / "elsewhere", {"my.toml": 'select = ["logger-warning"]\n'})
    with Live(rewire, "apply", "--check", "--watch", "--config", "../elsewhere/my.toml") as live:
        assert b"app/a.py" in patches(live, 1)[0]
        write(tmp_path / "elsewhere", {"my.toml": 'select = ["logger-warning"]\nexclude = ["a.py"]\n'})
        live.out.until(lambda said: len(END.findall(said)) > 1 and END.split(said)[-4] == b"", "a run without a.py")


def test_ignoring_a_file_takes_it_out(rewire: Command, project: Path) -> None:
    write(project, {"app/c.py": 'logger.warn("c")\n'})
    with Live(rewire, *WATCH) as live:
        assert b"app/c.py" in patches(live, 1)[0]
        write(project, {".gitignore": "build/\nc.py\n"})
        assert b"app/c.py" not in patches(live, 2)[1]


def test_with_since_a_commit_is_a_change(rewire: Command, project: Path) -> None:
    write(project, {"app/b.py": 'logger.warn("b")\n'})
    with Live(rewire, *WATCH, "--since", "HEAD") as live:
        first = patches(live, 1)[0]
        assert b"app/b.py" in first
        assert b"app/a.py" not in first
        git(project, "commit", "-q", "-am", "b")
        live.err.text("nothing to look at: no selected Python file changed since HEAD")
        write(project, {"app/a.py": 'logger.warn("A")\n'})
        live.out.until(lambda said: b'+logger.warning("A")' in said, "the file that changed since the commit")
        assert live.press_ctrl_c() == 130


def test_the_product_can_be_a_file_in_the_project(rewire: Command, project: Path) -> None:
    with Live(rewire, *WATCH, "--output", "changes.patch") as live:
        live.out.text("watching 2 Python files|would change 1 file")
        live.rounds(1)
        assert b"app/a.py" in (project / "changes.patch").read_bytes()
        write(project, {"app/b.py": 'logger.warn("b")\n'})
        said = live.rounds(2)
        assert b"app/b.py" in (project / "changes.patch").read_bytes()
        assert "changes.patch changed" not in said
        assert live.press_ctrl_c() == 130
    assert END.search(live.out.bytes) is None


def test_json_documents_follow_one_another(rewire: Command, project: Path) -> None:
    with Live(rewire, *WATCH, "--format", "json") as live:
        live.rounds(1)
        write(project, {"app/b.py": 'logger.warn("b")\n'})
        live.rounds(2)
        live.out.until(lambda said: said.count(b"\n}\n") == 2, "two documents")
        text = live.out.bytes.decode()
    first, end = json.JSONDecoder().raw_decode(text)
    second, _ = json.JSONDecoder().raw_decode(text[end:].lstrip())
    assert [codemod["changed"] for document in (first, second) for codemod in document["codemods"]] == [1, 2]


def test_markdown_bodies_are_ended_by_a_comment(rewire: Command) -> None:
    with Live(rewire, *WATCH, "--format", "markdown") as live:
        assert live.out.text("<!-- rewire: end of run 1 -->\n").startswith("## What\n")


def test_quiet_shows_the_product_alone(rewire: Command) -> None:
    with Live(rewire, *WATCH, "--quiet") as live:
        patches(live, 1)
        assert live.press_ctrl_c() == 130
        assert live.err.text("interrupted") == "rewire: interrupted; nothing was written\n"


def test_it_ends_when_nobody_reads_any_more(rewire: Command, project: Path) -> None:
    with Live(rewire, *WATCH) as live:
        patches(live, 1)
        live.out.hold()
        write(project, {"app/b.py": 'logger.warn("b")\n'})  # ends the read that is under way
        live.rounds(2)
        live.out.stop()
        assert live.process.stdout
        live.process.stdout.close()
        write(project, {"app/b.py": 'logger.warn("c")\n'})
        assert live.process.wait(60) == 0


def test_a_name_that_is_no_text(rewire: Command, project: Path) -> None:
    with Live(rewire, *WATCH) as live:
        patches(live, 1)
        try:
            with open(os.fsencode(project) + b"/app/\xff.py", "wb") as file:  # noqa: PTH123
                file.write(b'logger.warn("odd")\n')
        except OSError:
            pytest.skip("this file system takes no such name")
        live.out.until(lambda said: b'"b/app/\\377.py"' in said, "the file with the odd name")
        write(project, {"app/b.py": 'logger.warn("b")\n'})
        live.out.until(lambda said: b"+++ b/app/b.py" in said, "the next save")


def test_a_project_that_goes_away_is_told(rewire: Command, project: Path) -> None:
    with Live(rewire, *WATCH, "app") as live:
        patches(live, 1)
        shutil.rmtree(project / "app")
        live.err.text("no such file or directory: app")
        write(project, FILES)
        live.out.until(lambda said: len(END.findall(said)) > 1 and b"app/a.py" in END.split(said)[-4], "it back")


def test_on_a_terminal_each_result_has_an_empty_screen(rewire: Command, project: Path) -> None:
    with Live(rewire, *WATCH, terminal=True, TERM="xterm") as live:
        live.rounds(1)
        write(project, {"app/b.py": 'logger.warn("b")\n'})
        said = live.rounds(2)
        assert live.press_ctrl_c() == 130
    screens = said.split("\x1b[2J")
    assert len(screens) == 3
    for screen in screens[1:]:
        assert screen.startswith("\x1b[H")
        assert '\x1b[32m+logger.warning("a")\x1b[0m' in screen
        assert "= changed" in screen
    assert "app/b.py changed; looking again" in screens[1]
    assert 'logger.warning("b")' not in screens[1]
    assert 'logger.warning("b")' in screens[2]
    assert "# rewire: end of run" not in said
    assert "interrupted; nothing was written" in live.out.text("interrupted")


def test_a_terminal_that_cannot_be_cleared_shows_one_result_after_another(rewire: Command, project: Path) -> None:
    with Live(rewire, *WATCH, terminal=True, TERM="dumb") as live:
        live.rounds(1)
        write(project, {"app/b.py": 'logger.warn("b")\n'})
        assert "\x1b" not in live.rounds(2)


def test_hostile_names_cannot_steer_the_terminal(rewire: Command, project: Path) -> None:
    with Live(rewire, *WATCH, terminal=True, TERM="dumb") as live:
        live.rounds(1)
        write(project, {"app/\x1b[31mred.py": "x = 1\n"})
        said = live.rounds(2)
        assert "\x1b" not in said
        assert "\\x1b[31mred.py changed" in said


def test_outside_git_it_works_as_well(rewire: Command, project: Path) -> None:
    shutil.rmtree(project / ".git")
    with Live(rewire, *WATCH) as live:
        patches(live, 1)
        write(project, {"lib/new.py": 'logger.warn("b")\n'})
        live.out.until(lambda said: b"+++ b/lib/new.py" in said, "the new file")
