"""Rewrite one file: parse each region, let the codemod's transformer carry its sites out, splice the result back."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, cast

import libcst as cst

from rewire.errors import NotLossless, NotPython
from rewire.model.result import Rejected
from rewire.model.site import BLOCK, INSERT, Change, Site, change_of
from rewire.model.source import Lines, SourceFile, Span
from rewire.model.workspace import FileChange
from rewire.rewrite.regions import Region, find_regions
from rewire.rewrite.statement import NAMES, Memory, memory_of, rewritten, rewritten_statement
from rewire.syntax.lexical import scan
from rewire.syntax.modern import Tree, parse
from rewire.syntax.native import names_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rewire.codemod.cst import SiteTransformer

_HEADER = "if 1:"


class _Undone(Exception):
    """A region that cannot be carried out; becomes a Rejected."""

    def __init__(self, check: str, detail: str) -> None:
        super().__init__(detail)
        self.check = check


def rewrite_file(
    source: SourceFile, sites: Sequence[Site], transformer: SiteTransformer, options: object = None
) -> FileChange | Rejected:
    """Carry ``sites`` out on ``source``; every one of them exactly once, or the file is rejected as it stands.

    ``options`` are the codemod's, which ``transformer`` was made with.
    """
    text = source.text
    codemod = sites[0].codemod
    regions = find_regions(text, sites)
    if isinstance(regions, Site):
        line = source.line_of(regions.span.start)
        return Rejected(source.path, "placed", f"line {line}: the site lies in no statement of its own", codemod)
    memory = memory_of(transformer, options)
    lines = Lines(text)
    pieces: list[str] = []
    changes: list[Change] = []
    position = length = 0
    for region in regions:
        span = region.span
        try:
            new = _new_text(source, region, transformer, memory)
        except _Undone as error:
            return Rejected(source.path, error.check, f"line {source.line_of(span.start)}: {error}", codemod)
        start = length + span.start - position
        length = start + len(new)
        after = Span(start, length)
        changes += [change_of(site, lines.at(site.span.start), span, after) for site in region.sites]
        pieces += (text[position : span.start], new)
        position = span.end
    pieces.append(text[position:])
    try:
        result = source.with_text("".join(pieces))
    except UnicodeEncodeError as error:
        return Rejected(source.path, "encodes", f"the result does not fit {source.encoding}: {error.reason}", codemod)
    changes.sort(key=lambda change: (change.span.start, change.span.end, change.summary))
    return FileChange(source.path, source, result, tuple(changes))


def _new_text(source: SourceFile, region: Region, transformer: SiteTransformer, memory: Memory) -> str:
    if region.inserts:
        return _inserted(source, region)
    text, span = source.text, region.span
    if region.lone:
        site = region.sites[0]
        start, end = site.span.start, site.span.end
        old = text[start:end]
        new = rewritten_statement(site, old, transformer, memory)
        if new is not None and new != old:
            return text[span.start : start] + new + text[end : span.end]
    elif region.sites[0].kind in NAMES:
        replaced = _with_names(text, region, transformer)
        if replaced is not None:
            return replaced
    new = _visited(source, region, transformer)
    if new == span.of(text):
        raise _Undone("changed", "the transformer left the text as it was")
    return new


def _with_names(text: str, region: Region, transformer: SiteTransformer) -> str | None:
    """A region whose sites are dotted names, each where the running Python's parser finds it too; None: take the long
    way.
    """
    span = region.span
    known = names_in(span.of(text))
    pieces: list[str] = []
    position = span.start
    for site in sorted(region.sites, key=lambda site: site.span):
        start, end = site.span.start, site.span.end
        if start < position or known.get((start - span.start, end - span.start)) != site.kind:
            return None
        new = rewritten(site, text[start:end], transformer)
        if new is None or new == text[start:end]:
            return None
        pieces += (text[position:start], new)
        position = end
    return "".join((*pieces, text[position : span.end]))


def _visited(source: SourceFile, region: Region, transformer: SiteTransformer) -> str:
    """The long way: parse the region with its indentation and visit it."""
    old = region.span.of(source.text)
    indented = old[:1] in (" ", "\t")
    newline = source.newline if source.newline in old or not any(char in old for char in "\r\n") else "\n"
    header = _HEADER + newline if indented else ""
    try:
        tree = parse(header + old, indent=_indent_step(source.text))
    except (NotPython, NotLossless) as error:
        raise _Undone("reads", str(error)) from None
    new = _carry_out(tree, region, region.span.start - len(header), transformer)
    if not new.startswith(header):
        raise _Undone("spliced", "the statement around the site was replaced")
    new = new[len(header) :]
    if old.endswith("\r") and new and new[-1] not in "\r\n":  # LibCST drops a bare CR at the very end
        new += "\r"
    return new


def _inserted(source: SourceFile, region: Region) -> str:
    text = "".join(cast("str", site.payload) for site in region.sites)
    text = text.replace("\n", source.newline)
    before = source.text[: region.span.start]
    if before and before[-1] not in "\r\n":
        if region.span.start != len(source.text):
            raise _Undone("placed", "an insertion does not start on a line of its own")
        return source.newline + text.removesuffix(source.newline)
    return text


@lru_cache(maxsize=4)
def _indent_step(text: str) -> str:
    return scan(text).indent_step()


def _carry_out(tree: Tree, region: Region, shift: int, transformer: SiteTransformer) -> str:
    """The code of the region after the transformer has visited it."""
    local = {(Span(site.span.start - shift, site.span.end - shift), site.kind): site for site in region.sites}
    if len(local) != len(region.sites):
        raise _Undone("placed", "two sites claim the same node")
    nodes = {node: local[key] for node, key in tree.find(key for key in local if key[1] != BLOCK).items()}
    blocks: dict[cst.CSTNode, list[tuple[int, int, Site]]] = {}
    for (span, kind), site in local.items():
        if kind == BLOCK:
            container, first, count = _block(tree, span)
            blocks.setdefault(container, []).append((first, count, site))
    if any(_overlap(ranges) for ranges in blocks.values()):
        raise _Undone("placed", "two sites claim the same statements")
    if len(nodes) + sum(len(ranges) for ranges in blocks.values()) != len(region.sites):
        missing = sorted({site.kind for site in region.sites if site.kind not in (BLOCK, INSERT)})
        raise _Undone("placed", f"no {' or '.join(missing)} node where the plan says")
    transformer.begin(nodes, blocks)
    module = tree.module.visit(transformer)
    done = transformer.carried_out
    if len(done) != len(region.sites) or set(map(id, done)) != set(map(id, region.sites)):
        raise _Undone("carried-out", f"{len(done)} of {len(region.sites)} sites carried out")
    indented = shift != region.span.start
    if not (_body(module) if indented else module.body):
        return tree.text[: region.span.start - shift]  # LibCST would print a blank line or a ``pass``
    return module.code


def _body(module: cst.Module) -> Sequence[cst.BaseStatement]:
    header = module.body[0] if module.body else None
    if isinstance(header, cst.If) and isinstance(header.body, cst.IndentedBlock):
        return header.body.body
    raise _Undone("spliced", "the statement around the site was replaced")


def _overlap(ranges: Sequence[tuple[int, int, Site]]) -> bool:
    """True if two BLOCK sites of one container share a statement: each would write it once more."""
    ordered = sorted((first, count) for first, count, _ in ranges)
    return any(first + count > following for (first, count), (following, _) in pairwise(ordered))


def _block(tree: Tree, span: Span) -> tuple[cst.CSTNode, int, int]:
    """The node whose ``body`` holds the statements of a BLOCK site, the index of the first one, and how many."""
    for node in tree.walk():
        if not isinstance(node, (cst.Module, cst.IndentedBlock)):
            continue
        starts = [tree.span(statement).start for statement in node.body]
        if span.start in starts:
            first = starts.index(span.start)
            return node, first, sum(span.start <= start < span.end for start in starts)
    raise _Undone("placed", "no statement starts where the plan says")
