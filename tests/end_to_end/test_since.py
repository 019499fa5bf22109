"""``rewire apply --since REV`` as a process: the same as naming the changed files, and it says what it looked at."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from support.command import Command
from support.repositories import git, make_repository, tree, words, write
from support.sources import TOP

if TYPE_CHECKING:
    from pathlib import Path

    from support.command import Done

FILES = {
    "app/a.py": 'logger.warn("a")\n',
    "app/b.py": 'logger.warn("b")\n',
    "lib/c.py": 'logger.warn("c")\n',
}
ONE = ("--select", "logger-warning")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return make_repository(tmp_path / "project", FILES)


@pytest.fixture
def rewire(project: Path, tmp_path: Path) -> Command:
    return Command(project, tmp_path / "site")


def ledger(done: Done) -> dict[str, Any]:
    """The JSON report, less what differs between any two runs."""
    document: dict[str, Any] = json.loads(done.out)
    for codemod in document["codemods"]:
        del codemod["seconds"]
    return {name: value for name, value in document.items() if name not in {"seconds", "command", "since"}}


def test_only_what_changed_is_looked_at(rewire: Command, project: Path) -> None:
    write(project, {"app/b.py": 'logger.warn("B")\n', "new.py": 'logger.warn("n")\n'})
    done = rewire("apply", "--check", "--since", "HEAD", *ONE)
    head = words(project, "rev-parse", "HEAD")
    assert done.code == 1
    assert [line for line in done.text.splitlines() if line.startswith("diff")] == [
        "diff --git a/app/b.py b/app/b.py",
        "diff --git a/new.py b/new.py",
    ]
    assert f"would change 2 files; 2 files changed since HEAD ({head[:12]}) in" in done.err


def test_every_report_names_the_revision_and_the_commit(rewire: Command, project: Path) -> None:
    write(project, {"app/b.py": 'logger.warn("B")\n'})
    head = words(project, "rev-parse", "HEAD")
    document = json.loads(rewire("apply", "--dry-run", "--since", "main", "--format", "json", *ONE).out)
    assert document["since"] == {"revision": "main", "commit": head}
    assert document["files_seen"] == 1
    assert document["command"] == f"rewire apply --select logger-warning --since {head[:12]}"
    assert json.loads(rewire("apply", "--dry-run", "--format", "json", *ONE).out)["since"] is None
    body = rewire("apply", "--dry-run", "--since", "main", "--format", "markdown", *ONE).text
    assert f"Looked at: 1 file changed since `main` (`{head[:12]}`)." in body


def test_paths_narrow_it_further(rewire: Command, project: Path) -> None:
    write(project, {"app/b.py": 'logger.warn("B")\n', "lib/c.py": 'logger.warn("C")\n'})
    done = rewire("apply", "--dry-run", "--since", "HEAD", *ONE, "lib", "app/a.py")
    assert [line for line in done.text.splitlines() if line.startswith("diff")] == ["diff --git a/lib/c.py b/lib/c.py"]
    assert "1 file changed since HEAD" in done.err
    rewire.folder = project / "app"
    assert rewire("apply", "--dry-run", "--since", "HEAD", *ONE).text.startswith("diff --git a/app/b.py b/app/b.py\n")
    assert b"lib/c.py" not in rewire("apply", "--dry-run", "--since", "HEAD", *ONE).out


@pytest.mark.parametrize("paths", [(), ("app",)])
def test_nothing_changed_is_said_and_is_no_error(rewire: Command, project: Path, paths: tuple[str, ...]) -> None:
    write(project, {"notes.txt": "changed\n", "lib/c.py": "x = 1\n"} if paths else {"notes.txt": "changed\n"})
    head = words(project, "rev-parse", "--short=12", "HEAD")
    done = rewire("apply", "--check", "--since", "HEAD", *ONE, *paths)
    assert (done.code, done.out) == (0, b"")
    assert done.err == f"nothing to look at: no selected Python file changed since HEAD ({head})\n"
    document = json.loads(rewire("apply", "--check", "--since", "HEAD", *ONE, *paths, "--format", "json").out)
    assert (document["files_seen"], document["codemods"][0]["found"]) == (0, 0)
    git(project, "checkout", "-q", ".")
    applied = rewire("apply", "--since", "HEAD", *ONE, *paths)
    assert applied.code == 0
    assert "nothing to look at" in applied.text


def test_commits_of_what_a_branch_changed(rewire: Command, project: Path) -> None:
    """The commit's own message names the commit, not the branch: the branch moves on."""
    fork = words(project, "rev-parse", "HEAD")
    git(project, "checkout", "-q", "-b", "topic")
    write(project, {"app/b.py": 'logger.warn("B")\n'})
    git(project, "commit", "-q", "-am", "mine")
    assert rewire("apply", "--since", "main", *ONE).code == 0
    assert words(project, "log", "-1", "--format=", "--name-only") == "app/b.py"
    assert f"--since {fork[:12]}\n" in words(project, "log", "-1", "--format=%B")
    assert rewire("apply", "--check", "--since", "main", *ONE).code == 0
    assert rewire("apply", "--check", *ONE).code == 1


