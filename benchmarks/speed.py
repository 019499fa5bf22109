"""Whole-process speed, each row beside its peer in the same run; a table with medians and ratios.

    python benchmarks/speed.py                         everything; wheels are fetched into the cache
    python benchmarks/speed.py --home-assistant WHEEL  a wheel, sdist or folder at hand instead
    python benchmarks/speed.py warm start              some rows

Needs rewire and ruff beside this Python. Exits 1 if a ratio is over its limit.
"""

from __future__ import annotations

import argparse
import json
import math
import shutil
import subprocess
import sys
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from four_words import WORDS, install_words
from measure import Command, Paired, cache, middle, paired, peak_together, run
from trees import DJANGO, HOME_ASSISTANT, commit_all, git, is_whole, made_up, note_whole, tree

if TYPE_CHECKING:
    from collections.abc import Sequence

HERE = Path(__file__).parent
BIN = Path(sys.executable).parent
REWIRE = str(BIN / "rewire")
RUFF = [str(BIN / "ruff"), "check", "--no-cache", "--quiet"]
COMMITTED = 6000
REWIRE_REF = "refs/rewire/tip"
BAN = ["--select", "TID252", "--config", 'lint.flake8-tidy-imports.ban-relative-imports="all"']
READ_ALL = """
import os, sys
for folder, _, names in os.walk("."):
    for name in names:
        if name.endswith(".py"):
            with open(os.path.join(folder, name), "rb") as file:
                sys.argv[1].encode() in file.read()
"""


@dataclass(frozen=True)
class Row:
    """One line of the table. ``limit`` is on the ratio of wall times, or on the figure itself."""

    work: str
    ours: str
    peer: str
    ratio: float
    limit: float
    unit: str = "x"

    @property
    def kept(self) -> bool:
        """True if the figure is within its limit."""
        return self.ratio <= self.limit


def dry_run(place: Path, *codemods: str, cache: Path | None = None) -> Command:
    """A dry run of some codemods (none: all) over ``place``, with a cache in a folder or without any."""
    selected = [word for name in codemods for word in ("--select", name)]
    arguments = [REWIRE, "apply", "--dry-run", "--quiet", *selected, *([] if cache else ["--no-cache"]), "."]
    return Command("rewire", arguments, place, (0, 3), environment={"REWIRE_CACHE_DIR": str(cache)} if cache else None)


def read_all(place: Path, needle: str) -> Command:
    """The physical limit: a Python process that reads all Python files and searches their bytes, and does no more."""
    return Command("read", [sys.executable, "-c", READ_ALL, needle], place)


def ruff(place: Path, *selection: str) -> Command:
    """A lint run over ``place``."""
    return Command("ruff", [*RUFF, *selection, "."], place, exits=(0, 1))


def shown(seconds: float, cpu: float) -> str:
    """Wall and CPU seconds."""
    return f"{seconds:.2f} s ({cpu:.2f} CPU)"


def compared(work: str, pair: Paired, limit: float) -> Row:
    """The row of a paired measurement."""
    return Row(work, shown(pair.ours.wall, pair.ours.cpu), shown(pair.peer.wall, pair.peer.cpu), pair.ratio, limit)


def measure_relative_imports(chosen: argparse.Namespace) -> list[Row]:
    """27,497 statements to look at. Peer: ruff TID252 with all relative imports banned, which reports each of them."""
    place = tree(chosen.home_assistant)
    cold = dry_run(place, "relative-imports")
    pair = paired(cold, ruff(place, *BAN), chosen.runs)
    together = peak_together(cold) / 1e6
    limit = paired(cold, read_all(place, "homeassistant"), 3)
    return [
        compared("dry run, relative-imports, Home Assistant; peer: ruff TID252", pair, 3.0),
        Row("the same, peak memory of all processes", f"{together:.0f} MB", "", together, 300, " MB"),
        compared("the same; peer: read and search all bytes (the physical limit)", limit, math.inf),
    ]


def measure_warm(chosen: argparse.Namespace) -> list[Row]:
    """The same dry run once more, with a cache that the first one filled; and the first one, which fills it."""
    place = tree(chosen.home_assistant)
    folder = cache() / "warm"
    warm = dry_run(place, "relative-imports", cache=folder)
    pair = paired(warm, ruff(place, *BAN), chosen.runs)
    filling = replace(warm, prepare=partial(shutil.rmtree, folder, ignore_errors=True))
    return [
        compared("the same, warm cache; peer: ruff TID252", pair, 0.5),
        compared(
            "the same, filling an empty cache; peer: ruff TID252", paired(filling, ruff(place, *BAN), 3), math.inf
        ),
    ]


