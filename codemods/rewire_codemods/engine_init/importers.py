"""Everyone who takes the engine by name: repointed to the module, re-exports dropped, uses at import sorted out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import libcst as cst

from rewire.codemod.cst import dotted_name
from rewire_codemods.applications.obstacle import Obstacle
from rewire_codemods.applications.origins import origin_of
from rewire_codemods.applications.reading import Moment, references
from rewire_codemods.engine_init.defining import reject_import_uses, table_call
from rewire_codemods.engine_init.dependencies import find_dependencies
from rewire_codemods.engine_init.factories import read_factory, reject_sessions
from rewire_codemods.engine_init.generating import guard
from rewire_codemods.engine_init.payloads import Prepend
from rewire_codemods.engine_init.places import body_start
from rewire_codemods.engine_init.roles import is_migration, is_test
from rewire_codemods.engine_init.style import read_style
from rewire_codemods.engine_init.uses import Purpose, Use, uses_of

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from rewire.codemod import ImportedName, Span
    from rewire_codemods.engine_init.conversion import Conversion
    from rewire_codemods.engine_init.definition import Factory, TableCall


@dataclass(slots=True)
class Importers:
    """What the importers hold besides plain uses: tables created at import, factories bound there, early uses.

    ``early`` are files whose own code at import needs the engine: scripts and migration environments; the value is
    the offset of the first such statement.
    """

    tables: list[TableCall] = field(default_factory=list)
    factories: list[tuple[str, Factory]] = field(default_factory=list)
    early: dict[str, list[Use]] = field(default_factory=dict)
    kept: set[int] = field(default_factory=set)


def read_importers(conversion: Conversion, entries: Collection[str]) -> Importers:
    """Sort out every use of the engine in other files. ``entries``: files that are started, never imported.

    Raises Obstacle for a use at import that cannot move.
    """
    answer = Importers()
    for imported in engine_imports(conversion):
        if imported.name == "*":
            _reject_star(conversion, imported)
            continue
        uses = uses_of(conversion.shelf, imported, conversion.definition.engine)
        tree = conversion.shelf.tree(imported.path)
        now = [use for use in uses if use.moment in (Moment.IMPORT, Moment.DEFAULT)]
        if imported.path in entries:
            early = [use for use in now if use.moment is Moment.IMPORT]
            answer.early.setdefault(imported.path, []).extend(early)
            reject_import_uses(tree, [use for use in now if use.moment is Moment.DEFAULT])
            continue
        reject_import_uses(tree, now)
        answer.tables += _in_factory(conversion, uses)
        for use in now:
            if use.purpose is Purpose.TABLES:
                answer.tables.append(table_call(tree, use))
            elif use.purpose is Purpose.FACTORY:
                answer.factories.append((imported.path, read_factory(tree, imported.path, use)))
            else:
                raise Obstacle(
                    "engine-used-at-import",
                    imported.path,
                    tree.span(use.node),
                    f"{imported.path}:{tree.line(use.node)} hands the engine to {use.purpose.value} at import",
                )
    for path, factory in answer.factories:
        reject_sessions(conversion.shelf.tree(path), path, [factory.name])
    return answer


def _in_factory(conversion: Conversion, uses: Sequence[Use]) -> list[TableCall]:
    """A create_all in the body of the application's factory, which runs before the lifespan does."""
    application = conversion.application
    if application is None or application.factory is None:
        return []
    tree = application.tree
    answer = []
    for use in uses:
        if use.path != application.path or use.purpose is not Purpose.TABLES:
            continue
        for statement in application.factory.body.body:
            line = isinstance(statement, cst.SimpleStatementLine)
            if line and any(node is use.node for node in tree.walk(statement)):
                answer.append(table_call(tree, use, statement))
                conversion.excused |= {id(node) for node in tree.walk(statement)}
    return answer


