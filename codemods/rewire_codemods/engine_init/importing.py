"""Edit import statements and say where a new one goes."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import libcst as cst

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from rewire.codemod.cst import Tree

Ranks = Callable[[cst.Import | cst.ImportFrom], int]

LOCAL = 2
"""The rank of the project's own modules, see ``rank_of``."""

_PREPARES = re.compile(
    r"dotenv\w*\(|\benviron(?:\[[^\]]*\]\s*=(?!=)|\.(?:setdefault|update)\()|\b(?:putenv|chdir)\("
    r"|\bsys\.path(?:\.\w+\(|\[[^\]]*\]\s*=|\s*\+?=)"
)
"""What has to run before the project's own modules are imported."""

WIDTH = 100
"""Columns from which on a one-line import is put into parentheses."""


def end_of_line(text: str, offset: int) -> int:
    """The start of the line after ``offset``, whatever ends the line; the end of the text on its last one."""
    for index in range(offset, len(text)):
        if text[index] == "\n":
            return index + 1
        if text[index] == "\r":
            return index + 2 if text.startswith("\n", index + 1) else index + 1
    return len(text)


def start_of_line(text: str, offset: int) -> int:
    """The start of the line that holds ``offset``."""
    return max(text.rfind("\n", 0, offset), text.rfind("\r", 0, offset)) + 1


def line_above(text: str, offset: int) -> int:
    """The start of the line above the one that starts at ``offset``."""
    return start_of_line(text, offset - 2 if text.endswith("\r\n", 0, offset) else offset - 1)


@dataclass(frozen=True, slots=True)
class Anchor:
    """A line start for an import line, and whether a blank line stands above or below it to keep groups apart."""

    offset: int
    above: bool = False
    below: bool = False


@dataclass(frozen=True, slots=True)
class _Line:
    """One import statement of the module: its lines, its group, and what it is sorted by."""

    start: int
    end: int
    rank: int
    key: tuple[bool, str]


def import_anchor(tree: Tree, line: str, rank: int, ranks: Ranks, before: int | None) -> Anchor:
    """Where the import ``line`` of group ``rank`` (see ``rank_of``) goes.

    To its place among the imports of its group if those are sorted, else below the last one of its group or an earlier
    one. Imports below ``before`` do not count, nor do those inside other statements. Never above a docstring or
    ``from __future__``, and an import of the project's own never above what prepares it (``prepared_offset``).
    """
    floor, lines = _import_lines(tree, ranks, before)
    prepared = prepared_offset(tree, ranks) if rank == LOCAL else 0
    if prepared > floor:
        floor, lines = prepared, [found for found in lines if found.start >= prepared]
    own = [found for found in lines if found.rank == rank]
    keys = [found.key for found in own]
    wanted = _key(line)
    if own and keys == sorted(keys):
        following = next((found for found in own if found.key > wanted), None)
        return Anchor(following.start) if following is not None else Anchor(own[-1].end)
    last = next((found for found in reversed(lines) if found.rank <= rank), None)
    if last is not None:
        apart = last.rank < rank
        return Anchor(last.end, above=apart, below=apart and tree.text[last.end : last.end + 1] not in ("", "\n", "\r"))
    if lines:
        return Anchor(lines[0].start, below=lines[0].rank > rank)
    return Anchor(floor, above=floor > 0, below=tree.text[floor : floor + 1] not in ("", "\n", "\r"))


def prepared_offset(tree: Tree, ranks: Ranks) -> int:
    """Where imports of the project's own may start: below ``load_dotenv()``, ``os.environ[...] =``, ``sys.path`` edits.

    Those count that stand above the module's first such import; all of them where it has none. 0 if there are none.
    """
    offset = 0
    for node in tree.module.body:
        if isinstance(node, (cst.FunctionDef, cst.ClassDef)):
            continue
        inner = node.body if isinstance(node, cst.SimpleStatementLine) else ()
        imports = [small for small in inner if isinstance(small, (cst.Import, cst.ImportFrom))]
        if any(ranks(small) == LOCAL for small in imports):
            break
        if not imports and _PREPARES.search(tree.code(node)):
            offset = end_of_line(tree.text, tree.span(node).end)
    return offset


