"""Where a value is kept: variables, attributes, parameters, functions that return it."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

import libcst as cst

from rewire_codemods.connect_timeout import tables
from rewire_codemods.connect_timeout.facts import Export, Trace, Use, UseKind
from rewire_codemods.connect_timeout.lineage import Line, is_kin, line_of
from rewire_codemods.connect_timeout.literals import literal_key

if TYPE_CHECKING:
    from rewire_codemods.connect_timeout.scopes import Binding, Scope
    from rewire_codemods.connect_timeout.sinks import Sinks

Steps = tuple[str, ...]

CALL = "()"
"""The step of calling a function."""

_WORD = re.compile(r"[A-Za-z_]\w*")
_PLAIN_TYPES = frozenset(
    {"dict", "Dict", "Mapping", "MutableMapping", "Any", "str", "int", "float", "bool", "object", "None", "Optional"}
    | {"Union", "Final", "ClassVar", "typing", "t", "collections", "abc", "list", "List"}
)
_CACHES = frozenset({"property", "staticmethod", "classmethod", "cache", "lru_cache", "cached_property"})


@dataclass(frozen=True)
class Back:
    """A call that a value went into, and how things stood with the flow that followed it there."""

    flow: Keeping
    call: cst.Call
    function: cst.CSTNode
    indirect: int
    line: Line
    outer: Back | None


class Keeping(ABC):
    """The part of ``flows.Flow`` that goes from the place where a value is put to the places where it is taken out."""

    @abstractmethod
    def follow(self, node: cst.CSTNode, steps: Steps = ()) -> None:
        """Look at what holds ``node``."""

    def __init__(self, sinks: Sinks, *, text: bool = False, loose: bool = False) -> None:
        self.sinks = sinks
        self.names = sinks.names
        self.origins = sinks.origins
        self.text = text
        self.loose = loose
        """Nothing will be edited: what may be the value counts as the value."""
        self.uses: list[Use] = []
        self.exports: list[Export] = []
        self.flags: set[str] = set()
        self.filled: set[int] = set()
        """Places (by identity) where a loop puts our entries into another dict: not uses of that dict."""
        self.line: Line = ()
        """The class of the object whose attributes get the value, with its bases; empty where nobody knows."""
        self.back: Back | None = None
        """The call by which the value came into the function that is being followed."""
        self._seen: set[tuple[int, str, Steps, Line, int]] = set()
        self._indirect = 0

    def trace(self) -> Trace:
        """Everything seen so far, each use once."""
        return Trace(tuple(dict.fromkeys(self.uses)), tuple(dict.fromkeys(self.exports)), tuple(sorted(self.flags)))

    def add(self, kind: UseKind, node: cst.CSTNode, detail: str = "", **more: object) -> None:
        """Write a use down."""
        tree = self.names.tree
        self.uses.append(
            Use(
                kind,
                self.sinks.path,
                tree.span(node),
                tree.line(node),
                detail=detail,
                indirect=self._indirect > 0,
                **more,  # type: ignore[arg-type]
            )
        )

    def mixed(self, other: cst.CSTNode | None, node: cst.CSTNode) -> None:
        """Note a value that takes the place of ours at times."""
        if other is None or isinstance(other, cst.Dict) or (isinstance(other, cst.Name) and other.value == "None"):
            return
        if isinstance(other, cst.Call) and self.origins.of(other.func) in tables.DICTS:
            return
        if self._from_environment(other):
            self.flags.add("environment")
        self.add("mixed", node, self.names.tree.code(other))

    def _from_environment(self, node: cst.CSTNode) -> bool:
        if isinstance(node, cst.Call):
            return self.origins.of(node.func) in tables.ENVIRONMENT_CALLS
        return isinstance(node, cst.Subscript) and self.origins.of(node.value) == "os.environ"

    def has_plain_type(self, holder: cst.AnnAssign) -> bool:
        """True unless the annotation may be a TypedDict or the like, which names the keys that there are."""
        words = set(_WORD.findall(self.names.tree.code(holder.annotation.annotation)))
        return words <= _PLAIN_TYPES

    def assigned_to(self, target: cst.CSTNode, steps: Steps) -> None:
        """The value is put into ``target``: follow the variable, attribute or dict entry."""
        if isinstance(target, cst.Name):
            owner = self.names.owner(target.value, self.names.scope(target))
            if owner is not None:
                self.variable(target.value, owner, steps, target)
        elif isinstance(target, cst.Attribute):
            self.attribute(target, steps)
        elif isinstance(target, cst.Subscript) and (key := literal_key(target)) is not None:
            self.assigned_to(target.value, (key, *steps))
            self._lend(target)
        else:
            self.add("escape", target, "unpacked or put under a computed key")

    def _lend(self, target: cst.Subscript) -> None:
        """Note an entry of what a parameter was given: whoever gave it has the value as well."""
        bindings = self.names.bindings(target.value) if isinstance(target.value, cst.Name) else ()
        for binding in bindings:
            holder = self.names.parent(binding.node) if binding.kind == "parameter" else None
            if isinstance(holder, cst.Parameters) and binding.node is not holder.star_kwarg:
                self.add("lent", target, f"stored in {self.names.tree.code(target)}")

    def variable(self, name: str, owner: Scope, steps: Steps, here: cst.CSTNode | None = None) -> None:
        """Follow every load of a variable."""
        mark = (id(owner), name, steps, self.line, id(self.back.call) if self.back else 0)
        if mark in self._seen:
            return
        self._seen.add(mark)
        for binding in owner.bindings.get(name, ()):
            if binding.node is not here and binding.kind != "function":
                self._other_binding(binding)
        if owner.kind == "module":
            self.exports.append(Export(self.sinks.path, "name", name, steps))
        elif owner.kind == "class" and isinstance(owner.node, cst.ClassDef):
            self._member(name, owner, steps, here)
        for load in list(self.names.uses(name, owner)):
            self.follow(load, steps)

    def _other_binding(self, binding: Binding) -> None:
        if binding.kind == "parameter":
            self.add("mixed", binding.node, "a parameter")
        elif binding.kind == "import":
            if binding.dotted.rpartition(".")[2] != binding.name:
                self.add("mixed", binding.node, "an import")
        elif binding.value is None:
            self.add("mixed", binding.node, "another value")
        else:
            self.mixed(binding.value, binding.node)

    def attribute(self, target: cst.Attribute, steps: Steps) -> None:
        """The value is put into an attribute: of the own class where the receiver is ``self``, else of an object."""
        owner = self.names.class_of(target.value)
        if owner is not None:
            self._member(target.attr.value, owner, steps, target)
        else:
            self.add("escape", target, f"stored in {self.names.tree.code(target)}")

    def _member(self, name: str, owner: Scope, steps: Steps, here: cst.CSTNode | None = None) -> None:
        """Follow every use of a class's attribute: ``self.x``, ``Class.x``, and ``anything.x`` that may be it."""
        mark = (id(owner), f".{name}", steps, self.line, 0)
        if mark in self._seen:
            return
        self._seen.add(mark)
        assert isinstance(owner.node, cst.ClassDef)
        if self.text and (owner.node.bases or owner.node.decorators) and isinstance(here, cst.Name):
            self.flags.add("settings")
        for binding in self.origins.members(owner, name):
            if binding.node is not here and binding.kind != "function":
                self._other_binding(binding)
        self.exports.append(Export(self.sinks.path, "attribute", name, steps, owner.node.name.value, self.line))
        for use in list(self.names.attributes.get(name, ())):
            if id(use) not in self.names.stores and self._may_be(use, owner):
                self.follow(use, steps)

    def _may_be(self, use: cst.Attribute, owner: Scope) -> bool:
        """True unless the receiver is known to be something else."""
        inside = self.names.class_of(use.value)
        if inside is None:
            origin = self.origins.of(use.value).removesuffix("()")
            known = self.origins.klass(origin)
            if known is None:
                return not origin or origin.startswith(("@", "builtins."))
            inside = self.names.scopes[id(known.body)]
        if self.line and isinstance(inside.node, cst.ClassDef):
            return is_kin(line_of(self.origins, inside.node), self.line)
        return inside is owner or self._related(inside, owner) or self._related(owner, inside)

    def _related(self, lower: Scope, upper: Scope) -> bool:
        if not isinstance(lower.node, cst.ClassDef):
            return False
        for base in lower.node.bases:
            known = self.origins.klass(self.origins.of(base.value))
            if known is not None and (known is upper.node or self._related(self.names.scopes[id(known.body)], upper)):
                return True
        return False

    def parameter(self, param: cst.Param, steps: Steps) -> None:
        """The value is what a parameter gets, among other things."""
        binding = self.names.parameters[id(param)]
        self._indirect += 1
        self.variable(binding.name, binding.scope, steps, param)
        self._indirect -= 1

    def resume(self, back: Back, steps: Steps) -> None:
        """Go on with what the call gives by which the value had left: with no other call of that function."""
        now = self._indirect, self.line, self.back
        self._indirect, self.line, self.back = back.indirect, back.line, back.outer
        self.follow(back.call, steps)
        self._indirect, self.line, self.back = now

    def returned(self, node: cst.CSTNode, steps: Steps) -> None:
        """Out of a function: follow every call of it."""
        function = self.names.scope(node).node
        if not isinstance(function, cst.FunctionDef):
            self.add("escape", node, "returned")
            return
        decorators = {self.names.tree.code(entry.decorator).partition("(")[0] for entry in function.decorators}
        plain = {name.rpartition(".")[2] for name in decorators}
        if plain - _CACHES:
            self.add("escape", node, f"returned by {function.name.value}()")
            return
        if self.text and self.names.scope(function).kind == "class":
            self.flags.add("settings")
        if self.back is not None and self.back.function is function:
            self.back.flow.resume(self.back, steps)
            return
        called = steps if plain & {"property", "cached_property"} else (CALL, *steps)
        self.variable(function.name.value, self.names.scope(function), called, function)
