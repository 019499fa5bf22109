"""Where a value comes from: ``asyncpg.connect`` behind any alias, a pool behind any name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import libcst as cst

from rewire_codemods.connect_timeout import tables
from rewire_codemods.connect_timeout.annotations import instance_of
from rewire_codemods.connect_timeout.arguments import argument_for
from rewire_codemods.connect_timeout.literals import canonical, is_none, last_name, text_of_string

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rewire_codemods.connect_timeout.scopes import Binding, Names, Scope

_DEPTH = 12
_NONE = frozenset({"", "builtins.None"})
_PROPERTIES = frozenset({"property", "cached_property", "functools.cached_property"})


class Elsewhere(Protocol):
    """Answers about names that other files of the project define.

    ``definitions`` are the classes and functions met so far in any file, by origin, with the origins of their file.
    """

    definitions: dict[str, tuple[Origins, cst.CSTNode]]

    def origin(self, dotted: str) -> str | None:
        """The origin of what ``dotted`` names in the project; None if the project has no such module."""
        ...

    def expression(self, dotted: str) -> tuple[Origins, cst.CSTNode] | None:
        """The one expression that a project module binds to ``dotted``, with the file's own origins."""
        ...


class Origins:
    """Origins of the expressions of one file, as dotted paths; ``f()`` stands for what calling ``f`` gives.

    ``""`` means that nobody knows. Local classes and functions are ``@`` and a number. ``open`` gathers the
    imported names on which an answer hung while ``elsewhere`` was not given: other files may define them.
    """

    def __init__(self, names: Names, elsewhere: Elsewhere | None = None, path: str = "") -> None:
        self.names = names
        self.path = path
        self.elsewhere = elsewhere
        self.open: set[str] = set()
        self._local: dict[str, tuple[Origins, cst.CSTNode]] = elsewhere.definitions if elsewhere else {}

    def of(self, node: cst.CSTNode | None, depth: int = 0) -> str:
        """The origin of an expression."""
        if node is None or depth > _DEPTH:
            return ""
        if isinstance(node, cst.Name):
            return self._name(node, depth)
        if isinstance(node, cst.Attribute):
            return self._attribute(node, depth)
        if isinstance(node, cst.Call):
            return self._call(node, depth)
        if isinstance(node, cst.Await):
            return self.of(node.expression, depth + 1)
        if isinstance(node, cst.NamedExpr):
            return self.of(node.value, depth + 1)
        if isinstance(node, cst.Lambda):
            return self._defined(node)
        if isinstance(node, cst.IfExp):
            return self._agreed((self.of(part, depth + 1), part) for part in (node.body, node.orelse))
        if isinstance(node, cst.BooleanOperation):
            return self._agreed((self.of(part, depth + 1), part) for part in (node.left, node.right))
        return ""

    def dotted(self, node: cst.CSTNode) -> str:
        """The imported name behind ``x`` or ``x.y``, as the import statement spells it; ``""`` if there is none."""
        if isinstance(node, cst.Attribute):
            base = self.dotted(node.value)
            return f"{base}.{node.attr.value}" if base else ""
        bindings = self.names.bindings(node) if isinstance(node, cst.Name) else ()
        spelt = {binding.dotted for binding in bindings}
        return spelt.pop() if len(spelt) == 1 else ""

    def definition(self, origin: str) -> tuple[Origins, cst.CSTNode] | None:
        """The class or function that an origin stands for, in whatever file, with the origins of that file."""
        return self._local.get(origin)

    def property_behind(self, node: cst.Attribute) -> tuple[Origins, cst.FunctionDef] | None:
        """The property that an attribute of an object of the project's calls, with the origins of its file."""
        inside = self.names.class_of(node.value)
        home, known = self, inside.node if inside is not None else None
        if known is None:
            home, known = self._local.get(self.of(node.value).removesuffix("()"), (self, None))
        if not isinstance(known, cst.ClassDef):
            return None
        bindings = home.members(home.names.scopes[id(known.body)], node.attr.value)
        definition = bindings[0].node if len(bindings) == 1 else None
        return (home, definition) if isinstance(definition, cst.FunctionDef) and home.is_property(definition) else None

    def is_property(self, function: cst.FunctionDef) -> bool:
        """True for ``@property`` and ``@cached_property``."""
        return not _PROPERTIES.isdisjoint(self.names.tree.code(entry.decorator) for entry in function.decorators)

    def returns(self, function: cst.FunctionDef) -> list[cst.CSTNode | None]:
        """What the return statements of one of this file's functions return."""
        nodes = self.names.nodes.get(cst.Return, ())
        return [node.value for node in nodes if self.names.scope(node).node is function]

    def function(self, origin: str) -> cst.FunctionDef | None:
        """The function of this file that an origin stands for."""
        owner, node = self._local.get(origin, (None, None))
        return node if owner is self and isinstance(node, cst.FunctionDef) else None

    def klass(self, origin: str) -> cst.ClassDef | None:
        """The class of this file that an origin stands for."""
        owner, node = self._local.get(origin, (None, None))
        return node if owner is self and isinstance(node, cst.ClassDef) else None

    def of_bindings(self, bindings: Sequence[Binding], depth: int = 0) -> str:
        """The origin on which all bindings of one variable agree; those to None do not count."""
        return self._agreed((self._binding(binding, depth), binding.value) for binding in bindings)

    def _agreed(self, found: Iterable[tuple[str, cst.CSTNode | None]]) -> str:
        origins = {origin for origin, node in found if origin not in _NONE or not is_none(node)}
        return origins.pop() if len(origins) == 1 else ""

    def _name(self, node: cst.Name, depth: int) -> str:
        bindings = self.names.bindings(node)
        if bindings:
            return self.of_bindings(bindings, depth + 1)
        if self.names.stars == ["asyncpg"] and node.value in ("connect", "create_pool", "Pool"):
            return canonical(f"asyncpg.{node.value}")
        return "" if self.names.stars else f"builtins.{node.value}"

    def _binding(self, binding: Binding, depth: int) -> str:
        if binding.kind == "import":
            return self._imported(binding.dotted)
        if binding.kind in ("function", "class"):
            return self._defined(binding.node)
        if binding.annotation is not None:
            known = instance_of(binding.annotation, self)
            if known:
                return known
        if binding.kind == "parameter":
            return self._argument(binding, depth)
        return self.of(binding.value, depth + 1) if binding.kind in ("value", "entered") else ""

    def _defined(self, node: cst.CSTNode) -> str:
        """The origin of a class, function or lambda of this file."""
        origin = f"@{id(node)}"
        self._local[origin] = (self, node)
        return origin

    def _imported(self, dotted: str) -> str:
        if dotted.split(".")[0] in ("asyncpg", "sqlalchemy", "asyncio", "os"):
            return canonical(dotted)
        if self.elsewhere is None:
            self.open.add(dotted)
            return dotted
        found = self.elsewhere.origin(dotted)
        return dotted if found is None else found

    def _attribute(self, node: cst.Attribute, depth: int) -> str:
        base = self.of(node.value, depth + 1)
        name = node.attr.value
        if base == "builtins.super()":
            return self._above(node.value, name, depth)
        inside = self.names.class_of(node.value)
        if inside is not None:
            return self._member(inside, name, depth)
        home, known = self._local.get(base.removesuffix("()"), (None, None))
        if home is not None and isinstance(known, cst.ClassDef):
            return home.of_member(known, name, depth)
        if base and not base.startswith("@"):
            return canonical(self._imported(f"{base}.{name}") if "()" not in base else f"{base}.{name}")
        return self._kept(node, depth)

    def _above(self, node: cst.BaseExpression, name: str, depth: int) -> str:
        """``super().name``: what the bases give of the class that it is given, or in whose method it stands."""
        if isinstance(node, cst.Call) and node.args:
            home, known = self._local.get(self.of(node.args[0].value), (None, None))
            below = home.names.scopes[id(known.body)] if home and isinstance(known, cst.ClassDef) else None
            return home._inherited(below, name, depth) if home is not None and below is not None else ""
        scope: Scope | None = self.names.scope(node)
        while scope is not None and scope.kind != "class":
            scope = scope.parent
        return self._inherited(scope, name, depth) if scope is not None else ""

    def of_member(self, owner: cst.ClassDef, name: str, depth: int = 0) -> str:
        """The origin of an attribute of one of this file's classes."""
        return self._member(self.names.scopes[id(owner.body)], name, depth)

    def _member(self, owner: Scope, name: str, depth: int) -> str:
        bindings = self.members(owner, name)
        definition = bindings[0].node if len(bindings) == 1 else None
        if isinstance(definition, cst.FunctionDef) and self.is_property(definition):
            return self.returned(definition, depth)
        return self.of_bindings(bindings, depth + 1) if bindings else self._inherited(owner, name, depth)

    def _inherited(self, owner: Scope, name: str, depth: int) -> str:
        """The origin of an attribute that a base class gives: one of the project's, or a driver's."""
        bases = owner.node.bases if isinstance(owner.node, cst.ClassDef) else ()
        for base in bases if depth < _DEPTH else ():
            above = self.of(base.value)
            home, known = self._local.get(above, (None, None))
            if home is not None and isinstance(known, cst.ClassDef) and known is not owner.node:
                found = home.of_member(known, name, depth + 1)
                if found:
                    return found
            elif above == tables.POOL_CLASS or above.partition(".")[0] in tables.OTHER_DRIVERS:
                return above if name == "__init__" else f"{above}().{name}"
        return ""

    def members(self, owner: Scope, name: str) -> list[Binding]:
        """All bindings of attribute ``name`` in a class and through its methods' ``self``; else in its bases here."""
        found = list(owner.bindings.get(name, ()))
        for binding in self.names.attribute_bindings.get(name, ()):
            assert isinstance(binding.node, cst.Attribute)
            if self.names.class_of(binding.node.value) is owner:
                found.append(binding)
        if not found and isinstance(owner.node, cst.ClassDef):
            for base in owner.node.bases:
                above = self.klass(self.of(base.value))
                if above is not None and above is not owner.node:
                    found += self.members(self.names.scopes[id(above.body)], name)
        return found

    def _kept(self, node: cst.Attribute, depth: int) -> str:
        """An attribute of something unknown: what this file puts there (``app.state.pool = ...``)."""
        holder = last_name(node.value)
        bindings = [
            binding
            for binding in self.names.attribute_bindings.get(node.attr.value, ())
            if isinstance(binding.node, cst.Attribute) and last_name(binding.node.value) == holder
        ]
        return self.of_bindings(bindings, depth + 1) if holder else ""

    def _call(self, node: cst.Call, depth: int) -> str:
        called = self.of(node.func, depth + 1)
        first = node.args[0].value if node.args and not node.args[0].star else None
        if called in tables.WAITS or called in tables.TRANSPARENT:
            return self.of(first, depth + 1)
        if called in tables.PARTIAL and first is not None:
            bound = self.of(first, depth + 1)  # functions of the project: their arguments would move
            return bound if bound.startswith("asyncpg.") else canonical(f"{called}()")
        if called in ("typing.cast", "cast"):
            return instance_of(first, self) if first is not None else ""
        if isinstance(node.func, cst.Attribute) and node.func.attr.value in tables.TRANSPARENT_METHODS:
            return self.of(first, depth + 1)
        if called in tables.IMPORTERS and (module := text_of_string(first)):
            return module if module.startswith("asyncpg") else f"{called}()"
        if called == "builtins.getattr" and len(node.args) > 1 and (name := text_of_string(node.args[1].value)):
            base = self.of(first, depth + 1)
            return canonical(f"{base}.{name}") if base.startswith("asyncpg") else f"{called}()"
        home, function = self._local.get(called, (None, None))
        if home is not None and isinstance(function, cst.FunctionDef):
            return home.returned(function, depth)
        if home is not None and isinstance(function, cst.Lambda):
            return home.of(function.body, depth + 1)
        return canonical(f"{called}()") if called else ""

    def returned(self, function: cst.FunctionDef, depth: int = 0) -> str:
        """The origin of what one of this file's functions returns (or yields), by annotation or by its returns."""
        if function.returns is not None:
            known = instance_of(function.returns.annotation, self)
            if known:
                return known
        for kind in (cst.Return, cst.Yield):
            given = [node for node in self.names.nodes.get(kind, ()) if self.names.scope(node).node is function]
            if given:
                return self._agreed((self.of(node.value, depth + 1), node.value) for node in given)
        return ""

    def _argument(self, binding: Binding, depth: int) -> str:
        """A parameter without a telling annotation: what all calls in this file pass, if they agree."""
        function = binding.scope.node
        if not isinstance(function, cst.FunctionDef) or function.decorators or depth > _DEPTH // 2:
            return ""
        home = self.names.scope(function)
        if home.kind == "class":
            return ""
        given = []
        for load in self.names.uses(function.name.value, home):
            call = self.names.parent(load)
            if not isinstance(call, cst.Call) or call.func is not load:
                return ""
            given.append(argument_for(call, function, binding.name))
        if not given or any(value is None for value in given):
            return ""
        return self._agreed((self.of(value, depth + 1), value) for value in given)
