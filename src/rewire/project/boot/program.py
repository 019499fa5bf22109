"""A Python file reduced to what matters when it is imported: the operations, in the order Python carries them out.

Expressions are kept as ``ast`` only where their value can decide something (a test, a path, a constant); of all
others only the names they use and call are kept. A program is a tenth of its file's syntax tree and shared by every
launch context that loads the file.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ast


@dataclass(frozen=True, slots=True)
class Use:
    """A name or dotted chain that an expression reads; ``call`` is the call made on it, ``awaited`` if waited for."""

    line: int
    chain: tuple[str, ...]
    call: ast.Call | None = None
    awaited: bool = False
    lines: tuple[int, ...] = ()
    """The line of each part of the chain, where it is spread over several."""
    when: tuple[tuple[ast.expr | None, bool], ...] = ()
    """Conditions in the expression (``a if test else b``, ``test and a``), and what each must be for it to be read."""
    over: ast.expr | None = None
    """What a comprehension around it runs over: read only if that holds something."""


@dataclass(frozen=True, slots=True)
class Op:
    """One operation; ``line`` is what a traceback would show."""

    line: int


@dataclass(frozen=True, slots=True)
class Import(Op):
    """``import a.b as c, d``: pairs (dotted name, name after ``as``)."""

    names: tuple[tuple[str, str | None], ...]


@dataclass(frozen=True, slots=True)
class ImportFrom(Op):
    """``from ..module import name as asname``."""

    level: int
    module: str
    names: tuple[tuple[str, str | None], ...]


@dataclass(frozen=True, slots=True)
class Evaluate(Op):
    """An expression statement, or the expressions of a statement that is otherwise of no interest."""

    uses: tuple[Use, ...]


@dataclass(frozen=True, slots=True)
class Assign(Op):
    """Names (and dotted targets, ``sys.path[...]`` among them) get a value; ``value`` None: it cannot matter."""

    targets: tuple[tuple[str, ...], ...]
    value: ast.expr | None
    uses: tuple[Use, ...]
    augmented: bool = False


@dataclass(frozen=True, slots=True)
class Define(Op):
    """``def``: the body runs when it is called. ``local_names`` are parameters and everything the body binds."""

    name: str
    body: tuple[Op, ...]
    local_names: frozenset[str]
    global_names: frozenset[str]
    uses: tuple[Use, ...]
    is_async: bool
    is_generator: bool
    decorators: tuple[tuple[tuple[str, ...], bool], ...]
    """(dotted chain, is it called) of each decorator; a chain that cannot be told is ``("?",)``."""
    acts: bool = True
    """Carrying out the body by itself may load a file, or change what others load, by other means than an import."""
    imports: tuple[Import | ImportFrom, ...] = ()
    """Every import statement in the body, those of nested functions and classes included."""


@dataclass(frozen=True, slots=True)
class Class(Op):
    """``class``: the body runs at once, in a scope of its own."""

    name: str
    bases: tuple[tuple[str, ...], ...]
    parameters: tuple[str, ...]
    body: tuple[Op, ...]
    uses: tuple[Use, ...]
    decorated: bool


@dataclass(frozen=True, slots=True)
class If(Op):
    """``if``: ``test`` None where nothing can be said of it."""

    test: ast.expr | None
    uses: tuple[Use, ...]
    body: tuple[Op, ...]
    orelse: tuple[Op, ...]


@dataclass(frozen=True, slots=True)
class Handler:
    """``except types as name``; ``types`` None: bare; a type is a dotted chain."""

    line: int
    types: tuple[tuple[str, ...], ...] | None
    name: str | None
    body: tuple[Op, ...]


@dataclass(frozen=True, slots=True)
class Try(Op):
    """``try`` with its clauses; ``with suppress(...)`` is one too."""

    body: tuple[Op, ...]
    handlers: tuple[Handler, ...]
    orelse: tuple[Op, ...]
    final: tuple[Op, ...]


@dataclass(frozen=True, slots=True)
class Loop(Op):
    """``for`` (``names`` and ``values``) and ``while`` (``test``)."""

    names: tuple[str, ...]
    values: ast.expr | None
    test: ast.expr | None
    is_while: bool
    uses: tuple[Use, ...]
    body: tuple[Op, ...]
    orelse: tuple[Op, ...]


@dataclass(frozen=True, slots=True)
class Branches(Op):
    """``match``: any one of several bodies, or none."""

    uses: tuple[Use, ...]
    names: tuple[str, ...]
    bodies: tuple[tuple[Op, ...], ...]


@dataclass(frozen=True, slots=True)
class Delete(Op):
    """``del name``."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Raise(Op):
    """``raise``; ``kind`` None: the exception in flight. ``text`` is its message where that is written out."""

    kind: str | None
    text: str
    uses: tuple[Use, ...]


@dataclass(frozen=True, slots=True)
class Return(Op):
    """``return``; ``value`` is kept where it can matter."""

    value: ast.expr | None
    uses: tuple[Use, ...]


@dataclass(frozen=True, slots=True)
class Leave(Op):
    """``break`` and ``continue``."""

    is_break: bool


@dataclass(frozen=True, slots=True)
class Broken:
    """A file that no version of Python reads: the line and what is wrong there."""

    line: int
    text: str
    kind: str = "SyntaxError"


@dataclass(frozen=True, slots=True)
class Program:
    """A file's operations at module level, and its functions at any depth (for what runs later)."""

    body: tuple[Op, ...]
    functions: tuple[Define, ...]
    mentions_path: bool
    """The file edits ``sys.path`` somewhere."""
    vague: bool
    """Newer syntax was left out to read it, so names may be bound that are not seen."""
    main_guard: int
    """1-based line of its ``if __name__ == "__main__"``; 0 without one."""
