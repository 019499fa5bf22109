"""Station two: a file's bytes, and the text that can be turned back into exactly those bytes.

What cannot be read without loss is a ``Failure`` that names the place and the way out; it costs no other file
anything. Encodings follow PEP 263 as ``tokenize`` implements it.
"""

from __future__ import annotations

import codecs
import os
import re
import stat
import tokenize
from typing import TYPE_CHECKING

from rewire.model.result import Failure
from rewire.model.source import Newline, SourceFile

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FAILURE_CODES = {
    "vanished": "the file was listed but is no longer there",
    "unreadable": "the operating system does not let rewire read the file or directory",
    "not-a-file": "a directory, device, pipe, socket or symbolic link stands where a file was expected",
    "utf-16": "the file is UTF-16 or UTF-32, which Python does not read as source",
    "nul-byte": "the file holds a NUL byte, which Python does not read as source",
    "unknown-encoding": "the encoding cookie names no codec that Python has",
    "encoding-conflict": "a byte order mark says UTF-8 and the encoding cookie says something else",
    "undecodable": "a byte does not fit the file's encoding",
    "not-lossless": "the text would not be written back as the same bytes",
}
"""Every code that this station and discover give a ``Failure``, with what it means."""

_LINE_END = re.compile(rb"\r\n|\r|\n")
_HEAD = re.compile(rb"[^\r\n]*(?:\r\n|\r|\n)?[^\r\n]*")
_PART = 1 << 20
_OPEN = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
_WIDE_MARKS = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)


def read_bytes(root: Path, path: str) -> bytes | Failure:
    """The bytes of ``root/path``. Never follows a symbolic link in its last part, never waits on a pipe."""
    try:
        descriptor = os.open(f"{root}/{path}", _OPEN)
    except FileNotFoundError:
        return _failure(path, "vanished", "the file is no longer there", "run again")
    except PermissionError:
        return _failure(path, "unreadable", "permission denied", "make the file readable, or leave it out (--exclude)")
    except OSError as error:
        code = "not-a-file" if (root / path).is_symlink() else "unreadable"
        return _failure(path, code, error.strerror or str(error), "leave it out with --exclude")
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            return _failure(path, "not-a-file", "not a regular file", "leave it out with --exclude")
        # One byte more than the file is said to hold: a read that falls short of it has come to the end.
        data = os.read(descriptor, status.st_size + 1)
        return data if len(data) == status.st_size else _read_on(descriptor, data)
    except OSError as error:
        return _failure(path, "unreadable", error.strerror or str(error), "check the disk, then run again")
    finally:
        os.close(descriptor)


def _read_on(descriptor: int, data: bytes) -> bytes:
    """``data`` and what follows, of a file that is not as long as it was said to be."""
    parts = [data]
    while parts[-1]:
        parts.append(os.read(descriptor, _PART))
    return b"".join(parts)


def read(root: Path, path: str) -> SourceFile | Failure:
    """Read and decode ``root/path``."""
    data = read_bytes(root, path)
    return data if isinstance(data, Failure) else decode(path, data)


def decode(path: str, data: bytes) -> SourceFile | Failure:
    """``data`` as a ``SourceFile``, or why that cannot be done without loss."""
    plain = None if _is_marked(data) else _decode_plain(path, data)
    if plain is not None:
        return plain
    trouble = _not_text(path, data)
    if trouble is not None:
        return trouble
    bom = data.startswith(codecs.BOM_UTF8)
    body = data[len(codecs.BOM_UTF8) :] if bom else data
    encoding = _declared_encoding(path, data)
    if isinstance(encoding, Failure):
        return encoding
    try:
        text = body.decode(encoding)
    except UnicodeDecodeError as error:
        return _undecodable(path, data, len(data) - len(body) + error.start, encoding)
    except (UnicodeError, LookupError, ValueError) as error:
        return _failure(path, "undecodable", f"not {encoding}: {error}", "correct the encoding cookie")
    source = SourceFile(path, text, encoding, bom, newline_style(text))
    if not _is_lossless(source, data):
        return _failure(
            path,
            "not-lossless",
            f"decoding as {encoding} and encoding again gives other bytes",
            "save the file as UTF-8",
        )
    return source


def _is_marked(data: bytes) -> bool:
    """True if the file may say what its encoding is, by a byte order mark or a cookie, or holds a NUL byte."""
    head = _HEAD.match(data)
    return head is None or b"coding" in head.group() or data.startswith(codecs.BOM_UTF8) or b"\0" in data