def _import_lines(tree: Tree, ranks: Ranks, before: int | None) -> tuple[int, list[_Line]]:
    """The end of docstring and ``__future__`` lines, and the module's own import statements in order."""
    floor = 0
    lines = []
    for index, node in enumerate(tree.module.body):
        span = tree.span(node)
        if before is not None and span.start >= before:
            break
        if not isinstance(node, cst.SimpleStatementLine):
            continue
        start, end = start_of_line(tree.text, span.start), end_of_line(tree.text, span.end)
        if (index == 0 and _is_docstring(node)) or _is_future(node):
            floor = end
            continue
        found = [small for small in node.body if isinstance(small, (cst.Import, cst.ImportFrom))]
        if found:
            lines.append(_Line(start, end, max(ranks(small) for small in found), _key(tree.code(found[0]))))
    return floor, lines


def _key(line: str) -> tuple[bool, str]:
    """``import x`` before ``from x``, then by module; relative imports in the order isort gives them."""
    words = line.split()
    module = words[1] if len(words) > 1 else ""
    return words[0] == "from", module.lower()


def rank_of(module: str, *, local: bool) -> int:
    """The import groups of PEP 8: 0 the standard library, 1 other people's packages, 2 the project's own modules."""
    if local:
        return LOCAL
    return 0 if module.partition(".")[0] in sys.stdlib_module_names else 1


def _is_docstring(node: cst.SimpleStatementLine) -> bool:
    small = node.body[0] if node.body else None
    return isinstance(small, cst.Expr) and isinstance(small.value, (cst.SimpleString, cst.ConcatenatedString))


def _is_future(node: cst.SimpleStatementLine) -> bool:
    return any(
        isinstance(small, cst.ImportFrom) and isinstance(small.module, cst.Name) and small.module.value == "__future__"
        for small in node.body
    )


def edit_names(
    node: cst.Import | cst.ImportFrom, drops: Collection[str], adds: Collection[str]
) -> cst.Import | cst.ImportFrom | None:
    """The statement without some bound names and with others; None if nothing is left, itself if nothing changes."""
    if isinstance(node.names, cst.ImportStar):
        return node
    old: Sequence[cst.ImportAlias] = node.names
    kept = [alias for alias in old if _bound(alias) not in drops]
    there = {_bound(alias) for alias in kept}
    wanted = [name for name in sorted(adds) if name not in there]
    if len(kept) == len(old) and not wanted:
        return node
    if not kept and not wanted:
        return None
    node, old, kept = _keep_comments(node, drops)
    new = _merge(kept, [cst.ImportAlias(name=cst.Name(name)) for name in wanted])
    names = _with_commas(old, new)
    changed = node.with_changes(names=names)
    if isinstance(changed, cst.ImportFrom) and changed.lpar is None:
        code = cst.Module([]).code_for_node(changed)
        if len(code) > WIDTH:
            return _parenthesized(changed)
    return changed


def _keep_comments(
    node: cst.Import | cst.ImportFrom, drops: Collection[str]
) -> tuple[cst.Import | cst.ImportFrom, Sequence[cst.ImportAlias], list[cst.ImportAlias]]:
    """The statement, its names and those that stay, with the comments of names that go on lines of their own."""
    names: list[cst.ImportAlias] = []
    kept: list[cst.ImportAlias] = []
    assert not isinstance(node.names, cst.ImportStar)
    for alias in node.names:
        if _bound(alias) not in drops:
            kept.append(alias)
            names.append(alias)
            continue
        names.append(alias)
        space = alias.comma.whitespace_after if isinstance(alias.comma, cst.Comma) else None
        comments = _comment_lines(space)
        if not comments:
            continue
        if kept and isinstance(kept[-1].comma, cst.Comma):
            above = kept[-1].comma
            changed = kept[-1].with_changes(
                comma=above.with_changes(whitespace_after=_with_lines(above.whitespace_after, comments))
            )
            names[next(index for index, found in enumerate(names) if found is kept[-1])] = changed
            kept[-1] = changed
        elif isinstance(node, cst.ImportFrom) and node.lpar is not None:
            lpar = node.lpar.with_changes(whitespace_after=_with_lines(node.lpar.whitespace_after, comments))
            node = node.with_changes(lpar=lpar)
    return node, names, kept


