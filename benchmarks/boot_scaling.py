"""How the static boot's cost grows: generated packages of N modules, CPU seconds and peak memory for each N.

    python benchmarks/boot_scaling.py [625 1250 2500 5000]

Each module imports up to five others and holds six functions and six classes. Exit 1 if the last package costs more a
module than twice what the first one did.
"""

from __future__ import annotations

import random
import resource
import sys
import time
from itertools import pairwise

from rewire.model.source import SourceFile, digest_of
from rewire.project.boot.simulate import Simulator
from rewire.project.launch.read import read_all

_BODY = "\n".join(
    f"def f{i}(a, b=1, *args):\n    '''One of six.'''\n    x = a.call(b, [1, 2, 3])\n    return x.value + f'{{b}}'\n\n"
    f"class C{i}:\n    y: int = 3\n    def m(self):\n        return self.y\n"
    for i in range(6)
)


class Generated:
    """A package of ``count`` modules in folders of fifty, with a server and a script that load them all."""

    def __init__(self, count: int) -> None:
        draw = random.Random(count)
        folders = max(1, count // 50)
        name = [f"pkg.p{i % folders}.m{i // folders}" for i in range(count)]
        self._texts = {"pkg/__init__.py": "", "Procfile": "web: uvicorn pkg.main:app\njob: python -m pkg.main\n"}
        for folder in range(folders):
            self._texts[f"pkg/p{folder}/__init__.py"] = ""
        for i in range(count):
            wanted = draw.sample(range(i), min(i, 5))
            lines = [f"from {name[j]} import f{draw.randrange(6)} as g{n}\n" for n, j in enumerate(wanted)]
            path = name[i].replace(".", "/") + ".py"
            self._texts[path] = "import os, sys, typing\n" + "".join(lines) + _BODY + "\ndef late():\n    import pkg\n"
        self._texts["pkg/main.py"] = "".join(f"import {one}\n" for one in name) + "app = 1\n"
        self.size = sum(map(len, self._texts.values()))
        self._sources = {
            path: SourceFile(path, text, "utf-8", False, "\n", digest_of(text.encode()))
            for path, text in self._texts.items()
        }

    @property
    def paths(self) -> list[str]:
        """The Python files."""
        return [path for path in self.files() if path.endswith(".py")]

    def files(self) -> list[str]:
        """Every file."""
        return sorted(self._texts)

    def read_text(self, path: str) -> str | None:
        """A file's text."""
        return self._texts.get(path)

    def source(self, path: str) -> SourceFile | None:
        """A Python file."""
        return self._sources.get(path)


def main(words: list[str]) -> int:
    """Print a line for each size."""
    each: list[float] = []
    print("modules    MB   launches s   first boot s   second boot s   ms a module   peak MB")
    for count in [int(word) for word in words] or [625, 1250, 2500, 5000]:
        project = Generated(count)
        marks = [time.process_time()]
        launches = read_all(project)  # type: ignore[arg-type]
        marks.append(time.process_time())
        simulator = Simulator(project)  # type: ignore[arg-type]
        for launch in launches:
            assert simulator.boot(launch).boots
            marks.append(time.process_time())
        read, first, second = (later - earlier for earlier, later in pairwise(marks))
        each.append(first / count)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(
            f"{count:7} {project.size / 1e6:5.1f} {read:12.2f} {first:14.2f} {second:15.2f} "
            f"{1000 * first / count:13.2f} {peak:9}",
            flush=True,
        )
    return 1 if each[-1] > 2 * each[0] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
