"""Rules of the house that import-linter has no word for; each of them is shown to catch what it forbids."""

from __future__ import annotations

import ast
import importlib
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.sources import TOP, Module, imports, modules

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
MEANINGLESS = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "managers", "tools"}
VAGUE = re.compile(r"_?(handle|process|manage)_")
INHERITED = {"markers", "locate", "plan", "transformer", "check", "check_project", "rewrite", "rewrite_block", "begin"}
"""What every codemod and transformer defines; their base classes say what it does."""
MAY_IMPORT = {"rewire.registry", "rewire.installed", "rewire.cache.values"}
RUNS_CODE = {"eval", "exec", "__import__", "import_module", "run_path", "run_module", "exec_module"}
LIBRARIES = {"builtins", "importlib", "runpy"}
KNOWN = {module.name for module in modules()}
PACKAGES = {module.name for module in modules() if module.path.name == "__init__.py"}


def meaningless_name(module: Module) -> Iterator[str]:
    """A module named for a drawer, not for an idea."""
    yield from MEANINGLESS & set(module.name.split("."))


def no_docstring(module: Module) -> Iterator[str]:
    """A module, public function, class or method that does not say what it is for."""
    if not ast.get_docstring(module.tree):
        yield "the module"
    yield from (name for name, node in public(module.tree) if not (ast.get_docstring(node) or inherits(node)))


def public(tree: ast.Module | ast.ClassDef, prefix: str = "") -> Iterator[tuple[str, Definition]]:
    """Public functions and classes of a module, and public methods of its public classes."""
    for node in tree.body:
        if isinstance(node, Definition) and not node.name.startswith("_"):
            yield prefix + node.name, node
            if isinstance(node, ast.ClassDef):
                yield from public(node, f"{prefix}{node.name}.")


def inherits(node: Definition) -> bool:
    return node.name in INHERITED or node.name.startswith(("visit_", "leave_", "on_visit", "on_leave"))


def vague_verb(module: Module) -> Iterator[str]:
    """A function called handle_, process_ or manage_ something."""
    yield from (node.name for node in ast.walk(module.tree) if isinstance(node, Definition) and VAGUE.match(node.name))


def own_facade(module: Module) -> Iterator[str]:
    """A module that imports the ``__init__`` of a package it lies in: every import cycle begins like that."""
    enclosing = {package for package in PACKAGES if f"{module.package}.".startswith(f"{package}.")}
    if module.path.name == "__init__.py":
        enclosing.discard(module.name)
    for line, source, name in imports(module.tree):
        if source in enclosing - {"rewire"} and f"{source}.{name}" not in KNOWN:
            yield f"line {line}: {name} from {source}"


def folder_as_package(module: Module) -> Iterator[str]:
    """``import codemods`` succeeds from the top of the repository, and yields a second copy of every class."""
    for line, source, _ in imports(module.tree):
        if source.split(".")[0] in {"codemods", "src", "tests"}:
            yield f"line {line}: {source}"


def model_beyond_the_standard_library(module: Module) -> Iterator[str]:
    """A noun that knows more than the standard library and the other nouns."""
    if module.name.startswith("rewire.model"):
        for line, source, _ in imports(module.tree):
            if not (standard(source) or source.startswith(("rewire.model", "rewire.errors"))):
                yield f"line {line}: {source}"


def codemod_by_the_back_door(module: Module) -> Iterator[str]:
    """A codemod that imports more than rewire.codemod, rewire.codemod.cst, LibCST and the standard library."""
    if not module.name.startswith("rewire_codemods"):
        return
    for line, source, name in imports(module.tree):
        front = source in {"rewire.codemod", "rewire.codemod.cst"} and (
            f"{source}.{name}" not in KNOWN or name == "cst"
        )
        if not (front or standard(source) or source.split(".")[0] in {"libcst", "rewire_codemods"}):
            yield f"line {line}: {source}"


def early_libcst(module: Module) -> Iterator[str]:
    """A ``codemod.py`` that loads LibCST when it is imported."""
    if module.name.startswith("rewire_codemods.") and module.path.name == "codemod.py":
        for node in module.tree.body:
            if isinstance(node, ast.Import | ast.ImportFrom):
                sources = {source for _, source, _ in imports(node)}
                yield from sources & {"libcst", "rewire.codemod.cst"}


