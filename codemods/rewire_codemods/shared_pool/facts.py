"""What ``locate`` says about one file, and the recipes that ``plan`` hands to the transformer. Plain frozen values."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from rewire.codemod import Span

Step = int | str
Path = tuple[Step, ...]
"""Way to a statement from a list of statements: index, suite, index, suite, index, ... (``(2, "finalbody", 0)``)."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a place is refused: a code of ``refusals.CODES`` and what was seen there."""

    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Atom:
    """One source of a DSN expression: environment variable, module-level name, attribute of ``self``, literal."""

    kind: Literal["env", "name", "self", "literal", "parameter", "local"]
    value: str


@dataclass(frozen=True, slots=True)
class Expression:
    """An argument as written, and as a template of text and atoms. ``pure`` False: it is computed by a call.

    ``pieces`` say what it comes down to, ``code`` what another file has to write: all of its text, with its names as
    atoms and locals as what they hold. ``formatted``: there is an f-string in it, which takes no quotes.
    """

    text: str
    pieces: tuple[str | Atom, ...]
    pure: bool = True
    code: tuple[str | Atom, ...] = ()
    formatted: bool = False

    @property
    def atoms(self) -> tuple[Atom, ...]:
        """The atoms alone."""
        return tuple(piece for piece in self.pieces if isinstance(piece, Atom))


@dataclass(frozen=True, slots=True)
class Arguments:
    """What ``connect(...)`` is given: what names the database, the limit, and what ``acquire`` cannot carry."""

    database: tuple[tuple[str, Expression], ...] = ()
    timeout: str = ""
    others: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """``written`` for reports: passwords that stand in the code do not travel with it."""
        return masked(self.written)

    @property
    def written(self) -> str:
        """The database as people write it: the DSN expression, or ``host=..., database=...``."""
        if len(self.database) == 1 and self.database[0][0] == "dsn":
            return self.database[0][1].text
        return (
            ", ".join(f"{key}{'' if key == '**' else '='}{value.text}" for key, value in self.database)
            or "(environment)"
        )


_SECRETS = re.compile(r"""(://[^:/@\s"']+:)[^@\s"']+(?=@)|(password=)(?:"[^"]*"|'[^']*')""")


def masked(text: str) -> str:
    """``text`` with ``***`` for the passwords in URLs and ``password="..."`` arguments."""
    return _SECRETS.sub(lambda found: f"{found[1] or found[2]}***", text)


@dataclass(frozen=True, slots=True)
class Recipe:
    """Exactly what becomes of the statements of one BLOCK site; paths count from the block's first statement.

    ``form``: ``block`` (an ``async with`` around what follows the connect), ``item`` (the item of a ``with`` that is
    there), ``stack`` (``enter_async_context``), ``closes`` (nothing but closes go).
    ``until`` ends the run in the connect's own list; the last ``left`` statements of the block, after emptied ``try``
    statements are dissolved, stay outside it. ``drops`` are statements that go. ``strings`` are the literals that go
    with the connect call and the closes. ``yields`` is the ``return conn`` of a factory; ``base`` is where the block
    starts in the function's own list. ``indent`` is one step of the file's indentation.
    """

    block: Span
    form: Literal["block", "item", "stack", "closes"]
    name: str
    connect: Path
    until: int = 0
    left: int = 0
    drops: tuple[Path, ...] = ()
    stack: str = ""
    strings: tuple[str, ...] = ()
    item: int = 0
    yields: Path = ()
    base: int = 0
    indent: str = "    "


@dataclass(frozen=True, slots=True)
class Removal:
    """A statement (or one name of an import statement) that may go once nothing reads ``name``.

    ``scope`` is the function that holds it (empty: the module) and ``reads`` how often that function reads the name.
    """

    span: Span
    name: str
    kind: Literal["import", "assignment"]
    uses: tuple[str, ...] = ()
    strings: tuple[str, ...] = ()
    scope: str = ""
    reads: int = 0


@dataclass(frozen=True, slots=True)
class Called:
    """A call inside a block: the callee as written. ``passes``: the connection is an argument. ``tail``: it comes
    after the last use of the connection, in the ``tail``-th statement from the end of the block (0: it does not)."""

    callee: str
    line: int
    passes: bool = False
    tail: int = 0
    awaited: bool = False


