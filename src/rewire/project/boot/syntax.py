"""Newer syntax than the running Python reads, made older without moving a line.

``ast`` of Python 3.11 refuses ``type X = ...``, type parameters, quotes nested in f-strings, t-strings, ``except A,
B:`` and whatever comes next. tree-sitter reads them all; what has no bearing on imports is blanked out in place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


def lower(text: str) -> str | None:
    """``text`` in syntax that Python 3.11 reads, line for line; None if tree-sitter finds it broken, too."""
    import tree_sitter_python
    from tree_sitter import Language, Parser

    data = text.encode("utf-8", "surrogatepass")
    tree = Parser(Language(tree_sitter_python.language())).parse(data)
    if tree.root_node.has_error:
        return None
    edits: list[tuple[int, int, bytes]] = []
    for node in _walk(tree.root_node):
        edits += _edits(node, data)
    for start, end, new in sorted(edits, reverse=True):
        old = data[start:end]
        data = data[:start] + new + _newlines(old, new) + data[end:]
    return data.decode("utf-8", "surrogatepass")


def _newlines(old: bytes, new: bytes) -> bytes:
    """What keeps the line count: the newlines of ``old``, inside brackets so that they mean nothing."""
    count = old.count(b"\n")
    return b" " + b"\\\n" * count if count else b""


def _walk(node: Any) -> Iterator[Any]:
    """Nodes from the top; nothing below one that is edited as a whole."""
    pending = [node]
    while pending:
        current = pending.pop()
        yield current
        if current.type not in ("string", "concatenated_string", "type_parameter", "type_alias_statement"):
            pending.extend(current.children)


def _is_filled(node: Any, data: bytes) -> bool:
    """True for an f-string that takes something up, and for every t-string."""
    prefix = data[node.start_byte : node.start_byte + 2].lower()
    return prefix in (b"t'", b't"', b"tr", b"rt") or any(child.type == "interpolation" for child in node.children)


def _edits(node: Any, data: bytes) -> list[tuple[int, int, bytes]]:
    """(start, end, replacement) for one node of newer syntax."""
    start, end = node.start_byte, node.end_byte
    if node.type == "type_alias_statement":
        name = node.child_by_field_name("left")
        text = data[name.start_byte : name.end_byte].partition(b"[")[0] if name is not None else b"_"
        return [(start, end, text + b" = None")]
    if node.type == "type_parameter" and node.parent.type in ("function_definition", "class_definition"):
        return [(start, end, b"")]
    is_joined = node.type == "concatenated_string"
    if node.type == "string" or is_joined:
        return (
            [(start, end, b"str()")]
            if any(_is_filled(text, data) for text in (node.children if is_joined else [node]))
            else []
        )
    if node.type == "except_clause":
        listed = [child for child in node.children if child.is_named and child.type != "block"]
        commas = [child for child in node.children if child.type == ","]
        if commas and len(listed) > 1:
            return [
                (listed[0].start_byte, listed[0].start_byte, b"("),
                (listed[-1].end_byte, listed[-1].end_byte, b")"),
            ]
    return []
