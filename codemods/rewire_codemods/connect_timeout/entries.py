"""Loops over the entries of a dict: what gets them, one by one or all but ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

from rewire_codemods.connect_timeout import tables
from rewire_codemods.connect_timeout.passing import Passing
from rewire_codemods.connect_timeout.rebuilding import KeyUses, Rebuilt, Verdict, is_renamed, is_same, key_uses, verdict

if TYPE_CHECKING:
    from rewire_codemods.connect_timeout.keeping import Steps


class Entries(Passing):
    """The part of ``flows.Flow`` that follows a value through ``.items()`` and ``.values()``."""

    def items(self, call: cst.Call, steps: Steps) -> None:
        """``for key, value in x.items()``: another dict may get the same entries, or all but ours."""
        loop = self.names.parent(call)
        outer = self.names.parent(loop) if isinstance(loop, cst.Arg) else None
        if isinstance(outer, cst.Call) and self.origins.of(outer.func) in tables.DICTS:
            self.follow(outer, steps)
            return
        target = loop.target if isinstance(loop, (cst.For, cst.CompFor)) and loop.iter is call else None
        pair = [part.value for part in target.elements] if isinstance(target, (cst.Tuple, cst.List)) else []
        if not isinstance(loop, (cst.For, cst.CompFor)) or len(pair) != 2 or not isinstance(pair[0], cst.Name):
            self.add("escape", call, "its .items() is used")
            return
        uses = key_uses(loop, pair[0], self.origins)
        if steps and not uses.tests and not any(is_same(built.value, pair[1]) for built in uses.dicts):
            self._each(call, loop, pair[1], steps)
            return
        key = (*steps, tables.KEY)[0]
        answers = [(test, self._answer(test, key, loop, uses)) for test in uses.tests]
        named = [test for test, answer in answers if answer == "named"]
        picked = isinstance(loop, cst.CompFor) and uses.dicts and all(map(_lets_in, named))
        if is_renamed(uses, key, self.origins):
            self.add("removed" if not steps else "escape", call, "given another name")
        elif named and not picked:
            self.add("removed" if not steps else "escape", named[0], "told apart by its name")
        elif named and not self.loose:
            self.add("escape", named[0], "picked by its name")
        elif not any(answer == "out" for _, answer in answers):
            known = not uses.others and not uses.tables and not any(answer == "unknown" for _, answer in answers)
            self._copied(call, [built for built in uses.dicts if known or self.loose], pair[1], steps)

    def values(self, call: cst.Call, steps: Steps) -> None:
        """``for value in x.values()`` where the value is one of the entries."""
        loop = self.names.parent(call)
        self._each(call, loop, loop.target if isinstance(loop, (cst.For, cst.CompFor)) else None, steps)

    def _each(self, call: cst.Call, loop: cst.CSTNode | None, value: cst.CSTNode | None, steps: Steps) -> None:
        """``for name, value in x.items()`` where the value is one of the entries: follow each of them at once."""
        owner = self.names.owner(value.value, self.names.scope(value)) if isinstance(value, cst.Name) else None
        if owner is None or not isinstance(value, cst.Name) or not isinstance(loop, (cst.For, cst.CompFor)):
            self.add("escape", call, "its entries are gone through")
            return
        self.add("mixed", call, "the other entries")
        for load in list(self.names.uses(value.value, owner)):
            if isinstance(loop, cst.CompFor) or loop in self.names.above(load):
                self.follow(load, steps[1:])

    def _answer(self, test: cst.Comparison, key: str, loop: cst.For | cst.CompFor, uses: KeyUses) -> Verdict:
        """``verdict``; in a loop it counts for what stands under that ``if`` alone."""
        answer = verdict(test, key, self.origins)
        if answer == "named" or isinstance(loop, cst.CompFor):
            return answer
        holder = self.names.parent(test)
        body = holder.body if isinstance(holder, cst.If) else None
        if body is None or not uses.dicts:
            return "unknown"
        return answer if all(body in self.names.above(built.node) for built in uses.dicts) else "unknown"

    def _copied(self, call: cst.Call, dicts: list[Rebuilt], value: cst.BaseExpression, steps: Steps) -> None:
        """Follow the dicts that get the entries as they are."""
        if not dicts:
            self.add("escape", call, "its .items() is used")
        for built in dicts:
            if not self.loose and not is_same(built.value, value):
                self.add("escape", call, "its .items() is used")
            else:
                self.rebuilt(built, steps)

    def rebuilt(self, built: Rebuilt, steps: Steps) -> None:
        """Follow a dict that a loop or comprehension makes."""
        if built.stored:
            self.filled.add(id(built.node))
            self.assigned_to(built.node, steps)
        else:
            self.follow(built.node, steps)


def _lets_in(test: cst.Comparison) -> bool:
    return isinstance(test.comparisons[0].operator, (cst.In, cst.Equal))
