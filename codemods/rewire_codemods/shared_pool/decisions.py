"""The verdict on each opening: every gate in turn, and one fixpoint for what is nested."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from rewire.codemod import Project, SourceFile, Span, scan
from rewire_codemods.shared_pool.facts import FileFacts, Opening, Trouble
from rewire_codemods.shared_pool.provider import Provider
from rewire_codemods.shared_pool.roles import CODES as ROLE_CODES
from rewire_codemods.shared_pool.roles import Roles, Verdict
from rewire_codemods.shared_pool.state import CUSTOM, in_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rewire_codemods.shared_pool.atlas import Atlas
    from rewire_codemods.shared_pool.dsn import Databases
    from rewire_codemods.shared_pool.facts import Expression
    from rewire_codemods.shared_pool.options import SharedPoolOptions

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
                or self.by_state(facts, opening)
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

    def by_state(self, facts: FileFacts, opening: Opening) -> Trouble | None:
        """The session state that the block sets, as far as it forbids a pooled connection."""
        found = (*opening.state, *self._in_constants(facts, opening))
        return trouble_with(found, self.options.custom_settings)

    def _in_constants(self, facts: FileFacts, opening: Opening) -> Iterator[str]:
        """State that SQL constants of classes and of other files set."""
        for dotted in opening.sql:
            place = self.atlas.locate_name(facts.path, dotted)
            constant = self.atlas.constant(place[0], place[1]) if place and not place[2] else None
            owner = self.atlas.class_named(place[0], place[1]) if place and place[2] else None
            if constant is not None and constant.value is not None:
                yield from in_text(_literal(constant.value))
            elif owner is not None and place is not None:
                yield from in_text(dict(owner.texts).get(place[2], ""))

    def _by_arguments(self, facts: FileFacts, opening: Opening) -> Trouble | None:
        made = isinstance(self.provider, Provider) and self.provider.path not in self.project.paths
        sets = () if made and self.options.wire else self.options.pool_sets  # a pool that this run opens sets nothing
        others = [name for name in opening.arguments.others if name not in sets]
        if others:
            return Trouble("connect-options", f"acquire cannot carry {', '.join(others)}: they belong on create_pool")
        if opening.arguments.timeout and isinstance(self.provider, Provider) and not self.provider.takes_timeout:
            return Trouble("connect-options", f"{self.provider.attribute}() takes no timeout")
        return self.databases.judge(facts.path, opening)


def trouble_with(state: Sequence[str], custom_settings: bool = False) -> Trouble | None:
    """Why some session state forbids a pooled connection; None where it is reset, or allowed."""
    lasting = [name for name in state if not name.startswith(CUSTOM)]
    if lasting:
        return Trouble("session-state", f"{', '.join(lasting)} would outlive the release")
    if state and not custom_settings:
        names = ", ".join(name.removeprefix(CUSTOM) for name in state)
        return Trouble("custom-setting", f"{names} is '' instead of NULL for the next borrower")
    return None


def _literal(value: Expression) -> str:
    return "".join(piece if isinstance(piece, str) else piece.value for piece in value.pieces)


def _role_in_file(facts: FileFacts, opening: Opening, verdict: Verdict) -> str:
    """A function that only the main guard calls is a script, whatever loads the file."""
    if verdict.role not in {"server", "mixed"} or not opening.function:
        return verdict.role
    name = opening.function.partition(".")[0]
    in_guard = dict(facts.guard_calls).get(name, 0)
    everywhere = dict(facts.names).get(name, 0)
    return "script" if in_guard and in_guard == everywhere and "." not in opening.function else verdict.role


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


def with_left(opening: Opening, left: int) -> Opening:
    """The opening with the last ``left`` statements outside the block."""
    if not left or opening.recipe is None:
        return opening
    return replace(opening, recipe=replace(opening.recipe, left=left))
