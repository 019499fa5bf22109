"""Which contexts an error message fits (``rewire doctor --error``)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rewire.project.boot.outcome import Boot, Trouble
    from rewire.project.doctor.findings import ContextReport


def fitting(text: str, contexts: Sequence[ContextReport]) -> tuple[str, ...]:
    """The names of the contexts in which the message can come up, best fit first: at start, in a handler, later.

    ``text`` may be a whole traceback or its last line, with or without the exception's class; paths are compared by
    their ends, since the machine that printed them has the project somewhere else.
    """
    found: list[str] = []
    for pick in (_at_start, _hidden, _later):
        for context in contexts:
            if context.launch.name not in found and any(fits(text, one) for one in pick(context.boot)):
                found.append(context.launch.name)
    return tuple(found)


def _at_start(boot: Boot) -> Iterator[Trouble]:
    yield from boot.failures


def _hidden(boot: Boot) -> Iterator[Trouble]:
    yield from (*boot.swallowed, *boot.possible)


def _later(boot: Boot) -> Iterator[Trouble]:
    yield from boot.later


def fits(text: str, trouble: Trouble) -> bool:
    """True if ``text`` holds the trouble's message and names no other place than its own."""
    said = _plain(text)
    if _plain(trouble.text) not in said:
        return False
    frames = re.findall(r'File "([^"]+)", line (\d+)', text)
    own = [
        (path, int(line)) for path, line in frames if not re.search(r"site-packages|[\\/]lib[\\/]python|<frozen", path)
    ]
    if not own or not trouble.path:
        return True
    path, line = own[-1]
    path = path.replace("\\", "/")
    return line == trouble.line and (
        path.endswith("/" + trouble.path) or trouble.path.endswith(path.rpartition("/")[2])
    )


def _plain(text: str) -> str:
    """A message without quotes' style, places in brackets and repeated white space."""
    text = re.sub(r"\(/?[^()\s]*\.py\)|\(unknown location\)", "", text)
    return re.sub(r"\s+", " ", text.replace('"', "'").replace("`", "'")).strip()
