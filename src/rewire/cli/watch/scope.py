"""What a run depends on: the folders to watch, and whether a change in them asks for another run."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

    from rewire.cli.request import Asked
    from rewire.pipeline import Request

NOT_SOURCE = re.compile(
    r"(?:~|\.tmp|\.sw[a-z]|\.py[co]|___jb_\w+___"  # what editors and Python write beside a file
    r"|\.log|\.pid|\.lock|\.db|\.sqlite3?|-(?:wal|shm|journal))$"  # what a running program writes
    r"|^(?:\.#.*|#.*#|flycheck_.*|\.DS_Store|4913)$"
)
"""Names of files on which no run depends, though git may not ignore them (unless a run did look into one)."""


@dataclass(frozen=True)
class Scope:
    """The places of one run.

    ``own`` are files that the run itself writes (``--output``, the cache). ``looked_into`` are the files that are not
    Python on which its answer depends; None where it gave no answer: it may depend on any.
    """

    asked: Asked
    own: frozenset[str] = frozenset()
    looked_into: frozenset[str] | None = None

    @cached_property
    def files(self) -> frozenset[str]:
        """Every file of the project, relative to its root."""
        return self._python.union(self.asked.request.discovered.others)

    @cached_property
    def folders(self) -> frozenset[str]:
        """The folders, whole paths, in which a change may matter; what lies deeper is listed itself."""
        root = str(self.asked.request.discovered.root)
        inside = {""}
        for path in self.files:
            folder = path.rpartition("/")[0]
            while folder not in inside:
                inside.add(folder)
                folder = folder.rpartition("/")[0]
        whole = {os.path.join(root, folder) if folder else root for folder in inside}  # noqa: PTH118 - thousands
        whole |= {os.path.dirname(path) for path in (*self._heads, self._settings) if path}  # noqa: PTH120
        return frozenset(folder for folder in whole if folder.isprintable() or _is_text(folder))

    def concerns(self, paths: Collection[str]) -> frozenset[str]:
        """Those of ``paths``, whole ones, on which a run may depend; relative to the root where they lie below it."""
        root = f"{self.asked.request.discovered.root}{os.sep}"
        asked_for = {*self._heads, self._settings}
        return frozenset(
            path.removeprefix(root) for path in paths if path in asked_for or not self._is_idle(path.removeprefix(root))
        )

    def _is_idle(self, path: str) -> bool:
        """True for what is no part of any project: git's own files, leftovers, and what the run itself wrote."""
        if self.looked_into and path in self.looked_into:
            return False
        return (
            path.startswith(f".git{os.sep}")
            or NOT_SOURCE.search(os.path.basename(path)) is not None  # noqa: PTH119
            or os.path.join(self.asked.request.discovered.root, path) in self.own  # noqa: PTH118
        )

    def needs_reading(self, paths: Collection[str]) -> bool:
        """True if the request itself may be another one after ``paths`` changed; False if only contents are."""
        if self.asked.since is not None or "launches" in self.asked.request.settings:  # read from any kind of file
            return True
        root = self.asked.request.discovered.root
        return not all(path in self._python and _is_file(root / path) for path in paths)

    def reasons(self, fresh: Asked, paths: Collection[str]) -> frozenset[str]:
        """Those of ``paths`` for which ``fresh`` has to be run; all of them where it asks for something else."""
        depends = self.files if self.looked_into is None else self._python | self.looked_into
        listed = frozenset() if fresh is self.asked else self.files ^ Scope(fresh).files
        found = frozenset(path for path in paths if path in depends or path in listed)
        return found or (frozenset() if fresh is self.asked or _same(self.asked, fresh) else frozenset(paths))

    @cached_property
    def _python(self) -> frozenset[str]:
        found = self.asked.request.discovered
        return frozenset([*found.selected, *found.context])

    @cached_property
    def _settings(self) -> str:
        """The configuration that was named on the command line or found, a whole path; empty if there is none."""
        source = self.asked.configuration
        return os.path.abspath(source) if source else ""  # noqa: PTH100 - links stay links

    @cached_property
    def _heads(self) -> frozenset[str]:
        """What git writes when ``HEAD`` moves: only ``--since`` depends on it."""
        top = self.asked.request.discovered.repository
        if self.asked.since is None or top is None:
            return frozenset()
        from rewire.discover.repository import run_git

        folder = Path(os.fsdecode(run_git(top, "rev-parse", "--absolute-git-dir").stdout).rstrip("\n"))
        return frozenset({str(folder / "HEAD"), str(folder / "logs" / "HEAD")})


def own_files(output: str | None, cache: Path | None) -> frozenset[str]:
    """The files that a run writes, whole paths."""
    cached = [f"{cache}{end}" for end in ("", "-wal", "-shm", "-journal")] if cache else []
    return frozenset(os.path.realpath(path) for path in [*cached, *filter(None, [output])])


def _same(one: Asked, other: Asked) -> bool:
    """True if both ask for the same run, whoever listens to its progress and whatever leftovers lie about."""
    commits = {asked.since.commit if asked.since else "" for asked in (one, other)}
    return len(commits) == 1 and _essence(one) == _essence(other)


def _essence(asked: Asked) -> Request:
    found = asked.request.discovered
    others = tuple(path for path in found.others if not NOT_SOURCE.search(path.rpartition("/")[2]))
    return replace(asked.request, progress=None, discovered=replace(found, others=others))


def _is_file(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()


def _is_text(path: str) -> bool:
    """False for a name in another encoding than the file system's."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True
