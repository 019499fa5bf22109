"""Point importers elsewhere: at the engine's module, past a re-export, to a function's new name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

from rewire_codemods.applications.obstacle import Obstacle
from rewire_codemods.applications.reading import references
from rewire_codemods.engine_init.importers import (
    binds_value,
    engine_imports,
    export_list,
    exported_names,
    import_chain,
)
from rewire_codemods.engine_init.uses import uses_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rewire.codemod import ImportedName, Span
    from rewire_codemods.engine_init.conversion import Conversion
    from rewire_codemods.engine_init.importers import Importers


def repoint(conversion: Conversion, importers: Importers) -> None:
    """Edit every by-name import of the engine: the name goes, its uses go through the module."""
    chain = import_chain(conversion, conversion.definition.engine)
    reexports = {(imported.path, imported.span.start) for imported, onward in chain if onward}
    done: set[int] = set(importers.kept)
    for imported in engine_imports(conversion):
        if imported.name in (None, "*") or not binds_value(conversion, imported):
            continue
        if imported.scope != "module":
            _repoint_local(conversion, imported)
            continue
        uses = [
            use for use in uses_of(conversion.shelf, imported, conversion.definition.engine) if id(use.node) not in done
        ]
        done |= {id(use.node) for use in uses}
        reexport = (imported.path, imported.span.start) in reexports or imported.path.endswith("__init__.py")
        what = "drop the re-export of the engine" if reexport and not uses else "reach the engine through its module"
        conversion.edits.drop_name(imported, counted=what)
        conversion.importers.append(imported.path)
        if imported.guards and not uses:
            conversion.alias_again(imported)
        for use in uses:
            text = conversion.engine_in(imported.path, imported)
            conversion.edits.node(imported.path, use.node, text, "reach the engine through its module")
        _drop_exported(conversion, imported.path, imported.bound)


def _repoint_local(conversion: Conversion, imported: ImportedName) -> None:
    """An import inside a function is safe, unless it goes through a re-export that is dropped."""
    target = conversion.shelf.project.resolve(imported)
    if target is None or target.path == conversion.path:
        return
    line = conversion.shelf.project.import_line(
        imported.path, conversion.path, conversion.definition.engine, _asname(imported, conversion.definition.engine)
    )
    if line is None:
        raise Obstacle(
            "no-import-form", imported.path, imported.span, f"no import in {imported.path} reaches {conversion.path}"
        )
    conversion.edits.drop_name(imported, counted="import the engine from its own module")
    conversion.edits.follow(imported, line)


def _asname(imported: ImportedName, engine: str) -> str | None:
    return imported.bound if imported.bound != engine else None


def _drop_exported(conversion: Conversion, path: str, name: str) -> None:
    node = export_list(conversion, path)
    if node is None:
        return
    kept = [
        element
        for element in node.elements
        if not (isinstance(element.value, cst.SimpleString) and element.value.evaluated_value == name)
    ]
    if len(kept) == len(node.elements):
        return
    if kept:
        kept[-1] = kept[-1].with_changes(comma=node.elements[-1].comma)
    tree = conversion.shelf.tree(path)
    text = tree.module.code_for_node(node.with_changes(elements=kept))
    conversion.edits.node(path, node, text, "drop the re-export of the engine", strings=True)


def drop_idle_names(conversion: Conversion, gone: Sequence[tuple[str, cst.CSTNode]]) -> None:
    """Names from the engine's module that only the code that goes (file, node) has used, ``Base`` above all."""
    project = conversion.shelf.project
    spans: dict[str, list[Span]] = {}
    for path, node in gone:
        spans.setdefault(path, []).append(conversion.shelf.tree(path).span(node))
    for path, places in sorted(spans.items()):
        tree = conversion.shelf.tree(path)
        for imported in project.imports(path) if path != conversion.path else ():
            target = project.resolve(imported)
            if imported.scope != "module" or target is None or (target.path, imported.guards) != (conversion.path, ()):
                continue
            if (
                target.attribute is None
                or imported.name == "*"
                or imported.bound in (exported_names(conversion, path) or ())
            ):
                continue
            uses = references(tree, imported.bound)
            idle = all(any(place.contains(tree.span(use)) for place in places) for use in uses)
            if uses and idle and not project.importers_of(path, imported.bound):
                conversion.edits.drop_name(imported)


def rename(conversion: Conversion, old: str, new: str) -> None:
    """Every caller of the owner's ``old`` function follows to ``new``."""
    definition = conversion.definition
    for node in references(definition.tree, old):
        conversion.edits.node(definition.path, node, new, f"{old} is {new} now")
    project = conversion.shelf.project
    for imported, _ in import_chain(conversion, old):
        if imported.name == "*":
            continue
        tree = conversion.shelf.tree(imported.path)
        if not binds_value(conversion, imported):
            for use in uses_of(conversion.shelf, imported, old):
                assert isinstance(use.node, cst.Attribute)
                conversion.edits.node(imported.path, use.node.attr, new, f"{old} is {new} now")
            continue
        if imported.scope != "module" or imported.bound != old:
            raise Obstacle(
                "name-taken", imported.path, imported.span, f"{imported.path} imports {old} in a form that hides it"
            )
        conversion.edits.drop_name(imported)
        conversion.edits.add_to(imported, new)
        for node in references(tree, old):
            conversion.edits.node(imported.path, node, new, f"{old} is {new} now")
    del project
