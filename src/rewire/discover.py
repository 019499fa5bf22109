"""Station one: which files there are, and which of them this run may change.

In a repository the list is git's own (tracked files, and untracked ones that git does not ignore); elsewhere the
directory tree, less what ``.gitignore`` files name and what is never a project's own code. Symbolic links, submodules
and nested repositories are left alone: what they point to is listed where it lives, or belongs to somebody else.
"""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import pathspec

from rewire.errors import GitError, UsageError
from rewire.model.result import Failure

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

PYTHON_SUFFIXES = (".py", ".pyi", ".pyw")
"""A file is Python by its name; one named on the command line also by its ``#!`` line."""

NEVER_OURS = frozenset(
    {
        ".git", ".hg", ".svn", ".bzr", ".venv", "venv", ".tox", ".nox", ".eggs", "__pycache__", "__pypackages__",
        "node_modules", "site-packages", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis", ".direnv",
        ".ipynb_checkpoints",
    }
)  # fmt: skip
"""Directories that are not walked outside git (inside, git's own list decides)."""

GIT_SETTINGS: Mapping[str, str] = {
    "core.fsmonitor": "false",
    "core.hooksPath": os.devnull,
    "core.quotePath": "true",
    "core.safecrlf": "false",
    "gc.auto": "0",
    "maintenance.auto": "false",
    "submodule.recurse": "false",
}
"""Settings laid over the repository's own for every git command: none of them may start a program it names."""

_GIT_PLACES = (
    "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR", "GIT_NAMESPACE", "GIT_PREFIX", "GIT_INTERNAL_SUPER_PREFIX", "GIT_SHALLOW_FILE",
    "GIT_GRAFT_FILE", "GIT_REPLACE_REF_BASE", "GIT_IMPLICIT_WORK_TREE", "GIT_EXTERNAL_DIFF", "GIT_LITERAL_PATHSPECS",
    "GIT_GLOB_PATHSPECS", "GIT_NOGLOB_PATHSPECS", "GIT_ICASE_PATHSPECS", "GIT_ATTR_SOURCE",
)  # fmt: skip
"""Variables a hook or an alias of another repository may have left; the path alone says which repository is meant."""


@dataclass(frozen=True, slots=True)
class Discovered:
    """Every file of the project, relative to ``root``, ``/``-separated, sorted.

    ``repository`` is the work tree's top level, None outside git. ``selected``: Python files under the given paths,
    which this run may change. ``context``: the other Python files. ``others``: everything else. ``failures``:
    directories that could not be listed.
    """

    root: Path
    repository: Path | None
    selected: tuple[str, ...]
    context: tuple[str, ...]
    others: tuple[str, ...]
    failures: tuple[Failure, ...]


def discover(paths: Sequence[Path], *, exclude: Sequence[str] = (), root: Path | None = None) -> Discovered:
    """List the project around ``paths`` (files or directories; none: the current directory).

    ``exclude`` are patterns in ``.gitignore``'s language, relative to the root. ``root`` is used outside git only.
    Raises UsageError for a path that does not exist, is no Python file or lies elsewhere, and GitError where git
    refuses the repository.
    """
    named = [_existing(path) for path in (paths or (Path(),))]
    top = find_repository(named[0] if named[0].is_dir() else named[0].parent)
    base = top or _root_outside_git(named, root)
    given = [_below(base, path, shown) for path, shown in zip(named, paths or (Path(),), strict=True)]
    listing = _list_repository(base) if top else _walk(base)
    files = set(listing.files)
    for path, relative in zip(named, given, strict=True):
        if path.is_file():
            _require_python(path)
            files.add(relative)
    return _sort_out(base, top, files, listing.failures, given, _Patterns(tuple(exclude)))


