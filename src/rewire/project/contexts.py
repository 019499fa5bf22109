"""The ways in which one file comes to be loaded: by launches, and counted from import roots."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rewire.model.project import Context
from rewire.project.modules import package_of

if TYPE_CHECKING:
    from rewire.model.project import Launch, Loading
    from rewire.project.answers import Answers


def contexts_of(index: Answers, path: str) -> tuple[Context, ...]:
    """Contexts of ``path``, launches first.

    The import roots count where no launch loads the file and, for a declared root, always: what is packaged is
    imported by people who leave no launch file.
    """
    found = [_launched(loading, index.launch_roots(loading.launch)) for loading in index.loadings(path)]
    roots = index.found_roots
    for name, root in index.rooted_names(path):
        if not found or root in roots.declared:
            found.append(Context(name, package_of(name, path), roots.seen_from(root)))
    if not found:
        found += _numbered(index, path)
    found += index.flat.get(path, ())
    return tuple(found) if len(found) < 2 else tuple(dict.fromkeys(found))


def _numbered(index: Answers, path: str) -> list[Context]:
    """``0001_initial.py`` in a package: no import statement can name it, but migration tools load it by its name."""
    folder, _, file = path.rpartition("/")
    above = index.table.at(folder) if folder else None
    if above is None or re.fullmatch(r"\d\w*\.py", file) is None:
        return []
    stem = file.partition(".")[0]
    return [
        Context(f"{context.package}.{stem}", context.package, context.roots)
        for context in index.contexts(above)
        if context.package and context.launch is None
    ]


def root_of(path: str, name: str) -> str | None:
    """The directory from which ``name`` counts if it stands for ``path``; None if it cannot."""
    stem = path.rpartition(".")[0].removesuffix("/__init__")
    below = name.replace(".", "/")
    if stem == below:
        return ""
    return stem[: -len(below) - 1] if stem.endswith(f"/{below}") else None


def _launched(loading: Loading, roots: tuple[str, ...]) -> Context:
    launch = loading.launch
    if loading.name != "__main__":
        return Context(loading.name, package_of(loading.name, loading.path), roots, launch)
    return Context("__main__", main_package(launch, loading.path), roots, launch)


def main_package(launch: Launch, path: str) -> str:
    """The ``__package__`` of the file that ``launch`` runs as ``__main__``; empty for none."""
    if launch.entry_kind != "main-module":
        return ""
    stem = path.rpartition("/")[2].partition(".")[0]
    package = launch.entry if stem == "__main__" else launch.entry.rpartition(".")[0]
    return package.removesuffix(".__main__")
