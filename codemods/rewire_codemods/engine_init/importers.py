"""Everyone who takes the engine by name, and what each use of it at import is for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import libcst as cst

from rewire.codemod.cst import dotted_name
from rewire_codemods.applications.obstacle import Obstacle
from rewire_codemods.applications.reading import Moment
from rewire_codemods.engine_init.defining import reject_import_uses, table_call
from rewire_codemods.engine_init.factories import read_factory, reject_sessions
from rewire_codemods.engine_init.roles import is_migration
from rewire_codemods.engine_init.uses import Purpose, Use, uses_of

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from rewire.codemod import ImportedName
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
    return [imported for imported, _ in import_chain(conversion, conversion.definition.engine)]


def import_chain(conversion: Conversion, name: str) -> list[tuple[ImportedName, bool]]:
    """Imports of ``name`` of the engine's module, and whether each is a re-export that others import from."""
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
    exported = exported_names(conversion, conversion.path)
    if exported is not None and conversion.definition.engine not in exported:
        return
    tree = conversion.shelf.tree(imported.path)
    line = tree.text.count("\n", 0, imported.span.start) + 1
    raise Obstacle(
        "star-import", imported.path, imported.span, f"{imported.path}:{line} imports * from the engine's module"
    )


def exported_names(conversion: Conversion, path: str) -> set[str] | None:
    """The names in a module's ``__all__``; None where it has none that can be read."""
    node = export_list(conversion, path)
    if node is None:
        return None
    return {str(found.evaluated_value) for found in conversion.shelf.tree(path).walk(node)
            if isinstance(found, cst.SimpleString)}  # fmt: skip


def export_list(conversion: Conversion, path: str) -> cst.List | cst.Tuple | None:
    """The value of a module's ``__all__``; None where it has none that can be read."""
    for line in conversion.shelf.tree(path).module.body:
        for small in line.body if isinstance(line, cst.SimpleStatementLine) else ():
            if isinstance(small, cst.Assign) and dotted_name(small.targets[0].target) == "__all__":
                return small.value if isinstance(small.value, (cst.List, cst.Tuple)) else None
    return None


def binds_value(conversion: Conversion, imported: ImportedName) -> bool:
    """True if an import binds something of a module, not a module."""
    target = conversion.shelf.project.resolve(imported)
    return target is not None and target.attribute is not None
