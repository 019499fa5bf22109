"""Seventeen bugs seen in other tools, one test each; the number is in its name, who had it in its docstring."""

from __future__ import annotations

import codecs
import re
import shutil
import signal
import subprocess
import time
from typing import TYPE_CHECKING, Any

import pytest
from support.command import Command
from support.plugin import load_example
from support.repositories import git, make_repository, tree, words

from rewire.testing import check_changes, check_leaves, rewrite

if TYPE_CHECKING:
    from pathlib import Path

LoggerWarning: Any = load_example()
ONE = ("--select", "logger-warning")
CALL = "logger.warn('a')\n"
PACKAGE = {"pkg/__init__.py": "", "pkg/m.py": "n = k = z = 1\n", "apkg/__init__.py": "", "apkg/m.py": "n = 1\n"}


def start(tmp_path: Path, files: dict[str, bytes | str]) -> tuple[Command, Path]:
    root = make_repository(tmp_path / "project", files)
    return Command(root, tmp_path / "site"), root


def relative(text: str, path: str = "pkg/user.py", **more: str) -> str:
    """What relative-imports makes of one file of the package ``pkg``."""
    return rewrite("relative-imports", {**PACKAGE, path: text, **more}).text(path)


@pytest.mark.parametrize("words_", [["--dry-run"], ["--check"], ["-n", "--format=json"], ["-n", "--format=markdown"]])
def test_01_looking_writes_nothing(tmp_path: Path, words_: list[str]) -> None:
    """libcst.tool with ``-u 0`` shows a diff and writes the files all the same."""
    rewire, root = start(tmp_path, {"a.py": CALL})
    before = tree(root), words(root, "rev-parse", "HEAD"), (root / "a.py").stat().st_mtime_ns
    assert rewire("apply", *ONE, *words_).code in (0, 1)
    assert (tree(root), words(root, "rev-parse", "HEAD"), (root / "a.py").stat().st_mtime_ns) == before


def test_02_in_a_dry_run_the_second_codemod_sees_what_the_first_did(tmp_path: Path) -> None:
    """codemodder: each codemod of a dry run starts from the disk."""
    text = "from pkg.m import n\nimport asyncpg\nlogger.warn(asyncpg.connect(connect_timeout=1))\n"
    rewire, root = start(tmp_path, {**PACKAGE, "pkg/user.py": text})
    chosen = [word for name in ("connect-timeout", "relative-imports", "logger-warning") for word in ("--select", name)]
    dry = rewire("apply", "--dry-run", *chosen)
    git(root, "apply", "--check", "-", stdin=dry.out)
    assert dry.out.count(b"diff --git") == 1
    for line in (b"+from .m import n", b"+logger.warning(asyncpg.connect(timeout=1))"):
        assert line in dry.out


@pytest.mark.parametrize(
    "text",
    [
        b"logger.warn('a')",
        b"x = 1\nlogger.warn('a')",
        b"logger.warn('a')\r\nx = 1\r\n",
        b"x = 1\rlogger.warn('a')\r",
        b"x = 1\r\nlogger.warn('a')\nx = '\x0c'\r",
        b"\x0clogger.warn('a')\n\x0c\nx = 1\n",
        b"# coding: latin-1\nlogger.warn('\xe9')\n",
        b"x = '\xe2\x80\xa8'; logger.warn('\xc2\x85')\n",
        b"x = '''\n-- a\n+++ b\n@@ -1 +1 @@\n'''\nlogger.warn('a')\n",
    ],
)
def test_03_git_applies_every_patch(tmp_path: Path, text: bytes) -> None:
    """libcst.tool, fixit, codemodder: basename headers, no newline at the end, CRLF, line breaks of ``splitlines``."""
    rewire, root = start(tmp_path, {"deep/down/a b.py": text, "a b.py": "same name\n", "deep/é.py": text})
    dry = rewire("apply", "--dry-run", *ONE)
    git(root, "apply", "--whitespace=nowarn", "-", stdin=dry.out)
    assert tree(root)["deep/down/a b.py"] == text.replace(b"warn(", b"warning(")
    assert tree(root)["a b.py"] == b"same name\n"
    assert tree(root)["deep/é.py"] == text.replace(b"warn(", b"warning(")


def test_04_what_is_done_stays_done_when_the_run_ends_early(tmp_path: Path) -> None:
    """fixit: accept one change, quit, and it is lost. Here a run is all or nothing, and says which of the two."""
    rewire, root = start(tmp_path, {"a.py": CALL, "b.py": CALL})
    (root / "b.py").write_text("# uncommitted work\n" + CALL)
    stopped = rewire("apply", *ONE)
    assert stopped.code == 4
    assert "b.py" in stopped.err
    assert (root / "a.py").read_text() == CALL
    git(root, "commit", "-qam", "more")
    assert rewire("apply", *ONE).code == 0
    assert b"logger.warn(" not in b"".join(tree(root).values())


