"""A value from TOML or the command line against the type it is declared to have."""

from __future__ import annotations

import re
from typing import Any, Literal, NamedTuple, Union, get_args, get_origin


class Misfit(NamedTuple):
    """``value`` is not of the type; ``message`` says what was expected, ``path`` where below the value itself."""

    message: str
    path: tuple[str | int, ...] = ()


def convert(value: Any, wanted: Any) -> Any:
    """``value`` as ``wanted`` (lists become tuples), or a ``Misfit``. Strict: ``"1"`` is not an int, 1 not a bool."""
    import msgspec

    try:
        return msgspec.convert(value, wanted, strict=True)
    except msgspec.ValidationError as error:
        message, _, where = str(error).partition(" - at `$")
        path = tuple(int(index) if index else name for name, index in re.findall(r"\.([^.\[\]`]+)|\[(\d+)\]", where))
        allowed = choices(wanted)
        if allowed and not path:
            return Misfit(f"expected one of {', '.join(map(repr, allowed))}, got {value!r}")
        return Misfit(message[:1].lower() + message[1:].replace("`", ""), path)


def choices(wanted: Any) -> tuple[Any, ...]:
    """The values of a ``Literal`` (also within ``... | None``); empty for any other type."""
    if get_origin(wanted) is Literal:
        return get_args(wanted)
    return tuple(choice for part in _alternatives(wanted) for choice in choices(part))


def parse(text: str, wanted: Any) -> Any:
    """The value that ``text``, a word of the command line, stands for; strict like ``convert``.

    ``true``/``false`` for a bool, digits for an int, commas (or a TOML list) for a tuple, ``none`` where None may be.
    """
    alternatives = _alternatives(wanted)
    if type(None) in alternatives and text.lower() in {"none", "null"}:
        return None
    for part in alternatives or (wanted,):
        value = convert(_literal(text, part), part) if part is not type(None) else Misfit("")
        if not isinstance(value, Misfit):
            return value
    allowed = choices(wanted)
    if allowed:
        return Misfit(f"expected one of {', '.join(map(str, allowed))}, got {text!r}")
    return Misfit(f"expected {describe(wanted)}, got {text!r}")


def _literal(text: str, wanted: Any) -> Any:
    """``text`` read in the way that ``wanted`` asks for; ``text`` itself where that makes no sense."""
    if wanted is str:
        return text
    if wanted is bool:
        return {"true": True, "false": False}.get(text.lower(), text)
    if get_origin(wanted) is tuple or wanted is tuple:
        return _items(text, wanted)
    for kind in (int, float):
        if wanted is kind or any(type(choice) is kind for choice in choices(wanted)):
            try:
                return kind(text)
            except ValueError:
                continue
    return text


def _items(text: str, wanted: Any) -> list[Any] | str:
    """A TOML list, or comma separated words; the text itself if it starts like a list and is none."""
    if text.lstrip().startswith("["):
        import tomllib

        try:
            value = tomllib.loads(f"value = {text}")["value"]
        except tomllib.TOMLDecodeError:
            return text
        return list(value)
    item = (get_args(wanted) or (str,))[0]
    return [_literal(word.strip(), item) for word in text.split(",") if word.strip()]


def _alternatives(wanted: Any) -> tuple[Any, ...]:
    """The members of a union; empty for any other type."""
    import types

    return get_args(wanted) if get_origin(wanted) in {Union, types.UnionType} else ()


def describe(wanted: Any) -> str:
    """A type as the option table words it: ``true or false``, ``int``, ``list of str``, ``"a" | "b"``."""
    if alternatives := _alternatives(wanted):
        named = [describe(part) for part in alternatives if part is not type(None)]
        return " or ".join([*named, "none"] if type(None) in alternatives else named)
    if allowed := choices(wanted):
        return " | ".join(f'"{choice}"' if isinstance(choice, str) else str(choice) for choice in allowed)
    if get_origin(wanted) is tuple:
        return f"list of {describe(get_args(wanted)[0])}"
    return {bool: "true or false"}.get(wanted, getattr(wanted, "__name__", str(wanted)))
