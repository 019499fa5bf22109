"""The report of a run: connections before and after, roles, shapes, databases, the pool's size against the limit."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rewire.codemod import Note
from rewire_codemods.shared_pool.facts import Trouble

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rewire_codemods.shared_pool.atlas import Atlas
    from rewire_codemods.shared_pool.decisions import Decision
    from rewire_codemods.shared_pool.dsn import Databases
    from rewire_codemods.shared_pool.options import SharedPoolOptions
    from rewire_codemods.shared_pool.provider import Provider
    from rewire_codemods.shared_pool.roles import Roles

NAME = "shared-pool"
_DEFAULT_SIZE = 10
_LISTED = 6
_FAKES = re.compile(r"""(?:patch(?:\.object)?|setattr)\([^()\n]*asyncpg["']?\s*[.,]\s*["']?connect\b""")
_WORKERS = re.compile(r"(?:--workers|-w|--processes)[ =](\d+)")


@dataclass
class Ledger:
    """Figures and notes, computed once every decision has fallen."""

    atlas: Atlas
    options: SharedPoolOptions
    provider: Provider | Trouble
    databases: Databases
    roles: Roles
    decisions: Sequence[Decision]

    def facts(self) -> Mapping[str, Any]:
        """JSON-able figures."""
        places = [decision for decision in self.decisions if decision.opening.shape != "dependency"]
        left = [decision for decision in places if decision.trouble]
        before = (len(places), len({decision.path for decision in places}))
        after = (len(left), len({decision.path for decision in left}))
        return {
            "connections": {
                "before": {"sites": before[0], "files": before[1]},
                "after": {"sites": after[0], "files": after[1]},
                "headline": f"{before[0]} sites in {before[1]} files -> {after[0]} in {after[1]}",
            },
            "roles": self._by_role(places),
            "roles_from": "launch files" if self.roles.by_launch else "paths and guards",
            "shapes": dict(sorted(Counter(d.opening.shape for d in places if not d.trouble).items())),
            "databases": self.databases.as_json(),
            "pool": self._pool(),
        }

    def _by_role(self, places: Sequence[Decision]) -> Mapping[str, Mapping[str, int]]:
        found: dict[str, dict[str, int]] = {}
        for decision in places:
            row = found.setdefault(decision.role, {"found": 0, "changed": 0})
            row["found"] += 1
            row["changed"] += decision.trouble is None
        return dict(sorted(found.items()))

    def _pool(self) -> Mapping[str, Any]:
        provider = self.provider
        if isinstance(provider, Trouble):
            return {"provider": None}
        size = self._max_size(provider)
        workers = self._workers()
        return {
            "provider": f"{provider.path}:{provider.attribute}",
            "max_size": size,
            "processes": workers,
            "at_most": size * workers if size else None,
            "max_connections": self.options.max_connections,
        }

    def _max_size(self, provider: Provider) -> int | None:
        makings = [making for facts in self.atlas.files_with_asyncpg for making in facts.makings
                   if facts.path == provider.path or making.fills == provider.pool_name]  # fmt: skip
        everywhere = [making for facts in self.atlas.files_with_asyncpg for making in facts.makings]
        sizes = {making.max_size for making in makings or everywhere}
        if len(sizes) > 1:
            return None
        size = next(iter(sizes), "")
        return int(size) if size.isdigit() else (None if size else _DEFAULT_SIZE)

    def _workers(self) -> int:
        """Server processes, as far as the launch commands say."""
        commands = [launch.command for launch in self.atlas.project.launches if launch.role == "server"]
        return max((int(found[1]) for command in commands if (found := _WORKERS.search(command))), default=1)

    def notes(self) -> list[Note]:
        """What a reviewer should know beside the diff."""
        found = [self._size_note(), *self._holding_notes(), *self._fake_notes()]
        if not self.roles.by_launch and self.decisions:
            found.append(Note(NAME, "no launch file starts a server: paths and main guards decide the roles"))
        if len(self.databases.groups) > 1:
            listed = "; ".join(
                f"{' / '.join(sorted(group.texts))} ({group.sites}{', the pool' if group.is_pool else ''})"
                for group in self.databases.ordered()[:_LISTED]
            )
            if len(self.databases.groups) > _LISTED:
                listed += f"; and {len(self.databases.groups) - _LISTED} more"
            found.append(Note(NAME, f"{len(self.databases.groups)} databases by DSN expression: {listed}"))
        headline = self.facts()["connections"]["headline"]
        if any(decision.trouble is None for decision in self.decisions):
            found.insert(0, Note(NAME, f"connections opened by hand: {headline}"))
        return [note for note in found if note is not None]

    def _size_note(self) -> Note | None:
        pool = self._pool()
        most = pool.get("at_most")
        if not most or not any(decision.trouble is None for decision in self.decisions):
            return None
        limit = pool["max_connections"]
        size, processes = pool["max_size"], pool["processes"]
        text = f"the pool opens at most {size} connections in {processes} process(es): {most} of the server's {limit}"
        if most > limit * 0.9:
            text += "; lower max_size or the number of processes, the server keeps some for itself"
        return Note(NAME, text)

    def _fake_notes(self) -> list[Note]:
        """Tests that replace ``asyncpg.connect`` by its name: the converted code does not call it any more."""
        if not any(decision.trouble is None for decision in self.decisions):
            return []
        found = []
        for path in self.atlas.project.paths:
            source = self.atlas.project.source(path)
            match = _FAKES.search(source.text) if source is not None and "asyncpg" in source.text else None
            if match is not None and source is not None:
                text = "replaces asyncpg.connect, which converted code does not call any more: replace the provider"
                found.append(Note(NAME, text, path, source.line_of(match.start())))
        return found

    def _holding_notes(self) -> list[Note]:
        size = self._pool().get("max_size") or _DEFAULT_SIZE
        return [
            Note(NAME, f"the block holds its connection while it awaits {', '.join(decision.opening.slow)}: "
                       f"at most {size} of these run at a time", decision.path, decision.opening.line)
            for decision in self.decisions
            if decision.trouble is None and decision.opening.slow
        ]  # fmt: skip
