"""From the arguments to the orders: what is to be done in every repository, with what, and in how long a time."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse
    from collections.abc import Container, Sequence

    from rewire.config.values import Config
    from rewire.discover import Discovered
    from rewire.fleet.visit import Orders
    from rewire.pipeline import Request, Selected

DRY_RUN = "dry-run"
"""The folder of a dry run within the output: it is resumed by itself, and is nothing that a real run goes on with."""

TIME_LIMIT = "1h"
"""What a repository may take unless ``--time-limit`` says otherwise: so long that only what hangs takes longer."""

_SECONDS = {"s": 1, "m": 60, "h": 3600}


def read_orders(args: argparse.Namespace) -> tuple[Orders, int]:
    """What to do in every repository, and with how many processes. Raises UsageError and ConfigError."""
    from rewire import config, registry
    from rewire.cache.store import default_path
    from rewire.cli.request import read_jobs, select_codemods
    from rewire.config.values import Config
    from rewire.cpus import default_jobs
    from rewire.fleet.visit import Orders

    settings = config.load(Path(), Path(args.config)) if args.config else Config()
    installed = registry.load()
    config.check_tables(settings, installed.codemods, [one.name for one in installed.broken])
    _require_fleet_settings(args, settings)
    selected = select_codemods(args, settings, installed)
    exclude = (*settings.exclude, *args.exclude)
    branch = None if args.dry_run else args.branch
    output = Path(args.output).absolute()
    orders = Orders(
        prepare=_Preparation(selected, exclude, None if args.no_cache else default_path()),
        output=output / DRY_RUN if args.dry_run else output,
        branch=branch,
        per=args.commit_per or settings.commit_per or "codemod",
        command=_reproduce(selected, exclude, branch),
        digest=_digest(selected, exclude),
        packages=("rewire", "libcst", *_packages(selected)),
        limit=_read_limit(args.time_limit),
    )
    return orders, read_jobs(args.jobs) or settings.jobs or default_jobs()


def _read_limit(text: str) -> float | None:
    """The value of ``--time-limit`` in seconds; None for none. Raises UsageError."""
    from rewire.errors import UsageError

    if text == "none":
        return None
    found = re.fullmatch(r"(\d{1,6}(?:\.\d{1,3})?)([smh])", text, re.ASCII)
    if found is None or not float(found[1]):
        raise UsageError(f"--time-limit {text}: expected a time such as 90s, 30m or 2h, or none")
    return float(found[1]) * _SECONDS[found[2]]


def _require_fleet_settings(args: argparse.Namespace, settings: Config) -> None:
    """Raise UsageError or ConfigError for what is missing, or cannot hold for many repositories."""
    from rewire.deliver.commit.branch import require_branch_name
    from rewire.errors import ConfigError, UsageError

    if not args.output:
        raise UsageError("--output DIR is missing", advice="name the folder for patches, reports and the summary")
    if not args.dry_run:
        if not args.branch:
            raise UsageError("--branch NAME is missing", advice="name the branch that the commits go to, or --dry-run")
        require_branch_name(args.branch)
    for key, value in (("roots", settings.roots), ("launch", settings.launch)):
        if value:
            raise ConfigError(
                f"{settings.source}: {key} is a fact about one repository, and no setting of a fleet",
                advice="put it into the configuration of that repository, where the fleet will read it",
            )


@dataclass(frozen=True, slots=True)
class _Preparation:
    """The fleet's codemods on one repository's own facts: its roots, launches, and what it keeps from being changed."""

    selected: tuple[Selected, ...]
    exclude: tuple[str, ...]
    cache: Path | None

    def __call__(self, top: Path, own: Config, tracked: Container[str], jobs: int) -> Request:
        from rewire.cli.request import project_settings
        from rewire.discover import discover
        from rewire.pipeline import Request

        discovered = _limit(discover([top], exclude=(*self.exclude, *own.exclude)), tracked)
        return Request(
            discovered=discovered,
            codemods=self.selected,
            jobs=jobs,
            settings=project_settings(own, (), discovered),
            cache=self.cache,
        )


def _limit(discovered: Discovered, tracked: Container[str]) -> Discovered:
    """The project as the branch holds it: files that git does not track are neither changed nor looked at."""
    return replace(
        discovered,
        selected=tuple(path for path in discovered.selected if path in tracked),
        context=tuple(path for path in discovered.context if path in tracked),
        others=tuple(path for path in discovered.others if path in tracked),
    )


def _reproduce(selected: Sequence[Selected], exclude: Sequence[str], branch: str | None) -> str:
    """A command line that does the same in one repository, with everything that the fleet's configuration says."""
    import json
    import shlex

    line = ["rewire", "apply"]
    for one in selected:
        line += ["--select", one.codemod.name]
    for one in selected:
        for name, value in one.explicit_options.items():
            shown = value if isinstance(value, str) else json.dumps(value)
            line += ["--set", f"{one.codemod.name}.{name.replace('_', '-')}={shown}"]
    for pattern in exclude:
        line += ["--exclude", pattern]
    return shlex.join([*line, *(["--branch", branch] if branch else ["--dry-run"])])


def _packages(selected: Sequence[Selected]) -> list[str]:
    """The packages that the codemods come from."""
    return sorted({type(one.codemod).__module__.partition(".")[0] for one in selected})


def _digest(selected: Sequence[Selected], exclude: Sequence[str]) -> str:
    """A digest of the configuration and of the code that carries it out."""
    import json

    from rewire import __version__
    from rewire.cache.store import key_of
    from rewire.cache.values import fingerprint

    options = [one.codemod.describe_options(one.options) for one in selected]
    codemods = [(one.codemod.name, one.codemod.version) for one in selected]
    settings = json.dumps([codemods, options, list(exclude)], sort_keys=True, default=str)
    return key_of("fleet", __version__, fingerprint("rewire", *_packages(selected)), settings).hex()
