"""rewire as users run it: a process of its own, piped or on a terminal."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from support import plugin

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


@dataclass(frozen=True)
class Done:
    """A finished command: its exit code, what it put on stdout, byte for byte, and on stderr."""

    code: int
    out: bytes
    err: str

    @property
    def text(self) -> str:
        """stdout as text."""
        return self.out.decode()


class Command:
    """Runs rewire in ``folder`` with the example plug-in (``logger-warning``) installed beside the built-ins."""

    def __init__(self, folder: Path, site: Path) -> None:
        self.folder = folder
        plugin.install(site)
        self.environment = {
            **{name: value for name, value in os.environ.items() if name not in {"NO_COLOR", "FORCE_COLOR", "TERM"}},
            "PYTHONPATH": os.pathsep.join([str(site), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep),
            "COLUMNS": "100",
            "REWIRE_CACHE_DIR": str(site / "cache"),
        }

    def words(self, *arguments: str) -> Sequence[str]:
        """The command line."""
        return [sys.executable, "-m", "rewire", *arguments]

    def __call__(self, *arguments: str, **environment: str) -> Done:
        """Run with pipes and wait."""
        done = subprocess.run(
            self.words(*arguments),
            cwd=self.folder,
            env=self.environment | environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=120,
        )
        return Done(done.returncode, done.stdout, done.stderr.decode())

    def on_terminal(self, *arguments: str, **environment: str) -> Done:
        """Run with stdout and stderr on one terminal and wait; everything seen there is ``out``."""
        ours, theirs = pty.openpty()
        process = subprocess.Popen(
            self.words(*arguments),
            cwd=self.folder,
            env=self.environment | {"TERM": "xterm"} | environment,
            stdin=subprocess.DEVNULL,
            stdout=theirs,
            stderr=theirs,
        )
        os.close(theirs)
        seen = b""
        while True:
            try:
                piece = os.read(ours, 65536)
            except OSError:  # the other end is closed
                break
            if not piece:
                break
            seen += piece
        os.close(ours)
        return Done(process.wait(120), seen.replace(b"\r\n", b"\n"), "")
