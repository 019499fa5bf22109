"""Names of files, counted a directory at a time: as if each file were held against each root by itself."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rewire.model.project import ImportRoot
from rewire.project.modules import ModuleTable, module_name
from rewire.project.naming import Naming
from rewire.project.roots import Roots, holds

FOLDERS = st.lists(st.sampled_from(["src", "pkg", "a.b", "class", "é", "1x", "__init__"]), max_size=3).map("/".join)
FILES = st.sampled_from(["__init__.py", "m.py", "m.pyi", "x.y.py", "class.py", "é.py", "2.py", ".py", "m.pyw", "_.py"])
PATHS = st.tuples(FOLDERS, FILES).map(lambda parts: "/".join(part for part in parts if part))
ROOTS = st.lists(st.sampled_from(["", "src", "src/pkg", "pkg", "a.b", "a.b/src", "é"]), max_size=4, unique=True)
TOPS = st.one_of(st.none(), st.frozensets(st.sampled_from(["src", "pkg", "m", "a", "é"])))


def one_by_one(table: ModuleTable, roots: Roots, path: str) -> list[tuple[str, str]]:
    """The rule itself, with no table of directories."""
    inside = [root.path for root in (*roots.local, *roots.everywhere) if holds(root.path, path)]
    found: list[tuple[str, str]] = []
    for root in sorted(dict.fromkeys(inside), key=lambda root: -len(root)):
        name = module_name(path, root)
        if not name or (root and table.is_package(root)):
            continue
        top = name.partition(".")[0]
        used = roots.imported is not None and top in roots.imported
        if not found or used or (root in roots.declared and table.folder(top, (root,)) is None):
            found.append((name, root))
    return found


@given(st.sets(PATHS, max_size=8), ROOTS, ROOTS, TOPS, st.frozensets(st.sampled_from(["", "src", "pkg"])))
def test_names_are_those_of_each_file_by_itself(
    paths: set[str], everywhere: list[str], local: list[str], imported: frozenset[str] | None, declared: frozenset[str]
) -> None:
    table = ModuleTable(paths)
    known = [tuple(ImportRoot(path, "said so") for path in listed) for listed in (everywhere, local)]
    roots = Roots(known[0], known[1], imported, declared)
    naming = Naming(table, roots)
    for path in sorted(paths):
        assert list(naming.rooted(path)) == one_by_one(table, roots, path)
        assert naming.names(path) == tuple(name for name, _ in naming.rooted(path))
    every = [name for path in paths for name, _ in one_by_one(table, roots, path)]
    assert Naming(table, roots).tops == {name.partition(".")[0] for name in every}


def test_what_a_root_sees_is_itself_and_the_others_that_are_shared() -> None:
    everywhere = (ImportRoot("src", "layout"), ImportRoot("", "itself"))
    roots = Roots(everywhere, (ImportRoot("tools", "a launch"),), None, frozenset({"src"}))
    assert roots.seen_from("") == ("", "src")
    assert roots.seen_from("src") == ("src", "")
    assert roots.seen_from("tools") == ("tools", "src")
