"""How the plan of relative-imports grows: generated packages of up to 5,000 modules, locate and plan timed apart.

    python benchmarks/plan_scaling.py [--most 5000]

Linear growth shows as a constant in the last column (microseconds a statement).
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from rewire import read, registry
from rewire.model.source import SourceFile
from rewire.model.workspace import Workspace
from rewire.project.index import ProjectIndex

PER_FOLDER = 50
IMPORTS = 8


def generate(place: Path, count: int) -> list[str]:
    """``count`` modules in packages of fifty, each with eight imports of others; gives their paths."""
    paths = []
    for number in range(count):
        folder = place / "big" / f"p{number // PER_FOLDER:04}"
        folder.mkdir(parents=True, exist_ok=True)
        lines = ["import os\n"]
        for step in range(IMPORTS):
            other = (number * 7 + step * 131 + 1) % count
            lines.append(f"from big.p{other // PER_FOLDER:04}.m{other:05} import f{other} as f_{step}\n")
        lines.append(f"def f{number}():\n    return os\n")
        (folder / f"m{number:05}.py").write_text("".join(lines))
        (folder / "__init__.py").touch()
        paths.append(f"big/{folder.name}/m{number:05}.py")
    (place / "big" / "__init__.py").touch()
    return sorted([*paths, "big/__init__.py", *{f"{path.rpartition('/')[0]}/__init__.py" for path in paths}])


def measure(count: int) -> tuple[int, float, float]:
    """(statements planned, seconds to locate, seconds to plan)."""
    codemod = registry.load().get("relative-imports")
    options = codemod.options_type()
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch)
        paths = generate(place, count)
        project = ProjectIndex(Workspace(place, tuple(paths)))
        markers = codemod.markers(project, options)
        sources = [source for path in paths if isinstance(source := read.read(place, path), SourceFile)]
        started = time.perf_counter()
        facts = {source.path: found for source in sources if (found := codemod.locate(source, markers, options))}
        located = time.perf_counter()
        plan = codemod.plan(facts, project, options)
        done = time.perf_counter()
    assert not plan.refusals
    return len(plan.sites), located - started, done - located


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--most", type=int, default=5000)
    most = parser.parse_args().most
    print(f"{'modules':>8} {'statements':>11} {'locate s':>9} {'plan s':>8} {'plan us/statement':>18}")
    for count in (most // 16, most // 8, most // 4, most // 2, most):
        statements, locate, plan = measure(count)
        print(f"{count:8} {statements:11} {locate:9.2f} {plan:8.2f} {plan / statements * 1e6:18.1f}")


if __name__ == "__main__":
    main()
