"""What a name means where it stands: imports and aliases followed, locals and parameters told apart."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import libcst as cst

from rewire.codemod.cst import dotted_name
from rewire_codemods.shared_pool.statements import Line, lines, members, smalls, walk

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_SCOPES = (cst.FunctionDef, cst.ClassDef, cst.Lambda)


def imported(node: cst.BaseSmallStatement) -> Mapping[str, str]:
    """Bound name -> dotted origin for one import statement; relative ones keep their dots (``..pkg.name``)."""
    bound: dict[str, str] = {}
    if isinstance(node, cst.Import):
        for alias in node.names:
            origin = dotted_name(alias.name) or ""
            if alias.asname:
                bound[dotted_name(alias.asname.name) or ""] = origin
            else:
                bound[origin.partition(".")[0]] = origin.partition(".")[0]
    elif isinstance(node, cst.ImportFrom) and not isinstance(node.names, cst.ImportStar):
        module = "." * len(node.relative) + (dotted_name(node.module) or "")
        for alias in node.names:
            name = dotted_name(alias.name) or ""
            bound[dotted_name(alias.asname.name) or "" if alias.asname else name] = (
                module + name if module.endswith(".") else f"{module}.{name}"
            )
    return bound


@dataclass(frozen=True)
class ModuleScope:
    """Module-level bindings. ``values`` hold the expressions of plain assignments, None where it is something else."""

    imports: Mapping[str, str]
    values: Mapping[str, Sequence[cst.BaseExpression | None]]
    defined: frozenset[str]

    def origin(self, dotted: str) -> str:
        """The dotted name with its first part replaced by what it was imported as; unchanged if it is no import."""
        first, dot, rest = dotted.partition(".")
        return self.imports.get(first, first) + dot + rest

    def means_node(self, node: cst.CSTNode, wanted: Iterable[str]) -> bool:
        """The same for an expression."""
        dotted = dotted_name(node)
        return dotted is not None and self.means(dotted, wanted)

    def means(self, dotted: str, wanted: Iterable[str]) -> bool:
        """True if a module-level use of ``dotted`` is one of ``wanted``, assigned aliases followed."""
        for _ in range(4):
            first, dot, rest = dotted.partition(".")
            if first in self.imports:
                return self.imports[first] + dot + rest in wanted
            values = [value for value in self.values.get(first, ()) if value is not None]
            alias = dotted_name(values[0]) if len(values) == 1 else None
            if alias is None or alias.partition(".")[0] == first:
                return False
            dotted = alias + dot + rest
        return False


def module_scope(module: cst.Module) -> ModuleScope:
    """Read the module level, conditional blocks included."""
    imports: dict[str, str] = {}
    values: dict[str, list[cst.BaseExpression | None]] = defaultdict(list)
    defined: set[str] = set()
    for line in lines(module.body):
        if isinstance(line.node, (cst.FunctionDef, cst.ClassDef)):
            defined.add(line.node.name.value)
        for part in smalls(line.node):
            imports.update(imported(part))
        for name, value in bindings(line):
            values[name].append(value)
    return ModuleScope(imports, {name: tuple(found) for name, found in values.items()}, frozenset(defined))


def bindings(line: Line) -> Iterable[tuple[str, cst.BaseExpression | None]]:
    """Names that one statement binds, with the value where it is a plain assignment; imports and defs left out."""
    for part in smalls(line.node):
        yield from _assigned(part)
    for node in line.header:
        for inner in walk(node) if not isinstance(node, _SCOPES) else ():
            if isinstance(inner, cst.NamedExpr):
                yield from ((name, None) for name in target_names(inner.target))
            elif isinstance(inner, cst.AsName) and not isinstance(node, cst.SimpleStatementLine):
                yield from ((name, None) for name in target_names(inner.name))
    if isinstance(line.node, cst.For):
        yield from ((name, None) for name in target_names(line.node.target))


def _assigned(part: cst.BaseSmallStatement) -> Iterable[tuple[str, cst.BaseExpression | None]]:
    if isinstance(part, cst.Assign):
        for target in part.targets:
            if isinstance(target.target, cst.Name):
                yield target.target.value, part.value
            else:
                yield from ((name, None) for name in target_names(target.target))
    elif isinstance(part, cst.AnnAssign) and isinstance(part.target, cst.Name) and part.value is not None:
        yield part.target.value, part.value
    elif isinstance(part, cst.AugAssign):
        yield from ((name, None) for name in target_names(part.target))


def target_names(node: cst.CSTNode) -> Iterable[str]:
    """The plain names in an assignment target."""
    if isinstance(node, cst.Name):
        yield node.value
    elif isinstance(node, (cst.Tuple, cst.List)):
        for element in node.elements:
            yield from target_names(element.value)
    elif isinstance(node, cst.StarredElement):
        yield from target_names(node.value)


@dataclass
class FunctionScope:
    """One function: its statements, parameters, locals and imports of its own."""

    node: cst.FunctionDef
    name: str
    owner: str
    module: ModuleScope
    statements: Sequence[Any] = ()
    lines: Sequence[Line] = ()
    parameters: tuple[str, ...] = ()
    values: dict[str, list[cst.BaseExpression | None]] = field(default_factory=dict)
    imports: dict[str, str] = field(default_factory=dict)
    globals: frozenset[str] = frozenset()
    outer: FunctionScope | None = None

    @property
    def is_async(self) -> bool:
        """True for ``async def``."""
        return self.node.asynchronous is not None

    def means(self, node: cst.CSTNode, wanted: Iterable[str]) -> bool:
        """True if the expression is one of the dotted names ``wanted`` here."""
        dotted = dotted_name(node)
        if dotted is None:
            return False
        first, dot, rest = dotted.partition(".")
        if first in self.imports:
            return self.imports[first] + dot + rest in wanted
        if first in self.parameters or (first in self.values and first not in self.globals):
            return False
        if self.outer is not None:
            return self.outer.means(node, wanted)
        return self.module.means(dotted, wanted)

    def is_local(self, name: str) -> bool:
        """True for a parameter or a name that the function (or one around it) binds."""
        if name in self.globals:
            return False
        if name in self.parameters or name in self.values:
            return True
        return self.outer.is_local(name) if self.outer else False


def function_scope(
    node: cst.FunctionDef, name: str, owner: str, module: ModuleScope, outer: FunctionScope | None = None
) -> FunctionScope:
    """Read one function; bodies of nested functions are not entered."""
    statements = members(node.body)
    found = list(lines(statements))
    scope = FunctionScope(node, name, owner, module, statements, found, _parameters(node.params), outer=outer)
    shared: set[str] = set()
    for line in found:
        for part in smalls(line.node):
            scope.imports.update(imported(part))
            if isinstance(part, (cst.Global, cst.Nonlocal)):
                shared.update(item.name.value for item in part.names)
        for bound, value in bindings(line):
            scope.values.setdefault(bound, []).append(value)
        if isinstance(line.node, (cst.FunctionDef, cst.ClassDef)):
            scope.values.setdefault(line.node.name.value, []).append(None)
    scope.globals = frozenset(shared)
    return scope


def _parameters(params: cst.Parameters) -> tuple[str, ...]:
    every = [*params.posonly_params, *params.params, *params.kwonly_params]
    if isinstance(params.star_arg, cst.Param):
        every.append(params.star_arg)
    if params.star_kwarg:
        every.append(params.star_kwarg)
    return tuple(param.name.value for param in every)


def every_parameter(params: cst.Parameters) -> Sequence[cst.Param]:
    """The parameters that can have a default or an annotation of their own."""
    return (*params.posonly_params, *params.params, *params.kwonly_params)
