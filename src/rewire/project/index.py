"""``ProjectIndex``: the answers to ``rewire.model.project.Project``, each worked out when it is first asked for."""

from __future__ import annotations

from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, TypeVar

from rewire.project.contexts import contexts_of
from rewire.project.files import Files
from rewire.project.importers import Importers, names_of
from rewire.project.launched import Launched
from rewire.project.mentions import Mentions
from rewire.project.modules import ModuleTable
from rewire.project.naming import Naming
from rewire.project.questions import may_load_by_path, may_start, may_start_flat
from rewire.project.resolve import Resolver
from rewire.project.roots import Roots, find_roots
from rewire.project.shadows import binds_over_submodule
from rewire.project.spelling import import_line

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence, Set

    from rewire.model.project import Context, ImportedName, ImportRoot, Launch, Loading, Target
    from rewire.model.source import SourceFile
    from rewire.model.workspace import Workspace
    from rewire.needles import AnyOf

AnswerT = TypeVar("AnswerT")

_OF_PATHS = ("paths", "_all_files", "table")
"""Answers that depend on which files there are, and on nothing else."""


class ProjectIndex:
    """One workspace's answers. ``others``: the files that are not Python; ``roots``: import roots that the user set;
    ``launches``: the user's own launch contexts, which come before all that is read.
    """

    def __init__(
        self,
        workspace: Workspace,
        others: Sequence[str] = (),
        roots: Sequence[str] = (),
        launches: Sequence[Launch] = (),
        *,
        earlier: ProjectIndex | None = None,
    ) -> None:
        self.workspace = workspace
        self._others = tuple(others)
        self._configured = tuple(roots)
        self._files: Files = Files(workspace, earlier._files if earlier else None)
        self._launched = Launched(self, self._files, launches)
        self._mentions_before: Mentions | None = None
        self._contexts: dict[str, tuple[Context, ...]] = {}
        self._shadows: dict[tuple[str, str], bool] = {}
        self._known_naming: Naming | None = None
        self.jobs = 1
        self.is_alone = False

    def advance(self, workspace: Workspace) -> ProjectIndex:
        """The index of a later workspace; what was read of files that are still the same is carried over."""
        later = ProjectIndex(workspace, self._others, self._configured, earlier=self)
        changed = None
        if later.paths == self.paths:
            self._share(later, _OF_PATHS)
            later._mentions_before = self.__dict__.get("mentions", self._mentions_before)
            later._known_naming = self.__dict__.get("_launch_naming", self._known_naming)
            old, new = self.workspace.overlay, workspace.overlay
            changed = {path for path in {*old, *new} if old.get(path) is not new.get(path)}
        later._launched = self._launched.of(later, later._files, changed, booted="flat" in self.__dict__)
        return later

    @cached_property
    def paths(self) -> tuple[str, ...]:
        """Every Python file, selected or not, sorted."""
        return _merged(self.workspace.paths, self.workspace.context, tuple(sorted(self.workspace.overlay)))

    @cached_property
    def _all_files(self) -> tuple[str, ...]:
        return _merged(self.paths, self._others)

    @cached_property
    def _selected(self) -> frozenset[str]:
        return frozenset(self.workspace.paths)

    @cached_property
    def table(self) -> ModuleTable:
        """Modules by name."""
        return ModuleTable(self.paths)

    @property
    def found_roots(self) -> Roots:
        """The import roots, global and local ones apart; while launches are being read, without theirs."""
        return self._static_roots if self._launched.are_being_read else self._launch_roots

    @cached_property
    def _static_roots(self) -> Roots:
        return self._find_roots(())

    @cached_property
    def _launch_roots(self) -> Roots:
        launched = self._launched.import_roots(self.table.tops)
        return self._find_roots(launched) if launched else self._static_roots

    def _find_roots(self, launched: Sequence[ImportRoot]) -> Roots:
        return find_roots(self.table, self._all_files, self._files.text, self._files.look, self._configured, launched)

    @property
    def roots(self) -> tuple[ImportRoot, ...]:
        """The import roots, best evidence first."""
        return self.found_roots.all

    @property
    def launches(self) -> tuple[Launch, ...]:
        """The launch contexts: the user's own, then what the project's files say."""
        return self._launched.all

    def before_launches(self) -> ProjectIndex:
        """An index of the same files that knows of no launches: what can be told before any file is read."""
        first = ProjectIndex(self.workspace, self._others, self._configured)
        first._files = self._files
        first._launched = Launched(first, first._files, known=())
        self._share(first, _OF_PATHS)
        return first

    def learn(self, first: ProjectIndex) -> tuple[AnyOf, ...]:
        """Take over what ``before_launches`` has found out, and say what launches and flat names will ask of every
        file's bytes: nothing where nobody has asked for roots so far.
        """
        first._share(self, (*_OF_PATHS, "_static_roots", "_static_naming"))
        if "_static_roots" not in self.__dict__:
            return ()
        return may_start, may_start_flat, may_load_by_path

    def foresee_launches(self) -> None:
        """Read those launch files that are so by their names, if launches will be asked for, as ``learn`` has told."""
        if "_static_roots" in self.__dict__:
            self._launched.foresee()

    def _share(self, other: ProjectIndex, names: Sequence[str]) -> None:
        other.__dict__.update({name: self.__dict__[name] for name in names if name in self.__dict__})

    def asked_of_bytes(self) -> frozenset[bytes]:
        """The byte strings that a later index will look for in every file that is not the same any more."""
        words: Mentions | None = self.__dict__.get("mentions")
        return self._files.asked_so_far() | (words.asked() if words else frozenset())

    def note_held(self, asked: frozenset[bytes], held: Mapping[str, frozenset[bytes]]) -> None:
        """Take over what others found of ``asked_of_bytes`` in files that this workspace has changed."""
        self._files.note_held(asked, held)

    def note_looks(self, question: AnyOf, asked: Sequence[str], answered: Set[str]) -> None:
        """Take over the answers to a question of ``learn`` from a search that has just read the files on disk."""
        self._files.note_looks(question, asked, answered)

    def is_selected(self, path: str) -> bool:
        """True if this run may change ``path``."""
        return path in self._selected

    def source(self, path: str) -> SourceFile | None:
        """A Python file as the codemods before left it; None if it cannot be read."""
        return self._files.source(path)

    def read_text(self, path: str) -> str | None:
        """Any text file of the project; None if absent or not text."""
        return self._files.text(path)

    @property
    def asked(self) -> frozenset[str]:
        """The files that are not Python and were looked into or for: what answers depend on besides Python files."""
        return self._files.asked

    def files(self) -> tuple[str, ...]:
        """Every file that discover lists, sorted."""
        return self._all_files

    def module_names(self, path: str) -> tuple[str, ...]:
        """The dotted names under which ``path`` can be imported, best evidence first; empty for none."""
        return self._naming.names(path)

    def rooted_names(self, path: str) -> tuple[tuple[str, str], ...]:
        """``module_names``, each with the root that it counts from."""
        return self._naming.rooted(path)

    @property
    def _naming(self) -> Naming:
        return self._static_naming if self._launched.are_being_read else self._launch_naming

    @cached_property
    def _static_naming(self) -> Naming:
        return Naming(self.table, self._static_roots)

    @cached_property
    def _launch_naming(self) -> Naming:
        known = self._known_naming
        if known is not None and known.table is self.table and known.roots == self._launch_roots:
            return known
        if self._launch_roots is self._static_roots:
            return self._static_naming
        return Naming(self.table, self._launch_roots)

    def top_names(self) -> frozenset[str]:
        """First parts of all names that the project's files have, by their roots or by a launch that loads them."""
        loaded = (loading.name for entries in self._launched.loadings.values() for loading in entries)
        return self._naming.tops | {name.partition(".")[0] for name in loaded}

    def find_module(self, dotted: str, *, importer: str | None = None) -> str | None:
        """The project file that ``import dotted`` loads for a file ``importer``; None if it is not ours.

        The standard library wins over a local file of the same name. A name that no root knows is looked for beside
        the importer and above, as far as there are no packages: what a script, or a start from there, would find.
        """
        return self._resolver.find_module(dotted, importer)

    def imports(self, path: str) -> tuple[ImportedName, ...]:
        """Every name that ``path`` imports, in source order."""
        return tuple(name for statement in self._files.imports(path) for name in names_of(path, statement))

    def resolve(self, name: ImportedName) -> Target | None:
        """What an import loads; None where nothing in the project or outside it answers to that name."""
        return self._resolver.resolve(name, remember=not self._launched.are_being_read)

    @cached_property
    def _resolver(self) -> Resolver:
        return Resolver(self)

    @cached_property
    def _importers(self) -> Importers:
        return Importers(self, self._files.imports)

    def importers_of(self, path: str, name: str | None = None) -> tuple[ImportedName, ...]:
        """Who imports ``path`` (or ``name`` from it, star imports included), re-exports not followed."""
        return self._importers.of(path, name)

    def mentioning(self, word: str) -> list[str]:
        """The Python files that hold ``word``, wherever it stands in them, sorted."""
        return self.mentions.of(word.encode())

    def loadings(self, path: str) -> tuple[Loading, ...]:
        """Under which names each launch context loads ``path``; empty where none does."""
        return self._launched.loadings.get(path, ())

    def contexts(self, path: str) -> tuple[Context, ...]:
        """Every way in which ``path`` comes to be loaded."""
        found = self._contexts.get(path)
        if found is None:
            found = self._contexts[path] = contexts_of(self, path)
        return found

    @cached_property
    def flat(self) -> Mapping[str, tuple[Context, ...]]:
        """The contexts in which files are loaded under flat names, by other files of the project."""
        from rewire.project.flat import find_flat  # brings the boot simulator: only where a codemod asks

        return find_flat(self)

    def data(self, path: str) -> bytes | None:
        """The bytes of a file of the project; None if it cannot be read."""
        return self._files.data(path)

    @cached_property
    def mentions(self) -> Mentions:
        """Which files hold a word."""
        return Mentions(self._files, self.paths, self._mentions_before)

    def look(self, path: str, question: Callable[[bytes | None], AnswerT], data: bytes | None = None) -> AnswerT:
        """The answer of ``question`` to a file's bytes, remembered while the file stays the same."""
        return self._files.look(path, question, data)

    def place_of(self, dotted: str, roots: Sequence[str]) -> str | None:
        """What ``import dotted`` finds with ``roots`` on the path: a file, or a plain directory (ends in ``/``)."""
        return self.table.find(dotted, roots) or self.table.folder(dotted, roots)

    def provides(self, place: str, name: str) -> bool:
        """True if ``from M import name`` finds something in the module at ``place`` (as ``place_of`` gives it)."""
        return self._resolver.provides(place, name)

    def binds_over_submodule(self, path: str, name: str) -> bool:
        """True if the package ``__init__`` at ``path`` binds ``name`` to something other than its submodule."""
        key = (path, name)
        if key not in self._shadows:
            self._shadows[key] = binds_over_submodule(self, path, name)
        return self._shadows[key]

    def launch_roots(self, launch: Launch) -> tuple[str, ...]:
        """The project's directories on ``sys.path`` once ``launch`` runs: those it gives, and those that edits of the
        path or the test runner add, known by the names of what it loads.
        """
        return self._launched.roots[launch]

    def import_line(self, importer: str, target: str, name: str | None = None, asname: str | None = None) -> str | None:
        """An import statement for ``importer`` that loads ``target`` in every context; None if no one form does."""
        return import_line(self, importer, target, name, asname)


def _merged(*sorted_paths: tuple[str, ...]) -> tuple[str, ...]:
    """All of them, sorted, each once: runs that are in order already are merged, not sorted again."""
    some = [paths for paths in sorted_paths if paths]
    return some[0] if len(some) == 1 else tuple(dict.fromkeys(sorted(chain(*some))))
