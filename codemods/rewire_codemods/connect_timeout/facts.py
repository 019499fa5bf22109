"""What one file says: calls with the argument, dicts with the key, URLs with the parameter, and where they go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from rewire.codemod import Span

Sink = Literal[
    "connect", "create_pool", "acquire", "engine", "engine-unproved", "url", "driver", "unproved", "chosen", "other"
]
"""What a call reaches. ``engine``: an SQLAlchemy engine on asyncpg; ``driver``: somebody else's, or an engine on
another driver; ``url``: SQLAlchemy's ``URL`` for asyncpg; ``unproved``: an ``acquire`` on something that cannot be
shown to be asyncpg's pool; ``chosen``: asyncpg or another, as only the running program knows."""

ASYNCPG: frozenset[Sink] = frozenset({"connect", "create_pool", "acquire", "engine"})


@dataclass(frozen=True, slots=True)
class Value:
    """The limit as the author wrote it (``code``) and what asyncpg needs to see.

    ``action``: ``keep`` as it stands; ``replace`` by ``new``; wrap in ``float``; ``or-none`` appends ``or None``;
    ``unusable``: no number at all. ``known`` is False where only the running program knows the value.
    """

    code: str
    action: Literal["keep", "replace", "float", "or-none", "unusable"] = "keep"
    new: str = ""
    known: bool = True

    @property
    def shown(self) -> str:
        """The author's expression on one line, short enough for a report."""
        line = " ".join(self.code.split())
        return line if len(line) <= 60 else f"{line[:57]}..."

    @property
    def quoted(self) -> bool:
        """True if the expression holds a string literal."""
        return "'" in self.code or '"' in self.code

    @property
    def written(self) -> str:
        """The expression that asyncpg gets."""
        if self.action == "replace":
            return self.new
        if self.action == "float":
            return f"float({self.code})"
        return f"{self.code} or None" if self.action == "or-none" else self.code


@dataclass(frozen=True, slots=True)
class CallFact:
    """One call and all that a decision about it needs.

    ``limit`` says which limit is there already (``"timeout="``, ``"asyncio.wait_for"``, ``"asyncio.timeout"`` or
    ``""``); ``own`` names the argument by which the user's own connect function gets in; ``splat`` is True where a
    ``**`` holds nobody knows what; ``arguments`` is the state of an engine's ``connect_args``.
    """

    path: str
    span: Span
    line: int
    sink: Sink
    name: str
    limit: str = ""
    own: str = ""
    splat: bool = False
    keywords: tuple[str, ...] = ()
    arguments: Literal["none", "open", "timed", "elsewhere"] = "none"


@dataclass(frozen=True, slots=True)
class KeywordFact:
    """``connect_timeout=`` in a call; ``span`` is the argument's. ``comment``: dropping it drops a comment."""

    call: CallFact
    span: Span
    value: Value
    comment: bool


