"""Real git repositories in a test's own directory, and runs over them written down by hand."""

from __future__ import annotations

import os
import re
import subprocess
from typing import TYPE_CHECKING

from rewire.model.result import Outcome, RunResult
from rewire.model.site import Change, Promise
from rewire.model.source import SourceFile, Span, line_of
from rewire.model.workspace import Changeset, FileChange, Workspace
from rewire.read import decode

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


def git(root: Path, *arguments: str, stdin: bytes = b"", check: bool = True, **environment: str) -> bytes:
    """Run git in ``root``; its output, exactly."""
    done = subprocess.run(
        ["git", *arguments],
        cwd=root,
        input=stdin,
        capture_output=True,
        check=False,
        env={**os.environ, **environment},
    )
    if check and done.returncode:
        raise AssertionError(f"git {arguments}: {os.fsdecode(done.stderr)}")
    return done.stdout


def words(root: Path, *arguments: str) -> str:
    """git's output as text, without the last newline."""
    return os.fsdecode(git(root, *arguments)).rstrip("\n")


def write(root: Path, files: Mapping[str, bytes | str]) -> None:
    """Put ``files`` below ``root``."""
    for path, content in files.items():
        place = root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content.encode() if isinstance(content, str) else content)


def make_repository(root: Path, files: Mapping[str, bytes | str], **settings: str) -> Path:
    """A repository on branch ``main`` whose only commit holds ``files``; settings as ``core_autocrlf="true"``."""
    root.mkdir(parents=True, exist_ok=True)
    git(root, "init", "-q", "-b", "main")
    for name, value in settings.items():
        git(root, "config", name.replace("_", "."), value)
    write(root, files)
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "begin")
    return root


def tree(root: Path) -> dict[str, bytes]:
    """Every file below ``root`` outside ``.git``, with its bytes (links by what they name)."""
    found: dict[str, bytes] = {}
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if name != ".git"]
        for name in names:
            if name == ".git":
                continue
            place = os.path.join(folder, name)  # noqa: PTH118
            key = os.path.relpath(place, root)
            if os.path.islink(place):  # noqa: PTH114
                found[key] = b"-> " + os.fsencode(os.readlink(place))  # noqa: PTH115
            elif os.path.isfile(place):  # noqa: PTH113 - a pipe would make its reader wait
                with open(place, "rb") as file:  # noqa: PTH123
                    found[key] = file.read()
    return found


def source(path: str, data: bytes) -> SourceFile:
    """``data`` decoded as the read station does it."""
    decoded = decode(path, data)
    assert isinstance(decoded, SourceFile), decoded
    return decoded


def rewrite(before: SourceFile, old: str, new: str, *, codemod: str = "toy", group: str = "") -> FileChange:
    """``before`` with every ``old`` replaced by ``new``, one change an occurrence."""
    changes: list[Change] = []
    pieces: list[str] = []
    position = length = 0
    for match in re.finditer(re.escape(old), before.text):
        start, end = match.span()
        pieces += [before.text[position:start], new]
        length += start - position
        changes.append(
            Change(
                codemod=codemod,
                path=before.path,
                span=Span(start, end),
                line=line_of(before.text, start),
                summary=f"{old} becomes {new}",
                shape="word",
                support=False,
                before=Span(start, end),
                after=Span(length, length + len(new)),
                group=group,
            )
        )
        length += len(new)
        position = end
    after = before.with_text("".join(pieces) + before.text[position:])
    return FileChange(before.path, before, after, tuple(changes))


def create(path: str, text: str, *, codemod: str = "toy", group: str = "") -> FileChange:
    """A new file."""
    whole = Span(0, len(text))
    change = Change(codemod, path, Span(0, 0), 1, f"create {path}", "new", True, Span(0, 0), whole, group)
    return FileChange(path, None, source(path, text.encode()), (change,))


def delete(before: SourceFile, *, codemod: str = "toy", group: str = "") -> FileChange:
    """A file that goes away."""
    whole = Span(0, len(before.text))
    change = Change(codemod, before.path, whole, 1, f"delete {before.path}", "gone", True, whole, Span(0, 0), group)
    return FileChange(before.path, before, None, (change,))


def replace_words(
    root: Path,
    *steps: tuple[str, str],
    paths: Sequence[str] | None = None,
    codemods: Sequence[str] = ("first", "second", "third"),
) -> RunResult:
    """A run in which codemod number i replaces ``steps[i][0]`` by ``steps[i][1]`` in every ``.py`` file."""
    names = paths if paths is not None else sorted(name for name in tree(root) if name.endswith(".py"))
    now = {name: source(name, (root / name).read_bytes()) for name in names}
    outcomes = []
    for codemod, (old, new) in zip(codemods, steps, strict=False):
        files = [rewrite(file, old, new, codemod=codemod) for file in now.values() if old in file.text]
        now.update({file.path: file.after for file in files if file.after})
        outcomes.append(outcome(codemod, *files))
    return run_of(root, *outcomes)


def outcome(codemod: str, *files: FileChange, **more: object) -> Outcome:
    """One codemod's ledger over ``files``."""
    ordered = tuple(sorted(files, key=lambda file: file.path))
    made = sum(not change.support for file in ordered for change in file.changes)
    refused = len(more.get("refusals", ()))  # type: ignore[arg-type]
    return Outcome(
        codemod=codemod,
        summary=f"replace a word ({codemod})",
        promise=Promise.CHECKED,
        found=made + refused,
        changeset=Changeset(codemod, ordered),
        **more,  # type: ignore[arg-type]
    )


def run_of(root: Path, *outcomes: Outcome) -> RunResult:
    """A whole run of these outcomes, in this order."""
    workspace = Workspace(root, tuple(sorted(name for name in tree(root) if name.endswith(".py"))))
    after = workspace
    for one in outcomes:
        after = after.with_changes(one.changeset.files)
    return RunResult(workspace, after, tuple(outcomes), files_seen=len(workspace.paths))
