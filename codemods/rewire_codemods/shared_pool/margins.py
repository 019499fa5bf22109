"""Around the functions of one file: imports and constants that may go, where an import comes, the main guard."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

import libcst as cst

from rewire_codemods.shared_pool.arguments import removal_of
from rewire_codemods.shared_pool.facts import Removal
from rewire_codemods.shared_pool.scopes import FunctionScope, ModuleScope, imported
from rewire_codemods.shared_pool.statements import has_comment, last_name, names_in, small

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rewire.codemod import Span
    from rewire.codemod.cst import Tree


def read_removals(tree: Tree, module: ModuleScope) -> Iterator[Removal]:
    """Module-level imports and constants that stand alone on their line, without a comment on it."""
    for node in tree.module.body:
        part = small(node)
        if not isinstance(node, cst.SimpleStatementLine) or part is None or has_comment(node):
            continue
        if isinstance(part, (cst.Import, cst.ImportFrom)):
            if not (isinstance(part, cst.ImportFrom) and last_name(part.module or cst.Name("x")) == "__future__"):
                yield from (Removal(tree.span(node), name, "import") for name in imported(part))
        elif isinstance(part, (cst.Assign, cst.AnnAssign)):
            target = part.targets[0].target if isinstance(part, cst.Assign) else part.target
            if isinstance(target, cst.Name) and len(module.values.get(target.value, ())) == 1:
                removal = removal_of(tree, node, target.value)
                if removal:
                    yield removal


def bound_names(module: ModuleScope, scopes: Iterable[FunctionScope]) -> set[str]:
    """Every name that the file binds anywhere: an import must not clash with it."""
    found = {*module.imports, *module.values, *module.defined}
    for scope in scopes:
        found |= {*scope.parameters, *scope.values, *scope.imports}
    return found


def insertion_point(tree: Tree) -> int:
    """The line behind the last import that stands before the first definition; behind the docstring otherwise."""
    last = None
    for index, node in enumerate(tree.module.body):
        if isinstance(node, (cst.FunctionDef, cst.ClassDef)):
            break
        part = small(node)
        docstring = index == 0 and isinstance(part, cst.Expr) and isinstance(part.value, cst.SimpleString)
        if isinstance(part, (cst.Import, cst.ImportFrom)) or docstring:
            last = node
    if last is None:
        return 0
    end = tree.span(last).end
    found = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|$)").match(tree.text, end)
    return found.end() if found else end


def import_run(tree: Tree) -> tuple[Span, ...]:
    """The import statements that stand together, nothing between them, up to where an import would be added."""
    end = insertion_point(tree)
    run: list[Span] = []
    for node in tree.module.body:
        span = tree.span(node)
        if span.start >= end:
            break
        if isinstance(small(node), (cst.Import, cst.ImportFrom)):
            run.append(span)
        else:
            run.clear()
    return tuple(run)


def is_main_guard(node: cst.CSTNode) -> bool:
    """True for ``if __name__ == "__main__":``."""
    if not isinstance(node, cst.If) or not isinstance(node.test, cst.Comparison):
        return False
    return isinstance(node.test.left, cst.Name) and node.test.left.value == "__name__"


def guard_calls(tree: Tree) -> Counter[str]:
    """How often each name is read below the main guard."""
    found: Counter[str] = Counter()
    for node in tree.module.body:
        if is_main_guard(node):
            found.update(names_in(node))
    return found
