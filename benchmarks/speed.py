"""Whole-process speed, each row beside its peer in the same run; a table with medians and ratios.

    python benchmarks/speed.py                         everything; wheels are fetched into the cache
    python benchmarks/speed.py --home-assistant WHEEL  a wheel, sdist or folder at hand instead
    python benchmarks/speed.py connect-timeout start   some rows

Needs rewire and ruff beside this Python. Exits 1 if a ratio is over its limit.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from measure import Command, Paired, paired, peak_together, run
from trees import DJANGO, HOME_ASSISTANT, git, tree

HERE = Path(__file__).parent
BIN = Path(sys.executable).parent
REWIRE = str(BIN / "rewire")
RUFF = [str(BIN / "ruff"), "check", "--no-cache", "--quiet"]
BAN = ["--select", "TID252", "--config", 'lint.flake8-tidy-imports.ban-relative-imports="all"']
READ_ALL = """
import os
for folder, _, names in os.walk("."):
    for name in names:
        if name.endswith(".py"):
            b"asyncpg" in open(os.path.join(folder, name), "rb").read()
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


def dry_run(place: Path, *codemods: str) -> Command:
    """A dry run of some codemods over ``place``."""
    selected = [word for name in codemods for word in ("--select", name)]
    return Command("rewire", [REWIRE, "apply", "--dry-run", "--quiet", *selected, "."], place, exits=(0, 3))


def ruff(place: Path, *selection: str) -> Command:
    """A lint run over ``place``."""
    return Command("ruff", [*RUFF, *selection, "."], place, exits=(0, 1))


def shown(seconds: float, cpu: float) -> str:
    """Wall and CPU seconds."""
    return f"{seconds:.2f} s ({cpu:.2f} CPU)"


def compared(work: str, pair: Paired, limit: float) -> Row:
    """The row of a paired measurement."""
    return Row(work, shown(pair.ours.wall, pair.ours.cpu), shown(pair.peer.wall, pair.peer.cpu), pair.ratio, limit)


def measure_connect_timeout(chosen: argparse.Namespace) -> list[Row]:
    """Almost no candidate: what reading and searching cost. Peer: ruff F401."""
    place = tree(chosen.home_assistant)
    pair = paired(dry_run(place, "connect-timeout"), ruff(place, "--select", "F401"), chosen.runs)
    together = peak_together(dry_run(place, "connect-timeout")) / 1e6
    limit = paired(dry_run(place, "connect-timeout"), Command("read", [sys.executable, "-c", READ_ALL], place), 3)
    return [
        compared("dry run, connect-timeout, Home Assistant; peer: ruff F401", pair, 1.0),
        Row("the same, peak memory of all processes", f"{together:.0f} MB", "", together, 200, " MB"),
        compared("the same; peer: read and search all bytes (the physical limit)", limit, 99),
    ]


def measure_relative_imports(chosen: argparse.Namespace) -> list[Row]:
    """27,497 statements to look at. Peer: ruff TID252 with all relative imports banned."""
    place = tree(chosen.home_assistant)
    pair = paired(dry_run(place, "relative-imports"), ruff(place, *BAN), chosen.runs)
    together = peak_together(dry_run(place, "relative-imports")) / 1e6
    return [
        compared("dry run, relative-imports, Home Assistant; peer: ruff TID252", pair, 3.0),
        Row("the same, peak memory of all processes", f"{together:.0f} MB", "", together, 300, " MB"),
    ]


def measure_libcst(chosen: argparse.Namespace) -> list[Row]:
    """Peer: libcst.tool with a transform that makes ``from`` imports relative, once."""
    place = tree(chosen.django)
    plain = tree(chosen.django, repository=False)
    configuration = ["generated_code_marker: '@generated'", "formatter: ['cat']", "modules: ['relative_peer']"]
    (plain / ".libcst.codemod.yaml").write_text("\n".join([*configuration, f"repo_root: '{plain}'", ""]))
    arguments = [sys.executable, "-m", "libcst.tool", "codemod", "--no-format", "relative_peer.MakeRelative", "django"]
    peer = Command("libcst.tool", arguments, plain, exits=(0, 1), environment={"PYTHONPATH": str(HERE)})
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
    """Four commits over thousands of files. Peer: the same four trees by way of ``git commit``."""
    place = tree(chosen.home_assistant)
    start = git(place, "rev-list", "--max-parents=0", "HEAD").strip()
    back = partial(git, place, "reset", "--quiet", "--hard", start)
    ours = Command("rewire", [REWIRE, "apply", "--quiet", "--select", "relative-imports", "."], place, (0, 3), back)
    dry = run(dry_run(place, "relative-imports"))
    pair_of_one = run(ours)
    changed = git(place, "rev-parse", "HEAD").strip()

    def rebuild() -> None:
        git(place, "reset", "--quiet", "--hard", start)
        git(place, "checkout", "--quiet", changed, "--", ".")
        git(place, "reset", "--quiet", "--mixed", start)

    identity = ["-c", "user.name=B", "-c", "user.email=b@example.org"]
    peer = run(Command("git commit", ["git", *identity, "commit", "-qam", "m"], place, prepare=rebuild))
    back()
    spent = max(pair_of_one.wall - dry.wall, 0.0)
    work = "one commit over 6,000 files, the dry run's time taken off; peer: git commit -a"
    return [Row(work, shown(spent, pair_of_one.cpu - dry.cpu), shown(peer.wall, peer.cpu), spent / peer.wall, 2.0)]


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
    "connect-timeout": measure_connect_timeout,
    "relative-imports": measure_relative_imports,
    "libcst": measure_libcst,
    "copies": measure_copies,
    "commits": measure_commits,
}


def table(rows: list[Row]) -> str:
    """The rows as a Markdown table."""
    lines = ["| work | rewire | peer | figure | at most | |", "| --- | --- | --- | --- | --- | --- |"]
    for row in rows:
        figure, limit = f"{row.ratio:.3g}{row.unit}", f"{row.limit:.3g}{row.unit}"
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
