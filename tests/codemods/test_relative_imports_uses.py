"""The quick reader of dotted uses (``ast``) against the thorough one (LibCST): one answer, or none."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rewire_codemods.relative_imports.uses import Stuck, is_name
from rewire_codemods.relative_imports.uses_modern import read_uses
from rewire_codemods.relative_imports.uses_native import Native, Unsure

from rewire.codemod import NotLossless, NotPython
from rewire.codemod.cst import parse

MODULES = {"a.b", "a.b.c", "a.xy"}

SURE = [
    "import a.b\nf'{x:{a.b}}'\n",
    "import a.b\nf'{x:{b}}'\n",
    "import a.b\nf'{a.b}'\n",
    "import a.b\nf'{b}'\n",
    "import a.b\n(f'{z}'\n f'é {a.b.c} {a}')\n",
    "import a.b\na.b.f(a.b.c.g, a.xy)\n",
    "import a.b\nx = a.other\n",
    "import a.b\n\ndef f(z=a.b.d, *, y: a.xy = 1) -> a.b.T:\n    return (a.b).x\n",
    "import a.b\na.b = 1\n",
    "import a.b\na.b.x = 1\ndel a.b.y\n",
    "import a.b\nfor a.xy in z: pass\n",
    "import a.b\nwith z as (a.b, q): pass\n",
    "import a.b\n(a.b) += 1\n",
    "import a.b\nprint(a . b)\n",
    "import a.b\nprint(a.\\\n  b)\n",
    "import a.b\nf(a=1)\nz.a.b\n",
    "import a.b\nfrom q import a\n",
    "import a.b\nimport q as a\n",
    "import a.b\n__all__ = ['z', 'a']\n",
    "import a.b\nx = ('q'\n 'a')\n",
    "import a.b\ndef f(x: 'a.b.T'): pass\n",
    "import a.b\nx: list['a.b.T'] = []\n",
    "import a.b\ndef f() -> 'a.b.T': pass\n",
    "import a.b\nx = cast('a.b.T', y)\n",
    "import a.b\nx = t . cast(z('a.b.T'), y)\n",
    "import a.b\nx = z(cast('a.b.T', y))\n",
    "import a.b\npatch('a.b.T')\n",
    "import a.b\nb = 1\n",
    "import a.b\ndef f(\n  b): pass\n",
    "import a.b\nclass b: pass\n",
    "import a.b\n@d\nasync  def b(): pass\n",
    "import a.b\nfrom z import (q,\n  b)\n",
    "import a.b\nfrom .b import q\n",
    "import a.b\nfrom b.q import q\n",
    "import a.b\nimport z.b, b.z\n",
    "import a.b\nimport z as b\n",
    "import a.b\nglobals()\n",
    "import a.b\nf'a {q} {{a}} {z!r:>{w}}'\n",
    "é = 1; import a.b; ü(a.b.c, 'é', a.xy)\n",
    "import a.b\r\nx = '''\r\n''', a.b\r\n",
    "import a.b\rx = a.b\r",
    "\fimport a.b\na.b\n",
    "import a.b\nmatch a.b.q:\n    case a.b.c.Q | a.xy.Z: pass\n",
    "import a.b\nx = lambda q=a.b: a.xy\n[a.b for q in a.xy if a.b.c]\n",
]

UNSURE = [
    "import a.b\ndef a(): pass\n",
    "import a.b\ndef f(a): pass\n",
    "import a.b\nglobal a\n",
    "import a.b\ntry: pass\nexcept E as a: pass\n",
    "import a.b\nf'{x[\"a\"]}'\n",
    "import a.b\nf'{x(a=1)} {a.b}'\n",
    "import a.b\n'{a}' f'{a.b}'\n",
    "import a.b\nf'{(lambda a: 1)(2)} {a.b}'\n",
    "import a.b\nmatch x:\n    case {**a}: pass\n",
    "import a.b\nmatch x:\n    case Q(a=1): pass\n",
    "import a.b\nmatch x:\n    case b: pass\n",
    "import a.b\nfrom \\\n  b import z\n",
    "import a.b\nprint 'x'\n",
]


def native(text: str) -> object:
    """The uses, or why they cannot follow. Raises Unsure."""
    try:
        return Native(text).read_uses("a", MODULES)
    except Stuck as reason:
        return str(reason)


def modern(text: str) -> object:
    try:
        return read_uses(parse(text), "a", MODULES)
    except Stuck as reason:
        return str(reason)


@pytest.mark.parametrize("text", SURE)
def test_both_readers_say_the_same(text: str) -> None:
    assert native(text) == modern(text)


@pytest.mark.parametrize("text", UNSURE)
def test_the_quick_one_knows_what_it_does_not_know(text: str) -> None:
    with pytest.raises(Unsure):
        native(text)


NAMES = st.sampled_from(["a", "a.b", "a.b.c", "a.b.c.d", "a.xy", "a.q", "b", "xy", "z", "z.a", "z.b", "c", "eval"])
ATOMS = st.one_of(
    NAMES,
    st.sampled_from(
        ["'a'", '"a.b.T"', "'z'", "('q'\n'a')", "f'a{z}'", "f'{a.b}'", "b'a'", "1", "f'{z:{b}}'", "r'a.b'"]
    ),
    st.sampled_from(
        [
            "f'{b}'",
            "f'{{a}} {a.b!r:>3}'",
            "f'x' f'{b}'",
            "('{a}' f'{z}')",
            "f'{{{a.b}}}'",
            "rf'{z(a=1)}\\{b}'",
            'f"""é{z}\n {a.b.c}"""',
            "f'{z[0].a} {eval}'",
            "f'{z.b}{c}'",
            "('q' F'{b}'\n f'{a.b.c(b)}')",
        ]
    ),
)
EXPRESSIONS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(lambda pair: f"{pair[0]}({pair[1]}, a={pair[0]})"),
        st.tuples(inner, inner).map(lambda pair: f"[{pair[0]}, *{pair[1]}]"),
        st.tuples(inner, inner).map(lambda pair: f"{{{pair[0]}:\n {pair[1]}}}"),
        st.tuples(inner, inner, inner).map(lambda three: f"({three[0]} if {three[1]} else {three[2]})"),
        st.tuples(inner, inner).map(lambda pair: f"({pair[0]} for z in {pair[1]})"),
        inner.map("(lambda z=1: {})".format),
        inner.map("cast({}, é)".format),
        inner.map("é.g({})[0].a".format),
        inner.map("({}).b".format),
    ),
    max_leaves=6,
)
STATEMENTS = st.one_of(
    EXPRESSIONS,
    st.tuples(EXPRESSIONS, EXPRESSIONS).map(lambda pair: f"v = {pair[0]}; w: {pair[1]} = 1"),
    st.tuples(NAMES, EXPRESSIONS).map(lambda pair: f"{pair[0]} = {pair[1]}"),
    st.tuples(NAMES, EXPRESSIONS).map(lambda pair: f"for {pair[0]}, q in {pair[1]}: pass"),
    st.tuples(NAMES, EXPRESSIONS).map(lambda pair: f"with {pair[1]} as {pair[0]}: pass"),
    st.tuples(EXPRESSIONS, EXPRESSIONS).map(
        lambda pair: f"@{pair[0]}\ndef f(z: {pair[1]}, *y, x={pair[0]}) -> {pair[1]}: pass"
    ),
    st.tuples(EXPRESSIONS, EXPRESSIONS).map(lambda pair: f"class K({pair[0]}, m={pair[1]}): pass"),
    NAMES.map("del {}".format),
    NAMES.map("from {} import z".format),
    NAMES.map("import {}".format),
    NAMES.map("import {} as q".format),
    st.sampled_from(["from z import b", "from . import c as xy", "import z as a", "def b(): pass", "def f(a): pass"]),
    st.sampled_from(["global a", "é = 'é'", "# a.b", "'''a.b\na'''", "try: pass\nexcept (a.b.E, q) as z: pass"]),
)


@given(st.lists(STATEMENTS, max_size=5), st.sampled_from(["\n", "\r\n"]))
@settings(max_examples=400)
@example(["x = [a.b, a.b.c.d]", "del a.xy"], "\r\n")
def test_both_readers_say_the_same_of_made_up_programs(statements: list[str], newline: str) -> None:
    text = "\n".join(["import a.b", *statements, ""]).replace("\n", newline)
    try:
        expected = modern(text)
    except (NotPython, NotLossless):
        return
    try:
        assert native(text) == expected
    except Unsure:
        return


@pytest.mark.parametrize("top", ["a", "backend", "tutor", "fubar", "robot"])
def test_a_string_that_is_the_name_whatever_letters_it_starts_with(top: str) -> None:
    assert is_name(f"'{top}'", top)
    assert is_name(f'Rb"""{top}"""', top)
    assert not is_name(f"'{top}s'", top)
    assert not is_name(f"'{top[1:]}'", top)