def test_05_nested_places_are_counted_as_they_are_changed() -> None:
    """fixit: "2 fixes applied" where one was, because one lay in the other."""
    trial = check_changes(LoggerWarning, "logger.warn(logger.warn(1))\n", "logger.warning(logger.warning(1))\n")
    assert (trial.outcome.found, trial.outcome.changed) == (2, 2)
    assert trial.patch.count(b"\n+logger") == 1


def test_06_a_package_whose_name_ends_alike_is_another() -> None:
    """absolufy-imports: ``--never`` turns ``apkg.m`` into ``pkg.m``; a local folder makes ``collections.abc`` local."""
    assert relative("from apkg.m import n\n") == "from apkg.m import n\n"
    assert relative("from pkg.m import n\n") == "from .m import n\n"
    kept = "from collections.abc import Mapping\nfrom xpkg.m import n\nimport pkgs.m\n"
    assert relative(kept, **{"pkg/collections/__init__.py": ""}) == kept
    back = rewrite("absolute-imports", {**PACKAGE, "apkg/user.py": "from .m import n\n"}).text("apkg/user.py")
    assert back == "from apkg.m import n\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("from pkg.m import (  # c\n n, # d\n # e\n k)  # f\n", "from .m import (  # c\n n, # d\n # e\n k)  # f\n"),
        ("from pkg.m import n  # noqa: X\n", "from .m import n  # noqa: X\n"),
        ("from pkg.m import (n  # c\n)\n", "from .m import (n  # c\n)\n"),
    ],
)
def test_07_comments_inside_an_import_stay(before: str, after: str) -> None:
    """ruff TID252, rope: ``from x import (  # c`` loses its comment."""
    assert relative(before) == after


@pytest.mark.parametrize(
    "text",
    [
        b"# -*- coding: latin-1 -*-\nx = '\xe9'  # \xe8\nlogger.warn('\xfc')\n",
        codecs.BOM_UTF8 + b"# \xc3\xa9\nlogger.warn('a')\n",
        b"x = 1\r\nlogger.warn('a')\r\n\r\ny = '''\r\n'''\r\n",
        b"x = 1\rlogger.warn('a')\ry = 2\r",
        b"\x0c# c\nx = 1\n\x0clogger.warn('a')\n\x0c",
        b"if x:\n\tlogger.warn('a')\n\ty = 1",
        b"x = 1\r\nlogger.warn('a')\ny = 2\rz = 3",
        b"logger.warn('a')\n\n ",
        b"try: x\nexcept (A, B) : y\nlogger.warn('a')\n",
    ],
    ids=["latin-1", "byte order mark", "CRLF", "CR", "form feed", "no final newline", "mixed", "odd end", "odd space"],
)
def test_08_bytes_that_are_not_the_change_stay(tmp_path: Path, text: bytes) -> None:
    """codemodder, Bowler, bump-pydantic, LibCST: encodings, marks, line ends and form feeds lost on the way."""
    rewire, root = start(tmp_path, {"a.py": text})
    done = rewire("apply", *ONE)
    if done.code == 0:
        assert tree(root)["a.py"] == text.replace(b"warn(", b"warning(")
    else:  # LibCST cannot print these again, and the example reads whole files: said by name, nothing touched
        assert any(odd in text for odd in (b"(A, B) :", b"\n\x0clogger", b"\n\n "))
        assert (done.code, tree(root)["a.py"]) == (3, text)
        assert re.search(r"a\.py:\d.*not-lossless", done.text)


def test_09_one_bad_file_in_a_hundred_is_named_and_costs_the_others_nothing(tmp_path: Path) -> None:
    """bump-pydantic, rope, fixit, pyupgrade: one syntax error kills the run, or exits 0."""
    files: dict[str, bytes | str] = {f"m{number}.py": CALL for number in range(99)}
    rewire, root = start(tmp_path, {**files, "bad.py": "def f(:\n    logger.warn(1)\n"})
    done = rewire("apply", *ONE)
    assert done.code == 3
    assert re.search(r"bad\.py:\d+: .*unparsable", done.text)
    changed = [path for path, data in tree(root).items() if b"logger.warning" in data]
    assert len(changed) == 99


@pytest.mark.parametrize(
    "words_", [["--select", "logger-warnings"], ["--ignore", "logger-warnings"], ["--set", "no-such.x=1"]]
)
def test_10_an_unknown_codemod_is_an_error(tmp_path: Path, words_: list[str]) -> None:
    """codemodder exits 0, fixit warns and then says clean."""
    rewire, root = start(tmp_path, {"a.py": CALL})
    done = rewire("apply", *words_)
    assert done.code == 2
    assert words_[1].split(".")[0] in done.err
    assert tree(root)["a.py"] == CALL.encode()


