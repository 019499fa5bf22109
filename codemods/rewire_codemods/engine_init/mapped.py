"""Which modules define the tables: every subclass of a Base, through mixins and re-exports, found by scanning."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import libcst as cst

from rewire.codemod.cst import dotted_name
from rewire_codemods.applications.obstacle import Obstacle
from rewire_codemods.applications.origins import Origin, origin_of
from rewire_codemods.applications.reading import Moment, called, calls, moment_of
from rewire_codemods.engine_init.roles import is_migration, is_test

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rewire.codemod import Project
    from rewire_codemods.applications.reading import Shelf


@dataclass(slots=True)
class Mapped:
    """The mapped classes (and Core tables) by file: class name -> table name, None where it cannot be read."""

    classes: dict[str, dict[str, str | None]] = field(default_factory=lambda: defaultdict(dict))

    @property
    def count(self) -> int:
        """How many classes and tables there are."""
        return sum(len(names) for names in self.classes.values())


def find_mapped(shelf: Shelf, root: Origin) -> Mapped:
    """Every table that hangs on ``root``, the Base class or MetaData object whose create_all is called."""
    found = Mapped()
    pending = [(root.path, root.module, root.name)]
    seen = set(pending)
    while pending:
        origin = pending.pop()
        for path in _users(shelf.project, origin):
            if is_test(path) or is_migration(path):
                continue
            for name, table, abstract in _subclasses(shelf, path, origin, by_keyword=root.path is None):
                if not abstract:
                    found.classes[path][name] = table
                entry = (path, "", name)
                if entry not in seen:
                    seen.add(entry)
                    pending.append(entry)
    if not root.rest:
        _add_core_tables(shelf, root, found)
    return found


def _users(project: Project, origin: tuple[str | None, str, str]) -> list[str]:
    """The files in which the name may be used: its own, its importers, and importers of what re-exports it."""
    path, module, name = origin
    if path is None:
        return [
            user
            for user in project.paths
            if any(
                imported.level == 0
                and imported.module.partition(".")[0] == module.partition(".")[0]
                and imported.name in (name, None, "*")
                for imported in project.imports(user)
            )
        ]
    users = {path}
    pending = [(path, name)]
    while pending:
        place, bound = pending.pop()
        for imported in project.importers_of(place):
            fits = imported.name in (bound, "*") or imported.name is None or _is_module(project, imported)
            if not fits or imported.path in users:
                continue
            users.add(imported.path)
            if imported.name in (bound, "*"):
                pending.append((imported.path, imported.bound if imported.name == bound else bound))
    return sorted(users)


def _is_module(project: Project, imported: object) -> bool:
    target = project.resolve(imported)  # type: ignore[arg-type]
    return target is not None and target.attribute is None


def _subclasses(
    shelf: Shelf, path: str, origin: tuple[str | None, str, str], *, by_keyword: bool
) -> list[tuple[str, str | None, bool]]:
    """Direct subclasses in one file: name, table name, abstract."""
    source = shelf.project.source(path)
    if source is None or "class " not in source.text:
        return []
    try:
        tree = shelf.tree(path)
    except Obstacle:
        return []
    answer = []
    for node in tree.walk():
        if not isinstance(node, cst.ClassDef):
            continue
        for base in node.bases:
            dotted = dotted_name(base.value)
            if dotted is None:
                continue
            found = origin_of(shelf.project, path, dotted)
            if found is not None and _same(found, origin):
                answer.append((node.name.value, _table_name(node), _is_abstract(node, by_keyword=by_keyword)))
    return answer


def _same(found: Origin, origin: tuple[str | None, str, str]) -> bool:
    path, module, name = origin
    if found.name != name or found.rest:
        return False
    if path is None:
        return found.path is None and found.module.partition(".")[0] == module.partition(".")[0]
    return found.path == path


def _is_abstract(node: cst.ClassDef, *, by_keyword: bool) -> bool:
    """SQLModel maps what says ``table=True``; declarative maps all but ``__abstract__``."""
    if by_keyword:
        return not any(
            keyword.keyword and keyword.keyword.value == "table" and dotted_name(keyword.value) == "True"
            for keyword in (*node.keywords, *node.bases)
        )
    abstract = dict(_assignments(node)).get("__abstract__")
    return isinstance(abstract, cst.Name) and abstract.value == "True"


def _assignments(node: cst.ClassDef) -> Iterable[tuple[str, cst.BaseExpression | None]]:
    for line in node.body.body:
        for small in line.body if isinstance(line, cst.SimpleStatementLine) else ():
            if isinstance(small, cst.Assign) and isinstance(small.targets[0].target, cst.Name):
                yield small.targets[0].target.value, small.value
            elif isinstance(small, cst.AnnAssign) and isinstance(small.target, cst.Name):
                yield small.target.value, small.value


def _table_name(node: cst.ClassDef) -> str | None:
    for name, value in _assignments(node):
        if name == "__tablename__" and isinstance(value, cst.SimpleString):
            text = value.evaluated_value
            return text if isinstance(text, str) else None
    return None


def _add_core_tables(shelf: Shelf, root: Origin, found: Mapped) -> None:
    """``Table("name", metadata, ...)`` at module level, for the very MetaData object."""
    for path in _users(shelf.project, (root.path, root.module, root.name)):
        if is_test(path) or is_migration(path):
            continue
        try:
            tree = shelf.tree(path)
        except Obstacle:
            continue
        for call in calls(tree):
            if called(tree, call).rpartition(".")[2] != "Table" or len(call.args) < 2:
                continue
            dotted = dotted_name(call.args[1].value)
            origin = origin_of(shelf.project, path, dotted) if dotted else None
            label = call.args[0].value
            same = origin is not None and (origin.path, origin.name) == (root.path, root.name)
            if same and isinstance(label, cst.SimpleString) and moment_of(tree, call) is Moment.IMPORT:
                name = str(label.evaluated_value)
                found.classes[path][name] = name


def clashes(classes: Mapping[str, Mapping[str, str | None]], path: str) -> str | None:
    """Another file that defines a table of the same name as one in ``path``; None if there is none."""
    mine = {table for table in classes[path].values() if table}
    for other, names in classes.items():
        if other != path and mine & set(names.values()):
            return other
    return None
