"""Is the connection used after it was closed, and can it leave a run of statements still open? On every path."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import libcst as cst

from rewire_codemods.shared_pool.statements import ends, members, smalls, suites

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rewire_codemods.shared_pool.facts import Path

State = Literal["open", "closed"]
States = frozenset[State]
NEVER: States = frozenset()
OPEN: States = frozenset({"open"})
CLOSED: States = frozenset({"closed"})


@dataclass
class Exits:
    """In which states control leaves a run of statements, by way of leaving it."""

    normal: States = NEVER
    raised: States = NEVER
    returned: States = NEVER
    broke: States = NEVER
    continued: States = NEVER

    def join(self, other: Exits) -> None:
        """Add the abrupt exits of ``other``."""
        self.raised |= other.raised
        self.returned |= other.returned
        self.broke |= other.broke
        self.continued |= other.continued


@dataclass
class Flow:
    """Runs abstract states through statements. ``misused`` collects the statements that use a closed connection."""

    closes: Callable[[Path], bool]
    uses: Callable[[Path], bool]
    misused: list[Path] = field(default_factory=list)

    def run(self, statements: Sequence[Any], above: Path, states: States, first: int = 0) -> Exits:
        """The exits of ``statements[first:]``, entered in ``states``."""
        total = Exits(normal=states)
        for index in range(first, len(statements)):
            if not total.normal:
                break
            step = self._statement(statements[index], (*above, index), total.normal)
            total.join(step)
            total.normal = step.normal
        return total

    def _statement(self, node: Any, path: Path, states: States) -> Exits:
        if self.closes(path):
            return Exits(normal=CLOSED, raised=states)
        if self.uses(path) and "closed" in states:
            self.misused.append(path)
        if isinstance(node, (cst.Try, cst.TryStar)):
            return self._try(node, path, states)
        if isinstance(node, (cst.For, cst.While)):
            return self._loop(node, path, states)
        if isinstance(node, (cst.If, cst.Match)):
            return self._branches(node, path, states)
        if isinstance(node, cst.With):
            return self.run(members(node.body), (*path, "body"), states)
        return _simple(node, states)

    def _branches(self, node: Any, path: Path, states: States) -> Exits:
        total = Exits(raised=states)
        complete = isinstance(node, cst.If) and node.orelse is not None
        for name, inner in suites(node):
            part = self.run(inner, (*path, name), states)
            total.join(part)
            total.normal |= part.normal
        if not complete:
            total.normal |= states
        return total

    def _loop(self, node: Any, path: Path, states: States) -> Exits:
        entered = states
        while True:
            body = self.run(members(node.body), (*path, "body"), entered)
            again = entered | body.normal | body.continued
            if again == entered:
                break
            entered = again
        total = Exits(normal=entered | body.broke, raised=body.raised | states, returned=body.returned)
        if node.orelse is not None:
            after = self.run(members(node.orelse.body), (*path, "orelse"), entered)
            total.join(after)
            total.normal = after.normal | body.broke
        return total

    def _try(self, node: Any, path: Path, states: States) -> Exits:
        body = self.run(members(node.body), (*path, "body"), states)
        total = Exits(normal=body.normal, returned=body.returned, broke=body.broke, continued=body.continued)
        raised = body.raised
        if node.orelse is not None:
            after = self.run(members(node.orelse.body), (*path, "orelse"), body.normal)
            total.join(after)
            total.normal = after.normal
        for index, handler in enumerate(node.handlers):
            caught = self.run(members(handler.body), (*path, f"handler{index}"), raised)
            total.join(caught)
            total.normal |= caught.normal
        total.raised |= raised
        return self._finally(node, path, total) if node.finalbody is not None else total

    def _finally(self, node: Any, path: Path, before: Exits) -> Exits:
        total = Exits()
        statements, above = members(node.finalbody.body), (*path, "finalbody")
        for way in ("normal", "raised", "returned", "broke", "continued"):
            states = getattr(before, way)
            if states:
                part = self.run(statements, above, states)
                total.join(part)
                setattr(total, way, getattr(total, way) | part.normal)
        return total


def _simple(node: Any, states: States) -> Exits:
    """Anything but a plain jump can raise; a jump leaves the run."""
    parts = smalls(node)
    last = parts[-1] if parts else None
    if isinstance(last, cst.Return):
        return Exits(returned=states, raised=NEVER if _cannot_raise(last.value) else states)
    if isinstance(last, cst.Raise):
        return Exits(raised=states)
    if isinstance(last, cst.Break):
        return Exits(broke=states)
    if isinstance(last, cst.Continue):
        return Exits(continued=states)
    quiet = isinstance(last, cst.Pass) and not ends(node)
    return Exits(normal=states, raised=NEVER if quiet else states)


def _cannot_raise(value: cst.BaseExpression | None) -> bool:
    return value is None or isinstance(value, (cst.Name, cst.SimpleString, cst.Integer, cst.Float))
