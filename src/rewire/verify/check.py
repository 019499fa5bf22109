"""Every check on one rewritten file, cheapest first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rewire.errors import SourceError
from rewire.model.result import Rejected
from rewire.model.site import Promise
from rewire.model.splices import splices
from rewire.verify.bindings import keeps_names
from rewire.verify.compare import compare, is_python
from rewire.verify.ledger import unbalanced, unowned
from rewire.verify.names import newly_undefined
from rewire.verify.tokens import lost_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rewire.codemod.base import Codemod
    from rewire.model.site import Site
    from rewire.model.splices import Splice
    from rewire.model.workspace import FileChange


def verify_file(file: FileChange, sites: Sequence[Site], codemod: Codemod[Any, Any], options: Any) -> Rejected | None:
    """None if ``file`` is accepted; else which check said no and why.

    A codemod that promises ``proved`` brings its own proof of every binding in ``check``; for the others every file is
    looked through for names that nothing binds any more.
    """
    assert file.before is not None
    assert file.after is not None
    regions = splices(file)
    complaint = unbalanced(file, sites) or unowned(file, regions)
    if complaint:
        return Rejected(file.path, "double-entry", complaint, codemod.name)
    if not all(compare(region.old, region.new).clean for region in regions):
        complaint = lost_text(regions, sites)
        if complaint:
            return Rejected(file.path, "text-kept", complaint, codemod.name)
        if not still_parses(file, regions):
            return Rejected(file.path, "parses", "the result is not Python any more", codemod.name)
    if codemod.promise is not Promise.PROVED and not all(keeps_names(region.old, region.new) for region in regions):
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


def still_parses(file: FileChange, regions: Sequence[Splice]) -> bool:
    """True if the new text is Python.

    Where every region was simple statements and still is, on whole lines and at the same indentation, the file parses
    exactly if those statements do: only they are parsed.
    """
    assert file.after is not None
    found = [compare(region.old, region.new) for region in regions]
    if all(one.simple for one in found):
        return all(one.parses for one in found)
    return is_python(file.after.text)
