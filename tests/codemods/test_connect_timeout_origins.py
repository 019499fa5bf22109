"""What a call reaches, and what it does not: names, scopes, aliases, shadows."""

from __future__ import annotations

import textwrap

import libcst as cst
import pytest
from rewire_codemods.connect_timeout.examine import Examined

from rewire.read import decode

REACHES = {
    "plain": "import asyncpg\nprobe = asyncpg.connect()",
    "alias": "import asyncpg as pg\nprobe = pg.connect()",
    "from": "from asyncpg import connect\nprobe = connect()",
    "from, alias": "from asyncpg.connection import connect as c\nprobe = c()",
    "kept in a name": "import asyncpg\nopener = asyncpg.connect\nprobe = opener()",
    "inside a function": "def f():\n    import asyncpg\n    probe = asyncpg.connect()",
    "closure": "import asyncpg\ndef f():\n    def g():\n        probe = asyncpg.connect()",
    "class body": "class A:\n    import asyncpg\n    probe = asyncpg.connect()",
    "global": "def f():\n    global pg\n    import asyncpg as pg\ndef g():\n    probe = pg.connect()",
    "either import": "try:\n    import asyncpg\nexcept ImportError:\n    asyncpg = None\nprobe = asyncpg.connect()",
    "conditional": "import asyncpg\nprobe = (asyncpg.connect if x else asyncpg.connect)()",
    "type checking": "if TYPE_CHECKING:\n    import asyncpg\nprobe = asyncpg.connect()",
    "comprehension elsewhere": "import asyncpg\n[asyncpg for asyncpg in x]\nprobe = asyncpg.connect()",
    "partial": "import asyncpg, functools\nprobe = functools.partial(asyncpg.connect)",
    "walrus": "import asyncpg\nprobe = (c := asyncpg.connect)()",
}
DOES_NOT = {
    "parameter": "import asyncpg\ndef f(asyncpg):\n    probe = asyncpg.connect()",
    "lambda's parameter": "import asyncpg\ng = lambda asyncpg: (probe := asyncpg.connect())",
    "local assignment": "import asyncpg\ndef f():\n    asyncpg = other()\n    probe = asyncpg.connect()",
    "assigned later": "import asyncpg\ndef f():\n    probe = asyncpg.connect()\n    asyncpg = other()",
    "loop": "import asyncpg\ndef f():\n    for asyncpg in x:\n        probe = asyncpg.connect()",
    "with": "import asyncpg\ndef f():\n    with x as asyncpg:\n        probe = asyncpg.connect()",
    "except": "import asyncpg\ndef f():\n    try: pass\n    except E as asyncpg:\n        probe = asyncpg.connect()",
    "match": "import asyncpg\ndef f():\n    match x:\n        case asyncpg:\n            probe = asyncpg.connect()",
    "comprehension": "import asyncpg\nprobe = [asyncpg.connect() for asyncpg in x]",
    "unpacked": "import asyncpg\ndef f():\n    a, asyncpg = x\n    probe = asyncpg.connect()",
    "class scope is not seen": "class A:\n    import asyncpg\n    def f(self):\n        probe = asyncpg.connect()",
    "two imports": "import asyncpg\nimport aiopg as asyncpg\nprobe = asyncpg.connect()",
    "other module": "import aiopg\nprobe = aiopg.connect()",
    "look-alike": "import asyncpg_lite as pg\nprobe = pg.connect()",
    "submodule of mine": "from mine import asyncpg\nprobe = asyncpg.connect()",
    "relative": "from . import asyncpg\nprobe = asyncpg.connect()",
    "method of a pool": "import asyncpg\nprobe = asyncpg.Pool.connect()",
    "own function": "def connect(): ...\nprobe = connect()",
    "unknown": "probe = connect()",
}
POOLS = {
    "awaited": "p = await asyncpg.create_pool()\nprobe = p.acquire()",
    "not awaited": "p = asyncpg.create_pool()\nprobe = p.acquire()",
    "annotation": "def f(p: asyncpg.Pool):\n    probe = p.acquire()",
    "optional annotation": "def f(p: Optional[asyncpg.Pool] = None):\n    probe = p.acquire()",
    "union annotation": "def f(p: asyncpg.pool.Pool | None):\n    probe = p.acquire()",
    "quoted annotation": "def f(p: 'asyncpg.Pool'):\n    probe = p.acquire()",
    "generic annotation": "def f(p: 'asyncpg.Pool[asyncpg.Record]'):\n    probe = p.acquire()",
    "attribute": "class A:\n    def a(self): self.p = asyncpg.create_pool()\n    def b(self): probe = self.p.acquire()",
    "property": "class A:\n    @property\n    def p(self) -> asyncpg.Pool: ...\n    def b(self): self.p.acquire()",
    "base class": "class A:\n    p: asyncpg.Pool\nclass B(A):\n    def b(self): probe = self.p.acquire()",
    "returned": "def get():\n    return asyncpg.create_pool()\nprobe = get().acquire()",
    "instance": "class A:\n    p: asyncpg.Pool\na = A()\nprobe = a.p.acquire()",
    "entered": "async def f():\n    async with asyncpg.create_pool() as p:\n        probe = p.acquire()",
    "waited for": "p = await asyncio.wait_for(asyncpg.create_pool(), 3)\nprobe = p.acquire()",
    "run": "p = loop.run_until_complete(asyncpg.create_pool())\nprobe = p.acquire()",
    "None first": "p = None\ndef f():\n    global p\n    p = asyncpg.create_pool()\ndef g():\n    probe = p.acquire()",
}
NO_POOLS = {
    "parameter": "def f(p):\n    probe = p.acquire()",
    "other annotation": "import aiopg\ndef f(p: aiopg.Pool):\n    probe = p.acquire()",
    "two kinds": "import aiopg\np = asyncpg.create_pool()\np = aiopg.create_pool()\nprobe = p.acquire()",
    "lock": "p = asyncio.Lock()\nprobe = p.acquire()",
    "overridden": "class A:\n    p: asyncpg.Pool\nclass B(A):\n    p = None or x()\n    def b(self): self.p.acquire()",
    "union of two": "import aiopg\ndef f(p: asyncpg.Pool | aiopg.Pool):\n    probe = p.acquire()",
    "called with another": "def f(p):\n    probe = p.acquire()\nf(asyncpg.create_pool())\nf(other())",
}


