"""Functions that the owner has already: one that creates tables becomes create_tables, one that closes is completed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

from rewire.codemod import Span
from rewire.codemod.cst import dotted_name
from rewire_codemods.engine_init.generating import close_body, close_head
from rewire_codemods.engine_init.payloads import Prepend
from rewire_codemods.engine_init.places import is_docstring
from rewire_codemods.engine_init.repointing import rename

if TYPE_CHECKING:
    from rewire_codemods.engine_init.conversion import Conversion
    from rewire_codemods.engine_init.generating import Tables


def edit_table_maker(conversion: Conversion, tables: Tables | None) -> None:
    """The owner's table function takes the name create_tables and imports every mapped class first."""
    definition, edits = conversion.definition, conversion.edits
    node = definition.table_maker
    if node is None:
        return
    name = node.name.value
    if name != conversion.options.create_tables:
        edits.node(conversion.path, node.name, conversion.options.create_tables, f"{name} is create_tables now")
        rename(conversion, name, conversion.options.create_tables)
    if tables is not None and tables.imports and isinstance(node.body, cst.IndentedBlock):
        tree = definition.tree
        statements = [found for found in node.body.body if isinstance(found, cst.BaseStatement)]
        first = statements[1] if is_docstring(statements[0]) and len(statements) > 1 else statements[0]
        text = "\n".join(tables.imports)
        edits.block(conversion.path, tree.span(first), Prepend(text), "see every mapped class")


def edit_closer(conversion: Conversion) -> None:
    """The owner's close_db gets the guard in front and unbinds the factory."""
    definition, edits = conversion.definition, conversion.edits
    node = definition.closer
    if node is None or not isinstance(node.body, cst.IndentedBlock):
        return
    tree = definition.tree
    statements = [found for found in node.body.body if isinstance(found, cst.BaseStatement)]
    disposing = next(
        statement
        for statement in statements
        if any(
            isinstance(found, cst.Call) and dotted_name(found.func) == f"{definition.engine}.dispose"
            for found in tree.walk(statement)
        )
    )
    first = statements[1] if is_docstring(statements[0]) and len(statements) > 1 else statements[0]
    head = "\n".join(close_head(definition, ""))
    head = head.replace("\n" + "return", "\n" + conversion.style.indent + "return")
    body = "\n".join(close_body(definition, ""))
    if first is disposing:
        edits.statement(conversion.path, disposing, f"{head}\n{body}", "complete close_db")
        return
    edits.block(conversion.path, Span(tree.span(first).start, tree.span(first).end), Prepend(head), "complete close_db")
    edits.statement(conversion.path, disposing, body, "complete close_db")
