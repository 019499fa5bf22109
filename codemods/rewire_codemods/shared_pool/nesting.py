"""What would hold one slot of the pool while it waits for another, in a block, a helper, a dependency or a consumer."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rewire_codemods.shared_pool.calls import CallGraph, direct_acquirers
from rewire_codemods.shared_pool.decisions import trouble_with
from rewire_codemods.shared_pool.facts import Trouble
from rewire_codemods.shared_pool.moments import Moments

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rewire_codemods.shared_pool.atlas import Atlas
    from rewire_codemods.shared_pool.decisions import Court, Decision
    from rewire_codemods.shared_pool.facts import Called, Function
    from rewire_codemods.shared_pool.provider import Provider

_CLOSER = re.compile(r"(?i)close|release|disconnect|dispose")
_REGISTERS = re.compile(r"(?i)register|codec|init_conn|setup_conn|init_type")


def refuse_nested(decisions: Sequence[Decision], court: Court, provider: Provider) -> None:
    """Refuse what would hold one slot of the pool while it waits for another one."""
    atlas = court.atlas
    paths = {decision.path for decision in decisions} | {facts.path for facts in atlas.files_with_asyncpg}
    paths |= {entry.path for entry in atlas.project.importers_of(provider.path)}
    node = (provider.path, provider.attribute)
    direct = direct_acquirers(atlas, sorted(paths), node)
    converted = [decision for decision in decisions if decision.trouble is None]
    graph = CallGraph(atlas, direct | {(decision.path, decision.opening.function) for decision in converted})
    graph.settle()
    for decision in converted:
        _judge_nesting(decision, graph, atlas, court)
    _judge_dependencies(converted, graph, atlas)
    options = court.options
    by_hand = options.fallback == "connect" or (provider.path not in atlas.project.paths and not options.wire)
    Moments(atlas, graph, provider, converted, by_hand=by_hand).judge()


def _judge_nesting(decision: Decision, graph: CallGraph, atlas: Atlas, court: Court) -> None:
    for call in decision.opening.calls:
        found = _acquirer(graph, decision, call)
        if found is not None and call.tail and call.tail <= decision.opening.max_left:
            decision.left = max(decision.left, call.tail)
        elif found is not None:
            place = f"{call.callee}() in line {call.line}"
            through = (
                "" if call.callee.rpartition(".")[2] == found[1].rpartition(".")[2] else f" reaches {found[1]} and"
            )
            decision.trouble = Trouble("nested-acquire", f"{place}{through} acquires as well ({found[0]})")
            return
        elif call.passes:
            trouble = _trouble_with_helper(graph, decision, call, atlas, court)
            if trouble is not None:
                decision.trouble = trouble
                return


def _acquirer(graph: CallGraph, decision: Decision, call: Called) -> tuple[str, str] | None:
    return graph.acquirer(decision.path, decision.opening.function, call)


def _trouble_with_helper(
    graph: CallGraph, decision: Decision, call: Called, atlas: Atlas, court: Court
) -> Trouble | None:
    """What a function that is handed the connection must not do with it: keep state in it, or close it."""
    targets = graph.targets(decision.path, decision.opening.function, call)
    for target in graph.reached(targets):
        function = atlas.function(*target)
        if function is None or not function.parameters:
            continue
        state = trouble_with(function.state, court.options.custom_settings)
        if state is not None:
            return Trouble(state.code, f"{call.callee}(): in {function.name}, {state.reason}")
        if _closes_what_it_has(function):
            return Trouble("close-unclear", f"{call.callee}(): {function.name} closes the connection that it is given")
    name = call.callee.rpartition(".")[2]
    if not targets and _CLOSER.search(name):
        return Trouble("close-unclear", f"{call.callee}() is handed the connection, to close it by its name")
    if not targets and _REGISTERS.search(name):
        return Trouble(
            "session-state", f"{call.callee}() is handed the connection, to register types on it by its name"
        )
    return None


def _closes_what_it_has(function: Function) -> bool:
    """True for ``await conn.close()`` on a parameter, or on what a parameter (``self``) keeps."""
    return any(name.partition(".")[0] in function.parameters for name in function.closes)


def _judge_dependencies(converted: Sequence[Decision], graph: CallGraph, atlas: Atlas) -> None:
    """A yield dependency holds its slot while the endpoint runs: the endpoint must not acquire in its turn."""
    yields = {
        (decision.path, decision.opening.function): decision
        for decision in converted
        if decision.opening.hands and decision.trouble is None
    }
    if not yields:
        return
    own = {(decision.path, decision.opening.function): decision for decision in converted}
    releasing = {node for node, decision in own.items() if decision.caller_of}
    files = {path for path, _ in yields}
    for path, _ in list(yields):
        files |= {entry.path for entry in atlas.project.importers_of(path)}
    for path in sorted(files):
        facts = atlas.file(path)
        for function in facts.functions if facts else ():
            lent = [(name, _dependency(atlas, path, target)) for name, target in function.depends]
            lent += [(name, _dependency(atlas, path, callee)) for name, callee in function.enters]
            for name, source in lent:
                if source in yields and name in function.closes and (path, function.name) not in releasing:
                    yields[source].trouble = Trouble(
                        "close-unclear", f"{function.name} ({path}) closes the connection that is lent to it"
                    )
            held = [source for _, source in lent[: len(function.depends)] if source in yields]
            if held:
                _judge_endpoint((path, function.name), function.calls, yields[held[0]], own, graph)


def _dependency(atlas: Atlas, path: str, target: str) -> tuple[str, str] | None:
    if target.startswith("?"):
        facts = atlas.file(path)
        target = dict(facts.aliases).get(target[1:], "") if facts else ""
    place = atlas.locate_name(path, target) if target else None
    return (place[0], place[1]) if place and not place[2] else None


def _judge_endpoint(
    node: tuple[str, str],
    calls: Sequence[Called],
    held: Decision,
    own: Mapping[tuple[str, str], Decision],
    graph: CallGraph,
) -> None:
    inner = own.get(node)
    if inner is not None and inner is not held and inner.trouble is None and not inner.caller_of:
        inner.trouble = Trouble("nested-acquire", f"{node[1]} holds a pooled connection already, by its dependency "
                                f"{held.opening.function}")  # fmt: skip
    for call in calls:
        found = graph.acquirer(*node, call)
        if found is not None and found != (held.path, held.opening.function):
            held.trouble = Trouble("nested-acquire", f"{node[1]} ({node[0]}) depends on it and calls {call.callee}(), "
                                   f"which acquires as well")  # fmt: skip
            return
