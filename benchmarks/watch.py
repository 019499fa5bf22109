"""From a save to its diff: the time until ``rewire apply --dry-run --watch`` shows what a saved file newly holds.

    python benchmarks/watch.py                              over Home Assistant, all imports made relative before
    python benchmarks/watch.py --home-assistant WHEEL       a wheel, sdist or folder at hand instead

Needs rewire with the extra ``watch`` beside this Python. Prints the median of eight saves.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path
from statistics import median

from measure import cache
from speed import REWIRE, without_candidates
from trees import HOME_ASSISTANT

SAVED = Path("homeassistant", "components", "sun", "sensor.py")
SAVES = 8
PATIENCE = 30.0


class Screen:
    """What a watching run has printed so far."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._printed = bytearray()
        self._changed = threading.Condition()
        threading.Thread(target=self._read, args=(process,), daemon=True).start()

    def _read(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        while data := os.read(process.stdout.fileno(), 1 << 16):
            with self._changed:
                self._printed += data
                self._changed.notify_all()

    def wait_for(self, words: bytes) -> None:
        """Until ``words`` are printed. Raises TimeoutError after 30 s."""
        with self._changed:
            if not self._changed.wait_for(lambda: words in self._printed, PATIENCE):
                raise TimeoutError(f"{words!r} was not printed: {bytes(self._printed[-400:])!r}")


def measure(place: Path) -> list[float]:
    """Seconds of each save, the first one after everything was looked at once."""
    command = [REWIRE, "apply", "--dry-run", "--watch", "--select", "relative-imports", "."]
    environment = {**os.environ, "REWIRE_CACHE_DIR": str(cache() / "watch")}
    file = place / SAVED
    text = file.read_text()
    found = []
    with subprocess.Popen(
        command, cwd=place, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment
    ) as process:
        screen = Screen(process)
        try:
            screen.wait_for(b"watching")
            for number in range(SAVES + 1):
                time.sleep(3)  # what is younger than two seconds is not remembered
                word = f"saved_{number}_"
                started = time.perf_counter()
                file.write_text(f"{text}\n\nfrom homeassistant import const as {word}\n")
                screen.wait_for(word.encode())
                found.append(time.perf_counter() - started)
        finally:
            file.write_text(text)
            process.terminate()
    return found[1:]


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home-assistant", default=HOME_ASSISTANT, help="a requirement, wheel, sdist or folder")
    place = without_candidates(parser.parse_args().home_assistant, repository=True)
    shutil.rmtree(cache() / "watch", ignore_errors=True)
    found = measure(place)
    print(
        f"from a save to its diff: {median(found):.2f} s ({min(found):.2f} to {max(found):.2f} s, {len(found)} saves)"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
