"""What create_tables has to import and call, and which tables it sees now and saw before."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import libcst as cst

from rewire.codemod import Note
from rewire.codemod.cst import dotted_name
from rewire_codemods.applications.obstacle import Obstacle
from rewire_codemods.applications.origins import Origin, origin_of
from rewire_codemods.applications.reach import loaded_by
from rewire_codemods.applications.reading import calls, main_guard
from rewire_codemods.engine_init.generating import Tables
from rewire_codemods.engine_init.importing import WIDTH
from rewire_codemods.engine_init.mapped import Mapped, clashes, find_mapped
from rewire_codemods.engine_init.places import whole_span
from rewire_codemods.engine_init.style import substitute

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rewire.codemod.cst import Tree
    from rewire_codemods.engine_init.conversion import Conversion
    from rewire_codemods.engine_init.definition import TableCall


@dataclass(slots=True)
class TableSet:
    """The tables of one conversion: what create_tables does, and the classes that it sees, by file.

    ``before`` are the files whose classes the old create_all had loaded, as far as imports tell.
    """

    tables: Tables = field(default_factory=Tables)
    mapped: Mapped = field(default_factory=Mapped)
    before: frozenset[str] = frozenset()

    def figures(self) -> dict[str, object]:
        """JSON-able: table counts before and after, and the files that are new."""
        old = sum(len(names) for path, names in self.mapped.classes.items() if path in self.before)
        new = sorted(path for path in self.mapped.classes if path not in self.before)
        return {"tables_before": old, "tables_after": self.mapped.count, "newly_seen": new}


def build_tables(
    conversion: Conversion, imported: Sequence[TableCall], started: Sequence[tuple[str, cst.Call]]
) -> TableSet:
    """The body of create_tables for every create_all at import, and for those in startup code (file, call)."""
    answer = TableSet()
    definition = conversion.definition
    places = [(entry.path, entry.call) for entry in imported] + list(started)
    maker = definition.table_maker
    if maker is not None:
        places += [(definition.path, call) for call in create_all_calls(definition.tree, maker)]
    roots: list[Origin] = []
    for path, call in places:
        tree = conversion.shelf.tree(path)
        dotted = dotted_name(receiver(call))
        origin = origin_of(conversion.shelf.project, path, dotted) if dotted else None
        if origin is None:
            raise Obstacle("create-all-shape", path, tree.span(call), f"{path}:{tree.line(call)}: whose tables?")
        if origin not in roots:
            roots.append(origin)
    for root in roots:
        _add_statement(conversion, answer, root, imported)
        _merge(answer.mapped, find_mapped(conversion.shelf, base_of(conversion, root)))
    answer.before = _seen_before(conversion, imported, started)
    answer.tables.imports += _import_lines(conversion, answer, roots)
    return answer


def create_all_calls(tree: Tree, node: cst.CSTNode) -> list[cst.Call]:
    """The calls in ``node`` that create tables: of create_all, or of run_sync with a create_all."""
    found = []
    for call in calls(tree, node):
        name = (dotted_name(call.func) or "").rpartition(".")[2]
        handed = dotted_name(call.args[0].value) if call.args else None
        if name == "create_all" or (name == "run_sync" and handed and handed.endswith(".create_all")):
            found.append(call)
    return found


def receiver(call: cst.Call) -> cst.BaseExpression | None:
    """The MetaData expression of a create_all call, or of a run_sync that is handed one."""
    target: cst.BaseExpression = call.func
    if isinstance(target, cst.Attribute) and target.attr.value == "run_sync":
        target = call.args[0].value
    return target.value if isinstance(target, cst.Attribute) else None


def base_of(conversion: Conversion, root: Origin) -> Origin:
    """The Base class whose ``metadata`` is meant; the MetaData object itself where it stands alone."""
    if root.rest[-1:] == ("metadata",) and len(root.rest) == 1:
        return Origin(root.path, root.module, root.name, ("metadata",))
    return root


def _add_statement(conversion: Conversion, answer: TableSet, root: Origin, imported: Sequence[TableCall]) -> None:
    definition, style = conversion.definition, conversion.style
    name = _name_here(conversion, answer, root)
    whole = ".".join((name, *root.rest))
    if definition.asynchronous:
        if not answer.tables.statements:
            answer.tables.statements.append(f"async with {definition.engine}.begin() as connection:")
        answer.tables.statements[0] += f"\n{style.indent}await connection.run_sync({whole}.create_all)"
        return
    own = [entry for entry in imported if entry.path == definition.path and _leads_to(conversion, entry, root)]
    for entry in own:
        answer.tables.statements.append(_moved(conversion, entry))
    if not own:
        arguments = f"bind={definition.engine}"
        for entry in imported:
            if _leads_to(conversion, entry, root):
                arguments = _arguments(conversion, entry)
                break
        answer.tables.statements.append(f"{whole}.create_all({arguments})")


def _leads_to(conversion: Conversion, entry: TableCall, root: Origin) -> bool:
    dotted = dotted_name(receiver(entry.call))
    return dotted is not None and origin_of(conversion.shelf.project, entry.path, dotted) == root


def _arguments(conversion: Conversion, entry: TableCall) -> str:
    """The owner's arguments, the engine under its name in its own module."""
    tree = conversion.shelf.tree(entry.path)
    parts = []
    for arg in entry.call.args:
        plain = isinstance(arg.value, cst.Name) and arg.value.value in ("True", "False")
        keyword = f"{arg.keyword.value}=" if arg.keyword is not None else ""
        parts.append(keyword + (tree.code(arg.value) if plain else conversion.definition.engine))
    return ", ".join(parts)