@dataclass(frozen=True, slots=True)
class Opening:
    """One place that opens a connection: ``asyncpg.connect`` or, in a second look, a call of a factory.

    ``name`` is what the connection is bound to, ``function`` the qualified name around it (empty: module level).
    ``hands`` says how the connection leaves the function: returned (a factory), yielded, or not at all.
    ``gone`` are the names read by code that the rewriting removes, ``sql`` dotted names that its queries read.
    ``locks`` are the locks and semaphores that the block waits for.
    """

    span: Span
    line: int
    function: str
    name: str = ""
    shape: str = ""
    trouble: Trouble | None = None
    recipe: Recipe | None = None
    init: Removal | None = None
    arguments: Arguments = Arguments()
    calls: tuple[Called, ...] = ()
    state: tuple[str, ...] = ()
    slow: tuple[str, ...] = ()
    hands: Literal["", "returns", "yields"] = ""
    gone: tuple[tuple[str, int], ...] = ()
    locals: tuple[Removal, ...] = ()
    max_left: int = 0
    sql: tuple[str, ...] = ()
    locks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Hold:
    """``async with callee() as name`` or ``async for name in callee()``: the callee, and the calls in the body.

    A lock (``async with lock``) is one, too. ``lines`` are the first and the last line of the body.
    """

    callee: str
    calls: tuple[Called, ...] = ()
    lines: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True)
class Function:
    """A function of the file, as the call graph sees it.

    ``acquires``: it takes a connection from some pool itself. ``state``: session state that it sets on a connection.
    ``types``: what local names and parameters are instances of, as written. ``depends``: parameter and dependency of
    each ``Depends(...)``. ``closes``: plain names whose ``close`` or ``terminate`` it calls. ``enters``: name and
    callee of each ``async with callee() as name``; ``holds`` the same with what is called meanwhile. ``runs``: callees
    that it runs in an event loop of their own.
    """

    name: str
    line: int
    is_async: bool
    calls: tuple[Called, ...] = ()
    acquires: bool = False
    state: tuple[str, ...] = ()
    types: tuple[tuple[str, str], ...] = ()
    depends: tuple[tuple[str, str], ...] = ()
    decorators: tuple[str, ...] = ()
    yields: bool = False
    returns: str = ""
    parameters: tuple[str, ...] = ()
    closes: tuple[str, ...] = ()
    enters: tuple[tuple[str, str], ...] = ()
    holds: tuple[Hold, ...] = ()
    runs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Class:
    """A class: its bases as written, what ``self.x`` is an instance of or comes from, and its own string constants."""

    name: str
    bases: tuple[str, ...] = ()
    types: tuple[tuple[str, str], ...] = ()
    values: tuple[tuple[str, Expression], ...] = ()
    texts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Constant:
    """A module-level ``NAME = expression`` (the only binding of that name): where, and what it comes from."""

    name: str
    value: Expression | None
    instance: str = ""


@dataclass(frozen=True, slots=True)
class PoolMaking:
    """A ``create_pool`` call: its database, its size, and the module-level name it fills (empty: none)."""

    line: int
    function: str
    arguments: Arguments
    fills: str = ""
    max_size: str = ""


@dataclass(frozen=True, slots=True)
class PoolName:
    """A module-level name that a pool is put into, the functions that return it, and those that put it there."""

    name: str
    getters: tuple[str, ...] = ()
    async_getters: tuple[str, ...] = ()
    setters: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FileFacts:
    """Everything that is asked of one file."""

    path: str
    openings: tuple[Opening, ...] = ()
    functions: tuple[Function, ...] = ()
    classes: tuple[Class, ...] = ()
    constants: tuple[Constant, ...] = ()
    removals: tuple[Removal, ...] = ()
    names: tuple[tuple[str, int], ...] = ()
    bound: tuple[str, ...] = ()
    imports: tuple[tuple[str, str], ...] = ()
    aliases: tuple[tuple[str, str], ...] = ()
    makings: tuple[PoolMaking, ...] = ()
    pools: tuple[PoolName, ...] = ()
    insert_at: int = 0
    import_run: tuple[Span, ...] = ()
    runs: tuple[str, ...] = ()
    guarded: bool = False
    guard_calls: tuple[tuple[str, int], ...] = ()
