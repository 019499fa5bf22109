"""Which tests and fixtures of a file meet the database without a client that opens it around them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import libcst as cst

from rewire.codemod.cst import dotted_name
from rewire_codemods.engine_init.touching import mentioned

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from rewire.codemod.cst import Tree
    from rewire_codemods.engine_init.conversion import Conversion

_WIDE = ("session", "package", "module", "class")


@dataclass(slots=True)
class Reach:
    """The functions of a test file that pytest calls.

    ``enters``: they hold a client that they enter. ``uses``: they use the database themselves, or through functions of
    the same file. ``asks``: the fixtures that each takes. ``wide`` fixtures live longer than one test, ``own`` ones run
    without being asked for.
    """

    enters: set[str] = field(default_factory=set)
    uses: set[str] = field(default_factory=set)
    asks: dict[str, set[str]] = field(default_factory=dict)
    wide: set[str] = field(default_factory=set)
    own: set[str] = field(default_factory=set)

    def outside(self, entering: Collection[str]) -> set[str]:
        """Those that use the database where no client of ``entering`` fixtures, and none of their own, is open."""
        return {name for name in self.uses - self.enters if not self.asks[name] & set(entering)}


def read_reach(conversion: Conversion, path: str, tree: Tree, entered: Iterable[cst.Call]) -> Reach:
    """Read one test file; ``entered`` are its clients that some ``with`` enters."""
    answer = Reach()
    places = {(conversion.path, conversion.definition.engine), *conversion.factories}
    clients = {id(call) for call in entered}
    known = dict(_functions(tree))
    touching = {name for name, node in known.items() if mentioned(conversion, path, tree, node.body) & places}
    grown = True
    while grown:
        more = {name for name, node in known.items() if name not in touching and _names(tree, node.body) & touching}
        touching |= more
        grown = bool(more)
    for name, node in known.items():
        fixture = _fixture(node)
        if fixture is None and not name.startswith("test"):
            continue
        answer.asks[name] = {param.name.value for param in (*node.params.params, *node.params.kwonly_params)}
        if any(id(inner) in clients for inner in tree.walk(node)):
            answer.enters.add(name)
        if name in touching:
            answer.uses.add(name)
        if fixture is not None and _argument(fixture, "scope").strip("\"'") in _WIDE:
            answer.wide.add(name)
        if fixture is not None and _argument(fixture, "autouse") == "True":
            answer.own.add(name)
    return answer


def entering_fixtures(reaches: Collection[Reach]) -> set[str]:
    """The fixtures, of any of these files, within which a client is open: they enter it or ask for one that does."""
    found = {name for reach in reaches for name in reach.enters if not name.startswith("test")}
    grown = True
    while grown:
        more = {name for reach in reaches for name, asked in reach.asks.items() if asked & found} - found
        found |= more
        grown = bool(more)
    return found


def _functions(tree: Tree) -> Iterator[tuple[str, cst.FunctionDef]]:
    for node in tree.module.body:
        inside = node.body.body if isinstance(node, cst.ClassDef) else (node,)
        yield from ((found.name.value, found) for found in inside if isinstance(found, cst.FunctionDef))


def _fixture(node: cst.FunctionDef) -> cst.Decorator | None:
    for decorator in node.decorators:
        target = decorator.decorator.func if isinstance(decorator.decorator, cst.Call) else decorator.decorator
        if (dotted_name(target) or "").rpartition(".")[2] in ("fixture", "async_fixture"):
            return decorator
    return None


def _argument(fixture: cst.Decorator, name: str) -> str:
    """The text of a keyword argument of the fixture's decorator; empty for none."""
    args = fixture.decorator.args if isinstance(fixture.decorator, cst.Call) else ()
    values = [arg.value for arg in args if arg.keyword is not None and arg.keyword.value == name]
    return getattr(values[0], "value", "") if values else ""


def _names(tree: Tree, node: cst.CSTNode) -> set[str]:
    return {inner.value for inner in tree.walk(node) if isinstance(inner, cst.Name)}
