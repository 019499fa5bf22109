"""A fleet in a test's own directory: repositories, the list that names them, and rewire run over it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from support.command import Command, Done
from support.repositories import git, make_repository, words

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

BRANCH = "rewire/logging"
ONE = ("--select", "logger-warning")
BOTH = (*ONE, "--select", "relative-imports")

RUN = "\nimport sys\nfrom rewire.__main__ import main\nsys.exit(main(sys.argv[1:]))\n"


class Fleet:
    """Repositories below ``folder``, listed in ``repos.txt``; what a run writes goes to ``out``."""

    def __init__(self, folder: Path, site: Path) -> None:
        folder.mkdir()
        self.folder = folder
        self.list = folder / "repos.txt"
        self.list.write_text("")
        self.output = folder / "out"
        self.command = Command(folder, site)

    def add(self, name: str, files: Mapping[str, bytes | str], **settings: str) -> Path:
        """A repository with one commit, and its line in the list."""
        self.name(name)
        return make_repository(self.folder / name, files, **settings)

    def name(self, line: str) -> None:
        """Another line in the list."""
        with self.list.open("a") as file:
            file.write(f"{line}\n")

    def words(self, *arguments: str, branch: str | None = BRANCH) -> list[str]:
        """The words after ``rewire``."""
        where = ("--branch", branch) if branch else ("--dry-run",)
        return ["fleet", "repos.txt", "--output", "out", *where, *(arguments or ONE)]

    def run(self, *arguments: str, branch: str | None = BRANCH) -> Done:
        """Run rewire over the list."""
        return self.command(*self.words(*arguments, branch=branch))

    def start(self, prelude: str, *arguments: str) -> subprocess.Popen[bytes]:
        """The same with Python code before it, which the processes for the repositories inherit; does not wait.

        In a session of its own, so that a test can send a signal to all of it and to nobody else.
        """
        return subprocess.Popen(
            [sys.executable, "-c", prelude + RUN, *self.words(*arguments)],
            cwd=self.folder,
            env=self.command.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )

    def run_after(self, prelude: str, *arguments: str) -> Done:
        """``start``, and wait."""
        process = self.start(prelude, *arguments)
        out, err = process.communicate(timeout=120)
        return Done(process.returncode, out, err.decode())

    def summary(self) -> dict[str, Any]:
        """The summary that the last run kept."""
        found: dict[str, Any] = json.loads((self.output / "summary.json").read_bytes())
        return found

    def record(self, folder: str) -> dict[str, Any]:
        """What the summary says of one repository."""
        (found,) = [one for one in self.summary()["repositories"] if one["folder"] == folder]
        return dict(found)


def tip(repository: Path, branch: str = BRANCH) -> str:
    """The commit at the end of a branch; empty if there is no such branch."""
    done = git(repository, "rev-parse", "--verify", "--quiet", f"refs/heads/{branch}", check=False)
    return os.fsdecode(done).strip()


def footprint(repository: Path) -> dict[str, tuple[int, int, bytes]]:
    """Everything that a fleet must leave alone: each file of the work tree, HEAD and the index, with its times."""
    found = {}
    places = [path for path in sorted(repository.rglob("*")) if ".git" not in path.relative_to(repository).parts]
    for path in [*places, repository / ".git/index", repository / ".git/HEAD"]:
        if path.is_file():
            status = path.stat()
            found[str(path.relative_to(repository))] = (status.st_mtime_ns, status.st_ino, path.read_bytes())
    return found


def mailed(repository: Path, base: str, series: Path, scratch: Path) -> Path:
    """A clone at ``base`` to which ``git am`` has applied the patches in ``series``."""
    git(repository.parent, "clone", "-q", "--no-checkout", str(repository), str(scratch))
    git(scratch, "-c", "core.autocrlf=false", "checkout", "-q", "--detach", base)
    git(scratch, "am", "-q", "--keep-cr", *map(str, sorted(series.glob("*.patch"))))
    return scratch


def messages(repository: Path, span: str) -> list[str]:
    """The messages of a range of commits, oldest first."""
    return words(repository, "log", "--reverse", "--format=%B%x00", span).split("\0\n")
