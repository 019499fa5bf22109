"""Where a value goes: every use of a dict or a URL that its file shows, through names, attributes and functions.

The walk goes forward from an expression to whatever holds it. ``steps`` is what still has to be done to the thing at
hand to get the value: ``"()"`` call it, ``"connect_args"`` look that key up. A use that is not understood is an
``escape``: the answer may be too cautious, never too bold.
"""

from __future__ import annotations

import libcst as cst

from rewire_codemods.connect_timeout import tables
from rewire_codemods.connect_timeout.entries import Entries
from rewire_codemods.connect_timeout.keeping import CALL, Steps
from rewire_codemods.connect_timeout.literals import is_none, literal_key, text_of_string

_KEYED = frozenset({"get", "pop", "setdefault"})
_TEXT_METHODS = frozenset({"format", "replace", "strip", "rstrip", "lstrip", "removeprefix", "removesuffix"})
_TEST_HOLDERS = (cst.If, cst.Assert, cst.Not, cst.UnaryOperation, cst.While)


class Flow(Entries):
    """Follows one value; ``trace`` gives what was seen."""

    def follow(self, node: cst.CSTNode, steps: Steps = ()) -> None:
        """Look at what holds ``node``."""
        if id(node) in self.filled:
            return
        holder = self.names.parent(node)
        if isinstance(holder, cst.Arg):
            self.argument(node, holder, steps)
        elif isinstance(holder, (cst.Assign, cst.AnnAssign, cst.NamedExpr)):
            self._assigned(node, holder, steps)
        elif isinstance(holder, cst.Subscript) and holder.value is node:
            self._looked_up(holder, steps)
        elif isinstance(holder, cst.Attribute):
            self._method(node, holder, steps)
        elif isinstance(holder, cst.Call) and holder.func is node and steps[:1] == (CALL,):
            self.follow(holder, steps[1:])
        elif isinstance(holder, cst.Call) and holder.func is node:
            self.add("escape", node, "called")
        elif isinstance(holder, (cst.Await, cst.StarredDictElement)):
            outer = self.names.parent(holder) if isinstance(holder, cst.StarredDictElement) else holder
            self.follow(outer or holder, steps)
        elif isinstance(holder, (cst.BooleanOperation, cst.IfExp)):
            self._chosen(node, holder, steps)
        elif isinstance(holder, cst.DictElement):
            self._nested(node, holder, steps)
        else:
            self._elsewhere(node, holder, steps)

    def _elsewhere(self, node: cst.CSTNode, holder: cst.CSTNode | None, steps: Steps) -> None:
        if isinstance(holder, cst.AugAssign) and isinstance(holder.operator, cst.BitOrAssign):
            self.assigned_to(holder.target, steps)
        elif isinstance(holder, cst.BinaryOperation):
            if self.text:
                self.flags.add("built")
            self.follow(holder, steps)
        elif isinstance(holder, cst.Return):
            self.returned(node, steps)
        elif isinstance(holder, cst.FormattedStringExpression):
            if self.text:
                self.flags.add("built")
                self.follow(self.names.parent(holder) or holder, steps)
            else:
                self.add("shown", node)
        elif isinstance(holder, cst.Param):
            self.flags.add("parameter")
            self.parameter(holder, steps)
        elif isinstance(holder, (cst.Comparison, cst.ComparisonTarget)):
            self._compared(node, holder, steps)
        elif isinstance(holder, (cst.Expr, cst.Del, *_TEST_HOLDERS)) or (self.text and isinstance(holder, cst.Index)):
            self.add("shown", node)
        elif isinstance(holder, cst.Element):
            self._in_a_row(node, holder, steps)
        else:
            self.add("escape", node, "used as a key" if isinstance(holder, cst.Index) else "used")

    def _in_a_row(self, node: cst.CSTNode, element: cst.Element, steps: Steps) -> None:
        """The value stands in a list or tuple."""
        targets = self._side_by_side(element)
        for target in targets:
            self.assigned_to(target, steps)
        if not targets:
            self.add("escape", node, "kept in a list or tuple")

    def _side_by_side(self, element: cst.Element) -> list[cst.BaseExpression]:
        """``a, b = x, y``: what the value at this place is assigned to; nothing where the sides do not match."""
        row = self.names.parent(element)
        assignment = self.names.parent(row) if isinstance(row, (cst.Tuple, cst.List)) else None
        targets: list[cst.BaseExpression] = []
        for entry in assignment.targets if isinstance(assignment, cst.Assign) and row is assignment.value else ():
            if not isinstance(entry.target, (cst.Tuple, cst.List)) or not isinstance(row, (cst.Tuple, cst.List)):
                return []
            sides = (*entry.target.elements, *row.elements)
            if len(entry.target.elements) != len(row.elements) or any(not isinstance(p, cst.Element) for p in sides):
                return []
            targets.append(entry.target.elements[row.elements.index(element)].value)
        return targets

    def _compared(self, node: cst.CSTNode, target: cst.Comparison | cst.ComparisonTarget, steps: Steps) -> None:
        """``"connect_timeout" in config`` reads the key; other comparisons look at the whole."""
        comparison = self.names.parent(target)
        if isinstance(target, cst.Comparison):
            self._equated(node, target)
        elif self.text or steps:
            self.add("shown", node)
        elif isinstance(target.operator, (cst.In, cst.NotIn)) and isinstance(comparison, cst.Comparison):
            key = text_of_string(comparison.left)
            if key is None:
                self.add("escape", node, "searched for a computed key")
            elif key == tables.KEY:
                self.add("read", comparison.left)
        else:
            self._equated(node, comparison)

    def _equated(self, node: cst.CSTNode, comparison: cst.CSTNode | None) -> None:
        """Compared with None, a dict is only tested; compared with another dict, its keys are expected."""
        operands: list[cst.CSTNode] = []
        if isinstance(comparison, cst.Comparison):
            operands = [comparison.left, *(target.comparator for target in comparison.comparisons)]
        harmless = self.text or all(operand is node or is_none(operand) for operand in operands)
        self.add("shown" if harmless else "escape", node, "compared with something")

    def _chosen(self, node: cst.CSTNode, holder: cst.BooleanOperation | cst.IfExp, steps: Steps) -> None:
        """One of two: the other one is an unknown value of the same variable, or of the same kind."""
        if isinstance(holder, cst.IfExp) and holder.test is node:
            self.add("shown", node)
            return
        other = (
            (holder.orelse if holder.body is node else holder.body)
            if isinstance(holder, cst.IfExp)
            else (holder.right if holder.left is node else holder.left)
        )
        self.mixed(other, node)
        self.follow(holder, steps)

    def _assigned(self, node: cst.CSTNode, holder: cst.Assign | cst.AnnAssign | cst.NamedExpr, steps: Steps) -> None:
        targets: list[cst.CSTNode] = [holder.target] if not isinstance(holder, cst.Assign) else []
        if isinstance(holder, cst.Assign):
            targets += [entry.target for entry in holder.targets]
        if isinstance(holder, cst.AnnAssign) and not self.text and not self.has_plain_type(holder):
            self.add("escape", node, f"its type is {self.names.tree.code(holder.annotation.annotation)}")
        for target in targets:
            self.assigned_to(target, steps)
        if isinstance(holder, cst.NamedExpr):
            self.follow(holder, steps)

    def _nested(self, node: cst.CSTNode, element: cst.DictElement, steps: Steps) -> None:
        """The value stands in another dict."""
        outer = self.names.parent(element)
        key = text_of_string(element.key)
        if key is None or outer is None or element.value is not node:
            self.add("escape", node, "kept in a dict")
        else:
            self.follow(outer, (key, *steps))

    def _looked_up(self, subscript: cst.Subscript, steps: Steps) -> None:
        key = literal_key(subscript)
        if key is None:
            self.add("escape", subscript, "looked up by a computed key")
        elif steps:
            if key == steps[0] and id(subscript) in self.names.stores:
                self.mixed(self.names.stores[id(subscript)], subscript)
            elif key == steps[0]:
                self.follow(subscript, steps[1:])
        elif key == tables.KEY and not self.text:
            index = subscript.slice[0].slice
            assert isinstance(index, cst.Index)
            removed = isinstance(self.names.parent(subscript), cst.Del)
            self.add("removed" if removed else "read", index.value, plain=self._only_shown(subscript))

    def _only_shown(self, node: cst.CSTNode) -> bool:
        """True if an expression is only printed: in an f-string, or handed to a log or print call."""
        for holder in self.names.above(node):
            if isinstance(holder, cst.FormattedStringExpression):
                return True
            if isinstance(holder, cst.Call):
                return self.is_shown(holder, self.origins.of(holder.func))
            if not isinstance(holder, (cst.Arg, cst.FormattedString, cst.IfExp, cst.BooleanOperation)):
                return False
        return False

    def _method(self, node: cst.CSTNode, attribute: cst.Attribute, steps: Steps) -> None:
        call = self.names.parent(attribute)
        name = attribute.attr.value
        if not isinstance(call, cst.Call) or call.func is not attribute or steps[:1] == (CALL,):
            self.add("escape", node, f"used as {self.names.tree.code(attribute)}")
        elif self.text:
            self.flags.add("built")
            if name in _TEXT_METHODS:
                self.follow(call, steps)
            else:
                self.add("shown" if name in ("startswith", "endswith", "split", "count") else "escape", node, name)
        elif name in _KEYED and call.args:
            self._keyed(call, name, steps)
        elif name == "copy":
            self.follow(call, steps)
        elif name == "items" and not call.args:
            self.items(call, steps)
        elif name == "values" and not call.args and steps:
            self.values(call, steps)
        elif name == "update" and not steps:
            for arg in call.args:
                if arg.keyword is None:
                    self.mixed(arg.value, node)
        elif name != "update":
            self.add("escape", node, f"its .{name}() is used")

    def _keyed(self, call: cst.Call, name: str, steps: Steps) -> None:
        """``get``, ``pop`` and ``setdefault`` with a key."""
        key = text_of_string(call.args[0].value)
        if key is None:
            self.add("escape", call, "looked up by a computed key")
        elif steps:
            if key == steps[0] and name == "get":
                self.follow(call, steps[1:])
            elif key == steps[0]:
                self.add("escape", call, f"its .{name}() is used")
        elif key == tables.KEY:
            plain = self._only_shown(call)
            self.add("removed" if name == "pop" else "read", call.args[0].value, plain=plain)