def _moved(conversion: Conversion, entry: TableCall) -> str:
    """A statement of the definition module, with the comments that go with it."""
    tree = conversion.definition.tree
    comments = conversion.edits.comments_of(entry.path, entry.statement)
    return "\n".join([*comments, whole_span(tree, entry.statement).of(tree.text)])


def with_call(conversion: Conversion, entry: TableCall, call: str) -> str:
    """The text of a statement at import with its create_all replaced by ``call``."""
    tree = conversion.shelf.tree(entry.path)
    span = whole_span(tree, entry.statement)
    return substitute(span.of(tree.text), span.start, [(tree.span(entry.call), call)])


def _name_here(conversion: Conversion, answer: TableSet, root: Origin) -> str:
    """What the definition module calls ``root.name``; an import inside create_tables where it does not know it."""
    project, path = conversion.shelf.project, conversion.path
    if root.path == path:
        return root.name
    for imported in project.imports(path):
        if imported.scope == "module" and imported.name not in (None, "*"):
            found = origin_of(project, path, imported.bound)
            if found is not None and (found.path, found.name) == (root.path, root.name):
                return imported.bound
    if root.path is None:
        line: str | None = f"from {root.module} import {root.name}"
    else:
        line = project.import_line(path, root.path, root.name)
    if line is None:
        raise Obstacle(
            "no-import-form", path, conversion.definition.tree.span(conversion.definition.creation.statement),
            f"{path} has no single way to import {root.name} from {root.path}",
        )  # fmt: skip
    if line not in answer.tables.imports:
        answer.tables.imports.append(line)
    return root.name


def _merge(into: Mapped, other: Mapped) -> None:
    for path, names in other.classes.items():
        into.classes[path].update(names)


def _seen_before(
    conversion: Conversion, imported: Sequence[TableCall], started: Sequence[tuple[str, cst.Call]]
) -> frozenset[str]:
    project, shelf = conversion.shelf.project, conversion.shelf
    found: set[str] = set()
    for entry in imported:
        found |= loaded_by(project, entry.path, shelf.tree(entry.path).span(entry.statement).start)
    for path, _ in started:
        found |= loaded_by(project, path)
    if conversion.definition.table_maker is not None:
        found |= conversion.served or loaded_by(project, conversion.path)
    return frozenset(found)


def _import_lines(conversion: Conversion, answer: TableSet, roots: Sequence[Origin]) -> list[str]:
    """One import for each module that defines a mapped class, so that create_tables sees them all."""
    project, path = conversion.shelf.project, conversion.path
    known = _imported_by_maker(conversion)
    reserved = {conversion.definition.engine, "connection", *(root.name for root in roots)}
    lines = []
    for module in sorted(answer.mapped.classes):
        if module == path or module in known or _is_entry(conversion, module):
            continue
        seen = module in answer.before
        if not seen and (reason := _unsafe(conversion, answer, module)):
            conversion.notes.append(Note("engine-init", f"create_tables does not import {module}: {reason}", module))
            answer.mapped.classes.pop(module)
            continue
        stem = module.removesuffix(".py").removesuffix("/__init__").rpartition("/")[2]
        alias = f"{stem}_module" if stem in reserved else None
        line = project.import_line(path, module, None, alias)
        if line is None:
            if not seen:
                conversion.notes.append(
                    Note("engine-init", f"create_tables has no single way to import {module}", module)
                )
            continue
        lines.append(line)
    return _joined(lines, conversion.style.indent)


def _imported_by_maker(conversion: Conversion) -> set[str]:
    """The modules that the owner's own table function imports already."""
    maker = conversion.definition.table_maker
    if maker is None:
        return set()
    span = conversion.definition.tree.span(maker)
    project = conversion.shelf.project
    targets = [
        project.resolve(imported) for imported in project.imports(conversion.path) if span.contains(imported.span)
    ]
    return {target.path for target in targets if target is not None and target.path is not None}


def _is_entry(conversion: Conversion, module: str) -> bool:
    """The application itself is loaded when its lifespan runs; a script must not be loaded a second time."""
    application = conversion.application
    if application is not None and module == application.path:
        return True
    guard = main_guard(conversion.shelf.tree(module))
    return guard is not None and not conversion.shelf.project.importers_of(module)


def _unsafe(conversion: Conversion, answer: TableSet, module: str) -> str:
    """Why a module that nothing loaded before must not be loaded now; empty if nothing speaks against it."""
    project = conversion.shelf.project
    other = clashes(answer.mapped.classes, module)
    if other is not None:
        return f"it defines a table that {other} defines as well, and nothing imported it before"
    for imported in project.imports(module):
        if imported.scope == "module" and not imported.guards and project.resolve(imported) is None:
            return f"it imports {imported.module or imported.name}, which is not there"
    return ""


def _joined(lines: Sequence[str], indent: str) -> list[str]:
    """Import lines of one package on one line; every one marked as made for its effect."""
    packages: dict[str, list[str]] = {}
    answer = []
    for line in lines:
        head, found, name = line.partition(" import ")
        if found:
            packages.setdefault(head, []).append(name)
        else:
            answer.append(f"{line}  # noqa: F401")
    for head, names in packages.items():
        one = f"{head} import {', '.join(sorted(names))}  # noqa: F401"
        if len(one) + len(indent) <= WIDTH:
            answer.append(one)
        else:
            answer.append(f"{head} import (  # noqa: F401")
            answer += [f"{indent}{name}," for name in sorted(names)]
            answer.append(")")
    return answer
