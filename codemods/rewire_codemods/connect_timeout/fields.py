"""Objects that are turned into dicts: which of them have a field, or an option, called ``connect_timeout``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

from rewire_codemods.connect_timeout import tables
from rewire_codemods.connect_timeout.literals import text_of_string

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rewire_codemods.connect_timeout.origins import Origins
    from rewire_codemods.connect_timeout.sinks import Sinks

_FUNCTIONS = frozenset({"dataclasses.asdict", "attr.asdict", "attrs.asdict", "msgspec.structs.asdict", "builtins.vars"})
_METHODS = frozenset({"model_dump", "dict", "_asdict"})
_OPTIONS = frozenset({"add_argument", "option", "add_option"})
_DEPTH = 6


class Fields:
    """The conversions in one file."""

    def __init__(self, sinks: Sinks) -> None:
        self.origins = sinks.origins
        self.names = sinks.names
        self._options = list(self._option_calls())

    def conversions(self) -> Iterator[tuple[cst.CSTNode, str]]:
        """Expressions (or ``**`` parameters) that are dicts with the key, and whose field or option it is."""
        for call in self.names.nodes.get(cst.Call, ()):
            held = self._converted(call)
            what = self._holder(held) if held is not None and not self._is_left_out(call) else ""
            if what:
                yield call, what
        for attribute in self.names.attributes.get("__dict__", ()):
            if what := self._holder(attribute.value):
                yield attribute, what
        scope_calls = [call for call in self.names.nodes.get(cst.Call, ()) if self._is_locals(call)]
        for call in scope_calls:
            yield call, "a variable of the function"
        for call in self._options:
            decorated = self.names.parent(self.names.parent(call) or call)
            if isinstance(decorated, cst.FunctionDef) and decorated.params.star_kwarg is not None:
                yield decorated.params.star_kwarg, f"the option at line {self.names.tree.line(call)}"

    def unknown(self) -> Iterator[cst.CSTNode]:
        """Conversions of objects of which nobody knows what they are."""
        for node in self.candidates():
            held = self._converted(node) if isinstance(node, cst.Call) else getattr(node, "value", None)
            if held is not None and self.names.class_of(held) is None and not self.origins.of(held):
                yield node

    def candidates(self) -> Iterator[cst.CSTNode]:
        """Expressions that turn an object into a dict, whatever the object is."""
        for call in self.names.nodes.get(cst.Call, ()):
            if self._converted(call) is not None:
                yield call
        yield from self.names.attributes.get("__dict__", ())

    def option_line(self) -> int | None:
        """The line of the program's option of this name; None if the file declares none."""
        return self.names.tree.line(self._options[0]) if self._options else None

    def _converted(self, call: cst.Call) -> cst.CSTNode | None:
        """What a call turns into a dict."""
        if self._called(call.func) in _FUNCTIONS:
            return call.args[0].value if call.args else None
        if isinstance(call.func, cst.Attribute) and call.func.attr.value in _METHODS:
            return call.func.value
        return None

    def _called(self, func: cst.BaseExpression) -> str:
        """What is called, as far as this file's own imports say: no other file is opened for each call there is."""
        dotted = self.origins.dotted(func)
        if dotted or not isinstance(func, cst.Name) or self.names.bindings(func):
            return dotted
        return f"builtins.{func.value}"

    def _is_left_out(self, call: cst.Call) -> bool:
        """True where the call itself says that the field is not wanted."""
        for arg in call.args:
            if arg.keyword is None:
                continue
            named = any(text_of_string(node) == tables.KEY for node in _strings(arg.value))
            if arg.keyword.value == "exclude" and named:
                return True
            if arg.keyword.value == "include" and not named and isinstance(arg.value, (cst.Set, cst.Dict)):
                return True
        return False

    def _holder(self, node: cst.CSTNode) -> str:
        """Whose field or option it is, in words; ``""`` if there is none."""
        inside = self.names.class_of(node)
        if inside is not None and isinstance(inside.node, cst.ClassDef):
            return _field_of(self.origins, inside.node, 0)
        origin = self.origins.of(node)
        home, known = self.origins.definition(origin.removesuffix("()")) or (None, None)
        if home is not None and isinstance(known, cst.ClassDef):
            return _field_of(home, known, 0)
        if origin.endswith((".parse_args()", ".parse_known_args()")) and self._options:
            return f"the option at line {self.names.tree.line(self._options[0])}"
        if origin == "collections.namedtuple()()" and self._named_tuples():
            return "the named tuple's field"
        if origin == "types.SimpleNamespace()" and tables.KEY in self.names.tree.text:
            return "the namespace's field"
        return ""

    def _option_calls(self) -> Iterator[cst.Call]:
        """``add_argument("--connect-timeout")``, ``click.option(..., "connect_timeout")``."""
        spelt = {tables.KEY, f"--{tables.KEY}", f"--{tables.KEY}".replace("_", "-")}
        for call in self.names.nodes.get(cst.Call, ()):
            name = call.func.attr.value if isinstance(call.func, cst.Attribute) else ""
            if name not in _OPTIONS:
                continue
            given = {arg.keyword.value: text_of_string(arg.value) for arg in call.args if arg.keyword is not None}
            words = {text_of_string(arg.value) or "" for arg in call.args if arg.keyword is None}
            plain = {given.get("dest") or ""} | {word for word in words if word and not word.startswith("-")}
            if tables.KEY in plain or (plain <= {""} and words & spelt):
                yield call

    def _named_tuples(self) -> bool:
        for call in self.names.nodes.get(cst.Call, ()):
            if self._called(call.func) == "collections.namedtuple" and len(call.args) > 1:
                texts = [text_of_string(node) or "" for node in _strings(call.args[1].value)]
                if tables.KEY in " ".join(texts).replace(",", " ").split():
                    return True
        return False

    def _is_locals(self, call: cst.Call) -> bool:
        """``locals()`` in a function that has a variable of this name."""
        if self._called(call.func) != "builtins.locals":
            return False
        scope = self.names.scope(call)
        return scope.kind == "function" and tables.KEY in scope.bindings


def _field_of(origins: Origins, known: cst.ClassDef, depth: int) -> str:
    """``path:line`` of the field in a class or one of its bases, in whatever file; ``""`` if there is none."""
    found = origins.members(origins.names.scopes[id(known.body)], tables.KEY)
    fields = [binding for binding in found if binding.kind not in ("function", "class")]
    if fields:
        return f"{known.name.value} at {origins.path}:{origins.names.tree.line(fields[0].node)}"
    for base in known.bases if depth < _DEPTH else ():
        home, above = origins.definition(origins.of(base.value)) or (None, None)
        if home is not None and isinstance(above, cst.ClassDef) and above is not known:
            what = _field_of(home, above, depth + 1)
            if what:
                return what
    return ""


def _strings(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """The string literals in an expression."""
    if isinstance(node, (cst.SimpleString, cst.ConcatenatedString)):
        yield node
    for child in node.children:
        yield from _strings(child)
