"""Whether two processes would give the same bytes: the same Python, libraries, rewire and codemods.

The code is compared by its content, not by its version: an editable installation changes without a new number.
"""

from __future__ import annotations

import platform
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

LIBRARIES = ("libcst", "fissix", "msgspec", "pathspec", "ahocorasick-rs")
"""The libraries that have a say in what is located, rewritten or accepted."""

CODE = "the code of "


def identity(asked: tuple[str, ...]) -> dict[str, str]:
    """What this process answers to each question of ``asked``; "" where there is no such thing here."""
    return {question: _answer(question) for question in asked}


def questions(packages: tuple[str, ...]) -> tuple[str, ...]:
    """What makes out whether work of ``packages`` (the codemods') gives the same bytes elsewhere."""
    return ("Python", *LIBRARIES, *(CODE + package for package in ("rewire", *packages)))


def difference(expected: Mapping[str, str], found: Mapping[str, str]) -> str:
    """How the one who answered ``found`` differs, as the rest of a sentence about it; "" if it does not."""
    for question, answer in expected.items():
        there = found.get(question, "")
        if there == answer:
            continue
        if not there:
            return f"has no {question.removeprefix(CODE)}"
        if question.startswith(CODE):
            return f"has other code of {question.removeprefix(CODE)} than this process"
        return f"runs {question} {there}, this process {answer}"
    return ""


@lru_cache(maxsize=64)
def _answer(question: str) -> str:
    """Kept for the life of the process: what it has loaded does not change with its files."""
    if question == "Python":
        return f"{platform.python_version()} ({platform.python_implementation()})"
    if question.startswith(CODE):
        return _digest(question.removeprefix(CODE))
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(question)
    except PackageNotFoundError:
        return ""


def _digest(package: str) -> str:
    """A digest of the Python files of ``package``: their names below it, and their bytes."""
    from importlib.util import find_spec

    try:
        spec = find_spec(package)
    except ModuleNotFoundError:
        return ""
    if spec is None:
        return ""
    digest = blake2b(digest_size=16)
    if not spec.submodule_search_locations:
        return blake2b(Path(spec.origin or "").read_bytes(), digest_size=16).hexdigest()
    for folder in map(Path, spec.submodule_search_locations):
        for file in sorted(folder.rglob("*.py")):
            data = file.read_bytes()
            digest.update(f"{file.relative_to(folder).as_posix()}\0{len(data)}\0".encode())
            digest.update(data)
    return digest.hexdigest()
