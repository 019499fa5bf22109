"""``# rewire: ignore[codemod] reason`` comments: read, matched, and known to have been used or not."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from rewire.model.site import Suppression
from rewire.model.source import Span
from rewire.syntax.lexical import Layout, scan

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from rewire.model.source import SourceFile
    from rewire.model.workspace import FileChange

_IGNORE = re.compile(r"#\s*rewire:\s*ignore(?:\[(?P<names>[^\]]*)\])?(?P<reason>[^#]*)")
_IGNORE_BYTES = re.compile(rb"#\s*rewire:\s*ignore")
SUPPRESSES = b"rewire:"
"""What the bytes of every file with such a comment hold."""


class Ignore(NamedTuple):
    """One ``# rewire: ignore[name, ...] reason`` comment and the statement it speaks of.

    The statement is the logical line that holds the comment or, for a comment on a line of its own, the next one.
    ``names`` is empty where the required name is missing: such a comment suppresses nothing and is reported.
    """

    path: str
    span: Span
    names: tuple[str, ...]
    comment: str
    covers: Span
    line: int


def may_suppress(data: bytes) -> bool:
    """True if a file of these bytes is worth reading for suppression comments."""
    return SUPPRESSES in data and _IGNORE_BYTES.search(data) is not None


def read_ignores(source: SourceFile) -> tuple[Ignore, ...]:
    """Every suppression comment of one file."""
    layout = scan(source.text)
    found = []
    for span in layout.comments:
        match = _IGNORE.match(span.of(source.text))
        if match is None:
            continue
        names = tuple(name.strip() for name in (match["names"] or "").split(",") if name.strip())
        line = source.line_of(span.start)
        found.append(Ignore(source.path, span, names, match.group().strip(), _covered(layout, span), line))
    return tuple(found)


def _covered(layout: Layout, comment: Span) -> Span:
    index = layout.line_at(comment.start)
    if index is not None:
        return Span(layout.lines[index].start, layout.lines[index].end)
    following = next((line for line in layout.lines if line.start >= comment.end), None)
    return Span(following.start, following.end) if following else comment


@dataclass(slots=True)
class Suppressions:
    """The suppression comments of a run, by path, and which of them a codemod has needed so far.

    A path without an entry is that of a file in which no line looks like such a comment.
    """

    by_path: dict[str, tuple[Ignore, ...]] = field(default_factory=dict)
    _used: set[tuple[str, int]] = field(default_factory=set)

    def read(self, source: SourceFile) -> None:
        """Take the comments of one file in."""
        self.by_path[source.path] = read_ignores(source)

    def use(self, comments: Iterable[tuple[str, Span]]) -> None:
        """These comments suppressed something."""
        self._used |= {(path, span.start) for path, span in comments}

    def after(self, files: Iterable[FileChange]) -> Mapping[str, Sequence[Ignore]]:
        """The comments as ``files`` leave them, to be asked before anything is moved."""
        return {**self.by_path, **{file.path: _left(file) for file in files if self._concerns(file)}}

    def move(self, files: Iterable[FileChange]) -> None:
        """Follow the text: a comment is the same one if its file holds as many as before."""
        for file in files:
            if not self._concerns(file):
                continue
            old, new = self.by_path.get(file.path, ()), _left(file)
            used = [index for index, ignore in enumerate(old) if (file.path, ignore.span.start) in self._used]
            self._used -= {(file.path, ignore.span.start) for ignore in old}
            if len(new) == len(old):
                self._used |= {(file.path, new[index].span.start) for index in used}
            self.by_path[file.path] = new

    def _concerns(self, file: FileChange) -> bool:
        """True if the file held such a comment or a change may have written one: each other line is as it was."""
        if file.path in self.by_path:
            return True
        text = file.after.text if file.after else ""
        return any("rewire:" in change.after.of(text) for change in file.changes)

    def unused(self, ran: Collection[str]) -> tuple[Suppression, ...]:
        """Comments that name a codemod of ``ran`` and suppressed nothing, or that name none at all."""
        return tuple(
            Suppression(",".join(ignore.names), path, ignore.span, ignore.comment, ignore.line)
            for path, ignores in sorted(self.by_path.items())
            for ignore in ignores
            if (path, ignore.span.start) not in self._used and (not ignore.names or set(ignore.names) & set(ran))
        )


def _left(file: FileChange) -> tuple[Ignore, ...]:
    return read_ignores(file.after) if file.after and "rewire:" in file.after.text else ()