def _decode_plain(path: str, data: bytes) -> SourceFile | None:
    """A file without marks, as nearly every file is; None if it is not UTF-8.

    What decodes strictly as UTF-8 is encoded again as the same bytes: that needs no trial.
    """
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return None
    return SourceFile(path, text, "utf-8", False, newline_style(text))


def newline_style(text: str) -> Newline:
    """How most lines of ``text`` end; ``\\n`` where there is no line end, or as many of each."""
    if "\r" not in text:
        return "\n"
    windows = text.count("\r\n")
    unix = text.count("\n") - windows
    classic = text.count("\r") - windows
    if windows > unix and windows >= classic:
        return "\r\n"
    return "\r" if classic > unix else "\n"


def _is_lossless(source: SourceFile, data: bytes) -> bool:
    try:
        return source.to_bytes() == data
    except UnicodeError:
        return False


def _not_text(path: str, data: bytes) -> Failure | None:
    for mark, name in _WIDE_MARKS:
        if data.startswith(mark):
            return _failure(path, "utf-16", f"the file is {name}", "save it as UTF-8", line=1)
    nul = data.find(b"\0")
    if nul < 0:
        return None
    line = _line_at(data, nul)
    half = data[:4096:2], data[1:4096:2]
    if any(part.count(0) * 2 > len(part) for part in half):
        return _failure(path, "utf-16", "the file looks like UTF-16 without a mark", "save it as UTF-8", line=line)
    return _failure(
        path,
        "nul-byte",
        f"NUL byte at offset {nul}, line {line}",
        "remove it; Python refuses such a file as well",
        line=line,
    )


def _declared_encoding(path: str, data: bytes) -> str | Failure:
    lines = _first_lines(data)
    try:
        # tokenize splits on \n alone; Python's own reader knows all three line ends, so the lines are cut here.
        encoding, _ = tokenize.detect_encoding(lambda: next(lines, b""))
    except SyntaxError as error:
        return _cookie_failure(path, data, str(error.msg))
    encoding = "utf-8" if encoding == "utf-8-sig" else encoding
    if not getattr(codecs.lookup(encoding), "_is_text_encoding", True):
        return _unknown_encoding(path, data, encoding)
    return encoding


def _first_lines(data: bytes) -> Iterator[bytes]:
    position = 0
    for _ in range(2):
        end = _LINE_END.search(data, position)
        yield data[position : end.start()] + b"\n" if end else data[position:]
        if end is None:
            return
        position = end.end()


def _cookie_failure(path: str, data: bytes, message: str) -> Failure:
    if message.startswith("unknown encoding"):
        return _unknown_encoding(path, data, message.rpartition(": ")[2])
    if message.startswith("encoding problem"):
        return _failure(
            path,
            "encoding-conflict",
            "the file begins with UTF-8's byte order mark, but its cookie names another encoding",
            "remove the mark or correct the cookie; Python refuses such a file as well",
            line=_cookie_line(data),
        )
    # What is left is "invalid or missing encoding declaration": the first two lines are not UTF-8.
    body = data.removeprefix(codecs.BOM_UTF8)
    try:
        body.decode("utf-8")
    except UnicodeDecodeError as error:
        return _undecodable(path, data, len(data) - len(body) + error.start, "utf-8")
    return _failure(path, "unknown-encoding", message, "correct the encoding cookie", line=_cookie_line(data))


def _unknown_encoding(path: str, data: bytes, name: str) -> Failure:
    return _failure(
        path,
        "unknown-encoding",
        f"the encoding cookie names {name!r}, which is no text encoding of Python's",
        "correct the cookie, for example to utf-8",
        line=_cookie_line(data),
    )


def _undecodable(path: str, data: bytes, offset: int, encoding: str) -> Failure:
    line = _line_at(data, offset)
    advice = "save it as UTF-8, or declare its encoding in the first line (# -*- coding: latin-1 -*-)"
    return _failure(
        path,
        "undecodable",
        f"byte 0x{data[offset]:02x} at offset {offset}, line {line}, is not {encoding}",
        advice if encoding == "utf-8" else "correct the encoding cookie",
        line=line,
    )


def _cookie_line(data: bytes) -> int:
    lines = list(_first_lines(data))
    return next((number for number, line in enumerate(lines, 1) if b"coding" in line), 1)


def _line_at(data: bytes, offset: int) -> int:
    return len(_LINE_END.findall(data[:offset])) + 1


def _failure(path: str, code: str, reason: str, advice: str, line: int = 0) -> Failure:
    assert code in FAILURE_CODES
    return Failure(path, code, reason, advice, line)
