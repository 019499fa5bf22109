"""Session state that would outlive the release of a pooled connection, in SQL text and in method names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import libcst as cst

from rewire_codemods.shared_pool.statements import walk

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rewire_codemods.shared_pool.scopes import FunctionScope

METHODS = frozenset(
    {
        "set_type_codec", "set_builtin_type_codec", "reset_type_codec", "add_listener", "add_log_listener",
        "add_termination_listener", "add_query_logger",
    }
)  # fmt: skip
"""Methods of a connection that a release does not undo, or that the pool complains about."""

_FLAGS = re.IGNORECASE | re.MULTILINE
_SQL = (
    ("SET ROLE", re.compile(r"\bSET\s+(?:SESSION\s+)?ROLE\b", _FLAGS)),
    ("SET SESSION AUTHORIZATION", re.compile(r"\bSET\s+SESSION\s+AUTHORIZATION\b", _FLAGS)),
    ("CREATE TEMP", re.compile(r"\bCREATE\s+(?:OR\s+REPLACE\s+)?(?:(?:LOCAL|GLOBAL)\s+)?TEMP(?:ORARY)?\b", _FLAGS)),
    ("pg_temp", re.compile(r"\bCREATE\s[^;]*\bpg_temp\s*\.", _FLAGS)),
    (
        "set_config('role')",
        re.compile(r"\bset_config\s*\(\s*'(?:role|session_authorization)'\s*,[^,;]*,(?!\s*true\b)", _FLAGS),
    ),
    ("setseed()", re.compile(r"\b(?:setseed\s*\(|SET\s+(?:SESSION\s+)?SEED\b)", _FLAGS)),
    ("SELECT INTO TEMP", re.compile(r"\bINTO\s+TEMP(?:ORARY)?\b", _FLAGS)),
    ("PREPARE", re.compile(r"(?:^|;)\s*PREPARE\s+(?!TRANSACTION\b)\w+\s*(?:\(|AS\b)", _FLAGS)),
    ("lastval()", re.compile(r"\blastval\s*\(", _FLAGS)),
    ("currval()", re.compile(r"\bcurrval\s*\(", _FLAGS)),
    ("LISTEN", re.compile(r"(?:^|;)\s*LISTEN\s+[\"\w{]+\s*(?:;|$)", _FLAGS)),
    ("LOAD", re.compile(r"(?:^|;)\s*LOAD\s+'", _FLAGS)),
    ("DISCARD", re.compile(r"(?:^|;)\s*DISCARD\s+(?:ALL|PLANS|SEQUENCES|TEMP|TEMPORARY)\b", _FLAGS)),
)
_CUSTOM = re.compile(
    r"\bset_config\s*\(\s*'(\w+\.[\w.]+)'|(?:^|;)\s*SET\s+(?:LOCAL\s+|SESSION\s+)?(\w+\.[\w.]+)\s*(?:=|TO\b)", _FLAGS
)
CUSTOM = "setting "
"""What the kinds of state begin with that are settings of the application's own, ``app.user``: RESET leaves ''."""
_ON_COMMIT_DROP = re.compile(r"\bON\s+COMMIT\s+DROP\b", _FLAGS)


def in_text(text: str) -> Iterable[str]:
    """The kinds of lasting state that one SQL text sets."""
    for name, pattern in _SQL:
        if pattern.search(text) and not ("TEMP" in name and _ON_COMMIT_DROP.search(text)):
            yield name
    for found in _CUSTOM.finditer(text):
        yield CUSTOM + (found[1] or found[2])


def in_nodes(nodes: Iterable[cst.CSTNode], scope: FunctionScope) -> tuple[str, ...]:
    """The lasting state that some statements set: their strings, constants and locals they read, and their methods."""
    found: list[str] = []
    for top in nodes:
        for node in walk(top):
            if isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute):
                if node.func.attr.value in METHODS:
                    found.append(f"{node.func.attr.value}()")
            elif isinstance(node, cst.Name):
                known = scope.values if scope.is_local(node.value) else scope.module.values
                for value in known.get(node.value, ()):
                    found.extend(in_text(_text(value) or ""))
            else:
                found.extend(in_text(_text(node) or ""))
    return tuple(dict.fromkeys(found))


def _text(node: cst.CSTNode | None) -> str | None:
    """The text of a string literal; what is filled into an f-string counts as one word."""
    if isinstance(node, (cst.SimpleString, cst.ConcatenatedString)):
        value = node.evaluated_value
        if isinstance(value, str):
            return value
    if isinstance(node, cst.ConcatenatedString):
        return (_text(node.left) or "") + (_text(node.right) or "")
    if isinstance(node, cst.FormattedString):
        return "".join(part.value if isinstance(part, cst.FormattedStringText) else "{x}" for part in node.parts)
    return None