UseKind = Literal[
    "splat", "connect_args", "server_settings", "engine_settings", "dsn", "url",
    "read", "removed", "shown", "mixed", "lent", "escape",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Use:
    """One thing that happens to a dict or a URL.

    ``read``: its key is named at ``span`` (the key's own string literal), loaded or stored; ``removed``: the code
    takes the key out; ``shown``: printed, counted or logged as a whole; ``mixed``: the name has other values as well;
    ``lent``: it is put into something that the function was given, which others may look into as well;
    ``escape``: it goes where it cannot be followed, as ``detail`` says. ``indirect``: seen through a parameter, which
    may get other dicts too. ``plain``: a read that only shows the value (in an f-string, in a log call).
    ``comment``: dropping the argument that passes it drops a comment.
    """

    kind: UseKind
    path: str
    span: Span
    line: int
    call: CallFact | None = None
    detail: str = ""
    indirect: bool = False
    plain: bool = False
    comment: bool = False


@dataclass(frozen=True, slots=True)
class Export:
    """A way in which other files can get at the value: a module-level ``name`` or an ``attribute`` of ``path``.

    ``steps`` leads from there to the value: ``"()"`` a call, anything else a literal key. ``line`` is that of the class
    (``lineage.Line``) whose objects have the value in the attribute, where that is known.
    """

    path: str
    kind: Literal["name", "attribute"]
    name: str
    steps: tuple[str, ...] = ()
    owner: str = ""
    line: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Trace:
    """Where a value goes, as far as its own file shows. ``flags``: environment, settings, parameter, built."""

    uses: tuple[Use, ...] = ()
    exports: tuple[Export, ...] = ()
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DictFact:
    """A key ``connect_timeout`` in a dict display, a ``dict(...)`` call, or set by a subscript (``kind`` ``"Store"``).

    ``span`` covers the dict and ``place`` its element; for a store ``span`` covers the value, of LibCST type
    ``node``, and ``place`` the key's string literal. ``holder`` is the dict, or the one that it is an entry of.
    ``guard``: the conditions under which the dict is made say that the driver is asyncpg (True), or is not (False).
    """

    path: str
    span: Span
    kind: Literal["Dict", "Call", "Store"]
    place: Span
    line: int
    value: Value
    trace: Trace
    timed: bool = False
    comment: bool = False
    alone: bool = False
    holder: Span | None = None
    node: str = ""
    guard: bool | None = None


@dataclass(frozen=True, slots=True)
class BuiltFact:
    """A dict that gets the key from what cannot be edited here: the fields of an object, or a list of names.

    ``span`` is the place that names it, ``what`` says it in words, ``code`` is that of the refusal; ``""`` where it is
    not known whether the object has such a field.
    """

    path: str
    span: Span
    line: int
    code: str
    what: str
    trace: Trace


@dataclass(frozen=True, slots=True)
class TextFact:
    """A DSN or SQLAlchemy URL that sets a limit in its query. ``pieces`` are its source text without
    the limit, see ``urls.Limits``.

    ``limits`` are (query key, value) in the order of the query. ``driver`` is what follows the ``+`` of the scheme.
    """

    path: str
    span: Span
    kind: str
    line: int
    driver: str
    limits: tuple[tuple[str, Value], ...]
    pieces: tuple[str, ...]
    trace: Trace
    comment: bool = False


@dataclass(frozen=True, slots=True)
class LayerFact:
    """A limit that a library hands on to asyncpg; ``what`` says which one, in words."""

    span: Span
    line: int
    what: str


@dataclass(frozen=True, slots=True)
class Extra:
    """Another argument of libpq's in an asyncpg call or DSN; ``dsn`` tells which of the two."""

    name: str
    span: Span
    line: int
    dsn: bool = False


@dataclass(frozen=True, slots=True)
class FileFacts:
    """All of it. ``asyncpg``: the file holds one of ``tables.REACHES``.

    ``open``: imported names on which an answer depends, which other files of the project may define. ``pending``: the
    file mentions the argument, but is worth parsing only if it has to do with a file that speaks of asyncpg.
    ``vague``: a call that reaches asyncpg unpacks nobody knows what. ``asserted``: lines on which a mock is asked
    whether it was called with the argument. ``faked``: lines of functions with a parameter of that name that are put in
    the place of something else. ``declares``: the file may hold a class with a field, or a program with an option, of
    that name. ``unpacks``: it has ``**`` in the place of an argument.
    """

    asyncpg: bool
    keywords: tuple[KeywordFact, ...] = ()
    dicts: tuple[DictFact, ...] = ()
    texts: tuple[TextFact, ...] = ()
    extras: tuple[Extra, ...] = ()
    open: tuple[str, ...] = ()
    examined: bool = False
    pending: bool = False
    vague: bool = False
    asserted: tuple[int, ...] = ()
    faked: tuple[int, ...] = ()
    built: tuple[BuiltFact, ...] = ()
    declares: bool = False
    layers: tuple[LayerFact, ...] = ()
    unpacks: bool = False
