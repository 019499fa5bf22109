"""Put the guard into every session dependency: a clear error where nobody has opened the database."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

from rewire_codemods.applications.origins import origin_of
from rewire_codemods.engine_init.dependencies import find_dependencies
from rewire_codemods.engine_init.generating import guard
from rewire_codemods.engine_init.importers import binds_value, engine_imports
from rewire_codemods.engine_init.payloads import Prepend
from rewire_codemods.engine_init.places import body_start
from rewire_codemods.engine_init.roles import is_migration, is_test
from rewire_codemods.engine_init.style import read_style

if TYPE_CHECKING:
    from rewire.codemod import ImportedName
    from rewire_codemods.engine_init.conversion import Conversion


def guard_dependencies(conversion: Conversion) -> list[str]:
    """Put the guard into every session dependency, here and elsewhere; answers with their ``path:name``."""
    definition = conversion.definition
    answer = []
    for node in definition.dependencies:
        _guard(conversion, conversion.path, node, definition.engine)
        answer.append(f"{conversion.path}:{node.name.value}")
    project = conversion.shelf.project
    near = {conversion.path, *(path for path, _ in conversion.factories)}
    for path in sorted(near | {imported.path for place in near for imported in project.importers_of(place)}):
        if path == conversion.path or is_migration(path) or is_test(path):
            continue
        tree = conversion.shelf.tree(path)
        names = [name for place, name in conversion.factories if place == path]
        names += [
            imported.bound
            for imported in project.imports(path)
            if imported.scope == "module" and imported.name not in (None, "*") and _is_factory(conversion, imported)
        ]
        engine = next(
            (
                imported.bound
                for imported in engine_imports(conversion)
                if imported.path == path and imported.scope == "module" and imported.name not in (None, "*")
                and binds_value(conversion, imported)
            ),
            None,
        )  # fmt: skip
        for node in find_dependencies(tree, engine, names, conversion.options):
            _guard(conversion, path, node, conversion.engine_in(path))
            answer.append(f"{path}:{node.name.value}")
    return answer


def _is_factory(conversion: Conversion, imported: ImportedName) -> bool:
    origin = origin_of(conversion.shelf.project, imported.path, imported.bound)
    return origin is not None and not origin.rest and (origin.path, origin.name) in conversion.factories


def _guard(conversion: Conversion, path: str, node: cst.FunctionDef, engine: str) -> None:

    tree = conversion.shelf.tree(path)
    offset, indent = body_start(tree, node)
    style = read_style(tree)
    if conversion.edits.covers(path, offset):
        first = next(
            found
            for found in node.body.body
            if isinstance(found, cst.BaseStatement) and tree.span(found).start >= offset
        )
        text = guard(style, engine, "", conversion.options)
        conversion.edits.block(path, tree.span(first), Prepend(text), f"guard {node.name.value}")
        return
    text = guard(style, engine, indent, conversion.options)
    conversion.edits.insert(path, offset, text, f"guard {node.name.value}")
