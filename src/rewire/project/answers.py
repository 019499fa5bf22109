"""What the rooms behind ``ProjectIndex`` ask of it, beyond what codemods may: an interface, so that none imports it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

from rewire.model.project import Project

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from rewire.model.project import Context, Launch
    from rewire.project.mentions import Mentions
    from rewire.project.modules import ModuleTable
    from rewire.project.roots import Roots

AnswerT = TypeVar("AnswerT")


class Answers(Project, Protocol):
    """``rewire.model.project.Project`` and the tables it is answered from."""

    jobs: int
    """How many processes may work on an answer."""

    is_alone: bool
    """True if nobody else is at work while an answer is waited for."""

    @property
    def table(self) -> ModuleTable:
        """Modules by name."""
        ...

    @property
    def found_roots(self) -> Roots:
        """The import roots, global and local ones apart."""
        ...

    @property
    def flat(self) -> Mapping[str, tuple[Context, ...]]:
        """The contexts in which files are loaded under flat names."""
        ...

    def rooted_names(self, path: str) -> Sequence[tuple[str, str]]:
        """``module_names``, each with the root that it counts from."""
        ...

    def launch_roots(self, launch: Launch) -> tuple[str, ...]:
        """The project's directories on ``sys.path`` once ``launch`` runs."""
        ...

    def data(self, path: str) -> bytes | None:
        """The bytes of a file; None if it cannot be read."""
        ...

    @property
    def mentions(self) -> Mentions:
        """Which files hold a word."""
        ...

    def look(self, path: str, question: Callable[[bytes | None], AnswerT], data: bytes | None = None) -> AnswerT:
        """The answer of ``question`` to a file's bytes (None: unreadable), remembered while the file stays the same.

        ``data``: its bytes, where the caller has them.
        """
        ...