@pytest.mark.parametrize(
    ("revision", "says", "advice"),
    [
        ("mian", "git knows no commit of that name; did you mean 'main'?", "git branch --all"),
        ("main..", "a range, where one commit is expected", "name the commit"),
        ("", "git knows no commit of that name", "git log"),
    ],
)
def test_a_revision_that_cannot_be_used(rewire: Command, revision: str, says: str, advice: str) -> None:
    done = rewire("apply", "--dry-run", f"--since={revision}", *ONE)
    assert (done.code, done.out) == (2, b"")
    assert done.err.startswith(f"rewire: --since {revision}: {says}")
    assert advice in done.err


def test_outside_git_nothing_says_what_changed(rewire: Command, project: Path) -> None:
    shutil.rmtree(project / ".git")
    done = rewire("apply", "--dry-run", "--since", "HEAD", *ONE)
    assert done.code == 2
    assert "not in a git repository" in done.err
    assert "rewire apply PATHS" in done.err


@pytest.mark.parametrize(
    ("codemod", "case", "changed", "changes_anything"),
    [
        ("engine-init", "engine_init/refuses_not_selected", ("db.py", "app.py"), False),
        ("engine-init", "engine_init/canonical", ("app/database.py", "app/main.py"), False),
        ("engine-init", "engine_init/canonical", ("app/database.py", "app/main.py", "tests/test_items.py"), True),
        ("shared-pool", "shared_pool/factory_across_files", None, True),
    ],
)
def test_it_is_the_same_run_as_one_on_those_paths(
    rewire: Command, project: Path, codemod: str, case: str, changed: tuple[str, ...] | None, changes_anything: bool
) -> None:
    """A change that needs a file which is not among them is refused, never half done; context is still read."""
    shutil.rmtree(project)
    shutil.copytree(TOP / "tests/fixtures" / case / "before", project)
    python = [path.relative_to(project).as_posix() for path in sorted(project.rglob("*.py"))]
    chosen = changed or tuple(python)
    original = {name: (project / name).read_text() for name in chosen}
    make_repository(project, dict.fromkeys(chosen, "as it was\n"))
    write(project, original)
    by_paths = rewire("apply", "--dry-run", "--select", codemod, "--format", "json", *chosen)
    by_since = rewire("apply", "--dry-run", "--select", codemod, "--format", "json", "--since", "HEAD")
    assert ledger(by_since) == ledger(by_paths)
    assert ledger(by_since)["files_seen"] == len(chosen)
    (outcome,) = ledger(by_since)["codemods"]
    assert bool(outcome["changed"]) is changes_anything
    assert outcome["found"] > 0
    for name in python:
        if name not in chosen:
            assert name not in {entry["path"] for entry in outcome["files"]}


def test_a_hook_s_variables_do_not_lead_elsewhere(rewire: Command, project: Path, tmp_path: Path) -> None:
    """git sets them for the hooks that it starts; the path alone says which repository is meant."""
    other = make_repository(tmp_path / "other", {"x.py": ""})
    write(project, {"app/b.py": 'logger.warn("B")\n'})
    before = tree(project)
    done = rewire(
        "apply", "--check", "--since", "HEAD", *ONE, GIT_DIR=str(other / ".git"), GIT_INDEX_FILE=str(other / "index")
    )
    assert done.code == 1
    assert "1 file changed since HEAD" in done.err
    assert tree(project) == before
