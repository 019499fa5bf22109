"""What to run, and on what."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from rewire.codemod.base import Codemod
    from rewire.discover import Discovered
    from rewire.workers import Executor


@dataclass(frozen=True, slots=True)
class Selected:
    """A codemod with its options: the values in force, and those the user set."""

    codemod: Codemod[Any, Any]
    options: Any
    explicit_options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Request:
    """What to run, on what. ``progress(stage, done, total)`` is told how far a stage has come.

    ``rendered``: the result is to hold the net change as a patch. ``settings`` are keyword arguments of
    ``ProjectIndex`` (import roots, the user's own launch contexts). ``cache`` is the file of remembered answers; None:
    nothing is remembered. ``executor`` does the work on files; None: ``jobs`` processes of this machine.
    """

    discovered: Discovered
    codemods: tuple[Selected, ...]
    jobs: int = 1
    rendered: bool = False
    progress: Callable[[str, int, int], None] | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    cache: Path | None = None
    executor: Executor | None = None
