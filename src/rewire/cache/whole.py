"""A whole run, remembered: where nothing has changed since an equal run, neither has its answer.

Two keys lead to an answer. The first holds what was asked (codemods, options, settings, the code that answers) and
what lay on disk: every Python file by name, size, times and inode, as git's index tells a changed file, and the names
of all others. It leads to the names of those others that the run looked into; their state completes the second key.
A file that changed less than two seconds before the run is too young to tell (file systems keep time in steps): such
a run is not remembered.
"""

from __future__ import annotations

import os
import time
import zlib
from dataclasses import replace
from hashlib import blake2b
from typing import TYPE_CHECKING

import rewire
from rewire.cache.record import Files, Record, write_record
from rewire.cache.store import Cache, key_of
from rewire.cache.values import Unknown, dump, fingerprint, load
from rewire.model.result import Rendered, RunResult
from rewire.model.workspace import Changeset

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from rewire.model.source import SourceFile
    from rewire.model.workspace import Workspace

SETTLED = 2_000_000_000
"""Nanoseconds after which a file's times can no longer hide another change."""


class Whole:
    """The memory of one request's answer.

    ``packages`` hold the code of the codemods. ``asked`` is all that the answer depends on besides code and files; the
    ``repr`` of each part enters the key. ``others`` are the files that are not Python.
    """

    def __init__(
        self, path: Path, workspace: Workspace, others: Sequence[str], packages: Sequence[str], asked: Sequence[object]
    ) -> None:
        self._path = path
        self._workspace = workspace
        self._packages = tuple(packages)
        self._begun = time.time_ns()
        listed = blake2b(digest_size=16)
        for paths in (workspace.paths, workspace.context, others):
            listed.update("\0".join((*paths, "\0")).encode("utf-8", "surrogateescape"))
        code = fingerprint("rewire", *packages)
        self._asked = (rewire.__version__, code, os.fspath(workspace.root), listed.hexdigest(), *asked)
        self._python, self._youngest = self._state((*workspace.paths, *workspace.context))
        self._first = key_of("run", self._python, *self._asked)

    def recall(self, source: Callable[[str], SourceFile | None]) -> RunResult | None:
        """The answer of an equal run to the same files; None if there was none.

        ``source`` reads a Python file, if its changes are looked at.
        """
        with Cache(self._path) as cache:
            names = cache.get_many([self._first]).get(self._first)
            if names is None:
                return None
            asked = _split(names)
            second = self._second(asked)
            found = cache.get_many([key_of(second, part) for part in ("head", "files", "patch")])
        head, files, patch = (found.get(key_of(second, part)) for part in ("head", "files", "patch"))
        if head is None or files is None:
            return None
        try:
            outcomes, failures, unused, counts, net = load(head, self._packages)
            text = zlib.decompress(patch) if patch else None
        except (Unknown, TypeError, ValueError, zlib.error):
            return None
        record = Record(files, source)
        return RunResult(
            before=self._workspace,
            after=self._workspace,
            outcomes=tuple(
                replace(
                    outcome, changeset=Changeset(outcome.codemod, Files(record, number, count), changed), seconds=0.0
                )
                for number, (outcome, (count, changed)) in enumerate(zip(outcomes, counts, strict=True))
            ),
            failures=failures,
            unused_suppressions=unused,
            files_seen=len(self._workspace.paths),
            rendered=None if text is None else Rendered(text, net),
            asked=frozenset(asked),
        )

    def keep(self, result: RunResult) -> None:
        """Remember ``result``, unless a file changed meanwhile."""
        names = sorted(result.asked)
        python, _ = self._state((*self._workspace.paths, *self._workspace.context))
        _, youngest = self._state(names)
        if python != self._python or max(youngest, self._youngest) > self._begun - SETTLED:
            return
        second = self._second(names)
        outcomes = tuple(replace(one, changeset=Changeset(one.codemod, ())) for one in result.outcomes)
        counts = tuple((len(one.changeset.files), one.changed) for one in result.outcomes)
        net = result.rendered.files if result.rendered else 0
        entries = {
            "head": dump((outcomes, result.failures, result.unused_suppressions, counts, net)),
            "files": write_record(result.outcomes),
        }
        if result.rendered:
            entries["patch"] = zlib.compress(result.rendered.patch, 1)
        with Cache(self._path) as cache:
            cache.put_many((key_of(second, part), data) for part, data in entries.items())
            cache.put_many([(self._first, "\0".join(names).encode("utf-8", "surrogateescape"))])

    def _second(self, names: Sequence[str]) -> bytes:
        return key_of(self._first, tuple(names), self._state(names)[0])

    def _state(self, names: Iterable[str]) -> tuple[str, int]:
        """A digest of what the file system says of these files, and when the youngest changed (ns since the epoch)."""
        root = os.fspath(self._workspace.root) + os.sep
        youngest = 0
        lines = []
        for name in names:
            try:
                found = os.lstat(root + name)
            except OSError:
                lines.append(f"{name}\0")
                continue
            lines.append(
                f"{name}\0{found.st_size} {found.st_mtime_ns} {found.st_ctime_ns} {found.st_ino} {found.st_mode}"
            )
            youngest = max(youngest, found.st_mtime_ns, found.st_ctime_ns)
        return blake2b("\n".join(lines).encode("utf-8", "surrogateescape"), digest_size=16).hexdigest(), youngest


def _split(names: bytes) -> list[str]:
    text = names.decode("utf-8", "surrogateescape")
    return text.split("\0") if text else []
