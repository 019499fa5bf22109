"""The codemod's own proof, run on what was written: no argument given twice, no reader of a key without the key.

It looks the other way round than the plan: from each reader to the dict it reads, where the plan goes from each dict
to its readers.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import libcst as cst

from rewire.codemod import scan
from rewire.codemod.cst import parse
from rewire_codemods.connect_timeout import tables
from rewire_codemods.connect_timeout.elsewhere import Views
from rewire_codemods.connect_timeout.examine import Examined
from rewire_codemods.connect_timeout.literals import has_key, literal_key
from rewire_codemods.connect_timeout.values import sole_value

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rewire.codemod import Project, SourceFile
    from rewire_codemods.connect_timeout.origins import Origins

_KEY = re.compile(rf"""\b{tables.KEY}['"]|['"]{tables.KEY}\b|\bdict\([^)]*\b{tables.KEY}\b""")

_GIVEN = re.compile(rf"\b({tables.NEW}|command_timeout|connect_args)[ \t]*=(?!=)")
"""The arguments that this codemod writes."""


def prove_file(before: SourceFile, after: SourceFile) -> str | None:
    """What is wrong with one rewritten file; None if nothing is."""
    twice = _given_twice(after)
    if twice is not None:
        return twice
    if not _keys_differ(before, after):
        return None
    dangling = _dangling(Examined(after))
    lines = [line for line, _ in dangling]
    if len(lines) > len(list(_dangling(Examined(before)))):
        return f"line {lines[0]} reads a key that its dict no longer has"
    return None


def prove_project(before: Project, after: Project, changed: Sequence[str]) -> Mapping[str, str]:
    """Path -> what is wrong, over the changed files and all those that name the key."""
    pairs = [(before.source(path), after.source(path)) for path in changed]
    if not any(old is None or new is None or _keys_differ(old, new) for old, new in pairs):
        return {}
    paths = set(changed)
    for path in after.paths:
        source = after.source(path)
        if source is not None and _KEY.search(source.text):
            paths.add(path)
    old_views, new_views = Views(before), Views(after)
    wrong: dict[str, str] = {}
    for path in sorted(paths):
        now, then = new_views.view(path), old_views.view(path)
        if now is None or then is None:
            continue
        found = list(_dangling(now))
        if len(found) > len(list(_dangling(then))):
            blamed = path if path in changed else sorted(changed)[0]
            wrong[blamed] = f"{path}:{found[0][0]} reads a key that its dict no longer has"
    return wrong


def _keys_differ(before: SourceFile, after: SourceFile) -> bool:
    """True if a dict key (and not only a keyword) was changed."""
    return len(_KEY.findall(before.text)) != len(_KEY.findall(after.text))


def _given_twice(after: SourceFile) -> str | None:
    """The first call that is given an argument twice, which LibCST does not mind and Python does.

    The file is parsed only if one of its logical lines could hold such a call.
    """
    lines = (after.text[line.code : line.end] for line in scan(after.text).lines)
    if not any(len(found) != len(set(found)) for found in map(_GIVEN.findall, lines)):
        return None
    tree = parse(after.text)
    for call in tree.walk():
        if isinstance(call, cst.Call):
            words = [arg.keyword.value for arg in call.args if arg.keyword is not None]
            if len(words) != len(set(words)):
                return f"line {tree.line(call)}: {tree.code(call.func)}() is given an argument twice"
    return None


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
