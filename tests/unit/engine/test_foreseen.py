"""foreseen: a run with much to rewrite leaves LibCST to its workers, with the same bytes as a result."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux forks")

RUN = """
import json, os, sys
import rewire.zygote
from rewire.__main__ import main

made = []
begin = rewire.zygote.Zygote.__init__
def note(self, *arguments):
    begin(self, *arguments)
    made.append(self)
rewire.zygote.Zygote.__init__ = note
code = main(sys.argv[1:])
sys.stdout.flush()
json.dump([code, len(made), "libcst" in sys.modules, "rewire.project.boot.simulate" in sys.modules], sys.stderr)
"""


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("package")
    (root / "pyproject.toml").write_text("[project]\nname = 'shop'\nversion = '1'\n")
    (root / "shop").mkdir()
    (root / "shop" / "__init__.py").write_text("")
    for number in range(300):
        text = f"from shop.m{(number + 1) % 300} import go as following\nimport shop.m0 as first\n\n\ndef go(): ...\n"
        (root / "shop" / f"m{number}.py").write_text(text)
    return root


def run(package: Path, *words: str) -> tuple[bytes, list[object]]:
    command = [sys.executable, "-c", RUN, "apply", "--dry-run", "--quiet", *words, "--select", "relative-imports", "."]
    environment = {**os.environ, "REWIRE_CACHE_DIR": str(package.parent / "cache")}
    done = subprocess.run(command, cwd=package, capture_output=True, env=environment, check=True)
    return done.stdout, json.loads(done.stderr)


def test_with_two_jobs_this_process_has_neither_libcst_nor_the_simulator_and_the_patch_is_the_same(
    package: Path,
) -> None:
    alone, (code, made, loaded, simulates) = run(package, "--jobs", "1", "--no-cache")
    assert (code, made, loaded, simulates) == (0, 0, True, False)
    assert alone.count(b"+from .m") == 300
    spread, (code, made, loaded, simulates) = run(package, "--jobs", "2", "--no-cache")
    assert (code, made, loaded, simulates) == (0, 1, False, False)
    assert spread == alone


def test_a_run_without_candidates_foresees_nothing(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    for number in range(300):
        (tmp_path / "shop" / f"m{number}.py").write_text("import os\n")
    _, (_, made, loaded, _) = run(tmp_path, "--jobs", "2", "--no-cache")
    assert (made, loaded) == (0, False)
