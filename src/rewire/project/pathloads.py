"""Files that code of the project loads by their path and under a name of its own: plugins, engines, version files.

``spec_from_file_location("google", "engines/google.py")`` makes a module without a parent package, whatever lies
around the file. Which files a call reaches is followed from its arguments, over assignments, loops, parameters and
their callers, to paths that the text gives. Nothing is run.
"""

from __future__ import annotations

import ast
import itertools
import posixpath
import re
import warnings
from typing import TYPE_CHECKING

from rewire.model.project import Context, Launch
from rewire.project.loadcalls import LoadCall, find_load_calls
from rewire.project.pathflow import PathFlow
from rewire.project.questions import may_load_by_path

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from rewire.project.answers import Answers

_CALLS = re.compile(
    r"\b(?:spec_from_file_location|SourceFileLoader|load_source|run_path|execfile|load_module)\b|(?<![\w.])exec ?\("
)
_MOST_CALLERS = 300
"""How many files that import a loader are looked into."""


def find_path_loads(index: Answers) -> Iterator[tuple[str, Context]]:
    """(path, context) of every file that a call of the project may load by its path, outside any package."""
    everywhere = tuple(root.path for root in index.found_roots.everywhere)
    trees = {loader: tree for loader in _loaders(index) if (tree := _parsed(index, loader)) is not None}
    calls = {loader: list(find_load_calls(loader, tree)) for loader, tree in trees.items()}
    words = {word for found in calls.values() for call in found for word in _sought(call)}
    if words:  # those who take a package's own name are asked for in most plans: in one reading with these
        tops = sorted(index.top_names())
        listed = [top.encode() for top in tops]
        index.mentions.learn([*sorted(words), *listed, *(f".{top}.".encode() for top in tops)], listed)
    for loader, tree in trees.items():
        here = PathFlow(index, {loader: tree}) if calls[loader] else None
        for call in calls[loader]:
            assert here is not None
            locations = here.readings(loader, call.location) if call.by_text else [call.location]
            if not locations:
                continue
            callers = {path: found for path in _callers(index, call) if (found := _parsed(index, path)) is not None}
            flow = PathFlow(index, {**callers, loader: tree})  # the call's own nodes must be those of the tree
            for path in _reached(index, flow, call, locations):
                yield path, _context(path, call, everywhere)


def _loaders(index: Answers) -> Iterator[str]:
    for path in index.paths:
        source = index.source(path) if index.look(path, may_load_by_path) else None
        if source is not None and _CALLS.search(source.text):
            yield path


def _parsed(index: Answers, path: str) -> ast.Module | None:
    """The tree of a project file; None where the running Python's grammar does not take it."""
    source = index.source(path)
    if source is None:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.parse(source.text.lstrip("\f"))
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None


def _sought(call: LoadCall) -> Iterator[bytes]:
    """What the files hold that import, or name behind a dot, the function or class that the call stands in."""
    for name in call.within:
        yield name.encode()
        yield f"{_stem(call)}.{name}".encode()


def _stem(call: LoadCall) -> str:
    return posixpath.splitext(call.source)[0].removesuffix("/__init__").rpartition("/")[2]


def _callers(index: Answers, call: LoadCall) -> list[str]:
    """The files that import the function, or the class, that the call stands in; re-exports are followed once."""
    found: dict[str, None] = {}
    for name in call.within:
        pending = [call.source]
        for again in (True, False):
            importers = [entry.path for path in pending for entry in index.importers_of(path, name)]
            found.update(dict.fromkeys(importers))
            pending = [path for path in importers if again and path.endswith("/__init__.py")]
        word = f"{_stem(call)}.{name}".encode()
        dotted = re.compile(rb"\b" + re.escape(word) + rb"\b")
        found.update((path, None) for path in index.mentions.of(word) if dotted.search(index.data(path) or b""))
    found.pop(call.source, None)
    return list(found)[:_MOST_CALLERS]


def _reached(index: Answers, flow: PathFlow, call: LoadCall, locations: Sequence[ast.expr]) -> list[str]:
    """The project files that the call may load under a name that is not their own."""
    function = call.within[-1] if call.within else ""
    found: set[str] = set()
    for caller, location in itertools.product(flow.callers(function), locations):
        texts = flow.texts(call.source, location, (function, caller))
        files = {text.place for text in texts if text.is_file} - {call.source}
        endings = tuple({text.text for text in texts if text.text.endswith(".py") and not text.is_file})
        for folder in {text.place for text in texts if text.is_folder}:
            files.update(_within(index, folder, endings, flow.walks))
        if files:
            names = flow.prefixes(call.source, call.name, (function, caller)) if call.name is not None else {""}
            found.update(path for path in files if not _keeps_its_name(index, path, names))
    return sorted(found)


def _within(index: Answers, folder: str, endings: tuple[str, ...], deep: bool) -> Iterator[str]:
    """The files in ``folder`` that end as said, in its folders too where one is named or whole trees are gone through.

    The folder's own ``__init__.py`` is the package, which is imported as such, unless it is named.
    """
    start = f"{folder}/" if folder else ""
    for path in index.paths:
        rest = path[len(start) :]
        if not path.startswith(start) or not path.endswith(endings or ".py"):
            continue
        named = any(rest.endswith(ending) for ending in endings if re.match(r"\w", ending))
        if (named and rest.count("/") < 2) or deep or ("/" not in rest and rest != "__init__.py"):
            yield path


def _keeps_its_name(index: Answers, path: str, prefixes: Collection[str]) -> bool:
    """True if every name that the call gives a module begins as the file's own does."""
    own = [f"{name}." for name in index.module_names(path) if "." in name]
    return all(prefix and any(name.startswith(prefix) for name in own) for prefix in prefixes)


def _context(path: str, call: LoadCall, roots: tuple[str, ...]) -> Context:
    stem = posixpath.splitext(path)[0].removesuffix("/__init__").rpartition("/")[2]
    launch = Launch(
        name=call.source,
        command=call.shown,
        workdir="",
        roots=(),
        entry=path,
        entry_kind="script",
        role="unknown",
        tier="process",
        source=call.source,
        line=call.line,
    )
    return Context(stem, "", roots, launch)