def measure_no_candidate(chosen: argparse.Namespace) -> list[Row]:
    """All four codemods where there is nothing to do: what reading and searching cost. Peer: ruff F401."""
    rows = []
    for repository, where in ((True, "in a git repository"), (False, "outside git")):
        place = without_candidates(chosen.home_assistant, repository=repository)
        pair = paired(dry_run(place), ruff(place, "--select", "F401"), chosen.runs)
        limit = paired(dry_run(place), read_all(place, "asyncpg"), 3)
        rows += [
            compared(f"dry run, all codemods, no candidate, {where}; peer: ruff F401", pair, 0.7),
            compared("the same; peer: read and search all bytes (the physical limit)", limit, math.inf),
        ]
    return rows


def without_candidates(what: str, *, repository: bool) -> Path:
    """Home Assistant when all is done: imports made relative, the few files with anything else to find taken out."""
    source = tree(what)
    place = source.with_name(source.name + (".done" if repository else ".done.plain"))
    if is_whole(place):
        return place
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(source, place, ignore=shutil.ignore_patterns(".git"))
    run(Command("rewire", [REWIRE, "apply", "--quiet", "--no-commit", "--no-cache", "."], place, (0, 3)))
    for path in place.rglob("*.py"):
        if any(word in path.read_bytes() for word in (b"asyncpg", b"sqlalchemy", b"create_engine")):
            path.unlink()
    report = subprocess.run(
        [REWIRE, "apply", "--check", "--format", "json", "--no-cache", "."], cwd=place, capture_output=True, check=False
    )
    left = {refusal["path"] for outcome in json.loads(report.stdout)["codemods"] for refusal in outcome["refusals"]}
    for path in left:
        (place / path).unlink()
    if repository:
        commit_all(place)
    note_whole(place)
    return place


def measure_libcst(chosen: argparse.Namespace) -> list[Row]:
    """Peer: libcst.tool with a transform that makes ``from`` imports relative, once."""
    place = tree(chosen.django)
    plain = tree(chosen.django, repository=False)
    configuration = ["generated_code_marker: '@generated'", "formatter: ['cat']", f"modules: ['{HERE.name}']"]
    (plain / ".libcst.codemod.yaml").write_text("\n".join([*configuration, f"repo_root: '{plain}'", ""]))
    arguments = [sys.executable, "-m", "libcst.tool", "codemod", "--no-format", "relative_peer.MakeRelative", "django"]
    peer = Command("libcst.tool", arguments, plain, environment={"PYTHONPATH": str(HERE.parent)})
    once = run(peer)
    ours = paired(dry_run(place, "relative-imports"), dry_run(place, "relative-imports"), chosen.runs).ours
    name = "dry run, relative-imports, Django; peer: libcst.tool codemod (one run)"
    return [Row(name, shown(ours.wall, ours.cpu), shown(once.wall, once.cpu), ours.wall / once.wall, 1 / 50)]


def measure_copies(chosen: argparse.Namespace) -> list[Row]:
    """Ten copies of a tree against one: time must grow as the tree does."""
    one = tree(chosen.django)
    ten = one.with_name(one.name + ".ten")
    if not (ten / ".git").exists():
        for number in range(10):
            shutil.copytree(one / "django", ten / f"copy{number}" / "django")
        git(ten, "init", "--quiet")
        git(ten, "add", "--all", "--force")
        git(ten, "commit", "--quiet", "--message", "ten copies")
    pair = paired(dry_run(ten, "relative-imports"), dry_run(one, "relative-imports"), chosen.runs)
    return [compared("ten copies of Django; peer: one of them", pair, 11.0)]


