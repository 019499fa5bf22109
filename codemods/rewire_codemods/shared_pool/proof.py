"""The codemod's own proof of one rewritten file: nothing closes a pooled connection, and no string went unannounced."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import libcst as cst

from rewire.codemod import Site, SourceFile, scan
from rewire.codemod.cst import parse
from rewire_codemods.shared_pool import edits
from rewire_codemods.shared_pool.statements import last_name, walk

if TYPE_CHECKING:
    from collections.abc import Sequence


def complaint(before: SourceFile, after: SourceFile, sites: Sequence[Site]) -> str | None:
    """What is wrong with the rewritten file; None if nothing is."""
    return _strings(before, after, sites) or _closes(after, sites)


def _strings(before: SourceFile, after: SourceFile, sites: Sequence[Site]) -> str | None:
    announced: Counter[str] = Counter()
    for site in sites:
        edit = site.payload
        if isinstance(edit, (edits.Wrap, edits.MakeFactory)):
            announced.update(edit.recipe.strings)
        elif isinstance(edit, edits.Drop):
            announced.update(edit.strings)
    lost = _literals(before) - _literals(after) - announced
    return f"the string {next(iter(lost))[:60]} was altered or lost" if lost else None


def _literals(source: SourceFile) -> Counter[str]:
    return Counter(span.of(source.text) for span in scan(source.text).strings)


def _closes(after: SourceFile, sites: Sequence[Site]) -> str | None:
    """A close left on a pooled name would destroy the server's connection on each call, without a word."""
    names = {site.payload.recipe.name for site in sites if isinstance(site.payload, edits.Wrap)}
    acquired = {
        cst.Module([]).code_for_node(cst.parse_expression(site.payload.acquire))
        for site in sites
        if isinstance(site.payload, edits.Wrap) and site.payload.acquire
    }
    tree = parse(after.text)
    for node in walk(tree.module):
        if isinstance(node, cst.With) and node.asynchronous:
            for item in node.items:
                bound = item.asname.name if item.asname else None
                if isinstance(bound, cst.Name) and bound.value in names and tree.code(item.item) in acquired:
                    for inner in walk(node.body):
                        if _is_close(inner, bound.value):
                            return f"line {tree.line(inner)} closes the pooled {bound.value}"
    return None


def _is_close(node: cst.CSTNode, name: str) -> bool:
    if not isinstance(node, cst.Call) or not isinstance(node.func, cst.Attribute):
        return False
    receiver = node.func.value
    return last_name(node.func) in {"close", "terminate"} and isinstance(receiver, cst.Name) and receiver.value == name
