"""Commit objects, built in a temporary index and a temporary directory: the work tree and the index stay untouched.

Contents go through ``git update-index`` at their own paths, so that line ends, encodings and filters are stored as
the repository's attributes say. No hooks run: a pre-commit hook looks at the work tree, which does not hold these
contents.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from rewire.deliver.commit.git import Git, listed
from rewire.deliver.commit.message import message, subject
from rewire.deliver.commit.values import CommitInfo

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from rewire.deliver.commit.preconditions import Entry, Ground
    from rewire.deliver.commit.series import Step

_STAGE_SETTINGS = {"core.fileMode": "true", "core.ignoreStat": "false", "core.sparseCheckout": "false"}
"""In our own directory every mode is as we set it, and every file is there that we name."""


def build(
    ground: Ground, root: Path, steps: Iterable[Step], entries: Mapping[str, Entry], command: str
) -> list[CommitInfo]:
    """One commit a step, the first on top of HEAD; a step that changes nothing that git stores gives none."""
    with tempfile.TemporaryDirectory(prefix="rewire-") as folder:
        stage = _Stage(ground, root, Path(folder).resolve(), entries)
        return list(stage.commits(steps, command))


class _Stage:
    """A work tree of our own that holds the changed files only, with an index of our own that holds everything."""

    def __init__(self, ground: Ground, root: Path, folder: Path, entries: Mapping[str, Entry]) -> None:
        self._ground = ground
        self._git = Git(root, {**ground.git.settings, **_STAGE_SETTINGS})
        self._root = root
        self._files = folder / "files"
        self._entries = entries
        self._attributes: set[Path] = set()
        self._environment = {
            "GIT_DIR": str(ground.directory),
            "GIT_WORK_TREE": str(self._files),
            "GIT_INDEX_FILE": str(folder / "index"),
        }
        self._files.mkdir()

    def commits(self, steps: Iterable[Step], command: str) -> Iterator[CommitInfo]:
        parent = self._ground.head
        parent_tree = self._ground.git.line("rev-parse", f"{parent}^{{tree}}")
        self._run("read-tree", parent)
        for step in steps:
            tree = self._store(step)
            if tree == parent_tree:
                continue
            text = message(step, command=command, parent_tree=parent_tree, result_tree=tree)
            parent = self._commit(tree, parent, text)
            parent_tree = tree
            yield CommitInfo(parent, subject(step), step.outcome.codemod, tuple(sorted(step.files)))

    def _store(self, step: Step) -> str:
        for path, data in step.files.items():
            place = self._files / path
            if data is None:
                place.unlink(missing_ok=True)
                continue
            place.parent.mkdir(parents=True, exist_ok=True)
            self._copy_attributes(Path(path).parent)
            place.write_bytes(data)
            entry = self._entries.get(path)
            place.chmod(0o755 if entry and entry.mode == "100755" else 0o644)
        self._run("update-index", "--add", "--remove", "-z", "--stdin", stdin=listed([*step.files]))
        # --missing-ok: a partial clone may lack what other entries name, and must not fetch it.
        return self._run("write-tree", "--missing-ok").decode().strip()

    def _copy_attributes(self, folder: Path) -> None:
        """``.gitattributes`` as they are in the work tree, where git looks first."""
        if folder in self._attributes:
            return
        self._attributes.add(folder)
        if folder != folder.parent:
            self._copy_attributes(folder.parent)
        file = self._root / folder / ".gitattributes"
        if file.is_file() and not file.is_symlink():
            copy = self._files / folder / ".gitattributes"
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(file.read_bytes())

    def _commit(self, tree: str, parent: str, text: str) -> str:
        signed = ("-S",) if self._ground.sign else ()
        arguments = ("commit-tree", *signed, "-p", parent, "-F", "-", tree)
        return self._run(*arguments, stdin=text.encode(), terminal=self._ground.sign).decode().strip()

    def _run(self, *arguments: str, stdin: bytes = b"", terminal: bool = False) -> bytes:
        return self._git.run(*arguments, stdin=stdin, env=self._environment, terminal=terminal)
