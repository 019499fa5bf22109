"""The files of a directory outside git: the tree, less what ``.gitignore`` files name."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rewire.discover.listing import Listing, closed

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pathspec

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
    _walk(str(base), "", (), files, failures)
    return Listing(files, failures)


@dataclass(frozen=True, slots=True)
class _Rule:
    """One line of a ``.gitignore``: what it matches, whether only directories, and whether it ignores or takes back."""

    pattern: pathspec.Pattern
    only_folders: bool
    ignores: bool

    def covers(self, name: str, is_folder: bool) -> bool:
        if self.only_folders and not is_folder:
            return False
        found = self.pattern.match_file(name)
        # pathspec marks a match that holds for a directory above; whether to go down there was decided there.
        return found is not None and not found.match.groupdict().get("ps_d")


def _walk(
    base: str,
    folder: str,
    rules: tuple[tuple[str, Sequence[_Rule]], ...],
    files: list[str],
    failures: list[Failure],
) -> None:
    below = f"{folder}/" if folder else ""
    try:
        with os.scandir(f"{base}/{folder}") as found:
            entries = list(found)
    except OSError:
        failures.append(closed(folder))
        return
    if any(entry.name == ".gitignore" for entry in entries):
        rules = (*rules, (folder, _read_rules(f"{base}/{below}.gitignore")))
    for entry in entries:
        path = below + entry.name
        is_folder = entry.is_dir(follow_symlinks=False)
        if rules and _is_ignored(path, rules, is_folder=is_folder):
            continue
        if is_folder and entry.name not in NEVER_OURS:
            _walk(base, path, rules, files, failures)
        elif entry.is_file(follow_symlinks=False):
            files.append(path)


def _read_rules(path: str) -> Sequence[_Rule]:
    try:
        lines = Path(path).read_text("utf-8", "surrogateescape").splitlines()
    except OSError:
        return ()
    return [rule for line in lines if (rule := _read_rule(line)) is not None]


def _read_rule(line: str) -> _Rule | None:
    line = line.rstrip()
    only_folders = line.endswith("/") and line.strip("!/") != ""
    import pathspec  # 10 ms, for trees that have such a file

    try:
        (pattern,) = pathspec.GitIgnoreSpec.from_lines([line[:-1] if only_folders else line]).patterns
    except ValueError:
        return None  # git, too, passes over what it cannot read
    return None if pattern.include is None else _Rule(pattern, only_folders, pattern.include)


def _is_ignored(path: str, rules: Sequence[tuple[str, Sequence[_Rule]]], *, is_folder: bool) -> bool:
    """As git decides it: the last line with anything to say wins, of the deepest ``.gitignore`` that has one."""
    for folder, lines in reversed(rules):
        name = path[len(folder) + 1 :] if folder else path
        for rule in reversed(lines):
            if rule.covers(name, is_folder):
                return rule.ignores
    return False
