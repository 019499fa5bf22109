"""engine-init under --commit-per file: what is broken in between is one commit, then one a script, one a test file."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

CASE = Path(__file__).parents[2] / "fixtures" / "engine_init" / "scripts_and_seeds"


def git(root: Path, *words: str) -> str:
    identity = ["-c", "user.name=T", "-c", "user.email=t@example.org"]
    return subprocess.run(["git", *identity, *words], cwd=root, check=True, capture_output=True, text=True).stdout


def test_scripts_and_tests_follow_in_commits_of_their_own(tmp_path: Path) -> None:
    root = tmp_path / "project"
    shutil.copytree(CASE / "before", root)
    git(root, "init", "-q")
    git(root, "config", "user.name", "T")
    git(root, "config", "user.email", "t@example.org")
    git(root, "add", ".")
    git(root, "commit", "-qm", "base")
    base = git(root, "rev-parse", "HEAD").strip()
    command = [sys.executable, "-m", "rewire", "apply", "--select", "engine-init", "--commit-per", "file", "--quiet"]
    subprocess.run(command, cwd=root, check=True, capture_output=True)
    commits = git(root, "rev-list", "--reverse", f"{base}..HEAD").split()
    touched = [git(root, "show", "--format=", "--name-only", sha).split() for sha in commits]
    alone = [paths for paths in touched if len(paths) == 1]
    assert len(touched[0]) > 1, "the definition module and what the application loads are one commit"
    assert touched[1:] == alone, "what follows is one file a commit"
    assert any("test" in path for paths in alone for path in paths)
    assert not any("test" in path or "seed" in path for path in touched[0])
    for path in (CASE / "after").rglob("*.py"):
        assert (root / path.relative_to(CASE / "after")).read_bytes() == path.read_bytes()