def _comment_lines(space: cst.BaseParenthesizableWhitespace | None) -> list[cst.EmptyLine]:
    """The comments behind and below a name, each as a line of its own."""
    if not isinstance(space, cst.ParenthesizedWhitespace):
        return []
    lines = [line for line in space.empty_lines if line.comment is not None]
    first = space.first_line.comment
    step = cst.SimpleWhitespace("    ")
    if first is not None:
        lines.insert(0, cst.EmptyLine(indent=True, whitespace=step, comment=first))
    return lines


def _with_lines(
    space: cst.BaseParenthesizableWhitespace, lines: Sequence[cst.EmptyLine]
) -> cst.BaseParenthesizableWhitespace:
    if not isinstance(space, cst.ParenthesizedWhitespace):
        return space
    return space.with_changes(empty_lines=[*space.empty_lines, *lines])


def _with_commas(old: Sequence[cst.ImportAlias], new: Sequence[cst.ImportAlias]) -> list[cst.ImportAlias]:
    """The names of ``new`` with commas: their own where they had one, so that no comment moves or is lost."""
    between = old[0].comma if len(old) > 1 else cst.MaybeSentinel.DEFAULT
    layout = between.whitespace_after if isinstance(between, cst.Comma) else cst.SimpleWhitespace(" ")
    closing = old[-1].comma
    there = {id(alias) for alias in old[:-1]}
    names = []
    for index, alias in enumerate(new):
        own = alias.comma if id(alias) in there or alias is old[-1] else None
        if index + 1 == len(new):
            comma: cst.Comma | cst.MaybeSentinel = closing
            if isinstance(own, cst.Comma) and isinstance(closing, cst.Comma):
                comma = cst.Comma(whitespace_after=_like(closing.whitespace_after, own.whitespace_after))
            elif own is None and isinstance(closing, cst.Comma):
                comma = cst.Comma(whitespace_after=_like(closing.whitespace_after, None))
        elif isinstance(own, cst.Comma):
            comma = cst.Comma(whitespace_after=_like(layout, own.whitespace_after))
        else:
            comma = cst.Comma(whitespace_after=_like(layout, None))
        names.append(alias.with_changes(comma=comma))
    return names


def _like(
    layout: cst.BaseParenthesizableWhitespace, comments: cst.BaseParenthesizableWhitespace | None
) -> cst.BaseParenthesizableWhitespace:
    """White space laid out like one and holding the comments of another."""
    if not isinstance(layout, cst.ParenthesizedWhitespace):
        return comments if isinstance(comments, cst.ParenthesizedWhitespace) else layout
    if isinstance(comments, cst.ParenthesizedWhitespace):
        return layout.with_changes(first_line=comments.first_line, empty_lines=comments.empty_lines)
    return layout.with_changes(first_line=cst.TrailingWhitespace(), empty_lines=[])


def _merge(kept: list[cst.ImportAlias], added: list[cst.ImportAlias]) -> list[cst.ImportAlias]:
    """New names at their place where the old ones are sorted, else at the end."""
    names = [_bound(alias) for alias in kept]
    if names == sorted(names):
        return sorted([*kept, *added], key=_bound)
    if names == sorted(names, key=str.lower):
        return sorted([*kept, *added], key=lambda alias: _bound(alias).lower())
    return [*kept, *added]


def _bound(alias: cst.ImportAlias) -> str:
    if alias.asname is not None and isinstance(alias.asname.name, cst.Name):
        return alias.asname.name.value
    name = alias.name
    while isinstance(name, cst.Attribute):
        name = name.value  # type: ignore[assignment]
    return name.value


def _parenthesized(node: cst.ImportFrom) -> cst.ImportFrom:
    line = cst.ParenthesizedWhitespace(indent=True, last_line=cst.SimpleWhitespace("    "))
    assert not isinstance(node.names, cst.ImportStar)
    names = [alias.with_changes(comma=cst.Comma(whitespace_after=line)) for alias in node.names]
    last = cst.ParenthesizedWhitespace(indent=True)
    names[-1] = names[-1].with_changes(comma=cst.Comma(whitespace_after=last))
    return node.with_changes(lpar=cst.LeftParen(whitespace_after=line), rpar=cst.RightParen(), names=names)
