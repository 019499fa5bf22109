"""What one file says of itself: its import statements, the try blocks around them, whether it looks like a script."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from rewire.codemod import (
    Guard,
    ImportStatement,
    has_main_guard,
    path_edits,
    read_clauses,
    read_imports,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from rewire_codemods.relative_imports.dotted import DottedImports

_CATCHING = re.compile(r"\b(?:ImportError|ModuleNotFoundError|Exception|BaseException)\b")
_SHEBANG = re.compile(r"#![^\r\n]*\bpython")
_AFTER = re.compile(r"[ \t]*(?:[\r\n]|\Z)")
_BARE = re.compile(r"except[ \t]*:")
_NARROW = re.compile(r"\bModuleNotFoundError\b")
_WIDE = re.compile(r"\b(?:ImportError|Exception|BaseException)\b")


class Arm(NamedTuple):
    """One clause of a ``try``: ``imports`` are all of its import statements, whoever owns what they import.

    ``catches``: an ``except`` that an ImportError ends in. ``narrow``: where ``ModuleNotFoundError`` stands in a header
    that would let a plain ImportError pass (empty otherwise).
    """

    kind: str
    start: int
    end: int
    catches: bool
    narrow: tuple[int, ...]
    imports: tuple[ImportStatement, ...]


class FileFacts(NamedTuple):
    """Facts about one file.

    ``tries``: the arms of each try statement that surrounds one of ``statements``, by offset. ``spread``: where a
    statement's module name runs over several lines. ``alone``: which statements have their lines to themselves (asked
    only of files that may be scripts). ``shebang``: the first line hands the file to Python.
    """

    statements: tuple[ImportStatement, ...]
    guarded: bool
    edits_path: bool
    tries: tuple[tuple[int, tuple[Arm, ...]], ...]
    spread: tuple[int, ...]
    alone: frozenset[int] = frozenset()
    dotted: tuple[DottedImports, ...] = ()
    shebang: bool = False

    def arms(self, opener: int) -> tuple[Arm, ...]:
        """The arms of the try statement at ``opener``."""
        return next((arms for start, arms in self.tries if start == opener), ())


def read_facts(text: str, about: Collection[str] | None, *, scripted: bool = False) -> FileFacts | None:
    """The facts about a file with absolute imports of ``about``'s top-level names; None: about any import.

    ``scripted``: the statements may have to become fallback blocks.
    """
    statements = read_imports(text, about)
    if not statements:
        return None
    openers = {guard.opener for statement in statements for guard in catching_guards(statement.guards)}
    everything: Sequence[ImportStatement] = read_imports(text) if openers else ()
    guarded = has_main_guard(text)
    return FileFacts(
        statements,
        guarded=guarded,
        edits_path=_edits_path_for(text, statements),
        tries=tuple((opener, _read_arms(text, opener, everything)) for opener in sorted(openers)),
        spread=tuple(entry.start for entry in statements if _is_spread(text, entry)),
        alone=frozenset(entry.start for entry in statements if scripted and _is_alone(text, entry)),
        dotted=() if about is None else _read_dotted(text, statements),
        shebang=_SHEBANG.match(text) is not None,
    )


def _read_dotted(text: str, statements: Sequence[ImportStatement]) -> tuple[DottedImports, ...]:
    if all(entry.is_from for entry in statements):
        return ()
    from rewire_codemods.relative_imports.dotted import read_dotted

    return read_dotted(text, statements)


def _edits_path_for(text: str, statements: Sequence[ImportStatement]) -> bool:
    """True if an edit of ``sys.path`` can be there for one of the statements: at module level, or in its function."""
    functions = {guard.start for entry in statements for guard in entry.guards if guard.kind == "def"}
    return any(edit.function < 0 or edit.function in functions for edit in path_edits(text))


def catching_guards(guards: Sequence[Guard]) -> list[Guard]:
    """The try and except blocks that are entered when the statement runs: those inside the innermost function."""
    inner = 0
    for index, guard in enumerate(guards):
        if guard.kind == "def":
            inner = index + 1
    return [guard for guard in guards[inner:] if guard.kind in ("try", "except")]


def _read_arms(text: str, opener: int, everything: Sequence[ImportStatement]) -> tuple[Arm, ...]:
    arms = []
    for clause in read_clauses(text, opener):
        header = text[clause.start : clause.header_end] if clause.kind == "except" else ""
        catches = bool(header) and (_BARE.match(header) is not None or _CATCHING.search(header) is not None)
        narrow: tuple[int, ...] = ()
        if catches and not _BARE.match(header) and not _WIDE.search(header.partition("#")[0]):
            narrow = tuple(clause.start + match.start() for match in _NARROW.finditer(header.partition("#")[0]))
        inside = tuple(entry for entry in everything if clause.start <= entry.start < clause.end)
        arms.append(Arm(clause.kind, clause.start, clause.end, catches, narrow, inside))
    return tuple(arms)


def _is_alone(text: str, statement: ImportStatement) -> bool:
    """True if nothing else stands on the statement's lines, a comment after it neither."""
    line = max(text.rfind("\n", 0, statement.start), text.rfind("\r", 0, statement.start)) + 1
    return not text[line : statement.start].strip(" \t") and _AFTER.match(text, statement.end) is not None


def _is_spread(text: str, statement: ImportStatement) -> bool:
    """True if the module's own name runs over several lines or holds spaces: rewriting it would move a line."""
    if statement.is_from:
        if text.startswith("." * statement.level + statement.module, statement.start + len("from ")):
            return False
        return "\n" in text[statement.start : statement.end] and _breaks_module(text, statement)
    return "\n" in text[statement.start : statement.end] or "\r" in text[statement.start : statement.end]


def _breaks_module(text: str, statement: ImportStatement) -> bool:
    written = "." * statement.level + statement.module
    head = text[statement.start : statement.end].removeprefix("from").lstrip(" \t\f\\\r\n")
    return not head.startswith(written)
