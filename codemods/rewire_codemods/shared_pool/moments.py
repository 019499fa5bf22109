"""When a converted function runs: in another event loop, before the pool is open, or while a caller holds a slot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rewire_codemods.shared_pool.facts import Called, Trouble

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rewire_codemods.shared_pool.atlas import Atlas
    from rewire_codemods.shared_pool.calls import CallGraph, Node
    from rewire_codemods.shared_pool.decisions import Decision
    from rewire_codemods.shared_pool.facts import FileFacts, Function, Hold
    from rewire_codemods.shared_pool.provider import Provider

Lock = tuple[str, str, str]
_VIEWS = frozenset(
    {"route", "get", "post", "put", "patch", "delete", "before_request", "after_request", "errorhandler"}
)
_LOOPS = (".run(", "run_until_complete", "async_to_sync", "flask", "uvloop", "anyio", "trio")
"""Words without which a file runs no event loop of its own."""
_MAKERS = frozenset({"create_pool"})


class Moments:
    """Looks at every function that may call a converted one.

    ``by_hand``: programs need no pool (they fall back to a connection), or their owner is going to open it in them.
    """

    def __init__(
        self, atlas: Atlas, graph: CallGraph, provider: Provider, converted: Sequence[Decision], *, by_hand: bool
    ) -> None:
        self._by_hand = by_hand
        self._atlas = atlas
        self._graph = graph
        self._provider = provider
        self._owners: dict[Node, list[Decision]] = {}
        for decision in converted:
            self._owners.setdefault((decision.path, decision.opening.function), []).append(decision)
        self._openers, self._closers = self._of_provider()

    def judge(self) -> None:
        """Refuse what runs at the wrong moment."""
        wanted = [(decision, self._locks(decision)) for found in self._owners.values() for decision in found]
        for path, facts in self._files():
            self._judge_programs(path, facts)
            for function in facts.functions:
                self._judge_locks(path, function, wanted)
                if not (self._by_hand and dict(facts.guard_calls).get(function.name)):
                    self._judge_loops(path, function)
                self._judge_holds(path, function)
                if _has_its_own_loop(facts, function):
                    reached = self._graph.reached([(path, function.name)])
                    trouble = Trouble("own-loop", f"Flask runs {function.name} ({path}) in a loop of its own")
                    self._refuse(reached, trouble)
                if self._openers:
                    self._judge_order(path, function)

    def _files(self) -> Iterator[tuple[str, FileFacts]]:
        """The files that name a converted function, run loops, or open and close the pool."""
        names = {name.rpartition(".")[2] for _, name in (*self._owners, *self._openers, *self._closers)} | set(_LOOPS)
        own = {path for path, _ in self._owners}
        for path in self._atlas.project.paths:
            source = self._atlas.project.source(path)
            if source is not None and (path in own or any(name in source.text for name in names)):
                facts = self._atlas.file(path)
                if facts is not None:
                    yield path, facts

    def _of_provider(self) -> tuple[set[Node], set[Node]]:
        """The functions that open the provider's pool, and those that close it. A getter that opens it itself: none."""
        facts = self._atlas.file(self._provider.path)
        pool = self._provider.pool_name
        if facts is None or not pool:
            return set(), set()
        makers = {making.function for making in facts.makings if making.fills == pool}
        makers |= {name for known in facts.pools if known.name == pool for name in known.setters}
        if self._provider.attribute in makers:
            return set(), set()
        closers = {function.name for function in facts.functions if pool in function.closes}
        return {(facts.path, name) for name in makers}, {(facts.path, name) for name in closers}

    def _targets(self, path: str, function: str, callee: str) -> list[Node]:
        return self._graph.targets(path, function, Called(callee, 0))

    def _reached(self, path: str, function: str, callee: str) -> set[Node]:
        """Every function of the project that a call may run, through others."""
        return self._graph.reached(self._targets(path, function, callee))

    def _refuse(self, nodes: set[Node], trouble: Trouble) -> None:
        for node in sorted(nodes & set(self._owners)):
            for decision in self._owners[node]:
                decision.trouble = decision.trouble or trouble

    def _judge_loops(self, path: str, function: Function) -> None:
        """``asyncio.run(work())`` in a function: another loop, unless the pool is opened in there."""
        for callee in function.runs:
            reached = self._reached(path, function.name, callee)
            if reached and not reached & self._openers and not self._serves(reached):
                self._refuse(
                    reached, Trouble("own-loop", f"{function.name} ({path}) runs {callee}() in a loop of its own")
                )

    def _judge_programs(self, path: str, facts: FileFacts) -> None:
        """``asyncio.run(main())`` as a program of its own: nobody has opened the pool there but ``main`` itself."""
        for callee in () if self._by_hand else facts.runs:
            reached = self._reached(path, "", callee)
            if reached and not reached & self._openers and not self._serves(reached):
                self._refuse(
                    reached, Trouble("pool-not-open", f"{path} runs {callee}() as a program, which opens no pool")
                )

    def _serves(self, reached: set[Node]) -> bool:
        """True if what is run makes a pool itself."""
        known = [self._atlas.function(*node) for node in reached]
        return any(call.callee.rpartition(".")[2] in _MAKERS for one in known if one for call in one.calls)

    def _judge_holds(self, path: str, function: Function) -> None:
        """Who iterates a converted generator, or enters one, holds its slot meanwhile."""
        for hold in function.holds:
            lent = set(self._targets(path, function.name, hold.callee)) & set(self._owners)
            for call in hold.calls if lent else ():
                if self._graph.acquirer(path, function.name, call) is not None:
                    held = f"{function.name} ({path}) holds what {hold.callee}() lends"
                    self._refuse(
                        lent, Trouble("nested-acquire", f"{held} and calls {call.callee}(), which acquires as well")
                    )

    def _locks(self, decision: Decision) -> set[Lock]:
        opening = decision.opening
        return {self._lock(decision.path, opening.function, name) for name in opening.locks}

    def _lock(self, path: str, function: str, name: str) -> Lock:
        """Where a lock lives: the module that defines it, or the class that keeps it."""
        if name.startswith("self."):
            return path, function.rpartition(".")[0], name
        place = self._atlas.locate_name(path, name)
        return place or (path, function, name)

    def _judge_locks(self, path: str, function: Function, wanted: Sequence[tuple[Decision, set[Lock]]]) -> None:
        """A slot is taken under a lock here; who holds a slot and waits for that lock waits for this one's slot."""
        for hold in function.holds:
            lock = self._lock(path, function.name, hold.callee)
            waiting = [decision for decision, locks in wanted if lock in locks and decision.trouble is None]
            if waiting and self._takes(path, function, hold):
                for decision in waiting:
                    decision.trouble = Trouble(
                        "lock-order", f"{function.name} ({path}) takes a connection under {hold.callee}"
                    )

    def _takes(self, path: str, function: Function, hold: Hold) -> bool:
        """True if a slot is taken in the body of a ``with``."""
        first, last = hold.lines
        own = self._owners.get((path, function.name), ())
        if any(first <= decision.opening.line <= last for decision in own):
            return True
        return any(self._graph.acquirer(path, function.name, call) is not None for call in hold.calls)

    def _judge_order(self, path: str, function: Function) -> None:
        """Calls before the one that opens the pool, and behind the one that closes it."""
        steps = [(call, self._targets(path, function.name, call.callee)) for call in function.calls]
        opens = [
            index for index, (call, found) in enumerate(steps) if self._is(found, call, path, function, self._openers)
        ]
        closes = [index for index, (_, found) in enumerate(steps) if set(found) & self._closers]
        early = steps[: opens[0]] if opens else []
        late = steps[closes[-1] + 1 :] if closes and (not opens or opens[-1] < closes[-1]) else []
        for call, word in [(call, "before it opens") for call, _ in early] + [
            (call, "after it closed") for call, _ in late
        ]:
            reached = self._reached(path, function.name, call.callee)
            self._refuse(
                reached, Trouble("pool-not-open", f"{function.name} ({path}) calls {call.callee}() {word} the pool")
            )
        own = self._owners.get((path, function.name), ())
        for decision in own:
            line = decision.opening.line
            if (opens and line < steps[opens[0]][0].line) or (
                closes and not opens and line > steps[closes[-1]][0].line
            ):
                decision.trouble = decision.trouble or Trouble(
                    "pool-not-open", f"{function.name} opens or closes the pool itself"
                )

    def _is(self, found: list[Node], call: Called, path: str, function: Function, wanted: set[Node]) -> bool:
        if set(found) & wanted:
            return True
        return (path, function.name) in wanted and call.callee.rpartition(".")[2] in _MAKERS


def _has_its_own_loop(facts: FileFacts, function: Function) -> bool:
    """True for an async view of Flask, which is a synchronous framework."""
    if not function.is_async or not any(origin.partition(".")[0] == "flask" for _, origin in facts.imports):
        return False
    return any(name.rpartition(".")[2] in _VIEWS for name in function.decorators)
