"""A Python file as text that can be turned back into its own bytes, and positions in it."""

from __future__ import annotations

import codecs
from dataclasses import dataclass, field
from typing import Any, Literal

Newline = Literal["\n", "\r\n", "\r"]


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Half-open range of character offsets into ``SourceFile.text``."""

    start: int
    end: int

    def contains(self, other: Span) -> bool:
        """True if ``other`` lies within this span (both may be the same)."""
        return self.start <= other.start and other.end <= self.end

    def overlaps(self, other: Span) -> bool:
        """True if the two share a character; an empty span overlaps what strictly surrounds it."""
        return self.start < other.end and other.start < self.end

    def of(self, text: str) -> str:
        """The characters that this span covers in ``text``."""
        return text[self.start : self.end]

    def __reduce__(self) -> tuple[Any, ...]:
        """Its fields, in half the time that dataclasses take."""
        return Span, (self.start, self.end)


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file, decoded without loss: newlines are as on disk, a byte order mark is kept aside.

    ``path`` is relative to the workspace root with ``/`` between its parts; ``encoding`` a codec name for
    ``str.encode``; ``newline`` the style most lines end in; ``noted`` the ``digest``, once somebody has worked it out.
    """

    path: str
    text: str
    encoding: str
    bom: bool
    newline: Newline
    noted: str = field(default="", compare=False, repr=False)

    @property
    def digest(self) -> str:
        """The hexadecimal BLAKE2b-128 of the bytes: worked out for who asks, since most runs never do."""
        if not self.noted:
            object.__setattr__(self, "noted", digest_of(self.to_bytes()))
        return self.noted

    def to_bytes(self) -> bytes:
        """The file's bytes. Raises UnicodeEncodeError if the text does not fit the declared encoding."""
        return _encoded(self.text, self.encoding, bom=self.bom)

    def with_text(self, text: str) -> SourceFile:
        """The same file holding ``text``. Raises UnicodeEncodeError if it does not fit the encoding."""
        _encoded(text, self.encoding, bom=self.bom)
        return SourceFile(self.path, text, self.encoding, self.bom, self.newline)

    def line_of(self, offset: int) -> int:
        """1-based line number of a character offset; CR, LF and CRLF each end a line."""
        return line_of(self.text, offset)


def _encoded(text: str, encoding: str, *, bom: bool) -> bytes:
    data = text.encode(encoding)
    return codecs.BOM_UTF8 + data if bom else data


def digest_of(data: bytes) -> str:
    """Hexadecimal BLAKE2b-128 of ``data``."""
    import hashlib  # and OpenSSL's library, 5 ms

    return hashlib.blake2b(data, digest_size=16).hexdigest()


def line_of(text: str, offset: int) -> int:
    """1-based line of ``offset`` in ``text``; CR, LF and CRLF each end a line."""
    before = text[:offset]
    carriage = before.count("\r")
    if carriage:
        carriage -= before.count("\r\n")
        if before.endswith("\r") and text[offset : offset + 1] == "\n":
            carriage -= 1
    return before.count("\n") + carriage + 1


class Lines:
    """Lines of many offsets of one text: as ``line_of``, but each stretch is counted once if they come in order."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._lone_feeds = "\r" not in text
        self._offset = 0
        self._line = 1

    def at(self, offset: int) -> int:
        """1-based line of ``offset``."""
        text, start = self._text, self._offset
        if offset < start or (not self._lone_feeds and text[start - 1 : start + 1] == "\r\n"):
            start, self._line = 0, 1
        if self._lone_feeds:
            self._line += text.count("\n", start, offset)
        else:
            self._line += line_of(text[start : offset + 1], offset - start) - 1
        self._offset = offset
        return self._line
