"""Which files this run may change, which only surround them, and what is wrong with the paths that were given."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rewire.discover.repository import find_repository, list_repository
from rewire.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Sequence

    import pathspec

    from rewire.discover.listing import Listing
    from rewire.model.result import Failure

PYTHON_SUFFIXES = (".py", ".pyi", ".pyw")
"""A file is Python by its name; one named on the command line also by its ``#!`` line."""


@dataclass(frozen=True, slots=True)
class Discovered:
    """Every file of the project, relative to ``root``, ``/``-separated, sorted.

    ``repository`` is the work tree's top level, None outside git. ``selected``: Python files under the given paths,
    which this run may change. ``context``: the other Python files. ``others``: everything else. ``failures``:
    directories that could not be listed. ``narrowed``: paths or ``--since`` leave Python files out (what is excluded
    is not a part of the project that another run would look at).
    """

    root: Path
    repository: Path | None
    selected: tuple[str, ...]
    context: tuple[str, ...]
    others: tuple[str, ...]
    failures: tuple[Failure, ...]
    narrowed: bool = False

    def __reduce__(self) -> tuple[Any, ...]:
        """Paths travel between processes as one text, in a third of the time."""
        names = (self.selected, self.context, self.others)
        texts = tuple("\0".join(paths) for paths in names)
        return _received, (self.root, self.repository, texts, self.failures, self.narrowed)

    def narrowed_to(self, paths: Container[str]) -> Discovered:
        """The same project, of which this run may change only what is among ``paths`` too."""
        left_out = [path for path in self.selected if path not in paths]
        selected = tuple(path for path in self.selected if path in paths)
        return replace(
            self,
            selected=selected,
            context=tuple(sorted([*self.context, *left_out])),
            narrowed=self.narrowed or bool(left_out),
        )


def _received(
    root: Path, repository: Path | None, texts: Sequence[str], failures: tuple[Failure, ...], narrowed: bool
) -> Discovered:
    selected, context, others = (tuple(text.split("\0")) if text else () for text in texts)
    return Discovered(root, repository, selected, context, others, failures, narrowed)


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
    listing = list_repository(base) if top else _list_tree(base)
    files = dict.fromkeys(_without_environments(listing.files, given))
    for path, relative in zip(named, given, strict=True):
        if path.is_file():
            _require_python(path)
            files[relative] = None
    return _sort_out(base, top, files, listing.failures, given, _Patterns(tuple(exclude)))


def _without_environments(files: Sequence[str], given: Sequence[str]) -> Sequence[str]:
    """All but the files of virtual environments, which are other people's, even where somebody has committed one.

    PEP 405: the folder that holds a ``pyvenv.cfg``. One that a path was given of, or in, is meant.
    """
    marks = [path.removesuffix("pyvenv.cfg") for path in files if path.endswith("/pyvenv.cfg")]
    theirs = tuple(folder for folder in marks if not any(f"{path}/".startswith(folder) for path in given))
    return [path for path in files if not path.startswith(theirs)] if theirs else files


@dataclass(frozen=True)
class _Patterns:
    lines: tuple[str, ...]

    @cached_property
    def spec(self) -> pathspec.GitIgnoreSpec:
        import pathspec

        try:
            return pathspec.GitIgnoreSpec.from_lines(self.lines)
        except ValueError as error:
            raise UsageError(f"--exclude: {error}", advice="patterns are written as in .gitignore") from error

    def match(self, path: str) -> bool:
        return bool(self.lines) and self.spec.match_file(path)


def _list_tree(base: Path) -> Listing:
    from rewire.discover.tree import list_tree  # pathspec, which a repository does not need

    return list_tree(base)


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
    exact = {path for path in given if path}
    prefixes = tuple(f"{path}/" for path in exact)
    everything = "" in given
    narrowed = False
    listed = sorted(files)
    python = [path for path in listed if path.endswith(PYTHON_SUFFIXES) or path in exact]
    for path in python:
        inside = everything or path in exact or path.startswith(prefixes)
        if inside and not patterns.match(path):
            selected.append(path)
        else:
            context.append(path)
            narrowed = narrowed or not (inside or patterns.match(path))
    others = [path for path in listed if not path.endswith(PYTHON_SUFFIXES) and path not in exact]
    kept = tuple(failure for failure in sorted(failures, key=lambda one: one.path) if not patterns.match(failure.path))
    return Discovered(base, top, tuple(selected), tuple(context), tuple(others), kept, narrowed)
