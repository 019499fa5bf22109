"""The project's call graph, as far as a block needs it: does anything called inside acquire in its turn?"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rewire_codemods.shared_pool.atlas import Atlas
    from rewire_codemods.shared_pool.facts import Called

Node = tuple[str, str]
"""A function: the file's path and the qualified name in it."""

_EVERYDAY = frozenset(
    {
        "acquire", "add", "close", "commit", "connect", "copy_records_to_table", "execute", "executemany", "fetch",
        "fetchrow",
        "fetchval", "get", "read", "write", "set", "update", "delete", "rollback", "append", "pop", "items", "send",
        "run",
        "start", "stop", "post", "put", "json", "text", "join", "wait", "query",
    }
)  # fmt: skip
"""Method names that say nothing about the object: an unknown receiver is not taken for one of ours."""


@dataclass
class CallGraph:
    """Functions that acquire: ``direct`` by themselves, the others through what they call."""

    atlas: Atlas
    direct: set[Node] = field(default_factory=set)
    _known: dict[Node, Node | None] = field(default_factory=dict)
    _by_method: dict[str, list[Node]] = field(default_factory=dict)

    def settle(self) -> None:
        """Forget what was computed; call after ``direct`` has changed."""
        self._known.clear()
        self._by_method.clear()
        for path, name in sorted(self.direct):
            if "." in name:
                self._by_method.setdefault(name.rpartition(".")[2], []).append((path, name))

    def acquirer(self, path: str, function: str, call: Called) -> Node | None:
        """The function that acquires when ``call`` is made in ``function``; None if none does."""
        for target in self.targets(path, function, call):
            found = self._acquires(target, set())
            if found is not None:
                return found
        return None

    def _acquires(self, node: Node, under_way: set[Node]) -> Node | None:
        if node in self.direct:
            return node
        if node in self._known:
            return self._known[node]
        if node in under_way:
            return None
        under_way.add(node)
        answer = None
        function = self.atlas.function(*node)
        for call in function.calls if function else ():
            for target in self.targets(*node, call):
                answer = answer or self._acquires(target, under_way)
            if answer:
                break
        self._known[node] = answer
        return answer

    def reached(self, nodes: Iterable[Node]) -> set[Node]:
        """``nodes`` and every function of the project that they may run, through others."""
        found: set[Node] = set()
        waiting = list(nodes)
        while waiting:
            node = waiting.pop()
            if node not in found:
                found.add(node)
                function = self.atlas.function(*node)
                for call in function.calls if function else ():
                    waiting += self.targets(*node, call)
        return found

    def targets(self, path: str, function: str, call: Called) -> list[Node]:
        """The project's functions that a call may run; a method of an unknown object counts by its name."""
        found = list(self._resolve(path, function, call.callee))
        if found or not call.awaited or "." not in call.callee:
            return found
        name = call.callee.rpartition(".")[2]
        if name in _EVERYDAY or self._is_foreign(path, call.callee):
            return []
        return list(self._by_method.get(name, ()))

    def _is_foreign(self, path: str, callee: str) -> bool:
        """True if the first part is imported from outside the project."""
        first = callee.partition(".")[0].removesuffix("()")
        facts = self.atlas.file(path)
        return facts is not None and first in dict(facts.imports) and self.atlas.locate_name(path, first) is None

    def _resolve(self, path: str, function: str, callee: str) -> Iterator[Node]:
        if callee.startswith("?"):
            return
        first, _, rest = callee.partition(".")
        if first in {"self", "cls"} and rest:
            yield from self._of_self(path, function, rest)
            return
        if first.endswith("()"):
            yield from self._method_of_type(path, first.removesuffix("()"), rest)
            return
        known = self.atlas.function(path, function)
        types = dict(known.types) if known else {}
        nested = f"{function}.{first}" if function else first
        if not rest and self.atlas.function(path, nested):
            yield (path, nested)
        elif first in types and rest and not self._is_function_import(path, first):
            yield from self._method_of_type(path, types[first], rest)
        else:
            yield from self._defined(path, callee)

    def _is_function_import(self, path: str, name: str) -> bool:
        return any(entry.bound == name for entry in self.atlas.project.imports(path))

    def _of_self(self, path: str, function: str, rest: str) -> Iterator[Node]:
        owner = function.rpartition(".")[0]
        attribute, _, method = rest.partition(".")
        if not method:
            yield from self._methods(path, owner, attribute)
            return
        known = self.atlas.class_named(path, owner)
        held = dict(known.types).get(attribute) if known else None
        if held:
            yield from self._method_of_type(path, held, method)

    def _methods(self, path: str, owner: str, name: str, depth: int = 0) -> Iterator[Node]:
        """A method of a class or of its bases in the project."""
        if self.atlas.function(path, f"{owner}.{name}"):
            yield (path, f"{owner}.{name}")
            return
        known = self.atlas.class_named(path, owner)
        for base in known.bases if known and depth < 5 else ():
            place = self.atlas.locate_name(path, base) if base else None
            if place and not place[2]:
                yield from self._methods(place[0], place[1], name, depth + 1)

    def _method_of_type(self, path: str, kind: str, method: str) -> Iterator[Node]:
        place = self.atlas.locate_name(path, kind)
        if place is None or place[2] or "." in method:
            return
        home, name, _ = place
        if self.atlas.class_named(home, name):
            yield from self._methods(home, name, method)
            return
        made_by = self.atlas.function(home, name)
        if made_by and made_by.returns and made_by.returns != kind:
            yield from self._method_of_type(home, made_by.returns.strip("\"'"), method)

    def _defined(self, path: str, callee: str) -> Iterator[Node]:
        place = self.atlas.locate_name(path, callee)
        if place is None:
            return
        home, name, rest = place
        if not rest:
            if self.atlas.function(home, name):
                yield (home, name)
            elif self.atlas.class_named(home, name):
                yield from self._methods(home, name, "__init__")
            return
        if self.atlas.class_named(home, name):
            yield from self._methods(home, name, rest)
            return
        constant = self.atlas.constant(home, name)
        if constant and constant.instance:
            yield from self._method_of_type(home, constant.instance, rest)


def direct_acquirers(atlas: Atlas, paths: Iterable[str], provider: Node | None) -> set[Node]:
    """Functions that acquire today: from something that is called a pool, or through the provider."""
    found: set[Node] = set()
    for path in paths:
        facts = atlas.file(path)
        for function in facts.functions if facts else ():
            if function.acquires or (provider and _uses(atlas, path, function.calls, provider)):
                found.add((path, function.name))
    if provider:
        found.add(provider)
    return found


def _uses(atlas: Atlas, path: str, calls: Iterable[Called], provider: Node) -> bool:
    name = provider[1].partition(".")[0]
    for call in calls:
        if name in call.callee:
            place = atlas.locate_name(path, call.callee.replace("()", ""))
            if place and place[:2] == (provider[0], name):
                return True
    return False
