"""What an annotation promises: ``asyncpg.Pool | None``, in quotes or not, is a pool."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Protocol

import libcst as cst

from rewire_codemods.connect_timeout.literals import canonical, is_none, last_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rewire_codemods.connect_timeout.scopes import Binding, Names

_QUOTED = re.compile(r"""^['"]|['"]$""")
_PLAIN_WRAPPERS = frozenset({"Optional", "Annotated", "Final", "ClassVar", "Required", "Union"})
_NOTHING = frozenset({"None", ""})


class Resolves(Protocol):
    """What ``origins.Origins`` answers, as far as annotations need it."""

    names: Names

    def of(self, node: cst.CSTNode | None) -> str:
        """The origin of an expression."""
        ...

    def of_bindings(self, bindings: Sequence[Binding]) -> str:
        """The origin on which all bindings of a variable agree."""
        ...


def instance_of(node: cst.CSTNode, origins: Resolves) -> str:
    """The instance that an annotation promises; ``""`` for unions of several types and for what is unknown."""
    if isinstance(node, cst.SimpleString):
        return _quoted(node, origins)
    if isinstance(node, cst.BinaryOperation) and isinstance(node.operator, cst.BitOr):
        found = {instance_of(part, origins) for part in (node.left, node.right) if not is_none(part)}
        return found.pop() if len(found) == 1 else ""
    if isinstance(node, cst.Subscript):
        outer = last_name(node.value)
        parts = [part.slice.value for part in node.slice if isinstance(part.slice, cst.Index)]
        if outer in _PLAIN_WRAPPERS and parts:
            kept = parts[:1] if outer == "Annotated" else parts
            found = {instance_of(part, origins) for part in kept if not is_none(part)}
            return found.pop() if len(found) == 1 else ""
        return instance_of(node.value, origins)
    origin = origins.of(node) if isinstance(node, (cst.Name, cst.Attribute)) else ""
    return canonical(f"{origin}()") if origin and not origin.startswith("builtins.") else ""


def _quoted(node: cst.SimpleString, origins: Resolves) -> str:
    """A quoted annotation: only a dotted name, with ``| None`` or ``Optional[...]`` around it."""
    text = _QUOTED.sub("", node.value)
    text = re.sub(r"^(?:typing\.)?Optional\[(.*)\]$", r"\1", text)
    parts = [part.strip() for part in text.split("|") if part.strip() not in _NOTHING]
    if len(parts) != 1 or not re.fullmatch(r"[\w.]+", re.sub(r"\[.*\]$", "", parts[0])):
        return ""
    head, _, rest = re.sub(r"\[.*\]$", "", parts[0]).partition(".")
    owner = origins.names.owner(head, origins.names.scope(node))
    base = origins.of_bindings(owner.bindings[head]) if owner else ""
    return canonical(canonical(f"{base}.{rest}" if rest else base) + "()") if base else ""
