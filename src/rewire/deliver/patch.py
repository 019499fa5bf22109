"""The run as one patch that ``git apply`` takes as it is. A patch is bytes: files may hold any encoding."""

from __future__ import annotations

import os
import re
import stat
from typing import TYPE_CHECKING

from rewire.deliver.unified import hunks

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from rewire.model.result import Outcome, RunResult
    from rewire.model.workspace import FileChange

_ESCAPES = {7: "\\a", 8: "\\b", 9: "\\t", 10: "\\n", 11: "\\v", 12: "\\f", 13: "\\r", 34: '\\"', 92: "\\\\"}
_PLAIN = re.compile(r"[ !#-\[\]-~]*")


def render(result: RunResult) -> bytes:
    """The whole run, net: every file as it was before the first codemod against how the last one left it."""
    return render_files(result.net_changes(), result.before.root)


def render_outcome(outcome: Outcome, root: Path) -> bytes:
    """One codemod's part: against the files as the codemods before it left them."""
    return render_files(outcome.changeset.files, root)


def render_files(files: Iterable[FileChange], root: Path) -> bytes:
    """``files`` as one patch, in the order given. ``root`` is asked only for the mode of files that are deleted."""
    return b"".join(fragment(file, root) for file in files)


def fragment(file: FileChange, root: Path) -> bytes:
    """The part of a patch that is about ``file``; it depends on nothing else, so files may be rendered anywhere.

    ``root`` is asked only for the mode of a file that is deleted.
    """
    lines = hunks(file)
    if file.before and file.after and not lines:
        return b""
    old, new = quote_path(f"a/{file.path}"), quote_path(f"b/{file.path}")
    head = f"diff --git {old} {new}\n"
    if file.before is None:
        head += "new file mode 100644\n"
    if file.after is None:
        head += f"deleted file mode {_mode(root / file.path)}\n"
    if lines:
        # A name with a blank in it ends at a tab: git's own way to tell where the name ends.
        end = "\t\n" if " " in file.path else "\n"
        head += "--- /dev/null\n" if file.before is None else f"--- {old}{end}"
        head += "+++ /dev/null\n" if file.after is None else f"+++ {new}{end}"
    return head.encode() + lines


def quote_path(path: str) -> str:
    """``path`` as git writes it (``core.quotePath``): unusual names in double quotes with C escapes. Always ASCII."""
    if _PLAIN.fullmatch(path):
        return path
    return f'"{_escape(path)}"'


def _escape(path: str) -> str:
    return "".join(
        _ESCAPES.get(byte) or (chr(byte) if 32 <= byte < 127 else f"\\{byte:03o}") for byte in os.fsencode(path)
    )


def _mode(path: Path) -> str:
    try:
        return "100755" if path.lstat().st_mode & stat.S_IXUSR else "100644"
    except OSError:
        return "100644"
