"""Every check on one rewritten file, cheapest first."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from rewire.errors import SourceError
from rewire.model.result import Rejected
from rewire.model.site import Promise
from rewire.model.source import Span
from rewire.syntax import native
from rewire.syntax.lexical import scan
from rewire.syntax.modern import parses
from rewire.verify.ledger import unowned
from rewire.verify.names import newly_undefined
from rewire.verify.tokens import lost_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rewire.codemod.base import Codemod
    from rewire.model.site import Site
    from rewire.model.workspace import FileChange


def verify_file(file: FileChange, sites: Sequence[Site], codemod: Codemod[Any, Any], options: Any) -> Rejected | None:
    """None if ``file`` is accepted; else which check said no and why.

    A codemod that promises ``proved`` brings its own proof of every binding in ``check``; for the others LibCST's
    scope analysis looks for names that nothing binds any more.
    """
    assert file.before is not None
    assert file.after is not None
    complaint = unowned(file)
    if complaint:
        return Rejected(file.path, "double-entry", complaint, codemod.name)
    complaint = lost_text(file, sites)
    if complaint:
        return Rejected(file.path, "text-kept", complaint, codemod.name)
    if not still_parses(file):
        return Rejected(file.path, "parses", "the result is not Python any more", codemod.name)
    if codemod.promise is not Promise.PROVED:
        try:
            name = newly_undefined(file.before.text, file.after.text)
        except SourceError as error:
            return Rejected(file.path, "names", f"cannot be analysed: {error}", codemod.name)
        if name:
            return Rejected(file.path, "names", f"nothing defines {name!r} any more", codemod.name)
    complaint = codemod.check(file.before, file.after, sites, options)
    if complaint:
        return Rejected(file.path, "codemod", complaint, codemod.name)
    return None


def still_parses(file: FileChange) -> bool:
    """True if the new text is Python.

    Where every region was simple statements and still is, on whole lines and at the same indentation, the file parses
    exactly if those statements do: only they are parsed.
    """
    assert file.before is not None
    assert file.after is not None
    regions = {(change.before, change.after) for change in file.changes}
    texts = [(before.of(file.before.text), after.of(file.after.text)) for before, after in regions]
    if all(_simple(old, new) for old, new in texts):
        return all(_statements_parse(new) for _, new in texts)
    return native.parses(file.after.text) or parses(file.after.text)


@lru_cache(maxsize=8192)
def _simple(before: str, after: str) -> bool:
    """True if both are runs of simple statements, all at the first one's indentation, newline-ended alike."""
    old, new = scan(before), scan(after)
    if not old.lines or not new.lines or before[-1:] != after[-1:]:
        return False
    indent = old.indent(0)
    return all(
        layout.indent(index) == indent and layout.is_simple(Span(line.code, line.code + 1))
        for layout in (old, new)
        for index, line in enumerate(layout.lines)
    )


@lru_cache(maxsize=8192)
def _statements_parse(statements: str) -> bool:
    wrapped = "if 1:\n" + statements if statements[:1] in (" ", "\t") else statements
    return native.parses(wrapped) or parses(wrapped)
