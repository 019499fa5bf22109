"""The codemod's own proof, run on what was written: no argument given twice, no reader of a key without the key.

It looks the other way round than the plan: from each reader to the dict it reads, where the plan goes from each dict
to its readers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

from rewire.codemod import SourceError
from rewire_codemods.connect_timeout import tables
from rewire_codemods.connect_timeout.elsewhere import Views
from rewire_codemods.connect_timeout.examine import Examined
from rewire_codemods.connect_timeout.sinks import has_key
from rewire_codemods.connect_timeout.values import literal_key, sole_value

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rewire.codemod import Project, SourceFile
    from rewire_codemods.connect_timeout.origins import Origins


def prove_file(before: SourceFile, after: SourceFile) -> str | None:
    """What is wrong with one rewritten file; None if nothing is."""
    old, new = Examined(before), Examined(after)
    for call in new.names.nodes.get(cst.Call, ()):
        words = [arg.keyword.value for arg in call.args if arg.keyword is not None]
        if len(words) != len(set(words)):
            return f"line {new.tree.line(call)}: {new.tree.code(call.func)}() is given an argument twice"
    dangling = [line for line, _ in _dangling(new)]
    if len(dangling) > len(list(_dangling(old))):
        return f"line {dangling[0]} reads a key that its dict no longer has"
    return None


def prove_project(before: Project, after: Project, changed: Sequence[str]) -> Mapping[str, str]:
    """Path -> what is wrong, over every file that imports a changed one or is changed."""
    old, new = Views(before), Views(after)
    paths = set(changed)
    for path in changed:
        paths.update(name.path for name in after.importers_of(path))
    wrong: dict[str, str] = {}
    for path in sorted(paths):
        try:
            now, then = new.view(path), old.view(path)
        except SourceError:
            continue
        if now is None or then is None:
            continue
        found = list(_dangling(now))
        if len(found) > len(list(_dangling(then))):
            blamed = path if path in changed else next(iter(changed))
            wrong[blamed] = f"{path}:{found[0][0]} reads a key that its dict no longer has"
    return wrong


def _dangling(file: Examined) -> Iterator[tuple[int, str]]:
    """Lines that look ``connect_timeout`` or ``timeout`` up in a literal dict that has no such key."""
    for node in file.names.nodes.get(cst.Subscript, ()):
        key = literal_key(node)
        if key not in (tables.KEY, tables.NEW) or id(node) in file.names.stores:
            continue
        held = _dict_behind(node.value, file.origins)
        if held is not None and not has_key(held, key) and not _open_ended(held):
            yield file.tree.line(node), key


def _dict_behind(node: cst.CSTNode, origins: Origins) -> cst.CSTNode | None:
    """The one dict display that a name or attribute stands for, in this file or in the one it is imported from."""
    value = sole_value(node, origins)
    if value is None and origins.elsewhere is not None and isinstance(node, (cst.Name, cst.Attribute)):
        dotted = origins.dotted(node)
        found = origins.elsewhere.expression(dotted) if dotted else None
        value = found[1] if found else None
    return value if isinstance(value, cst.Dict) else None


def _open_ended(node: cst.CSTNode) -> bool:
    """True if a dict display unpacks others."""
    return isinstance(node, cst.Dict) and any(isinstance(part, cst.StarredDictElement) for part in node.elements)
