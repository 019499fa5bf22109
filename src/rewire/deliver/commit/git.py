"""Commands to one repository, through GitPython, with every program switched off that its settings could name."""

from __future__ import annotations

import os
import re
import tempfile
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rewire.discover.repository import GIT_PLACES, explain_git_refusal, git_environment
from rewire.errors import GitError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

OLDEST_GIT = (2, 31)
"""The first version that takes settings from ``GIT_CONFIG_COUNT``, on which the safety of this room rests."""


class Git:
    """git in one directory. Answers are bytes, as ``-z`` options want them; a failure is a ``GitError``."""

    def __init__(self, root: Path, settings: Mapping[str, str] | None = None) -> None:
        self.root = root
        self.settings: dict[str, str] = dict(settings or {})
        self._command = _gitpython().Git(root)

    def overlay(self, settings: Mapping[str, str]) -> None:
        """Lay further settings over the repository's own, for every later command."""
        self.settings.update(settings)

    def attempt(
        self,
        *arguments: str,
        stdin: bytes | Iterable[bytes] = b"",
        env: Mapping[str, str] | None = None,
        terminal: bool = False,
    ) -> tuple[int, bytes, str]:
        """Exit status, output and complaint of a command that may fail.

        The command has a session of its own and comes to its end whatever happens to us: a git that dies leaves
        locks behind. ``terminal`` keeps it in ours, for one that may ask for a passphrase.
        """
        environment = {**git_environment(self.settings), **(env or {})}
        with tempfile.TemporaryFile() as file:
            file.writelines([stdin] if isinstance(stdin, bytes) else stdin)
            file.seek(0)
            status, output, words = self._command.execute(
                ["git", "--literal-pathspecs", *arguments],
                istream=file,
                with_extended_output=True,
                with_exceptions=False,
                stdout_as_string=False,
                strip_newline_in_stdout=False,
                env=environment,
                start_new_session=not terminal,
            )
        return int(status), output, words.strip()

    def run(
        self,
        *arguments: str,
        stdin: bytes | Iterable[bytes] = b"",
        env: Mapping[str, str] | None = None,
        terminal: bool = False,
    ) -> bytes:
        """The output of a command. Raises GitError with git's own words if it fails."""
        status, output, words = self.attempt(*arguments, stdin=stdin, env=env, terminal=terminal)
        if status:
            raise self.complaint(arguments[0], status, words)
        return output

    def complaint(self, command: str, status: int, words: str) -> GitError:
        """A failed command as an error, with git's own words."""
        if "dubious ownership" in words:
            return explain_git_refusal(self.root, words)
        return GitError(f"git {command} failed: {words or f'exit status {status}'}", advice=_advice(words))

    def line(self, *arguments: str, env: Mapping[str, str] | None = None) -> str:
        """A one-line answer, without its newline."""
        return os.fsdecode(self.run(*arguments, env=env).removesuffix(b"\n"))

    def answer(self, *arguments: str) -> str | None:
        """A one-line answer, or None where the command fails (a question with ``--verify --quiet``)."""
        status, output, _ = self.attempt(*arguments)
        return None if status else os.fsdecode(output.removesuffix(b"\n"))

    def records(
        self, *arguments: str, stdin: bytes | Iterable[bytes] = b"", env: Mapping[str, str] | None = None
    ) -> list[str]:
        """A ``-z`` answer, cut at its NULs."""
        return os.fsdecode(self.run(*arguments, stdin=stdin, env=env)).split("\0")[:-1]


def listed(paths: Mapping[str, object] | list[str] | tuple[str, ...]) -> bytes:
    """Paths as ``-z --stdin`` reads them."""
    return b"".join(os.fsencode(path) + b"\0" for path in paths)


@contextmanager
def only_this_repository() -> Iterator[None]:
    """Take away the variables by which a hook or alias points git at another repository (GitPython hands them on)."""
    kept = {name: os.environ.pop(name) for name in GIT_PLACES if name in os.environ}
    try:
        yield
    finally:
        os.environ.update(kept)


def _gitpython() -> Any:
    os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
    import git as gitpython

    try:
        version = gitpython.Git().version_info
    except gitpython.exc.GitCommandNotFound:
        raise GitError("there is no git on the PATH", advice="install git, or use --no-commit") from None
    if version[:2] < OLDEST_GIT:
        shown, oldest = (".".join(map(str, one)) for one in (version, OLDEST_GIT))
        raise GitError(f"git {shown} is too old to commit safely", advice=f"install git {oldest}, or use --no-commit")
    return gitpython


def _advice(words: str) -> str:
    if "index.lock" in words:
        return "another git command is at work, or died: wait, or remove the lock file it names"
    if re.search(r"\b(gpg|sign|signing|(public|private) key)\b", words):
        return "git is set up to sign commits, and could not: see to the key, or git config commit.gpgsign false"
    if "lazy fetch" in words or "transport" in words or "promisor" in words:
        return "this partial clone lacks an object that is needed: git fetch --refetch, or git checkout the files"
    return ""
