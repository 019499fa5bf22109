"""The names that a module's top level binds, in any version's syntax, without a parser.

Errs on the side of a name too many: whoever asks wants to know what an import may find in the module.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from functools import lru_cache
from typing import TYPE_CHECKING

from rewire.syntax.imports import read_imports
from rewire.syntax.lexical import Layout, scan

if TYPE_CHECKING:
    from rewire.syntax.import_statement import ImportStatement

_DEFINES = re.compile(r"(?:async[ \t]+)?(?:def|class|type)[ \t]+([^\W\d]\w*)")
_PLAINLY = re.compile(r"\n(?:(?:async def|def|class) +(\w+)|(\w+) *(?:=(?!=)|:[^\n=]*=))")
_BLOCK = re.compile(r"(?:async[ \t]+)?(?:def|class)\b")
_GLOBAL = re.compile(r"global[ \t]+([\w, \t]+)")
_WALRUS = re.compile(r"([^\W\d]\w*)[ \t]*:=")
_FOR = re.compile(r"(?:async[ \t]+)?for\b(.*?)\bin\b", re.DOTALL)
_AS = re.compile(r"\bas[ \t]+(\([^()]*\)|\w+)")
_CASE = re.compile(r"case\b")
_NAME = re.compile(r"(?<![\w.])[^\W\d]\w*(?![\w.(\[])")
_ANNOTATED = re.compile(r"([^\W\d]\w*)[ \t]*:[^=]*=(?!=)")
_ASSIGN = re.compile(r"(?<![=<>!:])=(?!=)|(?:[-+*/%@&|^]|//|\*\*|<<|>>)=")
_MAY_BIND = re.compile(r"=|\b(?:def|class|type|for|as|case)\b")
_BRACKET = re.compile(r"[()\[\]{}]")
_DYNAMIC = re.compile(
    r"\bdef[ \t]+__getattr__\b|\b(?:globals|vars|setattr|exec|lazy_\w*|attach\w*)[ \t]*\(|\bsys\.modules\["
)

MODULE_NAMES = frozenset(
    {
        "__builtins__",
        "__cached__",
        "__dict__",
        "__doc__",
        "__file__",
        "__loader__",
        "__name__",
        "__package__",
        "__path__",
        "__spec__",
    }
)
"""What every module has without binding it (``__path__``: packages only)."""


def may_bind(text: str, name: str, *, is_stub: bool = False) -> bool:
    """True if the module ``text`` may have an attribute ``name``: it binds it, or binds names no reader can list.

    ``is_stub``: the text is that of a ``.pyi`` file, in which a declaration (``name: int``) says that there is one.
    """
    if name in MODULE_NAMES or (is_stub and re.search(rf"^[ \t]*{re.escape(name)}[ \t]*:", text, re.MULTILINE)):
        return True
    if name in _plainly_bound(text):
        return True
    if name in text and (name in _imported_names(text) or name in assigned_names(text)):
        return True
    return is_dynamic(text)


@lru_cache(maxsize=16384)
def _plainly_bound(text: str) -> frozenset[str]:
    return plainly_bound(text)


def plainly_bound(text: str) -> frozenset[str]:
    """Names bound at the start of a line (but the first), by a definition or an assignment: fast, and right most of
    the time.

    What stands in a string is not told apart; at worst a name too many.
    """
    return frozenset(match[1] or match[2] for match in _PLAINLY.finditer(text))


@lru_cache(maxsize=512)
def is_dynamic(text: str) -> bool:
    """True if the module binds names that its text does not spell: a star import, ``__getattr__``, ``globals()``."""
    return _DYNAMIC.search(text) is not None or any(
        name == "*" for statement in read_imports(text) for name, _ in statement.names
    )


@lru_cache(maxsize=512)
def bound_names(text: str) -> frozenset[str]:
    """Every name that module-level code binds, ``global`` statements of functions included; stars are not."""
    return assigned_names(text) | _imported_names(text)


@lru_cache(maxsize=512)
def _imported_names(text: str) -> frozenset[str]:
    """The names that imports of module-level code bind: sooner read than all that is assigned."""
    return frozenset(
        name
        for statement in read_imports(text)
        if not any(guard.kind in ("def", "class") for guard in statement.guards)
        for name in bound_by_import(statement)
    )


@lru_cache(maxsize=512)
def assigned_names(text: str) -> frozenset[str]:
    """``bound_names`` without what imports bind."""
    layout = scan(text)
    found: set[str] = set()
    hidden = -1
    for code, end, column in zip(layout.offsets.codes, layout.offsets.ends, layout.columns(), strict=True):
        if 0 <= hidden < column:
            if text.startswith("global", code):
                found.update(_globals(text, code))
            continue
        hidden = column if _BLOCK.match(text, code) else -1
        if _MAY_BIND.search(text, code, end):
            found.update(_bound_by(layout, code, end))
    return frozenset(found)


def bound_by_import(statement: ImportStatement) -> list[str]:
    """The names that one import statement binds; a star binds none that can be told."""
    if statement.is_from:
        return [alias or name for name, alias in statement.names if name != "*"]
    return [alias or name.partition(".")[0] for name, alias in statement.names]


def _globals(text: str, code: int) -> list[str]:
    match = _GLOBAL.match(text, code)
    return [name.strip() for name in match[1].split(",")] if match else []


def _bound_by(layout: Layout, code: int, end: int) -> set[str]:
    """Names that one logical line binds, imports left out."""
    text = _without_literals(layout, code, end)
    defined = _DEFINES.match(text)
    if defined:
        return {defined[1]}
    found = set(_WALRUS.findall(text))
    loop = _FOR.match(text)
    if loop:
        found.update(_NAME.findall(loop[1]))
    elif _CASE.match(text):
        found.update(_NAME.findall(text))
    elif not text.startswith(("import", "from")):
        for listed in _AS.findall(text):
            found.update(_NAME.findall(listed))
    for statement in text.split(";"):
        found.update(_assigned(statement))
    return found


def _assigned(statement: str) -> set[str]:
    annotated = _ANNOTATED.match(statement.strip())
    if annotated:
        return {annotated[1]}
    found: set[str] = set()
    flat = _outside_calls(statement)
    parts = _ASSIGN.split(flat)
    for target in parts[:-1]:
        found.update(_NAME.findall(target.rpartition(":")[2]))
    return found


def _outside_calls(statement: str) -> str:
    """The statement without the contents of call and subscript brackets; tuple and list targets stay."""
    kept: list[str] = []
    closers: list[bool] = []
    hidden = position = 0
    previous = ""
    for match in _BRACKET.finditer(statement):
        char, piece = match.group(), statement[position : match.start()]
        position = match.end()
        previous = piece.rstrip()[-1:] or previous
        if not hidden:
            kept.append(piece)
        if char in "([{":
            if not hidden:
                kept.append(char)
            closers.append(char == "{" or (previous != "" and (previous.isalnum() or previous in "_)]")))
            hidden += closers[-1]
        else:
            kept.append(char)
            if closers:
                hidden -= closers.pop()
        previous = char
    if not hidden:
        kept.append(statement[position:])
    return "".join(kept)


def _without_literals(layout: Layout, code: int, end: int) -> str:
    """The text of one logical line with strings emptied and comments left out."""
    pieces = []
    position = code
    for spans in (layout.strings, layout.comments):
        first = bisect_left(spans, code, key=lambda span: span.start)
        while first < len(spans) and spans[first].start < end:
            pieces.append(spans[first])
            first += 1
    kept = []
    for span in sorted(pieces):
        if span.start < position:
            continue
        kept.append(layout.text[position : span.start])
        kept.append("''" if layout.text[span.start] != "#" else "")
        position = span.end
    kept.append(layout.text[position:end])
    return "".join(kept)
