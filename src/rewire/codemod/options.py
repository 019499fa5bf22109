"""A codemod's options: a frozen dataclass whose every field says what it is for."""

from __future__ import annotations

import dataclasses
from typing import Any


def option(default: Any, doc: str) -> Any:
    """A field of an options dataclass.

    The annotation is the schema: ``bool``, ``int``, ``float``, ``str``, ``Literal[...]``, ``tuple[str, ...]`` or one of
    them ``| None``; configuration and ``--set`` are checked against it. ``doc`` is the row in the option table.
    """
    return dataclasses.field(default=default, metadata={"doc": doc})


@dataclasses.dataclass(frozen=True, slots=True)
class NoOptions:
    """For codemods without options."""