def git_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment for a git command: no foreign repository, no programs, no network, no prompts, English.

    ``extra`` settings are laid over ``GIT_SETTINGS``. Settings travel by ``GIT_CONFIG_COUNT``, so that a name or
    value with ``=`` in it is no trouble; those already there (``git -c`` of a caller) are kept, ours win.
    """
    environment = {name: value for name, value in os.environ.items() if name not in _GIT_PLACES}
    try:
        count = int(environment.get("GIT_CONFIG_COUNT", "") or 0)
    except ValueError:
        count = 0
    settings = {**GIT_SETTINGS, **(extra or {})}
    for number, (key, value) in enumerate(settings.items(), count):
        environment[f"GIT_CONFIG_KEY_{number}"] = key
        environment[f"GIT_CONFIG_VALUE_{number}"] = value
    environment.update(
        GIT_CONFIG_COUNT=str(count + len(settings)),
        GIT_OPTIONAL_LOCKS="0",
        GIT_TERMINAL_PROMPT="0",
        GIT_NO_LAZY_FETCH="1",
        # Older gits do not know GIT_NO_LAZY_FETCH; no allowed transport has the same effect.
        GIT_ALLOW_PROTOCOL="none",
        LC_ALL="C.UTF-8",
        LANGUAGE="C",
    )
    return environment


def find_repository(directory: Path) -> Path | None:
    """Top level of the work tree that holds ``directory``; None outside git, or where there is no git at all.

    Raises GitError where there is a repository that git refuses to work in.
    """
    try:
        done = _git(directory, "rev-parse", "--show-toplevel")
    except FileNotFoundError:
        return None
    if done.returncode == 0:
        return Path(os.fsdecode(done.stdout.removesuffix(b"\n")))
    words = os.fsdecode(done.stderr).strip()
    if re.search(r"not a git repository \(or any", words):
        return None
    raise explain_git_refusal(directory, words)


def explain_git_refusal(directory: Path, words: str) -> GitError:
    """git's complaint about a whole repository as an error with a way out."""
    if "dubious ownership" in words:
        owned = re.search(r"repository at '(.*)'", words)
        place = owned.group(1) if owned else str(directory)
        return GitError(
            f"git refuses {place}: it belongs to another user (dubious ownership)",
            advice=f"if you trust it: git config --global --add safe.directory '{place}'",
        )
    if "must be run in a work tree" in words:
        return GitError(
            f"{directory} is in a bare repository or in .git: there are no files to change",
            advice="run rewire in a work tree (git worktree add PATH)",
        )
    return GitError(f"git cannot read the repository of {directory}: {words}", advice="git fsck may say more")


@dataclass(frozen=True, slots=True)
class _Listing:
    files: Sequence[str]
    failures: Sequence[Failure] = ()


@dataclass(frozen=True)
class _Patterns:
    lines: tuple[str, ...]

    @cached_property
    def spec(self) -> pathspec.GitIgnoreSpec:
        try:
            return pathspec.GitIgnoreSpec.from_lines(self.lines)
        except ValueError as error:
            raise UsageError(f"--exclude: {error}", advice="patterns are written as in .gitignore") from error

    def match(self, path: str) -> bool:
        return bool(self.lines) and self.spec.match_file(path)


def _git(directory: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        ["git", *arguments],
        cwd=directory,
        env=git_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )


def _existing(path: Path) -> Path:
    try:
        return path.resolve(strict=True)
    except FileNotFoundError:
        raise UsageError(f"no such file or directory: {path}", advice="check the spelling of the path") from None
    except (OSError, RuntimeError) as error:
        raise UsageError(f"cannot use {path}: {error}", advice="check the path and its permissions") from None


def _root_outside_git(named: Sequence[Path], root: Path | None) -> Path:
    if root is not None:
        return root.resolve()
    folders = [path if path.is_dir() else path.parent for path in named]
    common = Path(os.path.commonpath(folders))
    # Without a git binary the repository's own mark still tells where the project begins.
    return next((place for place in (common, *common.parents) if (place / ".git").exists()), common)


def _below(base: Path, path: Path, shown: Path) -> str:
    if not path.is_relative_to(base):
        raise UsageError(
            f"{shown} lies outside {base}, the project of the first path",
            advice="give paths of one project at a time",
        )
    relative = path.relative_to(base).as_posix()
    for parent in path.parents if path.is_file() else (path, *path.parents):
        if parent == base:
            break
        if (parent / ".git").exists():
            raise UsageError(
                f"{shown} belongs to another repository, {parent}",
                advice=f"run rewire on its own: rewire apply {parent}",
            )
    return "" if relative == "." else relative


