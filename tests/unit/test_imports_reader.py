"""The lexical reader of imports against Python's own parser, and what only it must cope with."""

from __future__ import annotations

import ast
import random
import sys
import sysconfig
import warnings
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.programs import programs

from rewire.syntax import imports
from rewire.syntax.bindings import bound_names, may_bind
from rewire.syntax.blocks import CONTINUES, Guard, has_main_guard, path_edits, read_blocks, read_clauses, read_guard
from rewire.syntax.imports import read_imports
from rewire.syntax.lexical import scan, width


def by_ast(text: str) -> list[tuple[int, str, tuple[tuple[str, str], ...], tuple[str, ...]]]:
    """(level, module, names, kinds of the blocks around) in source order."""
    found = []

    def visit(node: ast.AST, around: tuple[str, ...]) -> None:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            names = tuple((alias.name, alias.asname or "") for alias in node.names)
            level, module = getattr(node, "level", 0) or 0, getattr(node, "module", "") or ""
            found.append((node.lineno, node.col_offset, level, module, names, around))
        for field, value in ast.iter_fields(node):
            inside = (*around, kind) if (kind := kind_of(node, field)) else around
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST):
                    visit(child, inside)

    visit(ast.parse(text), ())
    return [entry[2:] for entry in sorted(found, key=lambda entry: entry[:2])]


def kind_of(node: ast.AST, field: str) -> str:
    if isinstance(node, (ast.Try, ast.TryStar)):
        return {"body": "try", "orelse": "else", "finalbody": "finally"}.get(field, "")
    if isinstance(node, ast.ExceptHandler):
        return "except"
    if isinstance(node, (ast.For, ast.AsyncFor, ast.While)):
        name = "while" if isinstance(node, ast.While) else "for"
        return {"body": name, "orelse": "else"}.get(field, "")
    if isinstance(node, ast.If):
        return {"body": "if", "orelse": "else"}.get(field, "")
    kinds = {
        ast.FunctionDef: "def", ast.AsyncFunctionDef: "def", ast.ClassDef: "class", ast.With: "with",
        ast.AsyncWith: "with", ast.Match: "match", ast.match_case: "case",
    }  # fmt: skip
    if field not in ("body", "cases"):
        return ""
    return next((name for kind, name in kinds.items() if isinstance(node, kind)), "")


def by_us(text: str) -> list[tuple[int, str, tuple[tuple[str, str], ...], tuple[str, ...]]]:
    return [
        (found.level, found.module, found.names, tuple(guard.kind for guard in found.guards))
        for found in read_imports(text)
    ]


def flat(entries):
    """``elif`` is an ``if`` in an ``else`` to ast; the two special guards are plain ifs."""
    special = {"type_checking": "if", "main": "if"}
    return [
        (*entry[:3], tuple(part for kind in entry[3] for part in
                           (("else", "if") if kind == "elif" else (special.get(kind, kind),))))
        for entry in entries
    ]  # fmt: skip


def collapse(entries):
    """A chain of elifs nests in ast and does not here: only the innermost arm counts."""
    return [(*entry[:3], tuple(kind for kind in entry[3] if kind not in ("if", "else"))) for entry in entries]


def library_files() -> list[Path]:
    files = sorted(Path(sysconfig.get_path("stdlib")).glob("*.py"))
    files += sorted(Path(sysconfig.get_path("stdlib"), "test").glob("test_[a-i]*.py"))
    return random.Random(7).sample(files, min(len(files), 150))


@pytest.mark.parametrize("path", library_files(), ids=lambda path: path.name)
def test_agrees_with_ast_on_the_standard_library(path: Path) -> None:
    try:
        text = path.read_bytes().decode("utf-8")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            expected = by_ast(text)
    except (SyntaxError, UnicodeDecodeError):
        pytest.skip("not for this Python")
    assert collapse(flat(by_us(text))) == collapse(expected)


@pytest.mark.parametrize(
    "text",
    [
        "import a.b as c, d\n",
        "from . import (a,\n  # c\n  b as c,)\n",
        "from .. a . b import c\n",
        "from \\\n  a \\\n  import b, \\\n c\n",
        "import a; from b import c; x = 1\n",
        "if x: import a\nelse: import b\n",
        "try: import a\nexcept E: import b\nfinally: import c\n",
        "def f(): import a; import b\n",
        "class K:\n\tdef f(self):\n\t\tfrom a import b\n\timport c\n",
        "async def f():\n    async with x:\n        import a\n",
        "match x:\n    case 1:\n        import a\n",
        "from a import*\n",
        "from.a import(b)\n",
        "x = '''\nimport a\n'''; import b\n",
        "f'''{x}\nimport a\n'''\nimport b\n",
        "# import a\nimport b # import c\n",
        "x = {'a': 1}\nlambda: 0\nimport a\n",
        "raise X from importlib\n",
        "def g():\n    yield (\n        1\n    )\n    yield from imports\n",
        "x = 1 if y else 2; import a",
        "\fimport a\n",
        "import a\r\nimport b\r\nif x:\r\n    import c\r\n",
    ],
)
def test_agrees_with_ast_on_odd_layouts(text: str) -> None:
    assert flat(by_us(text)) == by_ast(text)
    for found in read_imports(text):
        assert by_ast(text[found.start : found.end])[0][:3] == (found.level, found.module, found.names)


