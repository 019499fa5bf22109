"""The files of a directory outside git: the tree, less what ``.gitignore`` files name."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pathspec

from rewire.discover.listing import Listing, closed

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from rewire.model.result import Failure

NEVER_OURS = frozenset(
    {
        ".git", ".hg", ".svn", ".bzr", ".venv", "venv", ".tox", ".nox", ".eggs", "__pycache__", "__pypackages__",
        "node_modules", "site-packages", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis", ".direnv",
        ".ipynb_checkpoints",
    }
)  # fmt: skip
"""Directories that are not walked outside git (inside, git's own list decides)."""


def list_tree(base: Path) -> Listing:
    """Every regular file under ``base`` that is neither ignored nor in a directory of ``NEVER_OURS``."""
    files: list[str] = []
    failures: list[Failure] = []
    _walk(base, "", (), files, failures)
    return Listing(files, failures)


def _walk(
    base: Path,
    folder: str,
    rules: tuple[tuple[str, pathspec.GitIgnoreSpec], ...],
    files: list[str],
    failures: list[Failure],
) -> None:
    try:
        with os.scandir(base / folder) as found:
            entries = sorted(found, key=lambda entry: entry.name)
    except OSError:
        failures.append(closed(folder))
        return
    if any(entry.name == ".gitignore" for entry in entries):
        rules = (*rules, (folder, _read_ignore(base / folder / ".gitignore")))
    for entry in entries:
        path = f"{folder}/{entry.name}" if folder else entry.name
        if entry.is_dir(follow_symlinks=False):
            if entry.name not in NEVER_OURS and not _ignored(path + "/", rules):
                _walk(base, path, rules, files, failures)
        elif entry.is_file(follow_symlinks=False) and not _ignored(path, rules):
            files.append(path)


def _read_ignore(path: Path) -> pathspec.GitIgnoreSpec:
    try:
        return pathspec.GitIgnoreSpec.from_lines(path.read_text("utf-8", "surrogateescape").splitlines())
    except (OSError, ValueError):
        return pathspec.GitIgnoreSpec.from_lines(())


def _ignored(path: str, rules: Sequence[tuple[str, pathspec.GitIgnoreSpec]]) -> bool:
    """As git decides it: the deepest ``.gitignore`` with anything to say about ``path`` wins."""
    for folder, spec in reversed(rules):
        said = spec.check_file(path[len(folder) + 1 :] if folder else path).include
        if said is not None:
            return said
    return False
