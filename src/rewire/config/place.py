"""Where in a TOML file a key stands: tomllib says what a file holds, not on which line."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_HEADER = re.compile(r"^\s*(\[\[?)(.+?)\]\]?\s*(?:#.*)?$")
_ASSIGNMENT = re.compile(r"""^\s*((?:[\w.\-]|"[^"]*"|'[^']*'|\s*\.\s*)+?)\s*=""")


def line_of_key(text: str, path: Sequence[str | int]) -> int:
    """1-based line of the key at ``path`` (array positions as int), or of its nearest table; 0 where none is found.

    Reads line by line, so a line within a multi-line string that looks like an assignment may be taken for one: the
    answer is for a person's eyes.
    """
    wanted = tuple(path)
    best, best_length = 0, 0
    for number, keys in _keys(text):
        if keys == wanted:
            return number
        length = len(keys)
        if length > best_length and keys == wanted[:length]:
            best, best_length = number, length
    return best


def _keys(text: str) -> Iterator[tuple[int, tuple[str | int, ...]]]:
    """Each line that opens a table or assigns a key, with the full path of that key."""
    table: tuple[str | int, ...] = ()
    counts: dict[tuple[str | int, ...], int] = {}
    for number, line in enumerate(text.split("\n"), start=1):
        header = _HEADER.match(line)
        if header and (names := _split(header[2])):
            table = names
            if header[1] == "[[":
                counts[names] = counts.get(names, -1) + 1
                table = (*names, counts[names])
            yield number, table
            continue
        assignment = _ASSIGNMENT.match(line)
        if assignment and (names := _split(assignment[1])):
            yield number, (*table, *names)


def _split(dotted: str) -> tuple[str, ...]:
    """The parts of a dotted TOML key, as tomllib reads it; empty if it is none."""
    import tomllib

    try:
        value: Any = tomllib.loads(f"{dotted} = 0")
    except tomllib.TOMLDecodeError:
        return ()
    parts = []
    while isinstance(value, dict):
        ((key, value),) = value.items()
        parts.append(key)
    return tuple(parts)


def dotted(path: Sequence[str | int]) -> str:
    """``("tool", "rewire", "launch", 0, "role")`` as ``tool.rewire.launch[0].role``."""
    shown = ""
    for part in path:
        if isinstance(part, int):
            shown += f"[{part}]"
        else:
            key = part if re.fullmatch(r"[\w-]+", part) else repr(part)
            shown += f".{key}" if shown else key
    return shown