def runs_code(module: Module) -> Iterator[str]:
    """Something that could run the target's code.

    The registry, and the entry points that it reads, import what is installed; the cache, classes of packages that are
    loaded.
    """
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call) and module.name not in MAY_IMPORT:
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            holder = getattr(getattr(node.func, "value", None), "id", None)
            if name in RUNS_CODE and (isinstance(node.func, ast.Name) or holder in LIBRARIES or name == "exec_module"):
                yield f"line {node.lineno}: {name}"


def standard(source: str) -> bool:
    return source.split(".")[0] in sys.stdlib_module_names


RULES: list[tuple[Callable[[Module], Iterator[str]], str, str]] = [
    (meaningless_name, "rewire.report.utils", ""),
    (no_docstring, "rewire.report.table", "x = 1"),
    (no_docstring, "rewire.report.table", "'''Doc.'''\ndef draw(): pass"),
    (no_docstring, "rewire.report.table", "'''Doc.'''\nclass Table:\n    '''Doc.'''\n    def draw(self): pass"),
    (vague_verb, "rewire.report.table", "def _process_rows(): pass"),
    (own_facade, "rewire.codemod.base", "from rewire.codemod import Site"),
    (own_facade, "rewire.codemod.base", "def f():\n    import rewire.codemod"),
    (folder_as_package, "rewire.registry", "from codemods.rewire_codemods import x"),
    (model_beyond_the_standard_library, "rewire.model.site", "import msgspec"),
    (model_beyond_the_standard_library, "rewire.model.site", "from rewire import plan"),
    (codemod_by_the_back_door, "rewire_codemods.a.codemod", "from rewire.model.site import Site"),
    (codemod_by_the_back_door, "rewire_codemods.a.codemod", "from rewire.codemod import base"),
    (codemod_by_the_back_door, "rewire_codemods.a.codemod", "import yaml"),
    (early_libcst, "rewire_codemods.a.codemod", "import libcst as cst"),
    (early_libcst, "rewire_codemods.a.codemod", "from rewire.codemod.cst import parse"),
    (runs_code, "rewire.project.files", "eval(text)"),
    (runs_code, "rewire.project.files", "importlib.import_module(name)"),
]


@pytest.mark.parametrize("rule", dict.fromkeys(rule for rule, _, _ in RULES), ids=lambda rule: rule.__name__)
def test_the_rule_holds(rule: Callable[[Module], Iterator[str]]) -> None:
    assert len(modules()) > 20
    broken = [f"{module.place}: {what}" for module in modules() for what in rule(module)]
    assert not broken, f"{rule.__doc__}\n" + "\n".join(broken)


@pytest.mark.parametrize(("rule", "name", "code"), RULES, ids=lambda value: getattr(value, "__name__", "_"))
def test_the_rule_catches_what_it_forbids(rule: Callable[[Module], Iterator[str]], name: str, code: str) -> None:
    path = TOP / "src" / Path(*name.split(".")).with_suffix(".py")
    assert list(rule(Module(path, name, ast.parse(code))))


def test_what_is_allowed_is_not_caught() -> None:
    path = TOP / "codemods/rewire_codemods/a/codemod.py"
    code = "'''D.'''\nimport re\nfrom rewire.codemod import Site\ndef plan():\n  from rewire.codemod.cst import parse"
    module = Module(path, "rewire_codemods.a.codemod", ast.parse(code))
    assert not [what for rule, _, _ in RULES for what in rule(module)]


def test_the_top_package_holds_nothing_that_could_be_imported_in_a_circle() -> None:
    (top,) = (module for module in modules() if module.name == "rewire")
    assert not list(imports(top.tree))


def test_the_tests_do_not_take_folders_for_packages_either() -> None:
    for path in (TOP / "tests").rglob("*.py"):
        if "fixtures" not in path.parts:
            assert not re.search(r"(?m)^\s*(?:from|import) (?:codemods|src)\b", path.read_text("utf-8")), path


def test_every_module_can_be_imported() -> None:
    for module in modules():
        if module.path.name != "__main__.py":
            importlib.import_module(module.name)
