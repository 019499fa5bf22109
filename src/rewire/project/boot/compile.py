"""From a file's text to its ``Program``."""

from __future__ import annotations

import ast
import re
import warnings

from rewire.project.boot import program as p
from rewire.project.boot.scopes import find_refused
from rewire.project.boot.statements import Builder
from rewire.project.boot.syntax import lower

_DYNAMIC = (
    "import_module", "__import__", "sys.path", "sys.modules", "meta_path", "addsitedir", "chdir", "uvicorn", "ranian",
    "globals", "builtins", "walk_packages", "iter_modules",
)  # fmt: skip
_OPENERS = tuple(
    (word, re.compile(rf"{word}(?:(?<![\w.]{word})[ \t]*\(|(?:(?<=[=:]{word})|(?<=[=:][ \t]{word}))(?!\w))"))
    for word in ("exec", "setattr", "vars", "locals")
)
"""Builtins count only as such, called or given another name: the same words are common as methods
(``monkeypatch.setattr``) and as parts of others (``execute``), and functions that are carried out for nothing are what
a boot spends most of its time on.
"""
_OF_SYS = re.compile(r"sys[ \t]+(?:as|import)\b")


def _is_dynamic(text: str) -> bool:
    """False where the functions of a file load by their import statements alone."""
    if any(word in text for word in _DYNAMIC):
        return True
    if any(word in text and pattern.search(text) for word, pattern in _OPENERS):
        return True
    return _OF_SYS.search(text) is not None


def compile_text(text: str, *, lazy_annotations: bool = False) -> p.Program | p.Broken:
    """The program of a file's text, in any version's syntax.

    ``lazy_annotations``: it runs on a Python that evaluates none (3.14 on), whatever the file says.
    """
    tree, vague = _parse(text)
    if isinstance(tree, p.Broken):
        return tree
    refused = find_refused(tree)
    if refused is not None:
        return refused
    lazy = lazy_annotations or any(_is_future_annotations(node) for node in tree.body)
    builder = Builder(lazy, ":=" in text, "yield" in text)
    builder.is_dynamic = _is_dynamic(text)
    body = builder.block(tree.body)
    guard = next((op.line for op in body if isinstance(op, p.If) and op.test is not None and is_main_test(op.test)), 0)
    return p.Program(body, tuple(builder.functions), "sys.path" in text, vague, guard)


def _parse(text: str) -> tuple[ast.Module | p.Broken, bool]:
    """The syntax tree, and whether newer syntax than the running Python's was lowered first."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text), False
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        lowered = lower(text)
        if lowered is not None:
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    return ast.parse(lowered), True
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                pass
        if isinstance(error, SyntaxError):
            return p.Broken(error.lineno or 1, error.msg, type(error).__name__), False
        return p.Broken(1, str(error)), False


def _is_future_annotations(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.ImportFrom)
        and node.module == "__future__"
        and any(alias.name == "annotations" for alias in node.names)
    )


def is_main_test(test: ast.expr) -> bool:
    """True for ``__name__ == "__main__"``, either way round."""
    if not isinstance(test, ast.Compare) or len(test.ops) != 1 or not isinstance(test.ops[0], ast.Eq):
        return False
    sides = (test.left, test.comparators[0])
    return any(isinstance(side, ast.Name) and side.id == "__name__" for side in sides) and any(
        isinstance(side, ast.Constant) and side.value == "__main__" for side in sides
    )