def _require_python(path: Path) -> None:
    if path.name.endswith(PYTHON_SUFFIXES):
        return
    try:
        with path.open("rb") as file:
            first = file.readline(200)
    except OSError:
        first = b""
    if not re.match(rb"#!.*\bpython", first):
        raise UsageError(
            f"{path} is not a Python file",
            advice=f"Python files end in {', '.join(PYTHON_SUFFIXES)} or begin with #! and python",
        )


def _list_repository(top: Path) -> _Listing:
    done = _git(top, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    words = os.fsdecode(done.stderr)
    if done.returncode != 0:
        raise explain_git_refusal(top, words.strip())
    names = {name for name in os.fsdecode(done.stdout).split("\0") if name and not name.endswith("/")}
    closed = [match.group(1) for match in re.finditer(r"could not open directory '(.*)': ", words)]
    failures = {folder.rstrip("/"): _closed(folder.rstrip("/")) for folder in closed}
    return _keep_real_files(top, names, failures)


def _keep_real_files(top: Path, names: Iterable[str], failures: dict[str, Failure]) -> _Listing:
    """Those of ``names`` that are regular files on disk, reached without a symbolic link."""
    by_folder: dict[str, list[str]] = {}
    for name in names:
        folder, _, last = name.rpartition("/")
        by_folder.setdefault(folder, []).append(last)
    real: dict[str, bool] = {"": True}
    files: list[str] = []
    for folder in sorted(by_folder):
        if not _is_real_folder(top, folder, real):
            continue
        try:
            with os.scandir(top / folder) as entries:
                present = {entry.name for entry in entries if entry.is_file(follow_symlinks=False)}
        except OSError:
            failures.setdefault(folder, _closed(folder))
            continue
        files.extend(f"{folder}/{name}" if folder else name for name in by_folder[folder] if name in present)
    return _Listing(files, tuple(failures.values()))


def _is_real_folder(top: Path, folder: str, known: dict[str, bool]) -> bool:
    answer = known.get(folder)
    if answer is None:
        place = top / folder
        parent = folder.rpartition("/")[0]
        answer = _is_real_folder(top, parent, known) and place.is_dir() and not place.is_symlink()
        known[folder] = answer
    return answer


def _walk(base: Path) -> _Listing:
    files: list[str] = []
    failures: list[Failure] = []
    _walk_folder(base, "", (), files, failures)
    return _Listing(files, failures)


def _walk_folder(
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
        failures.append(_closed(folder))
        return
    if any(entry.name == ".gitignore" for entry in entries):
        rules = (*rules, (folder, _read_ignore(base / folder / ".gitignore")))
    for entry in entries:
        path = f"{folder}/{entry.name}" if folder else entry.name
        if entry.is_dir(follow_symlinks=False):
            if entry.name not in NEVER_OURS and not _ignored(path + "/", rules):
                _walk_folder(base, path, rules, files, failures)
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


def _sort_out(
    base: Path,
    top: Path | None,
    files: Iterable[str],
    failures: Iterable[Failure],
    given: Sequence[str],
    patterns: _Patterns,
) -> Discovered:
    selected: list[str] = []
    context: list[str] = []
    others: list[str] = []
    exact = {path for path in given if path}
    prefixes = tuple(f"{path}/" for path in exact)
    for path in sorted(files):
        if not path.endswith(PYTHON_SUFFIXES) and path not in exact:
            others.append(path)
        elif ("" in given or path in exact or path.startswith(prefixes)) and not patterns.match(path):
            selected.append(path)
        else:
            context.append(path)
    kept = tuple(failure for failure in sorted(failures, key=lambda one: one.path) if not patterns.match(failure.path))
    return Discovered(base, top, tuple(selected), tuple(context), tuple(others), kept)


def _closed(folder: str) -> Failure:
    return Failure(
        folder or ".",
        "unreadable",
        "permission denied: the directory could not be listed",
        "make it readable, or leave it out (--exclude, .gitignore)",
    )
