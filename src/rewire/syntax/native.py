"""The running Python's own parser: twenty times as fast as LibCST, and never the judge of what is not Python.

It refuses every syntax newer than the Python that runs rewire, so its yes counts and its no is asked again of LibCST.
"""

from __future__ import annotations

import ast
import warnings


def parses(text: str) -> bool:
    """True if the running Python's grammar reads ``text``. Nothing is compiled to code, let alone run."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            compile(text.lstrip("\f"), "<text>", "exec", flags=ast.PyCF_ONLY_AST, dont_inherit=True)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return False
    return True


def overflows(text: str) -> bool:
    """True if the running Python's parser gives ``text`` up as nested too deeply."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            compile(text.lstrip("\f"), "<text>", "exec", flags=ast.PyCF_ONLY_AST, dont_inherit=True)
        except (RecursionError, MemoryError):
            return True
        except (SyntaxError, ValueError):
            return False
    return False
