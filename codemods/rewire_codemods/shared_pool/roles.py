"""Which kind of process a file runs in: by the launch contexts that load it, else by its path and its main guard."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rewire.codemod import Launch, Project
    from rewire_codemods.shared_pool.facts import FileFacts

_TEST = re.compile(r"(?:^|/)(?:tests?|testing)/|(?:^|/)(?:test_[^/]*|[^/]*_test|conftest)\.py$")
_MIGRATION = re.compile(
    r"(?:^|/)(?:migrations?|alembic|db_migrations?)/|(?:^|/)(?:[^/]*_)?(?:migrate|migration|migrations)(?:_[^/]*)?\.py$"
)
_ARCHIVE = re.compile(
    r"(?i)(?:^|/)_?(?:archived?|archives|old|backups?|bak|deprecated|attic|unused)/|(?:^|/)[^/]*_(?:old|backup|bak|copy|deprecated)\.py$"
)
_SCRIPT = re.compile(r"(?:^|/)(?:scripts?|bin|tools|utilities|examples?|notebooks|benchmarks?)/")
_SERVES = re.compile(r"\b(?:uvicorn|hypercorn|granian|web|gunicorn)\s*\.\s*(?:run|run_app|Server)\b|\bserve\(\s*app\b")

CODES = {
    "script": "role-script",
    "test": "role-test",
    "migration": "role-migration",
    "archive": "role-archive",
    "worker": "role-worker",
    "unknown": "role-unreached",
    "mixed": "role-mixed",
}
"""Role -> the code with which its openings are refused."""


def is_test(path: str) -> bool:
    """True for a test by its path."""
    return _TEST.search(path) is not None


@dataclass(frozen=True)
class Verdict:
    """A file's role and what says so."""

    role: str
    reason: str


class Roles:
    """Roles of all files of one project."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self.by_launch = any(self._role(launch) == "server" for launch in project.launches)

    def of(self, facts: FileFacts) -> Verdict:
        """The role of one file."""
        return self._loaded(facts) if self.by_launch else self._by_path(facts)

    def servers(self, path: str) -> list[Launch]:
        """The launches of servers that load a file."""
        loadings = self._project.loadings(path)
        return [loading.launch for loading in loadings if self._role(loading.launch) == "server"]

    def _loaded(self, facts: FileFacts) -> Verdict:
        loadings = self._project.loadings(facts.path)
        roles = {self._role(loading.launch): loading.launch for loading in loadings}
        if "server" in roles:
            mixing = next((roles[role] for role in ("script", "worker") if role in roles), None)
            if mixing is not None and mixing.tier != "document":
                return Verdict("mixed", f"`{roles['server'].command}` and `{mixing.command}` both load it")
            return Verdict("server", f"loaded by `{roles['server'].command}`")
        for role, launch in sorted(roles.items()):
            if role in CODES and role != "unknown":
                return Verdict(role, f"loaded by `{launch.command}` alone")
        guess = self._by_path(facts)
        if guess.role == "server":
            return Verdict("unknown", "no server that is known to start loads it")
        return guess

    def _by_path(self, facts: FileFacts) -> Verdict:
        path = facts.path
        for role, pattern in (("test", _TEST), ("archive", _ARCHIVE), ("migration", _MIGRATION), ("script", _SCRIPT)):
            if pattern.search(path):
                return Verdict(role, f"its path says so: {path}")
        if facts.guarded and not self._serves(path) and not self._project.importers_of(path):
            return Verdict("script", "it has a main guard and nothing imports it")
        return Verdict("server", "its path, and no launch file says otherwise")

    def _role(self, launch: Launch) -> str:
        """A launch's role; a script that runs a server is one."""
        if (
            launch.role in {"script", "unknown", "tool"}
            and launch.entry_kind == "script"
            and self._serves(launch.entry)
        ):
            return "server"
        return {"tool": "script"}.get(launch.role, launch.role)

    def _serves(self, path: str) -> bool:
        source = self._project.source(path)
        return source is not None and _SERVES.search(source.text) is not None
