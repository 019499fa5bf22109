"""A Python file as text that can be turned back into its own bytes, and positions in it."""

from __future__ import annotations

import codecs
import hashlib
from dataclasses import dataclass, replace
from typing import Literal

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


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file, decoded without loss: newlines are as on disk, a byte order mark is kept aside.

    ``path`` is relative to the workspace root with ``/`` between its parts; ``encoding`` a codec name for
    ``str.encode``; ``newline`` the style most lines end in; ``digest`` the hexadecimal BLAKE2b-128 of the bytes.
    """

    path: str
    text: str
    encoding: str
    bom: bool
    newline: Newline
    digest: str

    def to_bytes(self) -> bytes:
        """The file's bytes. Raises UnicodeEncodeError if the text does not fit the declared encoding."""
        return (codecs.BOM_UTF8 if self.bom else b"") + self.text.encode(self.encoding)

    def with_text(self, text: str) -> SourceFile:
        """The same file holding ``text``. Raises UnicodeEncodeError if it does not fit the encoding."""
        changed = replace(self, text=text)
        return replace(changed, digest=digest_of(changed.to_bytes()))

    def line_of(self, offset: int) -> int:
        """1-based line number of a character offset; CR, LF and CRLF each end a line."""
        return line_of(self.text, offset)


def digest_of(data: bytes) -> str:
    """Hexadecimal BLAKE2b-128 of ``data``."""
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
