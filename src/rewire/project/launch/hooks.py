"""pre-commit: the hooks that a project keeps itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rewire.project.launch.pipelines import Job, Step, launches_of
from rewire.project.launch.place import load_yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rewire.model.project import Launch
    from rewire.project.launch.command import Evidence

_RUN_AS_GIVEN = frozenset({"system", "unsupported", "script", "unsupported_script", "python"})
"""Languages whose ``entry`` is a command of the machine, or, for ``script``, a file of the project."""


def read_hooks(path: str, text: str, evidence: Evidence) -> list[Launch]:
    """https://pre-commit.com/#repository-local-hooks: ``entry`` and ``args`` are run from the root."""
    return launches_of(_jobs(load_yaml(text)), "pre-commit", text, evidence)


def _jobs(data: object) -> Iterator[Job]:
    repositories = data.get("repos") if isinstance(data, dict) else None
    for repository in repositories if isinstance(repositories, list) else ():
        hooks = repository.get("hooks") if isinstance(repository, dict) and repository.get("repo") == "local" else None
        for hook in hooks if isinstance(hooks, list) else ():
            if not (isinstance(hook, dict) and isinstance(hook.get("entry"), str)):
                continue
            language = str(hook.get("language", ""))
            if language in _RUN_AS_GIVEN:
                entry = hook["entry"]
                if language.endswith("script") and "/" not in entry:
                    entry = f"./{entry}"
                arguments = hook.get("args")
                words = [str(word) for word in arguments] if isinstance(arguments, list) else []
                yield Job(str(hook.get("id") or "hook"), [Step(" ".join([entry, *words]))])
