"""The import statement that loads a module in every context of the file that holds it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rewire.project.modules import folder_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rewire.model.project import Context
    from rewire.project.answers import Answers


def import_line(
    index: Answers, importer: str, target: str, name: str | None = None, asname: str | None = None
) -> str | None:
    """``from M import name as asname`` with M spelled for ``importer``, or None if no one spelling always works.

    Relative where the importer's own first-party imports mostly are, absolute otherwise; the other where only that
    works. ``target`` may be an ``__init__.py``. ``name`` None binds the module itself.
    """
    contexts = index.contexts(importer)
    if not contexts or importer == target:
        return None
    relative = _relative(index, importer, target, contexts)
    absolute = _absolute(index, target, contexts)
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


def _absolute(index: Answers, target: str, contexts: Sequence[Context]) -> str | None:
    """The first dotted name of ``target`` that every context finds it under."""
    for dotted in index.module_names(target):
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
