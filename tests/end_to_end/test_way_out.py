"""How the program ends: at once, with everything printed and done that was asked for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import atexit, sys
atexit.register(lambda: print("asked for at the end", file=sys.stderr))
class Late:
    def __del__(self):
        print("taken apart", file=sys.stderr)
late = Late()
sys.argv[1:] = {words!r}
from rewire.__main__ import run
run()
"""


@pytest.mark.parametrize(("words", "code"), [(["--version"], 0), (["apply", "--no-such-option"], 2), (["list"], 0)])
def test_what_was_asked_for_is_done_and_the_memory_is_left_as_it_is(words: list[str], code: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(words=words)], capture_output=True, text=True, check=False
    )
    assert done.returncode == code
    assert bool(done.stdout) == (code == 0)
    assert "asked for at the end" in done.stderr
    assert "taken apart" not in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
def test_a_full_disk_is_not_passed_over() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "rewire", "list"], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode != 0
    assert "No space left on device" in done.stderr
