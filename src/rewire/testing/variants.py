"""The same case in other clothes: CRLF line ends, a byte order mark."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Mapping

Dress = Callable[[Mapping[str, bytes], Mapping[str, bytes]], Mapping[str, bytes] | None]
"""Takes a tree and the tree before; gives the tree in other clothes, or None if it cannot wear them.

Files that the run creates (in the tree, not in the tree before) stay as they are: new files are plain UTF-8 with LF.
"""

_COOKIE = re.compile(rb"[ \t\f]*#[^\r\n]*?coding[:=][ \t]*([-\w.]+)")


def as_it_is(tree: Mapping[str, bytes], before: Mapping[str, bytes]) -> Mapping[str, bytes] | None:
    """The case as written."""
    return tree


def with_crlf(tree: Mapping[str, bytes], before: Mapping[str, bytes]) -> Mapping[str, bytes] | None:
    """CRLF in every Python file; not for a tree with a CR in it, whose line ends are what the case is about."""
    python = [path for path in before if path.endswith(".py")]
    if any(b"\r" in before[path] for path in python):
        return None
    return {
        path: data.replace(b"\n", b"\r\n") if path.endswith(".py") and path in before else data
        for path, data in tree.items()
    }


def with_bom(tree: Mapping[str, bytes], before: Mapping[str, bytes]) -> Mapping[str, bytes] | None:
    """A byte order mark on every Python file that is UTF-8 and has none; None where no file can take one."""
    dressed = dict(tree)
    for path, data in before.items():
        if path.endswith(".py") and path in tree and _takes_bom(data):
            dressed[path] = codecs.BOM_UTF8 + tree[path]
    return dressed if dressed != dict(tree) or not tree else None


def _takes_bom(data: bytes) -> bool:
    if data.startswith((codecs.BOM_UTF8, b"\f")):
        return False
    for line in data.splitlines()[:2]:
        if (cookie := _COOKIE.match(line)) and cookie[1].lower() not in (b"utf-8", b"utf8"):
            return False
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
