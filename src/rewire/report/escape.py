"""Text from the target, made harmless: it can neither steer a terminal nor write structure into a document."""

from __future__ import annotations

import re

_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters but tab and newline; ESC and CSI among them
    "\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"  # invisible, or reorders what is seen
    "\ud800-\udfff"  # what is not Unicode at all: file names that are not UTF-8
    "\U000e0000-\U000e007f]"  # tags
)


def visible(text: str) -> str:
    """``text`` with every character that a terminal obeys, or that hides others, shown as an escape instead."""
    return _UNSAFE.sub(_escape, text)


def one_line(text: str) -> str:
    """``visible`` text without tabs and line breaks: for names, table cells and headings."""
    return visible(text).replace("\n", "\\n").replace("\t", "\\t")


def _escape(match: re.Match[str]) -> str:
    """One character as Python would write it."""
    code = ord(match[0])
    if 0xDC80 <= code <= 0xDCFF:  # surrogateescape: a byte of a file name
        return f"\\x{code - 0xDC00:02x}"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def code_span(text: str) -> str:
    """``text`` as Markdown code on one line, whatever backticks and pipes it holds (pipes escaped: valid in tables)."""
    shown = one_line(text).replace("|", "\\|") or " "
    longest = max((len(run) for run in re.findall("`+", shown)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if shown.startswith("`") or shown.endswith("`") else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def code_block(text: str, language: str = "") -> str:
    """``text`` as a fenced Markdown block that nothing in it can close."""
    shown = visible(text).rstrip("\n")
    longest = max((len(run) for run in re.findall("`+", shown)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{shown}\n{fence}"


def prose(text: str) -> str:
    """``text`` as plain words in Markdown: no markup, no HTML, no link, no mention, no reference, one line.

    GitHub looks for mentions and references in what is already rendered, so only a character in between stops it.
    """
    shown = one_line(text).strip().replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    shown = re.sub(r"([\\`*_{}\[\]|~])", r"\\\1", shown)
    shown = re.sub(r"^([-+=#:])", r"\\\1", shown)
    shown = re.sub(r"^(\d+)([.)])", r"\1\\\2", shown)
    shown = shown.replace("://", "&colon;//").replace("www.", "www&period;")
    return re.sub(r"([@#])(?=\w)", r"\1&#8203;", shown)
