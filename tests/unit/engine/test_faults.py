"""Faults sown into a rewritten file are caught however often the same lines were judged, and passed, before."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from rewire.codemod import Codemod, Plan, Promise
from rewire.model.site import Site
from rewire.model.source import SourceFile, Span, digest_of
from rewire.model.workspace import FileChange
from rewire.rewrite.carry import rewrite_file
from rewire.verify.check import verify_file
from rewire.verify.compare import compare

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rewire.codemod import Project
    from rewire.codemod.cst import SiteTransformer
    from rewire.model.result import Rejected

TEXT = (
    '"""Docs."""\n\n'
    "import os\n"
    "from package.one import (\n    a,  # why a\n    b,\n)\n"
    'value = f("kept", old)  # says old\n'
    "if value:\n    from package.two import c  # in a block\n    print(c)\n"
    "print(os, value)\n"
)
SITES = (
    ("from package.one import (\n    a,  # why a\n    b,\n)", "ImportFrom", ".one"),
    ("old", "Name", "new"),
    ("from package.two import c", "ImportFrom", ".two"),
)


class Moves(Codemod[Any, Any]):
    """Proves nothing of its own: what is caught here is caught by the engine."""

    name = "moves"
    summary = "move"
    promise = Promise.PROVED

    def markers(self, project: Project, options: Any) -> Sequence[bytes]:
        return ()

    def locate(self, source: SourceFile, markers: Sequence[bytes], options: Any) -> None:
        return None

    def plan(self, facts: Mapping[str, Any], project: Project, options: Any) -> Plan:
        return Plan()

    def transformer(self, options: Any) -> SiteTransformer:
        from moves_transformer import Mover

        return Mover()


def planned() -> list[Site]:
    found = []
    for text, kind, payload in SITES:
        start = TEXT.index(text)
        found.append(Site("moves", "m.py", Span(start, start + len(text)), kind, payload, f"write {payload}"))
    return found


def right() -> FileChange:
    source = SourceFile("m.py", TEXT, "utf-8", False, "\n", digest_of(TEXT.encode()))
    answer = rewrite_file(source, planned(), Moves().transformer(None))
    assert isinstance(answer, FileChange), answer
    return answer


def sown(old: str, new: str) -> FileChange:
    """The right answer with ``old`` exchanged for ``new``, and the books cooked so that the changes own what they did.

    Spans behind the place move along; a region that holds the place grows or shrinks with it.
    """
    file = right()
    assert file.after is not None
    text = file.after.text
    at = text.index(old)
    grown = len(new) - len(old)

    def moved(span: Span) -> Span:
        if span.end <= at:
            return span
        return Span(span.start + (grown if span.start > at else 0), span.end + grown)

    changes = tuple(replace(change, after=moved(change.after)) for change in file.changes)
    return replace(file, after=file.after.with_text(text[:at] + new + text[at + len(old) :]), changes=changes)


def verdict(file: FileChange, sites: list[Site] | None = None) -> Rejected | None:
    return verify_file(file, sites or planned(), Moves(), None)


def test_the_right_answer_is_accepted_again_and_again() -> None:
    assert right().after is not None
    assert verdict(right()) is None
    assert verdict(right()) is None


@pytest.mark.parametrize(
    ("old", "new", "check"),
    [
        ("a,  # why a", "a,", "text-kept"),
        ("  # says old", "", "text-kept"),
        ("# in a block", "# in the block", "text-kept"),
        ('"kept"', '"Kept"', "text-kept"),
        ('"kept"', "'kept'", "text-kept"),
        ("import os\n", "import sys\n", "double-entry"),
        ("print(os, value)", "print(os, valve)", "double-entry"),
        ("import os\n", "import os\n\n", "double-entry"),
        ('"""Docs."""', '"""Doc."""', "double-entry"),
        ("from .one import (", "from .one import ((", "parses"),
        ("from .two import c", "from .two import", "parses"),
        ("    from .two import c", "  from .two import c", "parses"),
        ("    from .two import c", "from .two import c", "parses"),
        ("from .one import (", "    from .one import (", "parses"),
        ("    from .two import c", "      \tfrom .two import c", "parses"),
        ("from .two import c", "from .two import c  # new", "text-kept"),
        ("from .two import c  # in a block\n", "from .two import c  # in a block", "double-entry"),
        ("    b,\n)\n", "    b,\n); x = 1\n", None),
        ("    b,\n)\n", "    b,\n)\nreturn return\n", "parses"),
        ("from .two import c  # in a block", "from package.two import c  # in a block", "double-entry"),
    ],
)
@pytest.mark.parametrize("judged_before", [False, True], ids=["first", "after the right one"])
def test_a_fault_is_caught(old: str, new: str, check: str | None, *, judged_before: bool) -> None:
    compare.cache_clear()
    for _ in range(2 if judged_before else 1):
        if judged_before:
            assert verdict(right()) is None
        found = verdict(sown(old, new))
        assert (found.check if found else None) == check, found


@pytest.mark.parametrize("judged_before", [False, True])
def test_a_lost_comment_is_lost_for_the_site_that_did_not_announce_it(*, judged_before: bool) -> None:
    compare.cache_clear()
    file = sown("a,  # why a", "a,")
    announced = [replace(site, drops_comments=True) for site in planned()]
    if judged_before:
        assert verdict(file, announced) is None
    found = verdict(file)
    assert found is not None
    assert found.check == "text-kept"
    assert verdict(file, announced) is None


def test_what_is_remembered_of_two_texts_is_of_both() -> None:
    compare.cache_clear()
    assert compare("import a\n", "import b\n").clean
    assert compare("import a  # c\n", "import b\n").lost_comments == {"# c": 1}
    assert compare("import a\n", "import b  # c\n").spare_comments == {"# c": 1}
    assert compare("x = 'a'\n", "x = b\n").lost_strings == {"'a'": 1}
    assert not compare("  import a\n", "import b\n").simple
    assert not compare("import a\n", "import b").simple
    assert not compare("if a:\n    b\n", "import b\n").simple
    assert compare("import a\n", "import b\n").clean


def test_every_site_has_one_change_and_every_change_one_site() -> None:
    file, sites = right(), planned()
    for changes in (file.changes[:-1], (*file.changes, file.changes[0]), (replace(file.changes[0], summary="x"),)):
        found = verdict(replace(file, changes=changes))
        assert found is not None
        assert found.check == "double-entry"
    found = verdict(file, [*sites, replace(sites[0], summary="another")])
    assert found is not None
    assert found.check == "double-entry"
