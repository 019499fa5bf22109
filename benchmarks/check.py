"""A small benchmark for continuous integration: fails where a ratio has doubled, whatever the machine's own speed.

python benchmarks/check.py            measure on a made-up package and compare with baseline.json
python benchmarks/check.py --record   measure and write baseline.json
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from measure import Command, cache, paired
from speed import BAN, REWIRE, dry_run, ruff
from trees import made_up

BASELINE = Path(__file__).with_name("baseline.json")
FILES = 2000
WORSE = 2.0


def ratios(runs: int) -> dict[str, float]:
    """Work -> CPU time over that of its peer in the same run (CPU time, because CI machines are shared)."""
    place = made_up(FILES)
    bare = Command("python", [sys.executable, "-c", "pass"], place)
    pairs = {
        "rewire --version / python -c pass": paired(Command("rewire", [REWIRE, "--version"], place), bare, runs),
        "connect-timeout, nothing to do / ruff F401": paired(
            dry_run(place, "connect-timeout"), ruff(place, "--select", "F401"), runs
        ),
        "relative-imports, warm cache / ruff TID252": paired(
            dry_run(place, "relative-imports", cache=cache() / "check"), ruff(place, *BAN), runs
        ),
        "relative-imports, every file / ruff TID252": paired(
            dry_run(place, "relative-imports"), ruff(place, *BAN), runs
        ),
    }
    return {work: round(pair.cpu_ratio, 2) for work, pair in pairs.items()}


def main() -> int:
    """Compare, or record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--record", action="store_true")
    parser.add_argument("--runs", type=int, default=5, help="pairs of runs a row; default: 5")
    chosen = parser.parse_args()
    found = ratios(chosen.runs)
    if chosen.record:
        BASELINE.write_text(json.dumps(found, indent=2) + "\n")
    known = json.loads(BASELINE.read_text())
    worse = False
    for work, ratio in found.items():
        over = ratio > WORSE * known[work]
        worse = worse or over
        print(f"{ratio:8.2f}  was {known[work]:8.2f}  {work}{'  <- more than doubled' if over else ''}")
    return 1 if worse else 0


if __name__ == "__main__":
    sys.exit(main())
