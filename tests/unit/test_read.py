"""read: every encoding and line end comes back byte for byte; what cannot is named with its place and a way out."""

from __future__ import annotations

import codecs
import os
import stat
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.permissions import give_to_nobody, open_folder, without_rights

from rewire.model.result import Failure
from rewire.model.source import SourceFile
from rewire.read import FAILURE_CODES, decode, newline_style, read, read_bytes

if TYPE_CHECKING:
    from pathlib import Path

BOM = codecs.BOM_UTF8


def good(data: bytes) -> SourceFile:
    source = decode("m.py", data)
    assert isinstance(source, SourceFile), source
    assert source.to_bytes() == data
    return source


def bad(data: bytes) -> Failure:
    failure = decode("m.py", data)
    assert isinstance(failure, Failure), failure
    assert failure.path == "m.py"
    assert failure.reason
    assert failure.advice
    assert failure.code in FAILURE_CODES
    return failure


LATIN = "# -*- coding: latin-1 -*-\nname = 'José'\n".encode("latin-1")


@pytest.mark.parametrize(
    ("data", "encoding", "bom"),
    [
        (b"", "utf-8", False),
        (b"x = 1\n", "utf-8", False),
        ("naïve = '→'\n".encode(), "utf-8", False),
        (BOM + b"x = 1\n", "utf-8", True),
        (BOM + b"# coding: utf-8\nx = 1\n", "utf-8", True),
        (BOM, "utf-8", True),
        (LATIN, "iso-8859-1", False),
        ("#!/usr/bin/env python\n# vim: set fileencoding=cp1251 :\ns = 'да'\n".encode("cp1251"), "cp1251", False),
        ("# coding: shift_jis\ns = '日本'\n".encode("shift_jis"), "shift_jis", False),
        ("# coding: latin-1\rs = 'é'\r".encode("latin-1"), "iso-8859-1", False),
        ("\r\n# coding: latin-1\r\ns = 'é'\r\n".encode("latin-1"), "iso-8859-1", False),
        (b"# coding: utf8\n\xc3\xa9 = 1\n", "utf8", False),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_reads(data: bytes, encoding: str, bom: bool) -> None:
    source = good(data)
    assert codecs.lookup(source.encoding) == codecs.lookup(encoding)
    assert source.bom is bom
    assert not source.text.startswith("\ufeff")


@pytest.mark.parametrize(
    ("data", "code", "line"),
    [
        (b"x = 1\n\0", "nul-byte", 2),
        (codecs.BOM_UTF16_LE + "x = 1\n".encode("utf-16-le"), "utf-16", 1),
        (codecs.BOM_UTF16_BE + "x = 1\n".encode("utf-16-be"), "utf-16", 1),
        (codecs.BOM_UTF32_LE + "x = 1\n".encode("utf-32-le"), "utf-16", 1),
        ("import os\nprint(os.name)\n".encode("utf-16-le"), "utf-16", 1),
        ("import os\nprint(os.name)\n".encode("utf-16-be"), "utf-16", 1),
        (b"# coding: klingon\n", "unknown-encoding", 1),
        (b"#!/usr/bin/python\n# coding: klingon\n", "unknown-encoding", 2),
        (b"# coding: rot13\nk = 1\n", "unknown-encoding", 1),
        (b"# coding: hex\n6b\n", "unknown-encoding", 1),
        (BOM + b"# coding: latin-1\n", "encoding-conflict", 1),
        (b"a = 1\nb = 2\nc = '\xe9'\n", "undecodable", 3),
        (b"'\xe9'\n", "undecodable", 1),
        (b"a = 1\r'\xe9'\r", "undecodable", 2),
        (BOM + b"a = 1\n'\xe9'\n", "undecodable", 2),
        (b"# coding: ascii\na = '\xe9'\n", "undecodable", 2),
        (b"# coding: utf-7\na = '+AGE-'\n", "not-lossless", 0),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_names_what_it_cannot_read(data: bytes, code: str, line: int) -> None:
    failure = bad(data)
    assert (failure.code, failure.line) == (code, line)


def test_an_undecodable_byte_is_named_with_line_and_offset_and_the_advice_helps() -> None:
    data = b"a = 1\ns = '\xe9'\n"
    failure = bad(data)
    assert "0xe9" in failure.reason
    assert f"offset {data.index(0xE9)}" in failure.reason
    assert good(b"# -*- coding: latin-1 -*-\n" + data).text.endswith("s = 'é'\n")
    assert "# -*- coding: latin-1 -*-" in failure.advice


def test_the_offset_counts_the_byte_order_mark() -> None:
    assert "offset 4" in bad(BOM + b"'\xe9'\n").reason


@pytest.mark.parametrize(
    ("text", "style"),
    [
        ("", "\n"),
        ("a", "\n"),
        ("a\nb\n", "\n"),
        ("a\r\nb\r\n", "\r\n"),
        ("a\rb\r", "\r"),
        ("a\r\nb\nc\r\n", "\r\n"),
        ("a\r\nb\nc\n", "\n"),
        ("a\r\nb\n", "\n"),
        ("a\rb\r\nc\r\n", "\r\n"),
        ("\r\r\n", "\r\n"),
    ],
)
def test_newline_style_is_that_of_most_lines(text: str, style: str) -> None:
    assert newline_style(text) == style


def test_the_digest_tells_texts_apart_that_decode_alike() -> None:
    assert good(b"x\n").digest != good(BOM + b"x\n").digest
    assert good(b"x\n").with_text("x\n") == good(b"x\n")


@given(st.binary(max_size=200))
def test_any_bytes_come_back_or_are_named(data: bytes) -> None:
    source = decode("m.py", data)
    if isinstance(source, SourceFile):
        assert source.to_bytes() == data
    else:
        assert source.code in FAILURE_CODES


codecs_of_files = st.sampled_from(["utf-8", "latin-1", "cp1252", "koi8-r", "euc-jp", "iso-2022-jp", "gb18030", "utf-7"])


@given(codecs_of_files, st.text(max_size=40), st.sampled_from(["\n", "\r\n", "\r"]), st.booleans())
def test_any_declared_encoding_comes_back_or_is_named(encoding: str, body: str, end: str, second: bool) -> None:
    head = ("#!/usr/bin/python" + end if second else "") + f"# coding: {encoding}{end}"
    data = (head + body).encode(encoding, "ignore")
    source = decode("m.py", data)
    if isinstance(source, SourceFile):
        assert source.to_bytes() == data
        assert codecs.lookup(source.encoding) == codecs.lookup(encoding)
    else:
        assert source.code in ("nul-byte", "not-lossless", "utf-16", "undecodable")


def test_a_file_that_is_gone_a_link_a_directory_and_a_pipe_are_named(tmp_path: Path) -> None:
    (tmp_path / "real.py").write_bytes(b"x = 1\n")
    (tmp_path / "link.py").symlink_to("real.py")
    (tmp_path / "folder.py").mkdir()
    os.mkfifo(tmp_path / "pipe.py")
    assert read_bytes(tmp_path, "real.py") == b"x = 1\n"
    codes = {name: read(tmp_path, f"{name}.py") for name in ("gone", "link", "folder", "pipe")}
    assert {name: failure.code for name, failure in codes.items() if isinstance(failure, Failure)} == {
        "gone": "vanished",
        "link": "not-a-file",
        "folder": "not-a-file",
        "pipe": "not-a-file",
    }


def test_a_file_without_permission_is_named() -> None:
    with open_folder() as folder:
        (folder / "m.py").write_bytes(b"x = 1\n")
        (folder / "m.py").chmod(0)
        give_to_nobody(folder)
        with without_rights():
            failure = read(folder, "m.py")
        assert isinstance(failure, Failure)
        assert (failure.code, "permission denied") == ("unreadable", failure.reason)


def test_a_name_that_is_no_utf8_is_read(tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9.py")
    (tmp_path / name).write_bytes(b"x = 1\n")
    assert isinstance(read(tmp_path, name), SourceFile)


@given(
    st.one_of(
        st.binary(max_size=60), st.text(alphabet="#-: \t\f\r\n\ufeffé'coding=utf8latin1", max_size=80).map(str.encode)
    )
)
def test_the_short_way_to_decode_says_what_the_long_one_says(data: bytes) -> None:
    short = decode("m.py", data)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("rewire.read._is_marked", lambda data: True)
        assert decode("m.py", data) == short


@pytest.mark.parametrize("said", [0, 1, 7, 4096])
def test_a_file_that_is_not_as_long_as_it_was_said_to_be_is_read_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: int
) -> None:
    data = b"x = 1\n" * 300_000
    (tmp_path / "m.py").write_bytes(data)
    whole = os.fstat

    def understate(descriptor: int) -> os.stat_result:
        status = list(whole(descriptor))
        status[stat.ST_SIZE] = said
        return os.stat_result(status)

    monkeypatch.setattr(os, "fstat", understate)
    assert read_bytes(tmp_path, "m.py") == data
    (tmp_path / "m.py").write_bytes(b"x\n")
    assert read_bytes(tmp_path, "m.py") == b"x\n"
