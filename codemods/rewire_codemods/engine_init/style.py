"""How the owner writes: indentation, quotes, docstrings, type hints; and text moved to another indentation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import libcst as cst

from rewire.codemod import Span, scan

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rewire.codemod.cst import Tree


@dataclass(frozen=True, slots=True)
class Style:
    """One module's habits. ``typed``: its functions say what they return; ``union``: it writes ``X | None``."""

    indent: str
    quote: str
    docstring: str
    typed: bool
    union: bool

    def string(self, text: str) -> str:
        """``text`` as a literal in the module's quotes."""
        if self.quote in text:
            other = '"' if self.quote == "'" else "'"
            return f"{other}{text}{other}"
        return f"{self.quote}{text}{self.quote}"

    def document(self, text: str) -> str:
        """``text`` as a docstring; it must hold neither backslash nor triple quote."""
        return f"{self.docstring}{text}{self.docstring}"


def read_style(tree: Tree) -> Style:
    """The habits of the module that ``tree`` was parsed from."""
    single = double = triple_single = triple_double = 0
    for span in scan(tree.text).strings:
        literal = span.of(tree.text).lstrip("rRbBuUfFtT")
        if literal.startswith('"""'):
            triple_double += 1
        elif literal.startswith("'''"):
            triple_single += 1
        elif literal.startswith('"'):
            double += 1
        else:
            single += 1
    returns = [node.returns for node in tree.walk() if isinstance(node, cst.FunctionDef)]
    annotated = any(
        isinstance(line, cst.SimpleStatementLine) and any(isinstance(small, cst.AnnAssign) for small in line.body)
        for line in tree.module.body
    )
    return Style(
        indent=tree.module.default_indent if any(_is_block(node) for node in tree.walk()) else "    ",
        quote="'" if single > double else '"',
        docstring="'''" if triple_single > triple_double else '"""',
        typed=any(returned is not None for returned in returns) or (annotated and not returns),
        union=any(_is_union(node) for node in tree.walk()) or _postponed(tree),
    )


def _is_block(node: cst.CSTNode) -> bool:
    return isinstance(node, cst.IndentedBlock)


def _is_union(node: cst.CSTNode) -> bool:
    return isinstance(node, cst.Annotation) and isinstance(node.annotation, cst.BinaryOperation)


def _postponed(tree: Tree) -> bool:
    """True under ``from __future__ import annotations``, where an annotation may be newer than the Python."""
    return any(
        isinstance(node, cst.ImportFrom)
        and isinstance(node.module, cst.Name)
        and node.module.value == "__future__"
        and not isinstance(node.names, cst.ImportStar)
        and any(isinstance(alias.name, cst.Name) and alias.name.value == "annotations" for alias in node.names)
        for node in tree.walk()
    )


def reindent(text: str, old: str, new: str) -> str:
    """``text``, whole lines at indentation ``old``, at indentation ``new``. No character of a string is touched."""
    inside = scan(text).strings
    lines = []
    position = 0
    for line in text.splitlines(keepends=True):
        in_string = any(span.start < position < span.end for span in inside)
        if in_string or not line.strip():
            lines.append(line)
        else:
            lines.append(new + line[len(old) :] if line.startswith(old) else line)
        position += len(line)
    return "".join(lines)


def substitute(text: str, offset: int, replacements: Iterable[tuple[Span, str]]) -> str:
    """``text``, which starts at ``offset`` of its file, with spans of that file replaced."""
    for span, new in sorted(replacements, reverse=True):
        text = text[: span.start - offset] + new + text[span.end - offset :]
    return text
