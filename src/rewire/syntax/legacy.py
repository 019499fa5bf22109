"""fissix: recognise a file that only Python 2's grammar reads."""

from __future__ import annotations


def is_python2(text: str) -> bool:
    """True if fissix's Python 2 grammar reads ``text``. Ask only for text that LibCST refused."""
    from fissix import pygram, pytree
    from fissix.pgen2 import driver, parse, tokenize

    body = text.replace("\r\n", "\n").replace("\r", "\n").lstrip("\f")
    if not body.endswith("\n"):
        body += "\n"
    reader = driver.Driver(pygram.python_grammar, convert=pytree.convert)
    try:
        reader.parse_string(body)
    except (parse.ParseError, tokenize.TokenError, IndentationError, SyntaxError, ValueError, RecursionError):
        return False
    return True
