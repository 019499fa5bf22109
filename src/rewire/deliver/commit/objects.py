"""Commit objects, built in a temporary index: the work tree and the real index stay untouched.

Contents that git stores as they are go to it as one stream. Where attributes or settings convert (line ends,
encodings, filters), they go through ``git update-index`` at their own paths in a temporary directory, so that what is
stored is what ``git add`` would store. No hooks run: a pre-commit hook looks at the work tree, which does not hold
these contents.
"""

from __future__ import annotations

import hashlib
import tempfile
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from rewire.deliver.commit.git import Git, listed
from rewire.deliver.commit.message import encode, message, subject
from rewire.deliver.commit.values import CommitInfo

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rewire.deliver.commit.preconditions import Entry, Ground
    from rewire.deliver.commit.series import Step

_STAGE_SETTINGS = {"core.fileMode": "true", "core.ignoreStat": "false", "core.sparseCheckout": "false"}
"""In our own directory every mode is as we set it, and every file is there that we name."""

_OFF = ("unspecified", "unset")


def build(
    ground: Ground, root: Path, steps: Sequence[Step], entries: Mapping[str, Entry], command: str
) -> list[CommitInfo]:
    """One commit a step, the first on top of HEAD; a step that changes nothing that git stores gives none."""
    with tempfile.TemporaryDirectory(prefix="rewire-") as folder:
        stage = _Stage(ground, root, Path(folder).resolve(), entries)
        stage.store_plain(steps)
        return list(stage.commits(steps, command))


class _Stage:
    """An index of our own that holds everything, and a work tree that holds the files which git converts."""

    def __init__(self, ground: Ground, root: Path, folder: Path, entries: Mapping[str, Entry]) -> None:
        self._ground = ground
        self._git = Git(root, {**ground.git.settings, **_STAGE_SETTINGS})
        self._root = root
        self._files = folder / "files"
        self._entries = entries
        self._attributes: set[Path] = set()
        self._converts: dict[str, bool | None] = {}
        self._encoding = self._git.answer("config", "--get", "i18n.commitEncoding") or ""
        self._environment = {
            "GIT_DIR": str(ground.directory),
            "GIT_WORK_TREE": str(self._files),
            "GIT_INDEX_FILE": str(folder / "index"),
        }
        self._files.mkdir()

    def store_plain(self, steps: Sequence[Step]) -> None:
        """Give git the contents that it stores as they are: one process for the whole run."""
        by_path: dict[str, list[Step]] = {}
        for step in steps:
            for path in step.files:
                by_path.setdefault(path, []).append(step)
        self._converts = _conversions(self._ground.git, sorted(by_path))
        stream = (blob for path, touching in sorted(by_path.items()) for blob in self._blobs(path, touching))
        self._git.run("fast-import", "--quiet", "--done", stdin=chain(stream, [b"done\n"]))

    def _blobs(self, path: str, steps: Sequence[Step]) -> Iterator[bytes]:
        """The versions of one file, one after the other: git keeps each as its difference from the one before."""
        for data in dict.fromkeys(step.files[path] for step in steps):
            if data is not None and self._is_plain(path, data):
                yield b"blob\ndata %d\n%b\n" % (len(data), data)

    def commits(self, steps: Sequence[Step], command: str) -> Iterator[CommitInfo]:
        """The commits, one on top of the other."""
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

    def _is_plain(self, path: str, data: bytes) -> bool:
        converts = self._converts[path]
        return not converts if converts is not None else b"\r" not in data

    def _store(self, step: Step) -> str:
        converted: list[str] = []
        lines: list[bytes] = []
        for path, data in step.files.items():
            name = path.encode("utf-8", "surrogateescape")
            if data is None:
                lines.append(b"0 %b\t%b\0" % (b"0" * len(self._ground.head), name))
            elif self._is_plain(path, data):
                lines.append(b"%b %b\t%b\0" % (self._mode(path).encode(), self._name(data), name))
            else:
                self._write(path, data)
                converted.append(path)
        if lines:
            self._run("update-index", "-z", "--index-info", stdin=b"".join(lines))
        if converted:
            self._run("update-index", "--add", "-z", "--stdin", stdin=listed(converted))
        # --missing-ok: a partial clone may lack what other entries name, and must not fetch it.
        return self._run("write-tree", "--missing-ok").decode().strip()

    def _name(self, data: bytes) -> bytes:
        """The object name under which git keeps ``data``."""
        make = hashlib.sha1 if len(self._ground.head) == 40 else hashlib.sha256
        return make(b"blob %d\0%b" % (len(data), data), usedforsecurity=False).hexdigest().encode()

    def _mode(self, path: str) -> str:
        entry = self._entries.get(path)
        return entry.mode if entry else "100644"

    def _write(self, path: str, data: bytes) -> None:
        place = self._files / path
        place.parent.mkdir(parents=True, exist_ok=True)
        self._copy_attributes(Path(path).parent)
        place.write_bytes(data)
        place.chmod(0o755 if self._mode(path) == "100755" else 0o644)

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
        git, data = self._git, encode(text, self._encoding)
        if data is None:
            git, data = Git(self._root, {**git.settings, "i18n.commitEncoding": "UTF-8"}), text.encode()
        name = git.run(*arguments, stdin=data, env=self._environment, terminal=self._ground.sign)
        return name.decode().strip()

    def _run(self, *arguments: str, stdin: bytes = b"") -> bytes:
        return self._git.run(*arguments, stdin=stdin, env=self._environment)


def _conversions(git: Git, paths: Sequence[str]) -> dict[str, bool | None]:
    """Whether git converts each path on its way in; None: line ends only, so that a text without CR stays as it is."""
    ends = (git.answer("config", "--get", "core.autocrlf") or "false").lower() not in ("false", "no", "off", "0")
    names = ("text", "crlf", "eol", "filter", "ident", "working-tree-encoding")
    records = git.records("check-attr", "-z", "--stdin", *names, stdin=listed([*paths]))
    found: dict[str, dict[str, str]] = {}
    for path, name, value in zip(records[::3], records[1::3], records[2::3], strict=True):
        found.setdefault(path, {})[name] = value
    answers: dict[str, bool | None] = {}
    for path in paths:
        values = found[path]
        if any(values[name] not in _OFF for name in ("filter", "ident", "working-tree-encoding")):
            answers[path] = True
        elif values["text"] == "unset":
            answers[path] = False
        else:
            answers[path] = None if ends or any(values[name] not in _OFF for name in ("text", "crlf", "eol")) else False
    return answers