LINES = [
    *("import a", "import a.b as c, d", "from a import b", "from a import (b,\n c)", "from a import (b, # it's\n c)"),
    *(
        "from \\\n a import b",
        "import a; import b",
        "import a  # (see",
        "from a import (",
        "import a (",
        "import",
        "from",
    ),
    *("from . import x", "from .. a import *", "import b \\", "from a import b  # \\", "import zz, a.b", "import é"),
    *("if x:", "else:", "elif y:", "try:", "except E:", "finally:", "def f():", "class A:", "x = 1", "foo()", "'''"),
    *('"""', "'", "(", ")", "# c", "f'{", "match x:", "case 1:", "\\", ")\nimport c"),
]
PIECES = st.tuples(
    st.sampled_from(["", "", "    ", "\t", "  ", "\f"]),
    st.sampled_from(LINES),
    st.sampled_from(["\n", "\n", "\n", "\r\n", "\r", ";", " ", ": "]),
).map("".join)
SKETCHES = st.lists(PIECES, max_size=25).map("".join)


@given(SKETCHES)
@settings(max_examples=500)
@example("import a  # (see\nimport b\n)\n")
@example("'''\nfrom a import (b\n'''\nimport c\nx()\n")
@example("import a (\nimport b\n")
@example("x\nfrom\nimport a\n")
@example("x\nimport z \\\n, a\nfrom \\\n a import b\nfrom\fa import b\nimport z, a.b\nfrom(a)\n")
@example("x = [\n 'import a', # (\n]\nif y:\n  import b\n")
def test_what_a_line_was_known_to_say_is_what_stands_there(text: str) -> None:
    """Statements are remembered by their text; read afresh at every place, the answer is the same."""
    quick = [read_imports(text), read_imports(text, {"a"})]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(imports, "_lines_about", imports._Lines)
        patch.setattr(imports._Lines, "_learn", lambda *_: imports._OPEN)
        patch.setattr(imports, "_NAMED_MOST", 0)
        assert [read_imports(text), read_imports(text, {"a"})] == quick


def guards_line_by_line(text: str) -> dict[int, list[str]]:
    """The kinds of the blocks around each logical line, kept up line by line: what ``read_blocks`` says at once."""
    found: dict[int, list[str]] = {}
    stack: list[tuple[int, Guard | None]] = []
    openers: dict[int, int] = {}
    for index, line in enumerate(scan(text).lines):
        column = width(text[line.start : line.code])
        while stack and stack[-1][0] >= column:
            stack.pop()
        guard = read_guard(text, line.code, line.end, openers.get(column, -1))
        for deeper in [other for other in openers if other > column]:
            del openers[deeper]
        if guard is not None and guard.kind not in CONTINUES:
            openers[column] = line.code
        elif guard is None:
            openers.pop(column, None)
        found[index] = [f"{one.kind}@{one.start}<{one.opener}" for _, one in [*stack, (column, guard)] if one]
        stack.append((column, guard))
    return found


@given(st.one_of(SKETCHES, programs()))
@settings(max_examples=500)
@example("try:\n  pass\nexcept A:\n  pass\nelse:\n  x\nfinally:\n  y\n")
@example("if a:\n  b\nelif c:\n  d\nfoo()\nelse:\n  e\n")
@example("if a:\n    if b:\n\tc\n    else:\n\td\nelse:\n  e\n")
def test_blocks_around_some_lines_are_those_kept_up_line_by_line(text: str) -> None:
    layout = scan(text)
    expected = guards_line_by_line(text)
    for wanted in (range(len(layout.lines)), range(1, len(layout.lines), 3)):
        found = read_blocks(layout, wanted)
        assert {
            index: [f"{one.kind}@{one.start}<{one.opener}" for one in (*blocks.around, blocks.own) if one]
            for index, blocks in found.items()
        } == {index: expected[index] for index in wanted}


