"""What a codemod is: a name, a promise, options, and the two halves of its work, deciding and carrying out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from rewire.codemod.options import NoOptions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rewire.codemod.cst import SiteTransformer
    from rewire.model.project import Project
    from rewire.model.site import Plan, Promise, Site
    from rewire.model.source import SourceFile

FactsT = TypeVar("FactsT")
OptionsT = TypeVar("OptionsT")


@dataclass(frozen=True, slots=True)
class RefusalCode:
    """A stable refusal code and what the codemod's page says about it."""

    code: str
    meaning: str
    advice: str


class Codemod(ABC, Generic[FactsT, OptionsT]):
    """One codemod. Stateless: an instance is made wherever one is needed, in any process.

    The package that holds it (``relative_imports/``) is its page: the package's docstring says what it does, shows
    before and after, and says what it leaves alone; ``rewire explain`` prints it. ``codemod.py`` holds the subclass
    and must not import LibCST at module level.
    """

    name: ClassVar[str]
    """As users write it: ``relative-imports``. The package is the same word with underscores."""

    summary: ClassVar[str]
    """One line, lower case, imperative: what it does. Becomes the commit's subject."""

    promise: ClassVar[Promise]
    """How much review its changes need."""

    options_type: ClassVar[type] = NoOptions
    """A frozen dataclass whose fields are made with ``rewire.codemod.option``."""

    refusal_codes: ClassVar[Sequence[RefusalCode]] = ()
    """Every code that ``plan`` may refuse with."""

    needs: ClassVar[Sequence[bytes]] = ()
    """ASCII byte strings; a project none of whose Python files holds any of them has nothing for this codemod."""

    position: ClassVar[int] = 100
    """Where it stands in the default order; ties by name. Built-ins: 10, 20, 30, 40."""

    default: ClassVar[bool] = True
    """False: runs only when selected by name."""

    version: ClassVar[int] = 1
    """Goes up when ``locate`` answers differently for the same bytes (part of the cache key)."""

    @abstractmethod
    def markers(self, project: Project, options: OptionsT) -> Sequence[bytes]:
        """ASCII byte strings; a file that holds none of them is never decoded nor parsed for this codemod."""

    @abstractmethod
    def locate(self, source: SourceFile, markers: Sequence[bytes], options: OptionsT) -> FactsT | None:
        """Facts about one file, from that file alone; None if it is of no interest.

        They may hang on those of ``markers`` that the file holds, not on the others.

        Runs in a worker process: the answer must be frozen and picklable, built of str, int, bool, None, tuples and
        frozen dataclasses. Raises NotPython or NotLossless for a file that it needs to parse and cannot.
        """

    def prepare(self, project: Project, options: OptionsT) -> None:
        """Load what ``plan`` and what follows it import, and ask the project what ``plan`` will ask it in any case.

        Optional: it changes no answer. Called while other processes locate.
        """

    @abstractmethod
    def plan(self, facts: Mapping[str, FactsT], project: Project, options: OptionsT) -> Plan:
        """Every decision, project-wide. ``facts`` is keyed by path, sorted, selected files only; never empty.

        found = sites that are not support + refusals: each place is in exactly one of the two. Deterministic.
        """

    @abstractmethod
    def transformer(self, options: OptionsT) -> SiteTransformer:
        """A fresh transformer that carries sites out."""

    def check(
        self,
        before: SourceFile,
        after: SourceFile,
        sites: Sequence[Site],
        options: OptionsT,
    ) -> str | None:
        """A codemod's own proof for one rewritten file: None if it holds, else what is wrong. Runs in a worker."""
        return None

    def check_project(
        self,
        before: Project,
        after: Project,
        changed: Sequence[str],
        options: OptionsT,
    ) -> Mapping[str, str]:
        """A codemod's own proof across files: path -> what is wrong; empty if it holds."""
        return {}

    def describe_options(self, options: Any) -> Mapping[str, Any]:
        """The options as JSON-able values, for ledger and commit trailers."""
        import dataclasses

        return {
            field.name: list(value) if isinstance(value := getattr(options, field.name), tuple) else value
            for field in dataclasses.fields(options)
        }
