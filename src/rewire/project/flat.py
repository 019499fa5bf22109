"""Files that others load under a flat name: through ``sys.path`` edits, or beside a script in a package folder.

Each file that adds a directory of the project to ``sys.path``, and each that imports a sibling flat where it looks
like a script or falls back to it, is started in the boot simulator as a script; whatever that loads under another
name than its own is flat. So are test files and their packages where pytest counts names from another directory.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rewire.forks import Aside
from rewire.model.project import Context, Launch
from rewire.project.modules import STANDARD, folder_of, module_name, package_of
from rewire.project.pathedits import added_folders
from rewire.project.pathloads import find_path_loads
from rewire.project.questions import may_start_flat
from rewire.syntax.blocks import has_main_guard, path_edits
from rewire.syntax.imports import read_imports

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rewire.project.answers import Answers
    from rewire.syntax.import_statement import ImportStatement

SPREAD_FROM = 500
"""From this many files on, looking for those that start others is worth a second process."""

_TEST_FILE = re.compile(r"(?:^|/)(?:test_\w*|\w*_tests?|conftest)\.py$")


def find_flat(index: Answers) -> dict[str, tuple[Context, ...]]:
    """Path -> the contexts in which it has a flat name. Files whose own name is that one are not listed."""
    found: dict[str, dict[str, Context]] = {}
    everywhere = tuple(root.path for root in index.found_roots.everywhere)
    jobs = index.jobs if index.is_alone and len(index.paths) >= SPREAD_FROM else 1
    with Aside(lambda: list(_starters(index)), jobs) as aside:
        by_path = list(find_path_loads(index))
        starters = aside.result()
    for starter in starters:
        from rewire.project.boot.load import boot  # 0.02 s that a project without any does not pay

        for loaded in boot(index, _as_script(starter)).loaded:
            name = loaded.name
            if loaded.path == starter or name == "__main__" or name in index.module_names(loaded.path):
                continue
            stem = loaded.path.rpartition(".")[0].removesuffix("/__init__")
            if not stem.endswith(name.replace(".", "/")):
                continue
            root = stem[: -len(name)].rstrip("/")
            context = Context(name, package_of(name, loaded.path), tuple(dict.fromkeys([root, *everywhere])))
            found.setdefault(loaded.path, {}).setdefault(name, context)
    for loaded_path, context in by_path:
        found.setdefault(loaded_path, {}).setdefault(context.name, context)
    for path in index.paths:
        if _TEST_FILE.search(path):
            for loaded_path, context in _as_pytest_does(index, path, everywhere):
                found.setdefault(loaded_path, {}).setdefault(context.name, context)
    return {path: tuple(contexts.values()) for path, contexts in found.items()}


def _as_pytest_does(index: Answers, path: str, everywhere: tuple[str, ...]) -> Iterator[tuple[str, Context]]:
    """A test file, and the packages it is in, under the names that pytest's prepend mode gives them.

    It counts from the first directory above that has no ``__init__.py``: in ``src/zope/interface/tests`` with a
    namespace package ``zope`` that is ``interface.tests``, whatever the imports say.
    """
    base = folder_of(path)
    if not index.table.is_package(base):
        return
    packages = []
    while base and index.table.is_package(base):
        packages.append(base)
        base = folder_of(base)
    roots = tuple(dict.fromkeys([base, *everywhere]))
    files = [path, *(f"{package}/__init__.py" for package in packages)]
    for file in files:
        name = module_name(file, base)
        if name and name not in index.module_names(file):
            yield file, Context(name, package_of(name, file), roots)


def _starters(index: Answers) -> Iterator[str]:
    known = {root.path for root in index.found_roots.everywhere}
    tops = index.table.tops
    # One set for all files, since the reader of imports prepares itself for each set that it is asked about.
    below = frozenset().union(*(names for folder, names in tops.items() if folder)) - STANDARD
    for path in index.paths:
        source = index.source(path) if index.look(path, may_start_flat) else None
        if source is None:
            continue
        if path_edits(source.text):
            if any(folder not in known for folder in added_folders(index, path)):
                yield path
        elif _takes_siblings(index, path, source.text, below):
            yield path


def _takes_siblings(index: Answers, path: str, text: str, tops: frozenset[str]) -> bool:
    """True if a file imports a sibling flat, in a handler or (with a main guard) anywhere, and no root explains it.

    ``tops`` are the names of all modules and packages below the root, the standard library's left out.
    """
    folder = folder_of(path)
    if not folder:
        return False
    near = index.table.tops.get(folder, frozenset()) & tops

    def beside(statement: ImportStatement) -> list[str]:
        modules = [statement.module] if statement.is_from else [name for name, _ in statement.names]
        names = [name for name in (module.partition(".")[0] for module in modules) if name in near]
        return [name for name in names if index.table.find(name, (folder,)) not in (None, path)]

    guarded: bool | None = None
    for statement in read_imports(text, tops, keep=lambda statement: bool(beside(statement))):
        if all(guard.kind != "except" for guard in statement.guards):
            guarded = has_main_guard(text) if guarded is None else guarded
            if not guarded:
                continue
        if any(index.place_of(name, index.found_roots.for_importer(path)) is None for name in beside(statement)):
            return True
    return False


def _as_script(path: str) -> Launch:
    return Launch(
        name=path,
        command=f"python {path}",
        workdir="",
        roots=(folder_of(path),),
        entry=path,
        entry_kind="script",
        role="script",
        tier="process",
        source=path,
    )