def test_syntax_newer_than_the_running_python_is_no_obstacle() -> None:
    text = 'type X[T] = list[T]\nimport a\nx = f"{y["k"]}"\ndef f[T](): import b\n'
    text += "try:\n    pass\nexcept A, B:\n    import c\n"
    assert [(found.names[0][0], [guard.kind for guard in found.guards]) for found in read_imports(text)] == [
        ("a", []),
        ("b", ["def"]),
        ("c", ["except"]),
    ]


@pytest.mark.parametrize(
    "text", ["from a import\n", "import\n", "from import b\n", "from . x\n", "import a.\n", "import a b\n"]
)
def test_what_is_no_import_is_left_out(text: str) -> None:
    assert read_imports(text) == ()


def test_only_what_it_is_asked_about() -> None:
    text = "import a.b\nimport b\nfrom a.c import d\nfrom .a import e\nimport x, a\n"
    assert len(read_imports(text, {"a"})) == 3


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("if __name__ == '__main__':\n    x()\n", True),
        ('if "__main__" == __name__: x()\n', True),
        ("if (__name__ == '__main__' and y):\n    x()\n", True),
        ("'''\nif __name__ == '__main__':\n'''\n", False),
        ("# if __name__ == '__main__':\n", False),
        ("x = '__main__'\n", False),
    ],
)
def test_main_guards_are_code(text: str, answer: bool) -> None:
    assert has_main_guard(text) is answer


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("import sys\nsys.path.insert(0, 'x')\n", 1),
        ("sys.path += ['x']\nsys.path[0:0] = ['y']\n", 2),
        ("print(sys.path)\nx = 'sys.path.append(1)'\n# sys.path.append(1)\n", 0),
        ("site.addsitedir('x')\n", 1),
        ("if sys.path == []: pass\n", 0),
    ],
)
def test_path_edits_are_code(text: str, count: int) -> None:
    assert len(path_edits(text)) == count


def test_a_path_edit_knows_its_function() -> None:
    text = "import sys\nif x:\n    sys.path.append(1)\ndef f():\n    if y:\n        sys.path.append(2)\n"
    assert [text[edit.function :][:3] for edit in path_edits(text)] == ["\n", "def"]


def test_clauses_of_a_try() -> None:
    text = "try:\n    a\nexcept (A, B) as e:  # c\n    b\n\n    c\nelse:\n    d\nfinally: e\nf\n"
    found = read_clauses(text, 0)
    assert [(clause.kind, text[clause.start : clause.header_end]) for clause in found] == [
        ("try", "try:"),
        ("except", "except (A, B) as e:  # c"),
        ("else", "else:"),
        ("finally", "finally: e"),
    ]
    assert text[found[1].start : found[1].end].endswith("c\n")
    assert text[found[-1].start : found[-1].end] == "finally: e\n"


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("a = 1\nb, (c, *d) = x\n[e, f] = y\ng = h = 0\n", "a b c d e f g h"),
        ("a: int = 1\nb: int\nc += 1\nd.e = f[g] = 1\n", "a c"),
        ("def a(): b = 1\nclass c:\n    d = 1\nasync def e(): pass\n", "a c e"),
        ("for a, b in x: pass\nwith o() as c, p() as (d, e): pass\n", "a b c d e"),
        ("try: pass\nexcept E as a: b = 1\n", "a b"),
        ("import a.b\nimport c.d as e\nfrom f import g as h, i\nfrom j import *\n", "a e h i"),
        ("if (a := 1): b = a\nwhile x:\n    c = 1\n", "a b c"),
        ("def f():\n    global a, b\n    a = c = 1\n", "f a b"),
        ("x = 'a = 1'\n# b = 1\ny = f(c=1)\n", "x y"),
        ("a = (\n    1,\n)\ntype b = int\n", "a b"),
    ],
)
def test_names_that_a_module_binds(text: str, names: str) -> None:
    assert bound_names(text) == frozenset(names.split())


def test_a_module_may_bind_what_it_does_not_spell() -> None:
    assert may_bind("def __getattr__(name): ...\n", "anything")
    assert may_bind("from x import *\n", "anything")
    assert may_bind("x = 1\n", "__file__")
    assert not may_bind("x = 1\n# y\n", "y")
    assert may_bind("if z:\n    y = 1\n", "y")


def test_bound_names_of_real_modules_are_all_found() -> None:
    """What an imported module really has and its text binds, the reader finds."""
    import argparse
    import collections
    import dataclasses
    import inspect
    import typing

    for module in (argparse, collections, dataclasses, inspect, typing, ast, random, sysconfig):
        text = Path(sys.modules[module.__name__].__file__ or "").read_text(encoding="utf-8")
        missing = [name for name in vars(module) if not may_bind(text, name) and not name.startswith("__")]
        assert missing == []
