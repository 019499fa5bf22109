"""Calls that unpack what nobody knows into asyncpg, where the project shows from where the key may come.

From a file of settings that the program loads (``json.load``, ``configparser``), from the options of a program that
another file declares, from a dict or a field elsewhere that was not followed.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import libcst as cst

from rewire_codemods.connect_timeout import tables
from rewire_codemods.connect_timeout.fields import Fields
from rewire_codemods.connect_timeout.literals import literal_key
from rewire_codemods.connect_timeout.values import sole_value

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Set

    from rewire.codemod import Project
    from rewire_codemods.connect_timeout.elsewhere import Views
    from rewire_codemods.connect_timeout.examine import Examined
    from rewire_codemods.connect_timeout.facts import FileFacts
    from rewire_codemods.connect_timeout.ledger import Ledger

_DATA = re.compile(r"\.(?:json5?|ini|cfg|conf|toml|ya?ml|properties)$")
_SETS = re.compile(rf"""^[ \t]*{tables.KEY}[ \t]*[:=]|["']{tables.KEY}["'][ \t]*[:=]""", re.MULTILINE)
_EVERY = r"|\bdynaconf\b|\bOmegaConf\b|\banyconfig\b"
_LOADERS = (
    ((".json", ".json5"), re.compile(r"\b\w*json5?\.loads?\b|\bfrom json import\b" + _EVERY)),
    ((".toml",), re.compile(r"\btoml(?:lib|i|kit)?\.(?:loads?|parse)\b|\bfrom toml\w* import\b" + _EVERY)),
    ((".yml", ".yaml"), re.compile(r"\byaml\.\w*load\w*\b|\bfrom yaml import\b|\bYAML\(" + _EVERY)),
    (("",), re.compile(r"\bConfigParser\b|\bConfigObj\b" + _EVERY)),
)
"""Endings of the files of settings, and what a program holds that loads them."""

_FIELD = re.compile(rf"^[ \t]+{tables.KEY}[ \t]*:", re.MULTILINE)
_HOPS = 2
"""Through how many imports the file that loads the settings is looked for."""


def data_files(project: Project) -> Mapping[str, int]:
    """The project's files of settings that set the key, with the line."""
    found: dict[str, int] = {}
    for path in project.files():
        text = project.read_text(path) if _DATA.search(path) else None
        match = _SETS.search(text) if text and tables.KEY in text else None
        if text is not None and match is not None:
            found[path] = text.count("\n", 0, match.end()) + 1
    return found


def decide_unpacked(
    ledger: Ledger,
    views: Views,
    facts: Mapping[str, FileFacts],
    data: Mapping[str, int],
    known: Mapping[str, FileFacts],
) -> None:
    """Refuse, or note, every such call that nothing else was said about.

    ``facts`` are those of all files, ``known`` those that the decisions were made by.
    """
    for path in sorted(path for path, entry in facts.items() if entry.asyncpg and entry.unpacks):
        view = views.view(path) if ledger.project.is_selected(path) else None
        found = [] if view is None else list(_unpacking(view))
        near = _near(ledger.project, path) if found else frozenset[str]()
        for call, arg in found:
            assert view is not None
            span, line = view.tree.span(arg), view.tree.line(arg)
            if ledger.has_decided(path, span):
                continue
            where = f"{view.tree.code(call.func)}() at {path}:{line}"
            if option := _option(view, views, arg.value):
                ledger.refuse(path, span, line, "field-unpacked", f"{option}, {where}")
            elif setting := _loaded(ledger.project, near, data):
                ledger.refuse(path, span, line, "file-unpacked", f"{setting} sets it, {where}")
            elif mention := _mention(ledger, near, {**facts, **known}):
                what = " ".join(view.tree.code(arg.value).split())
                text = f"what {what} holds is not known where it is unpacked into {where}: should it have the key "
                ledger.note(f"{text}{tables.KEY}, as {mention} has, Python refuses the call", path, line)


def _unpacking(view: Examined) -> Iterator[tuple[cst.Call, cst.Arg]]:
    """Calls that reach asyncpg, with each ``**`` whose keys are not all known."""
    for call in view.names.nodes.get(cst.Call, ()):
        if not isinstance(call, cst.Call) or all(arg.star != "**" for arg in call.args):
            continue
        if view.sinks.sink(call) not in ("connect", "create_pool"):
            continue
        for arg in call.args:
            if arg.star == "**" and not _is_keywords(view, arg.value):
                held = view.sinks.dict_behind(arg.value)
                if held is None or _grows(view, arg.value) or _is_copy(held):
                    yield call, arg


def _is_keywords(view: Examined, node: cst.BaseExpression) -> bool:
    """True for the ``**`` parameter of a function around: those who call it are looked at."""
    bindings = view.names.bindings(node) if isinstance(node, cst.Name) else ()
    for binding in bindings:
        holder = view.names.parent(binding.node)
        if isinstance(holder, cst.Parameters) or (isinstance(holder, cst.Param) and holder.star == "**"):
            return True
    return False


def _is_copy(held: cst.CSTNode) -> bool:
    """True for ``dict(something)``."""
    return isinstance(held, cst.Call) and any(arg.keyword is None for arg in held.args)


def _grows(view: Examined, node: cst.BaseExpression) -> bool:
    """True for a dict that gets computed keys: ``options[name] = value``."""
    if not isinstance(node, cst.Name):
        return False
    return any(
        isinstance(entry.value, cst.Name) and entry.value.value == node.value and literal_key(entry) is None
        for entry in view.names.nodes.get(cst.Subscript, ())
        if isinstance(entry, cst.Subscript) and id(entry) in view.names.stores
    )


def _option(view: Examined, views: Views, node: cst.BaseExpression) -> str:
    """Where the option stands, if the object that is turned into a dict comes from a function with a parser."""
    held = node
    if isinstance(node, cst.Call) and node.args:
        held = node.args[0].value
    elif isinstance(node, cst.Attribute) and node.attr.value == "__dict__":
        held = node.value
    made = sole_value(held, view.origins) if isinstance(held, (cst.Name, cst.Attribute)) else held
    if held is node or not isinstance(made, cst.Call):
        return ""
    home, function = view.origins.definition(view.origins.of(made.func)) or (None, None)
    if home is None or not isinstance(function, cst.FunctionDef) or home.path == view.path:
        return ""
    other = views.view(home.path)
    line = Fields(other.sinks).option_line() if other is not None else None
    return f"the option at {home.path}:{line}" if line is not None else ""


def _near(project: Project, path: str) -> frozenset[str]:
    """The file, and the project's files that it imports, directly or through one of them."""
    found, fresh = {path}, {path}
    for _ in range(_HOPS):
        targets = {
            target.path
            for place in fresh
            for imported in project.imports(place)
            if (target := project.resolve(imported)) is not None and target.path is not None
        }
        fresh = targets - found
        found |= fresh
    return frozenset(found)


def _loaded(project: Project, near: Collection[str], data: Mapping[str, int]) -> str:
    """The line of a file of settings that one of the files nearby may load; ``""`` if none of them does.

    One whose name they say comes first.
    """
    sources = [source.text for path in sorted(near) if (source := project.source(path)) is not None]
    loaded = [path for path in sorted(data) if any(_loader(path).search(text) for text in sources)]
    named = [path for path in loaded if any(path.rpartition("/")[2] in text for text in sources)]
    return next((f"{path}:{data[path]}" for path in (*named, *loaded)), "")


def _loader(path: str) -> re.Pattern[str]:
    """What a program holds that loads such a file."""
    return next(loader for suffixes, loader in _LOADERS if path.endswith(suffixes))


def _mention(ledger: Ledger, near: Set[str], facts: Mapping[str, FileFacts]) -> str:
    """A dict or field of a file nearby that has the key and of which nothing was said; ``""`` if there is none."""
    for path in sorted(near & facts.keys()):
        for fact in facts[path].dicts:
            elsewhere = any(use.call is not None and use.call.sink == "driver" for use in fact.trace.uses)
            if fact.value.action != "unusable" and not elsewhere and not ledger.has_decided(path, fact.place):
                return f"the dict at {path}:{fact.line}"
        source = ledger.project.source(path)
        match = _FIELD.search(source.text) if source is not None and facts[path].declares else None
        if source is not None and match is not None:
            return f"the class at {path}:{source.line_of(match.end())}"
    return ""
