"""Made-up projects for property tests: places for several codemods, in files of every encoding and layout."""

from __future__ import annotations

import codecs

from hypothesis import strategies as st
from support.programs import COMMENTS, programs

SITES = {
    "calls": [
        "logger.warn('a')",
        "if logger.warn(f'{x!r}'): pass",
        "def g():\n    # why\n    return [logger.warn('''a\n  b'''), 1]",
        "logger.warn('a'); logger.warn('b')",
        "logger.warn(logger.warn(1))",
        "shout = logger.warn",
        "logger.warn('kept')  # rewire: ignore[logger-warning] on purpose",
        "x = (logger\n     .warn('a'))",
        "@logger.warn('d')\nclass k: pass",
        "try:\n\tlogger.warn(1)\nexcept A: pass",
    ],
    "connections": [
        "import asyncpg\nasync def c(): return await asyncpg.connect(dsn, connect_timeout=3)",
        "import asyncpg as p\nasync def c():\n  return await p.connect(\n    dsn,  # c\n    connect_timeout=3,\n  )",
        "import psycopg\npsycopg.connect(dsn, connect_timeout=3)",
        "connect_timeout = 'asyncpg'",
    ],
    "imports": [
        "from shop.a import b",
        "from shop.a import (  # c\n    b,\n    d as e,  # f\n)",
        "import shop.a",
        "def f():\n    from shop.sub.c import x; return x",
        "from shop \\\n  import a",
    ],
}
NAMES = ["shop/__init__.py", "shop/a.py", "shop/b.py", "shop/sub/__init__.py", "shop/sub/c.py", "shop/sub/é.py"]


@st.composite
def texts(draw: st.DrawFn) -> str:
    """A program with places in it, LF throughout."""
    pieces = [draw(programs()).rstrip("\n")] if draw(st.booleans()) else []
    for kind in draw(st.lists(st.sampled_from(list(SITES)), min_size=1, max_size=4)):
        place = draw(st.sampled_from(SITES[kind]))
        pieces.append(place + (draw(COMMENTS) if "#" not in place.rsplit("\n", 1)[-1] else ""))
    text = "\n".join(pieces)
    return text + draw(st.sampled_from(["\n", "", "\n\n", "\n# end", "\n\f\n"]))


@st.composite
def files(draw: st.DrawFn) -> bytes:
    """The text in one of the clothes that a Python file may wear."""
    text = draw(texts())
    kind = draw(st.sampled_from(["plain", "bom", "latin", "form feed", "shebang"]))
    head = {"latin": "# -*- coding: latin-1 -*-\nword = 'h\xe9'\n", "shebang": "#!/usr/bin/env python\n# π\n"}
    text = head.get(kind, "") + ("\f" if kind == "form feed" else "") + text
    newline = draw(st.sampled_from(["\n", "\n", "\r\n", "\r", "mixed"]))
    if newline == "mixed":
        ends = draw(st.lists(st.sampled_from(["\n", "\r\n", "\r"]), min_size=1, max_size=7))
        lines = text.split("\n")
        text = "".join(line + ends[i % len(ends)] for i, line in enumerate(lines[:-1])) + lines[-1]
    else:
        text = text.replace("\n", newline)
    data = text.encode("latin-1" if kind == "latin" else "utf-8", "replace")
    return codecs.BOM_UTF8 + data if kind == "bom" else data


def projects() -> st.SearchStrategy[dict[str, bytes]]:
    """Path -> bytes; always with a package ``shop``."""
    some = st.dictionaries(st.sampled_from(NAMES), files(), min_size=1, max_size=4)
    return some.map(lambda found: {"shop/__init__.py": b"", "shop/a.py": b"b = d = 1\n", **found})
