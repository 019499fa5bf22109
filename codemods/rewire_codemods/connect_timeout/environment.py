"""DSNs that the project's own environment files set with a limit in them, and the calls that get them.

Such a DSN cannot be edited from here (the file that counts lies on a server), so the calls are refused, with advice.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import libcst as cst

from rewire_codemods.connect_timeout import tables
from rewire_codemods.connect_timeout.literals import literal_key, text_of_string
from rewire_codemods.connect_timeout.sinks import argument
from rewire_codemods.connect_timeout.values import sole_value

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from rewire.codemod import Project
    from rewire_codemods.connect_timeout.elsewhere import Views
    from rewire_codemods.connect_timeout.examine import Examined
    from rewire_codemods.connect_timeout.ledger import Ledger

_FILE = re.compile(r"(?:^|/)(?:\.env(?:\.[\w.-]+)?|[\w.-]+\.env|(?:docker-)?compose[\w.-]*\.ya?ml|Dockerfile[\w.-]*)$")
_SETTING = re.compile(
    rf"""^[ \t]*(?:export[ \t]+|ENV[ \t]+|-[ \t]*)?["']?(\w+)["']?[ \t]*[:=][ \t]*["']?"""
    rf"""(postgres[\w+]*://[^\s"'\#]*[?&]{tables.KEY}=)""",
    re.MULTILINE | re.IGNORECASE,
)


def environment_limits(project: Project) -> Mapping[str, str]:
    """Variable name -> the file that sets it to a DSN with a limit, from the project's environment files."""
    found: dict[str, str] = {}
    for path in project.files():
        if _FILE.search(path):
            for setting in _SETTING.finditer(project.read_text(path) or ""):
                found.setdefault(setting.group(1), path)
    return found


def refuse_environment(ledger: Ledger, views: Views, reaching: Collection[str], limits: Mapping[str, str]) -> None:
    """Refuse every call in ``reaching`` that gets its DSN from one of the variables in ``limits``."""
    words = [word for name in limits for word in (name, name.lower())]
    for path in sorted(reaching):
        source = ledger.project.source(path)
        if source is None or not any(word in source.text for word in words):
            continue
        view = views.view(path)
        if view is not None:
            for call, name, code in _calls(view, limits):
                span, line = view.tree.span(call), view.tree.line(call)
                ledger.refuse(path, span, line, code, f"{limits[name]} sets {name} with {tables.KEY}")


def _calls(view: Examined, limits: Mapping[str, str]) -> Iterator[tuple[cst.CSTNode, str, str]]:
    """The DSN expressions of calls that reach asyncpg, with the variable they come from and the refusal's code."""
    for call in view.names.nodes.get(cst.Call, ()):
        sink = view.sinks.sink(call)
        if sink in ("connect", "create_pool"):
            given = argument(call, 0, "dsn")
        elif sink in ("engine", "engine-unproved"):
            given = argument(call, 0, "url")
        else:
            continue
        found = _variable(given, view, limits)
        if given is not None and found is not None:
            yield given, *found


def _variable(node: cst.CSTNode | None, view: Examined, limits: Mapping[str, str]) -> tuple[str, str] | None:
    """The variable in ``limits`` that an expression reads, and how."""
    if isinstance(node, cst.Subscript) and view.origins.of(node.value) == "os.environ":
        name = literal_key(node)
        return (name, "dsn-from-environment") if name in limits and name is not None else None
    if isinstance(node, cst.Call):
        if view.origins.of(node.func) in tables.ENVIRONMENT_CALLS and node.args:
            name = text_of_string(node.args[0].value)
            return (name, "dsn-from-environment") if name in limits and name is not None else None
        receiver = node.func.value if isinstance(node.func, cst.Attribute) else None
        arguments = [arg.value for arg in node.args]
        found = (_variable(part, view, limits) for part in (receiver, *arguments[:1]) if part is not None)
        return next((answer for answer in found if answer is not None), None)
    if isinstance(node, cst.BooleanOperation):
        return _variable(node.left, view, limits) or _variable(node.right, view, limits)
    if isinstance(node, (cst.Name, cst.Attribute)):
        value = sole_value(node, view.origins)
        if value is not None:
            return _variable(value, view, limits)
        if isinstance(node, cst.Attribute):
            same = [name for name in limits if name.lower() == node.attr.value.lower()]
            return (same[0], "dsn-from-settings") if same else None
    return None
