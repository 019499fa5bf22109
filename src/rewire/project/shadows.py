"""Whether a package's ``__init__`` binds a name that is also a submodule's: the bound name wins on import."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rewire.project.modules import folder_of
from rewire.syntax.bindings import assigned_names, bound_names

if TYPE_CHECKING:
    from rewire.project.answers import Answers


def binds_over_submodule(index: Answers, path: str, name: str) -> bool:
    """True if the ``__init__`` at ``path`` binds ``name`` to something other than its submodule ``name``."""
    source = index.source(path)
    if source is None or (name not in source.text and "*" not in source.text):
        return False
    if name in assigned_names(source.text):
        return True
    submodule = index.table.at(f"{folder_of(path)}/{name}")
    for imported in index.imports(path):
        if imported.scope != "module" or "type_checking" in imported.guards:
            continue
        if imported.name == "*":
            if _star_brings(index, path, imported.level, imported.module, name):
                return True
        elif imported.bound == name and not _is_submodule(index, path, imported.level, imported.module, imported.name):
            if imported.name is None and imported.module == name:
                continue
            return submodule is not None or imported.name is not None
    return False


def _is_submodule(index: Answers, path: str, level: int, module: str, name: str | None) -> bool:
    """True for ``from . import name``, ``from own.package import name`` and ``import own.package.name as name``."""
    own = index.module_names(path)
    if level:
        return level == 1 and not module
    return module in own if name is not None else module.rpartition(".")[0] in own


def _star_brings(index: Answers, path: str, level: int, module: str, name: str) -> bool:
    """True if a star import from one of the package's own modules brings ``name``."""
    if level == 1 and module:
        place = index.table.at(f"{folder_of(path)}/{module.replace('.', '/')}")
    else:
        place = None if level else index.find_module(module, importer=path)
    source = index.source(place) if place and place != path else None
    return source is not None and not name.startswith("_") and name in bound_names(source.text)
