"""Where the time of a dry run goes: CPU seconds by station, in one process, each without those that it calls.

python benchmarks/stages.py relative-imports           over Home Assistant
python benchmarks/stages.py all --tree PATH            every codemod, over a folder
"""

from __future__ import annotations

import argparse
import importlib
import sys
import time
from collections import defaultdict
from contextlib import redirect_stderr, redirect_stdout
from functools import wraps
from io import BytesIO, StringIO, TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trees import HOME_ASSISTANT, tree

if TYPE_CHECKING:
    from collections.abc import Callable

STATIONS = {
    "discover: list the files": ["rewire.discover:discover"],
    "read: bytes to text": ["rewire.read:read_bytes", "rewire.read:decode"],
    "search: markers in bytes": ["rewire.search:search"],
    "project: roots, launches, names, contexts": [
        "rewire.project.index:ProjectIndex.top_names",
        "rewire.project.index:ProjectIndex.module_names",
        "rewire.project.index:ProjectIndex.contexts",
        "rewire.project.index:ProjectIndex.find_module",
        "rewire.project.index:ProjectIndex.importers_of",
    ],
    "locate: facts of each file": ["rewire.locate:locate_files"],
    "plan": ["rewire.pipeline.line:decide", "*plan"],
    "rewrite: LibCST on the statements": ["rewire.rewrite.carry:rewrite_file"],
    "verify: each file": ["rewire.verify.check:verify_file"],
    "verify: a second run finds nothing": [
        "rewire.pipeline.rounds:_second_pass",
        "rewire.pipeline.aftermath:Question.__call__",
    ],
    "render the patch": ["rewire.deliver.patch:render_files", "rewire.deliver.patch:fragment"],
}


class Clock:
    """CPU seconds by station; time within an inner station is the inner one's."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = defaultdict(float)
        self._running: list[str] = []
        self._since = time.process_time()

    def enter(self, station: str) -> None:
        """From now on ``station`` is paid for."""
        self._switch()
        self._running.append(station)

    def leave(self) -> None:
        """From now on the one around it is again."""
        self._switch()
        self._running.pop()

    def _switch(self) -> None:
        now = time.process_time()
        self.spent[self._running[-1] if self._running else "start, imports, bookkeeping"] += now - self._since
        self._since = now

    def measured(self, station: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """``function``, on this clock."""

        @wraps(function)
        def call(*arguments: Any, **named: Any) -> Any:
            self.enter(station)
            try:
                return function(*arguments, **named)
            finally:
                self.leave()

        return call


def put_on(clock: Clock) -> None:
    """Replace every station's functions, where they live and where others have imported them."""
    for name in ("rewire.pipeline.line", "rewire.verify.accept"):  # so that whoever imports a station has done so
        importlib.import_module(name)
    from rewire.registry import load

    for station, names in STATIONS.items():
        for name in names:
            if name == "*plan":
                for codemod in load().codemods.values():
                    kind: Any = type(codemod)
                    kind.plan = clock.measured(station, kind.plan)
                continue
            module_name, _, path = name.partition(":")
            owner: Any = importlib.import_module(module_name)
            *holders, last = path.split(".")
            for holder in holders:
                owner = getattr(owner, holder)
            old = getattr(owner, last)
            new = clock.measured(station, old)
            setattr(owner, last, new)
            for module in list(sys.modules.values()):
                if getattr(module, "__dict__", {}).get(last) is old:
                    setattr(module, last, new)


def main() -> int:
    """Run once and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("codemod", nargs="?", default="relative-imports", help="a codemod's name, or all")
    parser.add_argument("--tree", default=HOME_ASSISTANT, help="wheel, sdist, folder or requirement")
    chosen = parser.parse_args()
    place = tree(chosen.tree) if not Path(chosen.tree).is_dir() else Path(chosen.tree)
    selected = [] if chosen.codemod == "all" else ["--select", chosen.codemod]
    clock = Clock()
    put_on(clock)
    from rewire.__main__ import main as rewire

    with redirect_stdout(TextIOWrapper(BytesIO())), redirect_stderr(StringIO()):
        rewire(["apply", "--dry-run", "--no-cache", "--jobs", "1", *selected, str(place)])
    clock.enter("")
    whole = sum(clock.spent.values())
    print("| station | CPU s | share |\n| --- | --- | --- |")
    for station, spent in sorted(clock.spent.items(), key=lambda entry: -entry[1]):
        print(f"| {station} | {spent:.2f} | {spent / whole:.0%} |")
    print(f"| together | {whole:.2f} | |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