def engine_imports(conversion: Conversion) -> list[ImportedName]:
    """Every import of the engine or of its module, those that go through a re-export included."""
    return [imported for imported, _ in _chain(conversion, conversion.definition.engine)]


def _chain(conversion: Conversion, name: str) -> list[tuple[ImportedName, bool]]:
    """Imports of ``name``, and whether each is a re-export that others import from."""
    project = conversion.shelf.project
    found: list[tuple[ImportedName, bool]] = []
    pending = [(conversion.path, name)]
    seen = set(pending)
    while pending:
        path, bound = pending.pop()
        for imported in project.importers_of(path):
            if is_migration(imported.path):
                continue
            target = project.resolve(imported)
            of_module = target is not None and target.attribute is None and imported.name != "*"
            if imported.name not in (bound, "*") and not of_module:
                continue
            if of_module and path != conversion.path:
                continue
            again = (imported.path, imported.bound)
            onward = not of_module and imported.name != "*" and imported.scope == "module"
            others = project.importers_of(imported.path, imported.bound) if onward else ()
            found.append((imported, bool(others)))
            if others and again not in seen:
                seen.add(again)
                pending.append(again)
    return found


def _reject_star(conversion: Conversion, imported: ImportedName) -> None:
    """A star import copies the engine, unless ``__all__`` of the module leaves it out."""
    exported = _all_of(conversion, conversion.path)
    if exported is not None and conversion.definition.engine not in exported:
        return
    tree = conversion.shelf.tree(imported.path)
    line = tree.text.count("\n", 0, imported.span.start) + 1
    raise Obstacle(
        "star-import", imported.path, imported.span, f"{imported.path}:{line} imports * from the engine's module"
    )


def _all_of(conversion: Conversion, path: str) -> set[str] | None:
    node = _all_node(conversion, path)
    if node is None:
        return None
    return {str(found.evaluated_value) for found in conversion.shelf.tree(path).walk(node)
            if isinstance(found, cst.SimpleString)}  # fmt: skip


def _all_node(conversion: Conversion, path: str) -> cst.List | cst.Tuple | None:
    for line in conversion.shelf.tree(path).module.body:
        for small in line.body if isinstance(line, cst.SimpleStatementLine) else ():
            if isinstance(small, cst.Assign) and dotted_name(small.targets[0].target) == "__all__":
                return small.value if isinstance(small.value, (cst.List, cst.Tuple)) else None
    return None


def repoint(conversion: Conversion, importers: Importers) -> None:
    """Edit every by-name import of the engine: the name goes, its uses go through the module."""
    reexports = {
        (imported.path, imported.span.start) for imported, onward in _chain(conversion, conversion.definition.engine)
        if onward
    }  # fmt: skip
    done: set[int] = set(importers.kept)
    for imported in engine_imports(conversion):
        if imported.name in (None, "*") or not _binds_engine(conversion, imported):
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


def _binds_engine(conversion: Conversion, imported: ImportedName) -> bool:
    target = conversion.shelf.project.resolve(imported)
    return target is not None and target.attribute is not None


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
    node = _all_node(conversion, path)
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
            if target.attribute is None or imported.name == "*" or imported.bound in (_all_of(conversion, path) or ()):
                continue
            uses = references(tree, imported.bound)
            idle = all(any(place.contains(tree.span(use)) for place in places) for use in uses)
            if uses and idle and not project.importers_of(path, imported.bound):
                conversion.edits.drop_name(imported)


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
                and _binds_engine(conversion, imported)
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


def rename(conversion: Conversion, old: str, new: str) -> None:
    """Every caller of the owner's ``old`` function follows to ``new``."""
    definition = conversion.definition
    for node in references(definition.tree, old):
        conversion.edits.node(definition.path, node, new, f"{old} is {new} now")
    project = conversion.shelf.project
    for imported, _ in _chain(conversion, old):
        if imported.name == "*":
            continue
        tree = conversion.shelf.tree(imported.path)
        if not _binds_engine(conversion, imported):
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
