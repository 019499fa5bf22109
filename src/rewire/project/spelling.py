"""The import statement that loads a module in every context of the file that holds it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rewire.model.project import Context
from rewire.project.contexts import root_of
from rewire.project.modules import folder_of, package_of

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from rewire.project.answers import Answers


def import_line(
    index: Answers, importer: str, target: str, name: str | None = None, asname: str | None = None
) -> str | None:
    """``from M import name as asname`` with M spelled for ``importer``, or None if no one spelling always works.

    Relative where the importer's own first-party imports mostly are, absolute otherwise; the other where only that
    works. ``target`` may be an ``__init__.py``. ``name`` None binds the module itself.
    """
    own = _own_imports(index, importer)
    contexts = _working(index, importer, own)
    if not contexts or importer == target:
        return None
    relative = _relative(index, importer, target, contexts)
    absolute = _absolute(index, target, contexts, [root for root in map(_root, own) if root is not None])
    order = (relative, absolute) if _prefers_relative(index, importer) else (absolute, relative)
    chosen = next((module for module in order if module is not None), None)
    return None if chosen is None else _statement(chosen, name, asname)


def _relative(index: Answers, importer: str, target: str, contexts: Sequence[Context]) -> str | None:
    """Dots and the rest, by directories; None unless every context has a parent package that is deep enough."""
    here, there = folder_of(importer), target.rpartition(".")[0].removesuffix("/__init__")
    level, folder = 1, here
    while folder and there != folder and not there.startswith(f"{folder}/"):
        folder, level = folder_of(folder), level + 1
    rest = there[len(folder) :].strip("/").replace("/", ".")
    if not all(part.isidentifier() for part in rest.split(".") if rest):
        return None
    for context in contexts:
        parts = context.package.split(".") if context.package else []
        if len(parts) < level:
            return None
        top = ".".join(parts[: len(parts) - level + 1])
        if index.place_of(f"{top}.{rest}" if rest else top, context.roots) != target:
            return None
    return "." * level + rest


def _own_imports(index: Answers, importer: str) -> list[tuple[str, str]]:
    """What the importer's own absolute imports of the project name, and the file that each means.

    Only those that run whenever it is loaded: another spelling in an ``except`` is for another context.
    """
    named = {
        imported.module: None
        for imported in index.imports(importer)
        if not imported.level and imported.scope == "module" and not imported.guards
    }
    found = {module: index.find_module(module, importer=importer) for module in named}
    if all(context.launch is None for context in index.contexts(importer)):
        found = {module: path or _above(index, importer, module) for module, path in found.items()}
    return [(module, path) for module, path in found.items() if path is not None]


def _above(index: Answers, importer: str, module: str) -> str | None:
    """The file that a dotted name means if it is counted from a folder above ``importer`` that is no import root.

    Nobody has seen the file started: ``from app.db import engine`` below ``backend/__init__.py`` shows that it is
    started from ``backend``. A library that has modules of the same names would be taken for it: for a single name
    that is likely, for a dotted one it is not.
    """
    folder = folder_of(importer)
    while folder and "." in module:
        path = index.table.find(module, (folder,))
        if path is not None and path != importer:
            return path
        folder = folder_of(folder)
    return None


def _working(index: Answers, importer: str, own: Sequence[tuple[str, str]]) -> Sequence[Context]:
    """The contexts in which the importer's own imports load what they mean: in any other it never gets to run.

    Where none is left, nobody has seen how it is started: by its imports, from the root that they count from.
    """
    contexts = index.contexts(importer)
    working = [
        context for context in contexts if all(index.place_of(module, context.roots) == path for module, path in own)
    ]
    if working or not contexts:
        return working
    roots = tuple(dict.fromkeys(root for root in map(_root, own) if root is not None))
    for root in roots:
        if not root or importer.startswith(f"{root}/"):
            stem = importer.rpartition(".")[0].removesuffix("/__init__")[len(root) :].strip("/")
            name = stem.replace("/", ".")
            return [Context(name, package_of(name, importer), roots)]
    return [Context("__main__", "", roots)] if roots else contexts


def _root(imported: tuple[str, str]) -> str | None:
    """The directory that an absolute import is counted from."""
    module, path = imported
    return root_of(path, module)


def _absolute(index: Answers, target: str, contexts: Sequence[Context], own: Collection[str]) -> str | None:
    """The first dotted name of ``target`` that every context finds it under.

    Names that count from where the importer's ``own`` imports count from come first: under another name the file
    would be a second module beside the one that the rest of the program has.
    """
    names = [*index.module_names(target)]
    for root in dict.fromkeys(root for context in contexts for root in context.roots):
        stem = target.rpartition(".")[0].removesuffix("/__init__")
        below = stem[len(root) :].strip("/").split("/") if not root or stem.startswith(f"{root}/") else []
        if below and all(part.isidentifier() for part in below):
            names.append(".".join(below))
    for dotted in sorted(dict.fromkeys(names), key=lambda name: root_of(target, name) not in own):
        if all(index.place_of(dotted, context.roots) == target for context in contexts):
            return dotted
    return None


def _prefers_relative(index: Answers, importer: str) -> bool:
    relative = absolute = 0
    for imported in index.imports(importer):
        if imported.level:
            relative += 1
        elif index.find_module(imported.module, importer=importer) is not None:
            absolute += 1
    return relative > absolute


def _statement(module: str, name: str | None, asname: str | None) -> str | None:
    alias = f" as {asname}" if asname and asname != name else ""
    if name is not None:
        return f"from {module} import {name}{alias}"
    parent, _, last = module.rpartition(".")
    if not last:
        return None
    alias = f" as {asname}" if asname and asname != last else ""
    if module.startswith("."):
        parent = module[: len(module) - len(last)]
        parent = parent if set(parent) == {"."} else parent.removesuffix(".")
        return f"from {parent} import {last}{alias}"
    return f"from {parent} import {last}{alias}" if parent else f"import {last}{alias}"
