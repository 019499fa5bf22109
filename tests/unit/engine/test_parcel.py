"""parcel: a verified file arrives as it left, whatever its changes, and takes little room on the way."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING

import pytest
from moves_transformer import Mover

from rewire.model.site import BLOCK, INSERT, Site
from rewire.model.source import SourceFile, Span, digest_of
from rewire.model.splices import splices
from rewire.model.workspace import FileChange
from rewire.rewrite.carry import rewrite_file
from rewire.verify.parcel import Parcel, Verified

if TYPE_CHECKING:
    from collections.abc import Sequence

    import libcst as cst

    from rewire.codemod.cst import SiteTransformer

LONG = "# filler\n" * 500
TEXT = f"import os\r\nfrom a import b; from a import c\nx = old + older\n{LONG}def f():\n    old()\n    g('é', old)\n"


class Drops(Mover):
    """Removes the first statement of a block site."""

    def rewrite_block(self, site: Site, statements: Sequence[cst.BaseStatement]) -> Sequence[cst.BaseStatement]:
        return statements[1:]


def site(what: str, kind: str, payload: object, start: int = 0) -> Site:
    at = TEXT.index(what, start)
    return Site("moves", "m.py", Span(at, at + len(what)), kind, payload, f"{what} at {at}", "shape", "g", support=True)


SITES = {
    "one": [site("old", "Name", "new")],
    "two of one statement": [site("older", "Name", "z"), site("old", "Name", "new")],
    "two statements of one line": [
        site("from a import b", "ImportFrom", ".x"),
        site("from a import c", "ImportFrom", ".longer"),
    ],
    "an insertion": [Site("moves", "m.py", Span(0, 0), INSERT, "import z\n", "add"), site("old", "Name", "new")],
    "a block with a site in it": [
        site("old()\n    g('é', old)", BLOCK, None),
        site("old", "Name", "new", TEXT.index("g(")),
    ],
    "far apart": [site("old", "Name", "new", TEXT.index("def")), site("old", "Name", "brandnew")],
}


def verified(sites: list[Site], transformer: SiteTransformer, *, carried: bool) -> Verified:
    data = TEXT.encode("latin-1")
    source = SourceFile("m.py", TEXT, "latin-1", False, "\n", digest_of(data))
    answer = rewrite_file(source, sites, transformer)
    assert isinstance(answer, FileChange), answer
    return Verified(answer, splices(answer), carried)


@pytest.mark.parametrize("name", SITES)
@pytest.mark.parametrize("carried", [False, True])
def test_a_file_arrives_as_it_left(name: str, *, carried: bool) -> None:
    left = verified(SITES[name], Drops(), carried=carried)
    arrived = pickle.loads(pickle.dumps(left))
    assert isinstance(arrived, Parcel)
    sent = left.file.before if carried else None
    assert arrived.opened("m.py", SITES[name], sent) == left.file
    assert left.opened("m.py", SITES[name], sent) is left.file


def test_a_parcel_holds_the_old_text_once_or_not_at_all() -> None:
    sites = SITES["far apart"]
    assert len(pickle.dumps(verified(sites, Mover(), carried=True))) < 500
    assert len(pickle.dumps(verified(sites, Mover(), carried=False))) < len(TEXT.encode()) + 500


def test_a_parcel_whose_changes_are_not_those_of_the_sites_is_not_opened() -> None:
    arrived = pickle.loads(pickle.dumps(verified(SITES["far apart"], Mover(), carried=False)))
    with pytest.raises(ValueError, match="zip"):
        arrived.opened("m.py", SITES["one"], None)
