"""Tables that the application creates when it starts already, in its lifespan or in a startup handler."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import libcst as cst

from rewire.codemod.cst import dotted_name
from rewire_codemods.applications.reading import references
from rewire_codemods.engine_init.importers import engine_imports
from rewire_codemods.engine_init.tables import create_all_calls
from rewire_codemods.engine_init.uses import uses_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rewire.codemod.cst import Tree
    from rewire_codemods.engine_init.conversion import Conversion


@dataclass(slots=True)
class Startup:
    """Calls of create_all in startup code that become a call of create_tables.

    ``calls`` are (file, call) for the tables; ``edits`` (file, node) for what is replaced; ``uses`` the ids of the
    engine expressions that go with it.
    """

    calls: list[tuple[str, cst.Call]] = field(default_factory=list)
    edits: list[tuple[str, cst.CSTNode]] = field(default_factory=list)
    uses: set[int] = field(default_factory=set)


def read_startup(conversion: Conversion, functions: Sequence[tuple[str, cst.FunctionDef]]) -> Startup:
    """Look through the startup functions (file, function) for tables created with this engine."""
    answer = Startup()
    for path, function in functions:
        tree = conversion.shelf.tree(path)
        names = _engine_expressions(conversion, path)
        for call in create_all_calls(tree, function):
            place = _replaced(tree, call, set(names))
            if place is None:
                continue
            answer.calls.append((path, call))
            answer.edits.append((path, place))
            span = tree.span(place)
            answer.uses |= {id(node) for nodes in names.values() for node in nodes if span.contains(tree.span(node))}
    return answer


def _engine_expressions(conversion: Conversion, path: str) -> dict[str, list[cst.CSTNode]]:
    """What the engine is called in a file, with the places."""
    found: dict[str, list[cst.CSTNode]] = {}
    nodes: list[cst.CSTNode] = []
    if path == conversion.path:
        nodes += references(conversion.definition.tree, conversion.definition.engine)
    for imported in engine_imports(conversion):
        if imported.path == path and imported.name != "*":
            nodes += [use.node for use in uses_of(conversion.shelf, imported, conversion.definition.engine)]
    for node in nodes:
        found.setdefault(dotted_name(node) or "", []).append(node)
    return found


def _replaced(tree: Tree, call: cst.Call, names: set[str]) -> cst.CSTNode | None:
    """What a call of create_tables takes the place of; None where more hangs on it than the tables."""
    expression = tree.parent(call)
    if isinstance(call.func, cst.Attribute) and call.func.attr.value == "create_all":
        binds = [dotted_name(arg.value) for arg in call.args]
        return call if isinstance(expression, cst.Expr) and len(binds) == 1 and binds[0] in names else None
    if not isinstance(expression, cst.Await) or not isinstance(tree.parent(expression), cst.Expr):
        return None
    if len(call.args) != 1:
        return None
    line = tree.parent(tree.parent(expression))  # type: ignore[arg-type]
    block = tree.parent(line) if line is not None else None
    holder = tree.parent(block) if block is not None else None
    if not isinstance(holder, cst.With) or len(holder.items) != 1 or not isinstance(block, cst.IndentedBlock):
        return None
    opened = holder.items[0].item
    name = dotted_name(opened.func) if isinstance(opened, cst.Call) else None
    own = name is not None and name.rpartition(".")[0] in names and name.rpartition(".")[2] in ("begin", "connect")
    if not own or len(block.body) != 1 or "#" in tree.code(holder):
        return None
    return holder
