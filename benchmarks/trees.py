"""The code to measure on: a wheel or sdist that pip fetches into the cache, or any folder that the caller names."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

from measure import cache

HOME_ASSISTANT = "homeassistant==2024.3.3"
DJANGO = "django==5.2.19"


def tree(what: str | Path, *, repository: bool = True) -> Path:
    """A work tree that holds ``what``: a folder (copied), a wheel or sdist file, or a requirement that pip fetches.

    Lies in the cache; in a git repository of its own with one commit, unless ``repository`` is False.
    """
    source = Path(what)
    if not source.exists():
        source = _fetch(str(what))
    name = source.name.removesuffix(".whl").removesuffix(".gz").removesuffix(".tar")
    place = cache() / "trees" / (name if repository else f"{name}.plain")
    if not is_whole(place):
        shutil.rmtree(place, ignore_errors=True)
        _unpack(source, place)
        if repository:
            commit_all(place)
        note_whole(place)
    return place


def is_whole(place: Path) -> bool:
    """True for a tree that was made to its end."""
    return place.is_dir() and _mark(place).exists()


def note_whole(place: Path) -> None:
    """Say so of a tree; beside it, so that nothing is in it that is not its own."""
    _mark(place).touch()


def _mark(place: Path) -> Path:
    return place.with_name(f"{place.name}.complete")


def _fetch(requirement: str) -> Path:
    """The distribution's file in the cache, fetched with pip where it is not there yet."""
    folder = cache() / "distributions"
    folder.mkdir(exist_ok=True)
    stem = requirement.replace("==", "-").replace("_", "-").lower()
    found = [path for path in folder.iterdir() if path.name.replace("_", "-").lower().startswith(stem)]
    if not found:
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--ignore-requires-python"]
        subprocess.run([*pip, "--dest", str(folder), requirement], check=True)
        return _fetch(requirement)
    return found[0]


def _unpack(source: Path, place: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, place, symlinks=True, ignore=shutil.ignore_patterns(".git", "__pycache__"))
    elif source.suffix == ".whl":
        with zipfile.ZipFile(source) as archive:
            archive.extractall(place)
    else:
        place.mkdir(parents=True)
        with tarfile.open(source) as archive:
            archive.extractall(place, filter="data")


def commit_all(place: Path) -> None:
    """Make ``place`` a repository with all its files in one commit."""
    git(place, "init", "--quiet")
    git(place, "add", "--all", "--force")
    git(place, "commit", "--quiet", "--message", "the tree as it was")


def git(place: Path, *arguments: str) -> str:
    """Run git in ``place`` with an identity of our own and nobody's configuration."""
    identity = ["-c", "user.name=Benchmark", "-c", "user.email=benchmark@example.org", "-c", "gc.auto=0"]
    command = ["git", *identity, *arguments]
    done = subprocess.run(command, cwd=place, check=True, capture_output=True, text=True, env=_git_environment())
    return done.stdout


def _git_environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return {**kept, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}


def made_up(files: int, name: str = "made-up-shop") -> Path:
    """A made-up package of ``files`` modules that import each other absolutely, every tenth by its dotted name: always
    the same bytes.
    """
    place = cache() / "trees" / f"{name}-{files}"
    if is_whole(place):
        return place
    shutil.rmtree(place, ignore_errors=True)
    for number in range(files):
        folder = place / "shop" / f"part{number % 40}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "__init__.py").touch()
        (folder / f"module{number}.py").write_text(_module(number, files))
    (place / "shop" / "__init__.py").touch()
    (place / "main.py").write_text("from shop.part0 import module0\n\nmodule0.run(1)\n")
    commit_all(place)
    note_whole(place)
    return place


def _module(number: int, files: int) -> str:
    other = (number * 7 + 1) % files
    where = f"shop.part{other % 40}"
    dotted = number % 10 == 0
    imported = f"import {where}.module{other}" if dotted else f"from {where} import module{other}"
    called = f"{where}.module{other}" if dotted else f"module{other}"
    lines = [f'"""Module {number}."""', "", "import os", imported, ""]
    for index in range(12):
        lines += [
            "",
            f"def step{index}(value: int, *, scale: float = {index}.5) -> dict[str, object]:",
            f'    """Step {index} of {number}: {{"value": value}}."""',
            f"    # remember where we are: {index}",
            f'    found = {{"name": f"{{value!r:>{{scale}}}}", "path": os.path.join("a", \'b{index}\')}}',
            f"    if value > {index}:",
            f'        found["next"] = {called}.step{index}(value - 1, scale=scale)',
            "    return found",
            "",
        ]
    lines += ["", "def run(value: int) -> None:", "    print(step0(value))", ""]
    return "\n".join(lines)
