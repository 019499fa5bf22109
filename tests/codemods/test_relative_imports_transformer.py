"""The transformer of relative-imports: what it says of itself, that a module is only written, is always so."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rewire_codemods.relative_imports.forms import Move
from rewire_codemods.relative_imports.transformer import ImportTransformer

from rewire.model.site import Site
from rewire.model.source import Span
from rewire.rewrite.statement import rewritten_statement


class Whole(ImportTransformer):
    """Shown everything as it stands."""

    reads_names = reads_module = True

    def with_stand_in(self, payload: object, word: str) -> None:
        return None


MODULES = ["", "a", "a.b", "été.b", "_rewire_written_", "_rewire_stand_in_", "a.b.c.d"]


@given(
    st.integers(0, 4),
    st.sampled_from(MODULES),
    st.sampled_from(["from{} a.b import", "from{} . import", "from{} ..a.b import", "from{} _rewire_written_ import"]),
    st.sampled_from(["", " ", "\t"]),
    st.sampled_from([" x", " *", "(x)", " x as y, _rewire_written_", " (\n    x,  # _rewire_written_\n    y,\n)"]),
)
def test_stand_ins_change_nothing(level: int, module: str, head: str, space: str, names: str) -> None:
    if not (level or module):
        return
    statement = head.format(space) + names
    site = Site("relative-imports", "m.py", Span(0, len(statement)), "ImportFrom", Move(level, module), "move")
    short = rewritten_statement(site, statement, ImportTransformer(), {})
    assert short == rewritten_statement(site, statement, Whole(), {})
    assert short is None or f" {'.' * level}{module} " in short.replace("\t", " ").replace("import", " import")


def test_a_plain_import_has_no_stand_in() -> None:
    """Its last part is written apart from the others."""
    assert ImportTransformer().with_stand_in(Move(1, "a", binds="b"), "word") is None
    assert ImportTransformer().with_stand_in(Move(1, ""), "word") is None