def sinks(source: str) -> set[str]:
    read = decode("module.py", textwrap.dedent(source).encode())
    assert hasattr(read, "digest")
    examined = Examined(read)
    last = "acquire" if ".acquire()" in source else ""
    found = set()
    for call in examined.names.nodes.get(cst.Call, ()):
        name = examined.tree.code(call.func)
        if (last and name.endswith(last)) or (not last and "probe" in _statement(examined, call)):
            found.add(examined.sinks.sink(call))
    return found


def _statement(examined: Examined, call: cst.Call) -> str:
    for holder in examined.names.above(call):
        if isinstance(holder, (cst.SimpleStatementLine, cst.Lambda)):
            return examined.tree.code(holder)
    return ""


@pytest.mark.parametrize("source", REACHES.values(), ids=REACHES)
def test_this_reaches_asyncpg(source: str) -> None:
    assert "connect" in sinks(source)


@pytest.mark.parametrize("source", DOES_NOT.values(), ids=DOES_NOT)
def test_this_does_not(source: str) -> None:
    assert "connect" not in sinks(source)


@pytest.mark.parametrize("source", POOLS.values(), ids=POOLS)
def test_this_is_a_pool(source: str) -> None:
    assert sinks(f"import asyncio, asyncpg\nfrom typing import Optional\n{source}") >= {"acquire"}


@pytest.mark.parametrize("source", NO_POOLS.values(), ids=NO_POOLS)
def test_this_is_none(source: str) -> None:
    assert "acquire" not in sinks(f"import asyncio, asyncpg\nfrom typing import Optional\n{source}")


def test_a_connection_is_no_pool() -> None:
    source = "async def f(p: asyncpg.Pool):\n    async with p.acquire() as c:\n        c.acquire()"
    assert sinks(f"import asyncpg\n{source}") == {"acquire", "other"}
