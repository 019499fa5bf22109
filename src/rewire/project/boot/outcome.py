"""What a simulated start comes to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rewire.model.project import Launch


@dataclass(frozen=True, slots=True)
class Trouble:
    """An error at a place, with the text that Python prints.

    ``kind`` is the exception's class; ``path`` and ``line`` the innermost line of the project in the traceback;
    ``chain`` the (path, line) pairs above it, outermost first. ``caught`` is the line of the handler that swallows it.
    ``wanted`` is the dotted name that was not found, where that is the trouble.
    """

    path: str
    line: int
    kind: str
    text: str
    chain: tuple[tuple[str, int], ...] = ()
    caught: int = 0
    wanted: str = ""

    @property
    def message(self) -> str:
        """The last line of the traceback."""
        return f"{self.kind}: {self.text}" if self.kind and self.text else self.kind or self.text


@dataclass(frozen=True, slots=True)
class Loaded:
    """``path`` was executed under module name ``name``; ``later``: only when some function runs."""

    path: str
    name: str
    later: bool = False


@dataclass(frozen=True, slots=True)
class PathEdit:
    """A line that edits ``sys.path``; ``added`` are workspace directories, ``unknown`` if the argument is not known."""

    path: str
    line: int
    added: tuple[str, ...]
    missing: tuple[str, ...] = ()
    unknown: bool = False


@dataclass(frozen=True, slots=True)
class Boot:
    """What happens when ``launch`` starts.

    ``failures`` is empty if it boots; a test run can have one a file, everything else has at most one.
    ``swallowed`` are errors that a handler catches, ``possible`` those behind a condition whose value is not known,
    ``later`` those that wait for a function to run. ``unlike`` are the places (path, line) of an ``import a.b as c``
    where ``from a import b as c`` would not have done the same.
    """

    launch: Launch
    loaded: tuple[Loaded, ...]
    failures: tuple[Trouble, ...] = ()
    swallowed: tuple[Trouble, ...] = ()
    possible: tuple[Trouble, ...] = ()
    later: tuple[Trouble, ...] = ()
    path_edits: tuple[PathEdit, ...] = ()
    unlike: frozenset[tuple[str, int]] = frozenset()

    @property
    def boots(self) -> bool:
        """True if the entry is loaded without an error."""
        return not self.failures
