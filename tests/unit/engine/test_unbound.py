"""The quick look for unbound names: never empty where a name is unbound, and empty for ordinary files."""

from __future__ import annotations

import builtins

import pytest

from rewire.verify.names import newly_undefined
from rewire.verify.unbound import read_names

UNBOUND = {
    "at module level": "lost()\n",
    "in a function": "def f():\n    return lost\n",
    "in a nested function": "def f():\n    def g():\n        return lost\n    return g\n",
    "bound in another function only": "def f():\n    lost = 1\n    return lost\n\ndef g():\n    return lost\n",
    "bound in a class, read in its method": "class C:\n    lost = 1\n    def f(self):\n        return lost\n",
    "in a default": "def f(a=lost):\n    return a\n",
    "in a decorator": "@lost\ndef f():\n    pass\n",
    "in a comprehension": "x = [lost for y in ()]\n",
    "in the first iterable": "def f():\n    return [y for y in lost]\n",
    "after a comprehension that bound it": "x = [lost for lost in ()]\nlost\n",
    "in a lambda": "f = lambda a: a + lost\n",
    "in an annotation": "def f(a: lost) -> None: ...\n",
    "in a quoted annotation": "def f(a: 'lost') -> None: ...\n",
    "in a quoted result": "def f() -> 'list[lost]': ...\n",
    "in a quoted variable annotation": "x: 'lost | None' = None\n",
    "in a quoted part of an annotation": "def f(a: list['lost']) -> None: ...\n",
    "in an alias": "from typing import Optional\nA = Optional['lost']\n",
    "in an alias of the module": "import typing as t\nA = t.Optional['lost']\n",
    "in a cast": "from typing import cast\nx = cast('lost', 1)\n",
    "in a cast by another name": "from typing import cast as c\nx = c('lost', 1)\n",
    "in a type variable": "from typing import TypeVar\nT = TypeVar('T', bound='lost')\n",
    "in an f-string": "x = f'{lost}'\n",
    "in an f-string's format": "x = f'{1:{lost}}'\n",
    "assigned in place": "x = 1\nx += lost\n",
    "declared global and bound nowhere": "def f():\n    global lost\n    return lost\n",
    "a pattern's class": "match 1:\n    case lost(): pass\n",
    "in a handler": "try:\n    pass\nexcept lost:\n    pass\n",
}


@pytest.mark.parametrize("name", UNBOUND)
def test_an_unbound_name_is_found_and_a_change_that_unbinds_it_refused(name: str) -> None:
    text = UNBOUND[name]
    compile(text, name, "exec")
    found = read_names(text)
    assert found is not None
    assert "lost" in found.unbound | found.quoted
    assert newly_undefined(f"import lost\n{text}", text) == "lost"


BOUND = {
    "import": "import lost.part\nlost.part\n",
    "import as": "import other as lost\nlost\n",
    "later in the module": "def f():\n    return lost\n\nlost = 1\n",
    "conditionally": "if 1:\n    lost = 1\nlost\n",
    "global in a function": "def f():\n    global lost\n    lost = 1\n\ndef g():\n    return lost\n",
    "a parameter": "def f(lost, *args, **kwargs):\n    return [lost for _ in args]\n",
    "a loop": "for lost, (a, *b) in (): lost, a, b\n",
    "with": "with open(1) as lost: lost\n",
    "walrus in a comprehension": "def f():\n    [lost := y for y in ()]\n    return lost\n",
    "nonlocal": "def f():\n    lost = 1\n    def g():\n        nonlocal lost\n        lost += 1\n    return g\n",
    "except": "try:\n    pass\nexcept OSError as lost:\n    lost\n",
    "match": "match 1:\n    case {'a': lost, **rest}: lost, rest\n    case [x, *more]: x, more\n",
    "class body": "class C:\n    lost = 1\n    other = lost\n",
    "ordinary strings": "x = {'lost': 1}\nx['lost']\nprint('lost words')\n",
    "a literal's name": "from typing import NamedTuple\nP = NamedTuple('lost', [])\n",
    "super": "class C:\n    def f(self):\n        return super().f(), __class__\n",
}


@pytest.mark.parametrize("name", BOUND)
def test_a_bound_name_is_not(name: str) -> None:
    found = read_names(BOUND[name])
    assert found is not None
    assert found.unbound <= {*dir(builtins), "__class__"}
    assert "lost" not in found.quoted - found.bound


@pytest.mark.parametrize("text", ["from m import *\nlost\n", "def f(:\n", "x = (" * 5000])
def test_what_it_cannot_tell_it_leaves_to_others(text: str) -> None:
    assert read_names(text) is None


def test_a_name_that_was_unbound_before_may_not_be_so_more_often() -> None:
    once = "import a\n\ndef f():\n    return lost\n\ndef g(lost):\n    return lost\n"
    assert newly_undefined(once, once.replace("g(lost)", "g()")) == "lost"
    assert newly_undefined(once, once.replace("import a", "import b")) is None
