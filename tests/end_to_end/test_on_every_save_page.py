"""The recipes of docs/on-every-save.md do what the page says: taken from it word for word, and run."""

from __future__ import annotations

import os
import re
import shlex
import sys
from typing import TYPE_CHECKING

import pytest
import yaml
from support.command import Command
from support.repositories import git, make_repository, words, write
from support.sources import TOP

from rewire.cli.parser import build

if TYPE_CHECKING:
    from pathlib import Path

PAGE = (TOP / "docs/on-every-save.md").read_text(encoding="utf-8")
CLEAN, DIRTY = "from .b import x\n", "from app.b import x\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return make_repository(tmp_path / "project", {"app/__init__.py": "", "app/a.py": DIRTY, "app/b.py": "x = 1\n"})


@pytest.fixture
def on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``rewire`` on the PATH, whatever the interpreter's folder is called."""
    write(tmp_path / "bin", {"rewire": f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m rewire "$@"\n'})
    (tmp_path / "bin/rewire").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("REWIRE_CACHE_DIR", str(tmp_path / "cache"))


def blocks(language: str) -> list[str]:
    """The page's code blocks in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def commands() -> list[str]:
    """Every ``rewire`` command line on the page."""
    text = "\n".join([*blocks("sh"), *blocks("yaml"), (TOP / ".pre-commit-hooks.yaml").read_text("utf-8")])
    return [line.split("  #")[0].strip() for line in re.findall(r"\brewire apply [^\n]*", text)]


@pytest.mark.parametrize("line", commands())
def test_every_command_on_the_page_is_one(line: str) -> None:
    args = build().parse(shlex.split(line)[1:])
    assert args.dry_run or args.check
    assert args.watch or args.since


def test_there_are_commands_on_the_page() -> None:
    assert len(commands()) >= 7


@pytest.mark.usefixtures("on_path")
def test_the_git_hook_stops_a_commit_that_has_work_in_it_and_no_other(project: Path) -> None:
    (hook,) = [block for block in blocks("sh") if block.startswith("#!/bin/sh")]
    write(project, {".git/hooks/pre-commit": hook})
    (project / ".git/hooks/pre-commit").chmod(0o755)
    before = words(project, "rev-parse", "HEAD")
    write(project, {"app/c.py": DIRTY})
    git(project, "add", "-A")
    git(project, "commit", "-q", "-m", "dirty", check=False)
    assert words(project, "rev-parse", "HEAD") == before
    write(project, {"app/c.py": CLEAN})
    git(project, "commit", "-q", "-a", "-m", "clean")
    assert words(project, "log", "--format=%s") == "clean\nbegin"
    assert (project / "app/a.py").read_text() == DIRTY, "what nobody touched waits"


@pytest.mark.usefixtures("on_path")
def test_the_hook_works_from_a_folder_below_and_in_a_linked_work_tree(project: Path, tmp_path: Path) -> None:
    (hook,) = [block for block in blocks("sh") if block.startswith("#!/bin/sh")]
    write(project, {".git/hooks/pre-commit": hook})
    (project / ".git/hooks/pre-commit").chmod(0o755)
    git(project, "worktree", "add", "-q", "-b", "topic", str(tmp_path / "tree"))
    write(tmp_path / "tree", {"app/c.py": DIRTY})
    git(tmp_path / "tree", "add", "-A")
    git(tmp_path / "tree/app", "commit", "-q", "-m", "dirty", check=False)
    assert words(project, "log", "--format=%s", "topic") == "begin"
    write(tmp_path / "tree", {"app/c.py": CLEAN})
    git(tmp_path / "tree/app", "commit", "-q", "-a", "-m", "clean")
    assert words(project, "log", "--format=%s", "topic") == "clean\nbegin"


def test_the_hooks_for_pre_commit_say_the_same(project: Path, tmp_path: Path) -> None:
    (shown,) = [yaml.safe_load(block) for block in blocks("yaml") if "hooks:" in block]
    (local,) = shown["repos"][0]["hooks"]
    (offered,) = yaml.safe_load((TOP / ".pre-commit-hooks.yaml").read_text("utf-8"))
    for key in ("id", "types_or", "pass_filenames"):
        assert local[key] == offered[key]
    rewire = Command(project, tmp_path / "site")
    for entry in (local["entry"], offered["entry"]):
        arguments = shlex.split(entry)[1:]
        assert rewire(*arguments).code == 0
        write(project, {"app/c.py": DIRTY})
        assert rewire(*arguments).code == 1
        (project / "app/c.py").unlink()


def test_in_ci_a_branch_answers_for_what_it_changed(project: Path, tmp_path: Path) -> None:
    """A clone of full depth, at the merge of the branch into main as GitHub checks it out; then a shallow one."""
    git(project, "checkout", "-q", "-b", "topic")
    write(project, {"app/c.py": DIRTY})
    git(project, "add", "-A")
    git(project, "commit", "-q", "-m", "mine")
    git(project, "checkout", "-q", "main")
    write(project, {"app/d.py": DIRTY})
    git(project, "add", "-A")
    git(project, "commit", "-q", "-m", "theirs")
    git(project, "checkout", "-q", "-b", "merged")
    git(project, "merge", "-q", "--no-edit", "topic")
    (line,) = [line for line in commands() if "GITHUB_BASE_REF" in line]
    arguments = shlex.split(line.replace("$GITHUB_BASE_REF", "main"))[1:]
    whole, shallow = tmp_path / "whole", tmp_path / "shallow"
    git(tmp_path, "clone", "-q", "--branch", "merged", project.as_uri(), str(whole))
    git(tmp_path, "clone", "-q", "--branch", "merged", "--depth", "1", project.as_uri(), str(shallow))
    rewire = Command(whole, tmp_path / "site")
    done = rewire(*arguments)
    assert done.code == 1
    assert [part for part in done.text.splitlines() if part.startswith("diff")] == ["diff --git a/app/c.py b/app/c.py"]
    rewire.folder = shallow
    refused = rewire(*arguments)
    assert refused.code == 2
    assert "fetch-depth: 0" in refused.err
