"""The project's files as one workspace shows them: read when asked for, kept while they stay the same."""

from __future__ import annotations

import codecs
from collections import OrderedDict
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, cast

from rewire import read
from rewire.model.result import Failure
from rewire.needles import AnyOf
from rewire.syntax.imports import read_imports

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Set

    from rewire.model.source import SourceFile
    from rewire.model.workspace import Workspace
    from rewire.syntax.import_statement import ImportStatement

AnswerT = TypeVar("AnswerT")

KEPT = 48 << 20
"""How many characters of decoded files are held at a time; the imports of every file asked for are kept."""

_TEXT_LIMIT = 4 << 20

_NEVER_ASKED: tuple[frozenset[str], Set[str]] = frozenset(), frozenset()


class Files:
    """Reading, memoised. ``advance`` carries over what the next workspace has not changed."""

    def __init__(self, workspace: Workspace, earlier: Files | None = None) -> None:
        self.workspace = workspace
        self._sources: OrderedDict[str, SourceFile | None] = OrderedDict()
        self._held = 0
        self._imports: dict[str, tuple[ImportStatement, ...]] = {}
        self._texts: dict[str, str | None] = {}
        self._looks: dict[Callable[[bytes | None], Any], dict[str, Any]] = {}
        self._noted: dict[AnyOf, tuple[frozenset[str], Set[str]]] = {}
        """By question the files on disk that a search asked it, and those of them where the answer was yes."""
        self._held_bytes: dict[str, tuple[frozenset[bytes], frozenset[bytes]]] = {}
        """By changed file the byte strings that somebody looked for in it, and those of them that it holds."""
        if earlier is not None:
            self._take_over(earlier)

    def _take_over(self, earlier: Files) -> None:
        old, new = earlier.workspace.overlay, self.workspace.overlay

        def same(path: str) -> bool:
            return old.get(path) is new.get(path)

        self._sources.update((path, source) for path, source in earlier._sources.items() if same(path))
        self._held = sum(len(source.text) for source in self._sources.values() if source)
        self._imports.update((path, found) for path, found in earlier._imports.items() if same(path))
        self._texts.update(earlier._texts)
        for question, answers in earlier._looks.items():
            self._looks[question] = {path: answer for path, answer in answers.items() if same(path)}
        self._noted.update(earlier._noted)
        self._held_bytes.update((path, held) for path, held in earlier._held_bytes.items() if same(path))

    def data(self, path: str) -> bytes | None:
        """The bytes of any file; None if it cannot be read."""
        changed = self.workspace.overlay.get(path)
        if changed is not None:
            return changed.to_bytes()
        data = read.read_bytes(self.workspace.root, path)
        return None if isinstance(data, Failure) else data

    def look(self, path: str, question: Callable[[bytes | None], AnswerT], data: bytes | None = None) -> AnswerT:
        """The answer of ``question`` to a file's bytes (None: unreadable), remembered while the file stays the same.

        ``data``: its bytes, where the caller has them.
        """
        asked, answered = self._noted.get(cast("AnyOf", question), _NEVER_ASKED)
        if path in asked and path not in self.workspace.overlay:
            return cast("AnswerT", path in answered)
        held = self.held(path, question.needles) if isinstance(question, AnyOf) else None
        if held is not None:
            return cast("AnswerT", not held.isdisjoint(question.needles))  # type: ignore[attr-defined]
        answers = self._looks.setdefault(question, {})
        if path not in answers:
            answers[path] = question(self.data(path) if data is None else data)
        answer: AnswerT = answers[path]
        return answer

    def quick_look(self, question: AnyOf) -> Callable[[str], bool]:
        """``look`` with one question, for many files: a mere lookup where a search has asked it of all of them."""
        asked, answered = self._noted.get(question, _NEVER_ASKED)
        if asked and not self.workspace.overlay and asked.issuperset(self.workspace.paths + self.workspace.context):
            return answered.__contains__
        return partial(self.look, question=question)

    def note_looks(self, question: AnyOf, asked: Collection[str], answered: Set[str]) -> None:
        """Take over the answers of a search: ``question`` was asked of the bytes on disk of ``asked``, and the answer
        was yes for ``answered``. They count where no change lies over the file.
        """
        self._noted[question] = frozenset(asked), answered

    def asked_so_far(self) -> frozenset[bytes]:
        """The byte strings of all questions that a search has answered."""
        return frozenset(needle for question in self._noted for needle in question.needles)

    def note_held(self, asked: frozenset[bytes], held: Mapping[str, frozenset[bytes]]) -> None:
        """Take over what others found in changed files: of the byte strings ``asked``, those that each file holds."""
        self._held_bytes.update((path, (asked, found)) for path, found in held.items())

    def held(self, path: str, needles: Collection[bytes]) -> frozenset[bytes] | None:
        """What a changed file is known to hold, of ``needles`` and others; None where not all of them were asked."""
        known = self._held_bytes.get(path)
        return known[1] if known is not None and known[0].issuperset(needles) else None

    def source(self, path: str) -> SourceFile | None:
        """A Python file, decoded; None if it cannot be."""
        changed = self.workspace.overlay.get(path)
        if changed is not None:
            return changed
        if path in self._sources:
            self._sources.move_to_end(path)
            return self._sources[path]
        answer = read.read(self.workspace.root, path)
        source = None if isinstance(answer, Failure) else answer
        self._sources[path] = source
        self._held += len(source.text) if source else 0
        while self._held > KEPT:
            _, dropped = self._sources.popitem(last=False)
            self._held -= len(dropped.text) if dropped else 0
        return source

    def imports(self, path: str) -> tuple[ImportStatement, ...]:
        """The import statements of a Python file; none if it cannot be read."""
        found = self._imports.get(path)
        if found is None:
            source = self.source(path)
            found = self._imports[path] = read_imports(source.text) if source else ()
        return found

    @property
    def asked(self) -> frozenset[str]:
        """The other files whose text was asked for, there or not."""
        return frozenset(self._texts)

    def text(self, path: str) -> str | None:
        """Any other file as text, UTF-8 unless a mark says UTF-16; None if absent, not text, or larger than 4 MiB."""
        if path.endswith((".py", ".pyi")):
            source = self.source(path)
            return source.text if source else None
        if path not in self._texts:
            data = self.data(path)
            try:
                text = None if data is None or len(data) > _TEXT_LIMIT else data.decode(_encoding(data))
            except UnicodeDecodeError:
                text = None
            self._texts[path] = None if text is not None and "\0" in text else text
        return self._texts[path]


def _encoding(data: bytes) -> str:
    """UTF-16 where its mark stands first: what PowerShell writes by ``pip freeze > requirements.txt``."""
    return "utf-16" if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"
