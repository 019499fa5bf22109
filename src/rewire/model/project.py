"""What is true of the code base as a whole, as questions. ``rewire.project`` answers them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence, Set

    from rewire.model.source import SourceFile, Span

Role = Literal["server", "worker", "script", "test", "migration", "tool", "unknown"]
Tier = Literal["user", "deploy", "script", "process", "document"]


@dataclass(frozen=True, slots=True)
class ImportRoot:
    """A directory from which module names are counted. ``path`` is relative to the workspace root (``""``: itself)."""

    path: str
    why: str


@dataclass(frozen=True, slots=True)
class ImportedName:
    """One name that one import statement imports.

    ``import a.b as c``: module ``a.b``, name None, bound ``c``. ``from ..a import b``: level 2, module ``a``, name
    ``b``. ``from a import *``: name ``*``, bound ``*``. ``span`` covers the statement. ``scope`` is where it runs;
    ``guards`` lists what surrounds it, outermost first (``"try"``, ``"except"``, ``"type_checking"``, ``"main"``).
    """

    path: str
    span: Span
    level: int
    module: str
    name: str | None
    bound: str
    scope: Literal["module", "class", "function"] = "module"
    guards: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Image:
    """The file tree that a launch sees, where it is not the workspace itself (a container image).

    ``mounts`` are pairs (absolute path there, path relative to the workspace root) in the order they were copied;
    ``workdir``, ``roots`` and ``installed`` (below) are absolute paths there.
    """

    mounts: tuple[tuple[str, str], ...]
    workdir: str
    roots: tuple[str, ...]
    installed: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    """Files relative to the workspace root that ``.dockerignore`` keeps out."""


@dataclass(frozen=True, slots=True)
class Launch:
    """A launch context: one way in which the project is started.

    ``workdir`` and ``roots`` (the ``sys.path`` entries inside the project, in order) are relative to the workspace
    root. ``entry`` is a dotted name, a ``-m`` name, a script path or a test path (both relative to the workspace
    root), by ``entry_kind``; ``attribute`` is what the command wants from it (``app`` in ``main:app``). ``source`` is
    the file that says so (``"--launch"`` or ``"configuration"`` for the user's own word) with its 1-based ``line``.
    ``installed`` are those of ``roots`` that an installation gives: they come after the standard library.
    """

    name: str
    command: str
    workdir: str
    roots: tuple[str, ...]
    entry: str
    entry_kind: Literal["module", "main-module", "script", "tests"]
    role: Role
    tier: Tier
    source: str
    line: int = 0
    attribute: str = ""
    installed: tuple[str, ...] = ()
    image: Image | None = None


@dataclass(frozen=True, slots=True)
class Loading:
    """In ``launch``, ``path`` is loaded under the module name ``name`` (``__main__`` for what is started)."""

    launch: Launch
    path: str
    name: str


@dataclass(frozen=True, slots=True)
class Context:
    """One way in which a file comes to be loaded, by a launch or (``launch`` None) counted from an import root.

    ``name`` is its ``__name__`` (``__main__`` for what is started), ``package`` its ``__package__`` (``""``: none, so
    that it can hold no relative import), ``roots`` the ``sys.path`` entries inside the project, in order.
    """

    name: str
    package: str
    roots: tuple[str, ...]
    launch: Launch | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """What an import loads: a project file (``path``), or something outside (``path`` None: stdlib, installed).

    ``attribute`` is the name taken from that module, None where the module itself is bound.
    """

    module: str
    path: str | None
    attribute: str | None


class Project(Protocol):
    """Questions about the code base that a codemod may ask while it plans. Paths as in ``Workspace``."""

    @property
    def paths(self) -> Sequence[str]:
        """Every Python file of the project, selected or not, sorted."""
        ...

    @property
    def roots(self) -> Sequence[ImportRoot]:
        """The import roots, best evidence first."""
        ...

    @property
    def launches(self) -> Sequence[Launch]:
        """The launch contexts, best evidence first. Empty where nothing says how the project is started."""
        ...

    def is_selected(self, path: str) -> bool:
        """True if this run may change ``path``."""
        ...

    def source(self, path: str) -> SourceFile | None:
        """A Python file as the codemods before this one left it; None if it cannot be read."""
        ...

    def read_text(self, path: str) -> str | None:
        """Any other text file of the project (Dockerfile, alembic.ini, ...); None if absent or not text."""
        ...

    def files(self) -> Sequence[str]:
        """Every file of the project that discover lists, Python or not, sorted."""
        ...

    def module_names(self, path: str) -> Sequence[str]:
        """The dotted names under which ``path`` can be imported, one an import root that reaches it."""
        ...

    def top_names(self) -> Set[str]:
        """First parts of all names that the project's files have: of ``module_names`` and of ``loadings``."""
        ...

    def find_module(self, dotted: str, *, importer: str | None = None) -> str | None:
        """The project file that ``import dotted`` would load for a file ``importer``; None if it is not ours."""
        ...

    def imports(self, path: str) -> Sequence[ImportedName]:
        """Every name that ``path`` imports, in source order."""
        ...

    def resolve(self, name: ImportedName) -> Target | None:
        """What an import loads; None where nothing in the project or outside it answers to that name."""
        ...

    def importers_of(self, path: str, name: str | None = None) -> Sequence[ImportedName]:
        """Who imports ``path`` (or ``name`` from it), through any spelling, re-exports not followed."""
        ...

    def mentioning(self, word: str) -> Sequence[str]:
        """The Python files that hold ``word``, wherever it stands in them, sorted."""
        ...

    def loadings(self, path: str) -> Sequence[Loading]:
        """Under which names each launch context loads ``path``; empty where none does."""
        ...

    def contexts(self, path: str) -> Sequence[Context]:
        """Every way in which ``path`` comes to be loaded: by the launches that load it and, where its root is declared
        or no launch does, under its module names.
        """
        ...

    def place_of(self, dotted: str, roots: Sequence[str]) -> str | None:
        """What ``import dotted`` finds with ``roots`` on the path: a file, or a directory without ``__init__.py``
        (ends in ``/``); None if nothing in the project. The standard library is not asked.
        """
        ...

    def provides(self, place: str, name: str) -> bool:
        """True if ``from M import name`` finds something, M being the module at ``place`` (as ``place_of`` gives it):
        a name that it binds or may bind, or a submodule.
        """
        ...

    def binds_over_submodule(self, path: str, name: str) -> bool:
        """True if the package ``__init__`` at ``path`` binds ``name`` to something other than its submodule."""
        ...

    def import_line(self, importer: str, target: str, name: str | None = None, asname: str | None = None) -> str | None:
        """An import statement for ``importer`` that loads ``target`` in every context that loads ``importer``.

        ``name`` None binds the module itself (under its last name or ``asname``). Follows the relative or absolute
        style the file uses already where both work. None if no single form works everywhere.
        """
        ...
