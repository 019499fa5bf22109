"""Modules that no commit holds and every build has: those that packaging says it writes, and ignored ones by name."""

from __future__ import annotations

import posixpath
import re
import tomllib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rewire.project.boot.tree import Files

_WRITTEN = frozenset({"version-file", "version_file", "write_to", "write-to"})
"""What setuptools-scm, hatch-vcs and pdm call the file that they write."""

_IGNORED = re.compile(r"^/?((?:[\w.-]+/)*\w+)\.py\s*$", re.M)
_ANYWHERE = re.compile(r"^(?:\*\*/)?(\w+)\.py\s*$", re.M)


def generated_modules(files: Files, read_text: Callable[[str], str | None]) -> frozenset[str]:
    """Paths without suffix, relative to the workspace root; ``*/name`` for a name that is ignored wherever it is."""
    found: set[str] = set()
    for path in files.files:
        folder, _, name = path.rpartition("/")
        if name not in ("pyproject.toml", ".gitignore"):
            continue
        text = read_text(path)
        if text is None:
            continue
        if name == "pyproject.toml":
            found |= {posixpath.join(folder, written) for written in _written(text)}
        else:
            found |= {posixpath.join(folder, match[1]) for match in _IGNORED.finditer(text)}
            found |= {f"*/{match[1]}" for match in _ANYWHERE.finditer(text)}
    return frozenset(found)


def _written(text: str) -> Iterator[str]:
    try:
        pending: list[Any] = [tomllib.loads(text).get("tool", {})]
    except tomllib.TOMLDecodeError:
        return
    while pending:
        table = pending.pop()
        for key, value in table.items() if isinstance(table, dict) else ():
            if key in _WRITTEN and isinstance(value, str) and value.endswith(".py"):
                yield posixpath.normpath(value).removesuffix(".py")
            pending.append(value)
