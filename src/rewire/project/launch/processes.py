"""Programs that the project's own code starts: ``subprocess.run([sys.executable, "worker.py"])``."""

from __future__ import annotations

import posixpath
from dataclasses import replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from rewire.project.boot.evaluate import Evaluator
from rewire.project.boot.finder import entry_file
from rewire.project.boot.tree import HOME, under
from rewire.project.boot.values import External
from rewire.project.launch.command import read_command, read_words
from rewire.project.launch.constants import constants
from rewire.project.launch.starting import find_starts

if TYPE_CHECKING:
    import ast
    from collections.abc import Callable

    from rewire.model.project import Launch
    from rewire.project.boot.tree import Files
    from rewire.project.launch.command import Evidence


def read_processes(path: str, text: str, files: Files, evidence: Evidence) -> list[Launch]:
    """The launch contexts of processes that a Python file starts with words that are written out."""
    starts = find_starts(text)
    if starts is None:
        return []
    tree, calls = starts
    own = under(HOME, posixpath.dirname(path))
    evaluator = Evaluator(evidence.tree, HOME, (3, 11), {})
    look = constants(tree, evaluator, under(HOME, path))
    found: list[Launch] = []
    for node in calls:
        folder = next((evaluator.value(key.value, look) for key in node.keywords if key.arg == "cwd"), None)
        folders = [str(folder)] if isinstance(folder, str | PurePosixPath) else [HOME, own]
        started = _words(node, evaluator, look)
        candidates = [
            _read(started, replace(evidence, cwd=under(HOME, place), here=own, line=node.lineno)) for place in folders
        ]
        found += max(candidates, key=lambda launches: sum(entry_file(one, files) is not None for one in launches))
    return found


def _read(started: Any, evidence: Evidence) -> list[Launch]:
    if isinstance(started, str):
        return read_command(started, evidence)
    return read_words(tuple(started), evidence) if started else []


def _words(node: ast.Call, evaluator: Evaluator, look: Callable[[tuple[str, ...]], Any]) -> str | list[str]:
    """The command of a call: a text for a shell, or words; words that are not known end the list."""
    first = node.args[0]
    value = evaluator.value(first, look)
    if isinstance(value, str) and len(node.args) == 1:
        return value
    parts = value if isinstance(value, list | tuple) else [evaluator.value(part, look) for part in node.args]
    if parts and isinstance(parts[0], list):
        parts = parts[0]
    words: list[str] = []
    for part in parts:
        if isinstance(part, External) and part.name == "sys.executable":
            words.append("python")
        elif isinstance(part, str | int | PurePosixPath):
            words.append(str(part))
        else:
            break
    return words
