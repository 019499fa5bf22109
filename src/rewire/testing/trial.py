"""Run codemods over files given in memory and hand the whole result back.

The files are laid out in a scratch directory, because a project is more than its Python files; it is gone when the
call returns. A configuration among the files counts; the call's own options go before it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rewire import pipeline, registry
from rewire.codemod.base import Codemod
from rewire.config import Config, load, options_for
from rewire.deliver import patch
from rewire.discover import Discovered
from rewire.discover.selection import PYTHON_SUFFIXES
from rewire.pipeline import Request, Selected

if TYPE_CHECKING:
    from rewire.model.result import Outcome, RunResult
    from rewire.model.site import Refusal

Named = str | type[Codemod[Any, Any]] | Codemod[Any, Any]
"""A codemod by its registered name, as a class, or as an instance."""


@dataclass(frozen=True)
class Trial:
    """What a run did to the files: whole trees of bytes before and after, and the run's own result."""

    before: Mapping[str, bytes]
    after: Mapping[str, bytes]
    result: RunResult
    patch: bytes

    def text(self, path: str) -> str:
        """A file after the run, decoded as UTF-8, newlines as they are."""
        return self.after[path].decode("utf-8")

    @property
    def outcome(self) -> Outcome:
        """The outcome of the one codemod that ran. Raises ValueError if several did."""
        (only,) = self.result.outcomes
        return only

    @property
    def refusals(self) -> tuple[Refusal, ...]:
        """The refusals of all codemods, in the order of the report."""
        return tuple(refusal for outcome in self.result.outcomes for refusal in outcome.refusals)

    @property
    def codes(self) -> frozenset[str]:
        """The distinct refusal codes."""
        return frozenset(refusal.code for refusal in self.refusals)

    @property
    def changed(self) -> tuple[str, ...]:
        """Paths that differ after the run: changed, created or deleted."""
        paths = sorted({*self.before, *self.after})
        return tuple(path for path in paths if self.before.get(path) != self.after.get(path))


def rewrite(
    codemods: Named | Sequence[Named],
    files: Mapping[str, str | bytes],
    options: Mapping[str, Any] | None = None,
    *,
    select: Sequence[str] = (),
    jobs: int = 1,
) -> Trial:
    """Run one codemod, or several in the order given, over ``files`` (path -> text or bytes).

    ``options``: values by name for one codemod, by codemod and name for several. ``select``: glob patterns of the
    files that may change; the other ones are context. Raises UsageError for a codemod or option that does not exist.
    """
    if isinstance(codemods, Sequence) and not isinstance(codemods, str):
        chosen = [_find(one) for one in codemods]
        given = dict(options or {})
    else:
        chosen = [_find(codemods)]
        given = {chosen[0].name: dict(options or {})}
    before = {path: data.encode() if isinstance(data, str) else data for path, data in sorted(files.items())}
    with tempfile.TemporaryDirectory(prefix="rewire-trial-") as scratch:
        root = Path(scratch).resolve()
        lay_out(root, before)
        result = pipeline.run(_request(root, before, chosen, given, select, jobs))
        after = dict(before)
        for change in result.net_changes():
            if change.after is None:
                del after[change.path]
            else:
                after[change.path] = change.after.to_bytes()
        return Trial(before, after, result, patch.render(result))


def lay_out(root: Path, files: Mapping[str, bytes]) -> None:
    """Write a tree of files under ``root``."""
    for path, data in files.items():
        place = root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)


def _request(
    root: Path,
    files: Mapping[str, bytes],
    codemods: Sequence[Codemod[Any, Any]],
    options: Mapping[str, Mapping[str, Any]],
    select: Sequence[str],
    jobs: int,
) -> Request:
    python = [path for path in files if path.endswith(PYTHON_SUFFIXES)]
    selected = [path for path in python if not select or any(fnmatchcase(path, pattern) for pattern in select)]
    config = _configuration(root, files)
    return Request(
        discovered=Discovered(
            root=root,
            repository=None,
            selected=tuple(selected),
            context=tuple(path for path in python if path not in selected),
            others=tuple(path for path in files if path not in python),
            failures=(),
        ),
        codemods=tuple(_choose(codemod, config, options.get(codemod.name, {})) for codemod in codemods),
        jobs=jobs,
        settings={"roots": config.roots},
    )


def _configuration(root: Path, files: Mapping[str, bytes]) -> Config:
    """The configuration among the files; never one that happens to lie above the scratch directory."""
    if "rewire.toml" in files or b"[tool.rewire" in files.get("pyproject.toml", b""):
        return load(root)
    return Config(directory=root)


def _choose(codemod: Codemod[Any, Any], config: Config, given: Mapping[str, Any]) -> Selected:
    own = dict(next((table for name, table in config.codemods.items() if name.replace("_", "-") == codemod.name), {}))
    table = {codemod.name: {**own, **given}}
    return Selected(codemod, *options_for(codemod, replace(config, codemods=table)))


def _find(codemod: Named) -> Codemod[Any, Any]:
    if isinstance(codemod, str):
        return registry.load().get(codemod)
    return codemod() if isinstance(codemod, type) else codemod
