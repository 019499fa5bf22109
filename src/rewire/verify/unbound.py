"""What the running Python's own symbol table says of a file's names: what is bound, and what is read and is not.

A file costs 4 ms and not the 65 of LibCST's scope analysis. Types in strings, which the compiler does not look into,
are read here: in annotations and in what ``typing`` gives.
"""

from __future__ import annotations

import ast
import re
import symtable
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_WORD = re.compile(r"[^\W\d]\w*")
_TYPING = frozenset({"typing", "typing_extensions"})
_SAY_THEIR_NAME = frozenset({"TypeVar", "ParamSpec", "TypeVarTuple", "NewType", "NamedTuple", "TypedDict"})
"""Their first argument is the name of what they make, no type."""


@dataclass(frozen=True, slots=True)
class Names:
    """``bound`` in the module, by any of its parts; ``unbound``: read where nothing of the file binds it, builtins
    among them; ``quoted``: words of the strings that may be types.
    """

    bound: frozenset[str]
    unbound: frozenset[str]
    quoted: frozenset[str]


def read_names(text: str) -> Names | None:
    """The names of a file; None where this Python cannot read it, or it imports a star."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            module = ast.parse(text)
            table = symtable.symtable(text, "<text>", "exec")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    if any(isinstance(node, ast.ImportFrom) and node.names[0].name == "*" for node in ast.walk(module)):
        return None
    tables = list(_all_tables(table))
    bound = _bound_in_module(table, tables)
    free = {
        symbol.get_name()
        for one in tables
        for symbol in one.get_symbols()
        if symbol.is_referenced() and (one is table or symbol.is_global())
    }
    return Names(frozenset(bound), frozenset(free - bound), frozenset(_quoted(module)))


def _all_tables(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    yield table
    for child in table.get_children():
        yield from _all_tables(child)


def _bound_in_module(table: symtable.SymbolTable, tables: list[symtable.SymbolTable]) -> set[str]:
    bound = {symbol.get_name() for symbol in table.get_symbols() if _binds(symbol)}
    for one in tables:
        bound |= {symbol.get_name() for symbol in one.get_symbols() if symbol.is_declared_global() and _binds(symbol)}
    return bound


def _binds(symbol: symtable.Symbol) -> bool:
    return symbol.is_assigned() or symbol.is_imported() or symbol.is_namespace()


def _quoted(module: ast.Module) -> set[str]:
    """The words in strings that may be types: in annotations, and in what looks like ``typing``'s own forms."""
    hinting = {
        alias.asname or alias.name.partition(".")[0]
        for node in ast.walk(module)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
        if (node.module if isinstance(node, ast.ImportFrom) else alias.name) in _TYPING
    }
    words: set[str] = set()
    for node in ast.walk(module):
        for place in _type_places(node, hinting):
            for part in ast.walk(place):
                if isinstance(part, ast.Constant) and isinstance(part.value, str):
                    words.update(_WORD.findall(part.value))
    return words


def _type_places(node: ast.AST, hinting: set[str]) -> Iterator[ast.AST]:
    if isinstance(node, ast.arg | ast.AnnAssign) and node.annotation:
        yield node.annotation
    elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.returns:
        yield node.returns
    elif isinstance(node, ast.Subscript) and _names_a_type(node.value, hinting):
        yield node.slice
    elif isinstance(node, ast.Call) and _comes_from_typing(node.func, hinting):
        yield from node.args[_last(node.func) in _SAY_THEIR_NAME :]
        yield from node.keywords


def _names_a_type(node: ast.expr, hinting: set[str]) -> bool:
    """True for a name in capitals, one that ``typing`` gave, and anything taken from that module."""
    return _last(node)[:1].isupper() or _comes_from_typing(node, hinting)


def _last(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _comes_from_typing(node: ast.expr, hinting: set[str]) -> bool:
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name) and node.id in hinting
