"""The verdict on each opening: every gate in turn, and one fixpoint for what is nested."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from rewire.codemod import Project, SourceFile, Span, scan
from rewire_codemods.shared_pool.calls import CallGraph, direct_acquirers
from rewire_codemods.shared_pool.facts import Called, FileFacts, Opening, Trouble
from rewire_codemods.shared_pool.provider import Provider
from rewire_codemods.shared_pool.roles import CODES as ROLE_CODES
from rewire_codemods.shared_pool.roles import Roles, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rewire_codemods.shared_pool.atlas import Atlas
    from rewire_codemods.shared_pool.dsn import Databases
    from rewire_codemods.shared_pool.options import SharedPoolOptions

_CLOSER = re.compile(r"(?i)close|release|disconnect|dispose")
_IGNORE = re.compile(r"#\s*rewire:\s*ignore\[([^\]]*)\]")


@dataclass
class Decision:
    """One opening and what becomes of it. ``trouble`` None: it is rewritten. ``left``: statements left outside."""

    path: str
    opening: Opening
    role: str
    trouble: Trouble | None = None
    left: int = 0
    group: str = ""
    caller_of: str = ""
    suppressed: bool = False


@dataclass
class Court:
    """Everything that the gates ask about."""

    project: Project
    atlas: Atlas
    options: SharedPoolOptions
    provider: Provider | Trouble
    databases: Databases
    roles: Roles
    verdicts: dict[str, Verdict] = field(default_factory=dict)

    def role(self, facts: FileFacts) -> Verdict:
        """The role of one file, looked up once."""
        if facts.path not in self.verdicts:
            self.verdicts[facts.path] = self.roles.of(facts)
        return self.verdicts[facts.path]

    def judge(self, facts: FileFacts, opening: Opening) -> Decision:
        """The gates that one opening can be judged by alone."""
        verdict = self.role(facts)
        role = _role_in_file(facts, opening, verdict)
        decision = Decision(facts.path, opening, role)
        if isinstance(self.provider, Trouble):
            several = self.provider.code == "several-providers"
            decision.trouble = (self._by_role(role, verdict) if several else None) or self.provider
        elif self._belongs_to_provider(facts, opening):
            decision.trouble = Trouble("inside-provider", f"{opening.function} is part of the provider")
        else:
            decision.trouble = (
                self._by_role(role, verdict)
                or opening.trouble
                or self._by_arguments(facts, opening)
                or _by_state(opening)
            )
        return decision

    def _belongs_to_provider(self, facts: FileFacts, opening: Opening) -> bool:
        assert isinstance(self.provider, Provider)
        if facts.path != self.provider.path:
            return False
        names = {self.provider.attribute}
        if self.options.fallback == "connect":
            names.add("acquire")
        for pool in facts.pools:
            names.update((*pool.getters, *pool.async_getters, *pool.setters))
        return opening.function in names

    def _by_role(self, role: str, verdict: Verdict) -> Trouble | None:
        if role in self.options.roles:
            return None
        if role == "mixed":
            shared = self.options.fallback == "connect" or {"script", "worker"} & set(self.options.roles)
            if shared and "server" in self.options.roles:
                return None
        return Trouble(ROLE_CODES.get(role, "role-unreached"), verdict.reason)

    def _by_arguments(self, facts: FileFacts, opening: Opening) -> Trouble | None:
        others = [name for name in opening.arguments.others if name not in self.options.pool_sets]
        if others:
            return Trouble("connect-options", f"acquire cannot carry {', '.join(others)}: they belong on create_pool")
        if opening.arguments.timeout and isinstance(self.provider, Provider) and not self.provider.takes_timeout:
            return Trouble("connect-options", f"{self.provider.attribute}() takes no timeout")
        return self.databases.judge(facts.path, opening)


def _role_in_file(facts: FileFacts, opening: Opening, verdict: Verdict) -> str:
    """A function that only the main guard calls is a script, whatever loads the file."""
    if verdict.role not in {"server", "mixed"} or not opening.function:
        return verdict.role
    name = opening.function.partition(".")[0]
    in_guard = dict(facts.guard_calls).get(name, 0)
    everywhere = dict(facts.names).get(name, 0)
    return "script" if in_guard and in_guard == everywhere and "." not in opening.function else verdict.role


def _by_state(opening: Opening) -> Trouble | None:
    if not opening.state:
        return None
    return Trouble("session-state", f"{', '.join(opening.state)} would outlive the release")


def suppressed_lines(source: SourceFile | None, codemod: str) -> Sequence[Span]:
    """The logical lines that carry (or follow) a ``# rewire: ignore[...]`` comment for this codemod."""
    if source is None or "rewire:" not in source.text:
        return ()
    layout = scan(source.text)
    found = []
    for span in layout.comments:
        match = _IGNORE.match(span.of(source.text))
        if match is None or codemod not in {name.strip() for name in match[1].split(",")}:
            continue
        index = layout.line_at(span.start)
        line = (
            layout.lines[index]
            if index is not None
            else next((at for at in layout.lines if at.start >= span.end), None)
        )
        if line is not None:
            found.append(Span(line.start, line.end))
    return tuple(found)


def refuse_nested(decisions: Sequence[Decision], atlas: Atlas, provider: Provider) -> None:
    """Refuse what would hold one slot of the pool while it waits for another one."""
    paths = {decision.path for decision in decisions} | {facts.path for facts in atlas.files_with_asyncpg}
    paths |= {entry.path for entry in atlas.project.importers_of(provider.path)}
    node = (provider.path, provider.attribute)
    direct = direct_acquirers(atlas, sorted(paths), node)
    converted = [decision for decision in decisions if decision.trouble is None]
    graph = CallGraph(atlas, direct | {(decision.path, decision.opening.function) for decision in converted})
    graph.settle()
    for decision in converted:
        _judge_nesting(decision, graph, atlas)
    _judge_dependencies(converted, graph, atlas)


def _judge_nesting(decision: Decision, graph: CallGraph, atlas: Atlas) -> None:
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
            trouble = _trouble_with_helper(graph, decision, call, atlas)
            if trouble is not None:
                decision.trouble = trouble
                return


def _acquirer(graph: CallGraph, decision: Decision, call: Called) -> tuple[str, str] | None:
    return graph.acquirer(decision.path, decision.opening.function, call)


def _trouble_with_helper(graph: CallGraph, decision: Decision, call: Called, atlas: Atlas) -> Trouble | None:
    """What a function that is handed the connection must not do with it: keep state in it, or close it."""
    targets = graph.targets(decision.path, decision.opening.function, call)
    for target in targets:
        function = atlas.function(*target)
        if function and function.state:
            return Trouble("session-state", f"{call.callee}() sets {', '.join(function.state)}")
        if function and set(function.closes) & set(function.parameters):
            return Trouble("close-unclear", f"{call.callee}() closes the connection that it is given")
    if not targets and _CLOSER.search(call.callee.rpartition(".")[2]):
        return Trouble("close-unclear", f"{call.callee}() is handed the connection, to close it by its name")
    return None


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


def with_left(opening: Opening, left: int) -> Opening:
    """The opening with the last ``left`` statements outside the block."""
    if not left or opening.recipe is None:
        return opening
    return replace(opening, recipe=replace(opening.recipe, left=left))
