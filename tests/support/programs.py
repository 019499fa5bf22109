"""Made-up Python programs for property tests: every kind of string, statement and odd layout."""

from __future__ import annotations

from hypothesis import strategies as st

STRINGS = [
    *("'a'", '"b"', "r'\\d'", "b'\\''", "'''t\n'''", '"""q"u"""', "f'{x}'", "rf'{x}\\d'", "f'{{}}{x!r:>{y}}'"),
    *("f\"{d['k']}\"", "f'''{\nx\n}'''", "'#no comment'", "f'{x:#x}'", "'\\\n'", "''", '""', "''''''", "'\"'", '"\'"'),
    *("u''", "Rb''"),
]
ATOMS = st.sampled_from(
    [
        *STRINGS,
        *("x", "y.z", "1", "0x1f", "None", "(\n1,  # c\n)", "[]", "{'a': [\n]}", "f(x\n=1)", "lambda: 0"),
        "x if y else z",
    ]
)
SIMPLE = st.one_of(
    ATOMS,
    ATOMS.map("v = {}".format),
    st.tuples(ATOMS, ATOMS).map(lambda pair: f"{pair[0]} + \\\n  {pair[1]}"),
    st.tuples(ATOMS, ATOMS).map(lambda pair: f"{pair[0]}; {pair[1]}"),
    st.sampled_from(["pass", "import a.b as c", "from . import (a,  # why\n    b)", "case = 1", "match = case"]),
)
COMMENTS = st.sampled_from(["", "  # c", "  # 'quote", '  # """', "  # ("])
GAPS = st.sampled_from(["", "# alone", "   # askew", "\f", "  "])
PATTERNS = ["case 1:", "case {'a': [b, *_]}:", "case (a, 1):", "case _:", "case(a):"]
HEADS = {
    "if": ["if x:", "elif y:", "else:"],
    "try": ["try:", "except A:", "else:", "finally:"],
    "def": ["@d", "@e(\n1)", "async def f(a, *, b=1) -> None:"],
    "class": ["@d", "class C(B):"],
    "while": ["while x:", "else :"],
    "match": ["match x, y:"],
}


@st.composite
def blocks(draw: st.DrawFn, depth: int = 0) -> list[str]:
    """The lines of one block; a statement over several lines is one entry."""
    indent = draw(st.sampled_from(["    ", "\t", "  "]))
    made: list[str] = []
    for _ in range(draw(st.integers(1, 3))):
        kind = draw(st.sampled_from(["simple", "simple", "gap", *HEADS]))
        if kind == "gap":
            made.append(draw(GAPS))
        elif kind == "simple" or depth == 2:
            made.append(draw(SIMPLE) + draw(COMMENTS))
        else:
            made += draw(compounds(kind, indent, depth))
    return made


@st.composite
def compounds(draw: st.DrawFn, kind: str, indent: str, depth: int) -> list[str]:
    """The lines of one compound statement."""

    def body() -> list[str]:
        lines = [*draw(blocks(depth + 1)), "pass"]
        return [indent + line if line.strip() else line for line in lines]

    made: list[str] = []
    for head in HEADS[kind]:
        made.append(head + (draw(COMMENTS) if head.endswith(":") else ""))
        if head.endswith(":") and kind != "match":
            made += body()
    if kind == "match":
        for pattern in draw(st.lists(st.sampled_from(PATTERNS), min_size=1, max_size=3)):
            made.append(indent + pattern)
            made += [indent + line if line.strip() else line for line in body()]
    return made


def programs() -> st.SearchStrategy[str]:
    """Whole programs, with and without a newline at the end."""
    return st.builds(lambda lines, end: "\n".join(lines) + end, blocks(), st.sampled_from(["\n", ""]))