def measure_commits(chosen: argparse.Namespace) -> list[Row]:
    """Four commits of 6,000 files each, all that leads to them included. Peer: ``git commit -a`` of the same trees."""
    place = made_up(COMMITTED, "four")
    start = git(place, "rev-list", "--max-parents=0", "HEAD").strip()
    steps = [f"{REWIRE_REF}~{back}" for back in (3, 2, 1, 0)]
    plugin = install_words(cache() / "four_words")
    selected = [word for name in WORDS for word in ("--select", name)]
    ours = Command(
        "rewire",
        [REWIRE, "apply", "--quiet", "--no-cache", *selected, "."],
        place,
        prepare=partial(git, place, "reset", "--quiet", "--hard", start),
        environment={"PYTHONPATH": str(plugin)},
    )
    dry = replace(ours, arguments=[*ours.arguments, "--dry-run"])
    found = [run(ours) for _ in range(chosen.runs)]
    thought = [run(dry) for _ in range(3)]
    trees = [git(place, "rev-parse", step).strip() for step in steps]
    peers = [_commit_four(place, trees) for _ in range(chosen.runs)]
    whole, dried, peer = middle(found), middle(thought), median(peers)
    delivered = whole.wall - dried.wall
    work = f"apply, four commits over {COMMITTED:,} files"
    return [
        Row(
            f"{work}; peer: git commit -a, four times",
            shown(whole.wall, whole.cpu),
            f"{peer:.2f} s",
            whole.wall / peer,
            2,
        ),
        Row(
            "the commits alone (a dry run's time taken off)", f"{delivered:.2f} s", f"{peer:.2f} s", delivered / peer, 2
        ),
    ]


def _commit_four(source: Path, trees: Sequence[str]) -> float:
    """Seconds that ``git commit -a`` takes for the four trees, each laid into the work tree of a repository that has
    none of their objects yet.
    """
    place = made_up(COMMITTED, "four-by-hand")
    start = git(place, "rev-list", "--max-parents=0", "HEAD").strip()
    git(place, "reset", "--quiet", "--hard", start)
    git(place, "reflog", "expire", "--expire=now", "--all")
    git(place, "prune", "--expire=now")
    identity = ["-c", "user.name=B", "-c", "user.email=b@example.org", "-c", "gc.auto=0"]
    spent = 0.0
    for one in trees:
        archive = subprocess.run(["git", "archive", one], cwd=source, capture_output=True, check=True).stdout
        subprocess.run(["tar", "-x", "-m"], cwd=place, input=archive, check=True)
        spent += run(Command("git commit", ["git", *identity, "commit", "-qam", "step"], place)).wall
    return spent


def measure_start(chosen: argparse.Namespace) -> list[Row]:
    """What a user waits for before anything happens, over ``python -c pass``."""
    bare = Command("python", [sys.executable, "-c", "pass"], HERE)
    rows = []
    for option, limit in (("--version", 60), ("--help", 150)):
        pair = paired(Command("rewire", [REWIRE, option], HERE), bare, max(chosen.runs, 9))
        over = (pair.ours.wall - pair.peer.wall) * 1000
        ours, peer = f"{pair.ours.wall * 1000:.0f} ms", f"{pair.peer.wall * 1000:.0f} ms"
        rows.append(Row(f"rewire {option}; over python -c pass", ours, peer, over, limit, " ms"))
    return rows


ROWS = {
    "start": measure_start,
    "relative-imports": measure_relative_imports,
    "warm": measure_warm,
    "no-candidate": measure_no_candidate,
    "libcst": measure_libcst,
    "copies": measure_copies,
    "commits": measure_commits,
}


def table(rows: list[Row]) -> str:
    """The rows as a Markdown table."""
    lines = ["| work | rewire | peer | figure | at most | |", "| --- | --- | --- | --- | --- | --- |"]
    for row in rows:
        figure = f"{row.ratio:.3g}{row.unit}"
        limit = "" if row.limit == math.inf else f"{row.limit:.3g}{row.unit}"
        verdict = "" if row.kept else "**over**"
        lines.append(f"| {row.work} | {row.ours} | {row.peer} | {figure} | {limit} | {verdict} |")
    return "\n".join(lines)


def main() -> int:
    """Measure what was asked for and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", nargs="*", metavar="ROW", help=f"of {', '.join(ROWS)}; default: all")
    parser.add_argument("--runs", type=int, default=5, help="pairs of runs a row; default: 5")
    parser.add_argument("--home-assistant", default=HOME_ASSISTANT, help="wheel, sdist, folder or requirement")
    parser.add_argument("--django", default=DJANGO, help="wheel, sdist, folder or requirement")
    chosen = parser.parse_args()
    if unknown := set(chosen.rows) - set(ROWS):
        parser.error(f"no row {min(unknown)!r}; there are {', '.join(ROWS)}")
    rows: list[Row] = []
    for name in chosen.rows or ROWS:
        rows += ROWS[name](chosen)
        print(table(rows[-1:]).splitlines()[-1], file=sys.stderr, flush=True)
    print(table(rows))
    return 0 if all(row.kept for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
