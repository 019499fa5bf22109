"""The projects of the fixtures, laid out on disk before and after the conversion, and ways to run them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from rewire_codemods.engine_init.codemod import EngineInit

from rewire.testing import rewrite

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rewire.testing import Trial

FIXTURES = Path(__file__).parents[2] / "fixtures" / "engine_init"


def files_of(name: str) -> dict[str, bytes]:
    """A fixture project's files as they are before."""
    root = FIXTURES / name / "before"
    paths = sorted(path for path in root.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in paths}


def lay_out(root: Path, files: Mapping[str, bytes]) -> Path:
    """Write the files below ``root``."""
    for path, data in files.items():
        place = root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
    return root


def converted(name: str) -> Trial:
    """The fixture project after engine-init, in memory."""
    return rewrite(EngineInit, files_of(name))


def environment(url: str = "") -> dict[str, str]:
    """The variables of a child: nothing of ours but the path of the interpreter's own packages."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR", "LANG") if name in os.environ}
    return {
        **kept,
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONWARNINGS": "ignore",
        **({"DATABASE_URL": url} if url else {}),
    }


def start(root: Path, *command: str, url: str = "") -> subprocess.Popen[str]:
    """Start Python in the project's own directory; what it prints, errors too, can be read from ``stdout``."""
    return subprocess.Popen(
        [sys.executable, *command],
        cwd=root,
        env=environment(url),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def suite(files: Mapping[str, bytes]) -> list[str]:
    """The project's own test modules."""
    return [path for path in files if path.rpartition("/")[2].startswith("test_")]


def start_tests(root: Path, *paths: str, url: str = "") -> subprocess.Popen[str]:
    """The project's own tests in a process of their own, with a fresh SQLite file unless ``url`` says otherwise."""
    for database in root.rglob("*.db"):
        database.unlink()
    return start(root, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *paths, url=url)


def finish(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Exit code and output of a process that ends by itself."""
    output, _ = process.communicate(timeout=120)
    return process.returncode, output