def test_11_no_other_program_is_needed(tmp_path: Path) -> None:
    """LibCST, fixit: without black on the PATH every file is a failure. Here only git is asked for."""
    rewire, root = start(tmp_path, {"a.py": "x = {'a':1}\nlogger.warn( 'a' )\n"})
    only_git = tmp_path / "bin"
    only_git.mkdir()
    found = shutil.which("git")
    assert found is not None
    (only_git / "git").symlink_to(found)
    assert rewire("apply", *ONE, PATH=str(only_git)).code == 0
    assert tree(root)["a.py"] == b"x = {'a':1}\nlogger.warning( 'a' )\n"


def test_12_an_interrupted_run_leaves_no_file_half_written(tmp_path: Path) -> None:
    """ruff#26480: Ctrl-C leaves a file of no bytes. Here: as before, or as after, and nothing between."""
    big = "\n".join(f"x{number} = 'some text that makes the file long'" for number in range(20_000))
    files: dict[str, bytes | str] = {f"m{number}.py": f"{CALL}{big}\n" for number in range(8)}
    rewire, root = start(tmp_path, files)
    before = tree(root)
    after = {path: data.replace(b"warn(", b"warning(") for path, data in before.items()}
    for wait in (0.2, 0.45, 0.7, 0.95):
        process = subprocess.Popen(
            rewire.words("apply", *ONE, "--no-commit", "--allow-dirty"),
            cwd=root,
            env=rewire.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(wait)
        process.send_signal(signal.SIGINT)
        process.wait(60)
        now = {path: data for path, data in tree(root).items() if path.endswith(".py")}
        assert all(data in (before[path], after[path]) for path, data in now.items())
        git(root, "checkout", "-q", ".")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("x = 1; from pkg.m import z\n", "x = 1; from .m import z\n"),
        ("from pkg.m import n; from pkg.m import z\n", "from .m import n; from .m import z\n"),
        ("from pkg.m \\\n    import z\n", "from .m \\\n    import z\n"),
        ("from \\\n    pkg.m import z\n", None),
        ("import pkg.m as a; from pkg.m import z\n", "from . import m as a; from .m import z\n"),
    ],
)
def test_13_several_statements_on_a_line_and_lines_that_go_on(before: str, after: str | None) -> None:
    """absolufy-imports: ``import a.k; from a.k import z`` on one line, and a backslash, are missed."""
    got = relative(before)
    if after is None:
        assert "from" in got
        assert ".m import z" in got
        assert "pkg.m" not in got
    else:
        assert got == after


def test_14_files_are_counted_as_changed_when_they_are(tmp_path: Path) -> None:
    """libcst.tool: "N files transformed" counts the files it parsed."""
    rewire, _ = start(tmp_path, {"a.py": CALL, "b.py": "shout = logger.warn\n", "c.py": "x = 1\n"})
    done = rewire("apply", "--dry-run", *ONE)
    assert re.search(r"logger-warning +checked +1 +2 +1 +1 +0", done.err)


def test_15_nothing_is_left_lying_around(tmp_path: Path) -> None:
    """bump-pydantic leaves a log in the working directory."""
    rewire, root = start(tmp_path, {"a.py": CALL, "b/c.py": CALL})
    for words_ in (["--dry-run"], []):
        assert rewire("apply", *ONE, *words_).code == 0
        assert sorted(tree(root)) == ["a.py", "b/c.py"]
    assert git(root, "status", "--porcelain", "--ignored") == b""


def test_16_a_src_folder_is_no_package() -> None:
    """LibCST's helper calls the module ``src.pkg.m``."""
    files = {f"src/{path}": text for path, text in PACKAGE.items()} | {"pyproject.toml": "[project]\nname = 'pkg'\n"}
    files["src/pkg/user.py"] = "from pkg.m import n\n"
    assert rewrite("relative-imports", files).text("src/pkg/user.py") == "from .m import n\n"
    files["src/pkg/user.py"] = "from .m import n\n"
    assert rewrite("absolute-imports", files).text("src/pkg/user.py") == "from pkg.m import n\n"


def test_17_a_second_run_adds_nothing(tmp_path: Path) -> None:
    """typeorm#12378: a rerun adds its TODO again."""
    rewire, root = start(tmp_path, {"a.py": CALL, "b.py": "shout = logger.warn\n"})
    assert rewire("apply", *ONE).code == 0
    after, tip = tree(root), words(root, "rev-parse", "HEAD")
    for _ in range(2):
        assert rewire("apply", *ONE).code == 0
        assert (tree(root), words(root, "rev-parse", "HEAD")) == (after, tip)
    check_leaves(LoggerWarning, "shout = logger.warn\n", refuses=["not-called"])
