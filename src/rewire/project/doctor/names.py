"""Findings about names: look-alike folders, files under two names, packages without ``__init__.py``, near matches."""

from __future__ import annotations

import posixpath
import re
from collections import defaultdict
from difflib import get_close_matches
from functools import lru_cache
from typing import TYPE_CHECKING

from rewire.project.boot.outside import STANDARD
from rewire.project.doctor.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rewire.project.boot.tree import Files
    from rewire.project.doctor.findings import ContextReport


def look_alikes(files: Files) -> Iterator[Finding]:
    """Folders side by side that a person takes for one another (``Back-End``, ``backend``)."""
    for parent, names in files.children.items():
        groups: dict[str, list[str]] = defaultdict(list)
        for name in names:
            path = posixpath.join(parent, name)
            if files.is_dir(path) and holds_python(files, path):
                groups[re.sub(r"[-_. ]", "", name).lower()].append(name)
        for alike in groups.values():
            if len(alike) > 1:
                shown = ", ".join(sorted(alike))
                yield Finding(
                    "look-alike", "warning", posixpath.join(parent, sorted(alike)[0]), 0,
                    f"folders with names that are easily taken for one another: {shown}",
                    "imports and launch commands mean exactly one of them; keep one",
                )  # fmt: skip


def holds_python(files: Files, folder: str, depth: int = 0) -> bool:
    """True if a Python file lies in or below ``folder``."""
    names = files.children.get(folder, ())
    if any(name.endswith(".py") for name in names):
        return True
    return depth < 4 and any(holds_python(files, f"{folder}/{name}", depth + 1) for name in names)


def two_names(contexts: Sequence[ContextReport]) -> Iterator[Finding]:
    """Files that one process loads under two names."""
    found: dict[tuple[str, tuple[str, ...]], list[str]] = defaultdict(list)
    for context in contexts:
        if context.launch.entry_kind == "tests":
            continue
        names: dict[str, list[str]] = defaultdict(list)
        for one in context.boot.loaded:
            if one.name not in names[one.path]:
                names[one.path].append(one.name)
        for path, several in names.items():
            if len(several) > 1:
                found[path, tuple(several)].append(context.launch.name)
    for (path, under), where in found.items():
        yield Finding(
            "two-names", "warning", path, 0,
            f"loaded as {' and as '.join(under)} in one process: two modules, two copies of its globals",
            "import it by one name everywhere",
            tuple(dict.fromkeys(where)),
        )  # fmt: skip


def missing_init(contexts: Sequence[ContextReport], files: Files) -> tuple[str, ...]:
    """Folders without ``__init__.py`` whose modules some context loads by a dotted name."""
    found: set[str] = set()
    for context in contexts:
        for one in context.boot.loaded:
            parts = one.name.split(".")
            folder = posixpath.dirname(one.path)
            if one.path.endswith("/__init__.py"):
                folder = posixpath.dirname(folder)
            for _ in parts[:-1]:
                if folder and f"{folder}/__init__.py" not in files.files:
                    found.add(folder)
                folder = posixpath.dirname(folder)
    return tuple(sorted(found))


def hidden_standard(contexts: Sequence[ContextReport]) -> Iterator[Finding]:
    """Files that a context finds before the standard library's module of the same name."""
    seen: set[str] = set()
    for context in contexts:
        launch = context.launch
        for one in context.boot.loaded:
            if "." not in one.name and one.name in STANDARD and one.path not in seen:
                seen.add(one.path)
                yield Finding(
                    "hides-standard-library", "warning", one.path, 0,
                    f"loaded as {one.name}, so the standard library's module of that name is not: for libraries, too",
                    "rename the file", (launch.name,),
                )  # fmt: skip


def near(files: Files, dotted: str, limit: int = 3) -> tuple[str, ...]:
    """Project files that ``dotted`` may have meant: the same last name, else one much like it."""
    last = dotted.rpartition(".")[2]
    stems = _by_stem(files)
    same = stems.get(last)
    if same:
        return tuple(same[:limit])
    close = get_close_matches(last, stems, n=limit, cutoff=0.8)
    return tuple(stems[stem][0] for stem in close)


@lru_cache(maxsize=4)
def _by_stem(files: Files) -> dict[str, list[str]]:
    """Python files by the last part of their module's name, the shallowest first."""
    stems: dict[str, list[str]] = defaultdict(list)
    for path in sorted(files.files, key=lambda path: (path.count("/"), path)):
        if path.endswith(".py"):
            folder, _, name = path.rpartition("/")
            stems[folder.rpartition("/")[2] if name == "__init__.py" else name[:-3]].append(path)
    return dict(stems)
