"""LibCST: parse without loss or say why not, and know every node's place in the original text."""

from __future__ import annotations

import re
import threading
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

import libcst as cst
from libcst import metadata

from rewire.errors import NestedTooDeeply, NotLossless, NotPython
from rewire.model.source import Span
from rewire.syntax.native import overflows
from rewire.syntax.native import parses as parses_natively

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

_NEWLINE = re.compile(r"\r\n|\r|\n")
_BRACKET = re.compile(r"[()\[\]{}]")
_DEEPEST = 200
"""Brackets nested deeper are an error in Python itself (``MAXLEVEL`` in its tokenizer)."""
_SHORT = 2_000
"""Characters in which no chain is long enough to overflow the stack of any thread."""
_STACK = 256 * 1024 * 1024
"""Bytes of address space, not of memory: only what is touched counts."""


class Tree:
    """A LibCST module together with the text it was parsed from. Metadata is computed when first asked for."""

    def __init__(self, text: str, module: cst.Module, offset: int = 0) -> None:
        self.text = text
        self.module = module
        self._offset = offset

    @cached_property
    def _wrapper(self) -> metadata.MetadataWrapper:
        return metadata.MetadataWrapper(self.module, unsafe_skip_copy=True)

    @cached_property
    def _positions(self) -> Mapping[cst.CSTNode, metadata.CodeRange]:
        return cast("Mapping[cst.CSTNode, metadata.CodeRange]", self._wrapper.resolve(metadata.PositionProvider))

    @cached_property
    def _parents(self) -> Mapping[cst.CSTNode, cst.CSTNode]:
        return self._wrapper.resolve(metadata.ParentNodeProvider)

    @cached_property
    def _scopes(self) -> Mapping[cst.CSTNode, metadata.Scope | None]:
        return cast("Mapping[cst.CSTNode, metadata.Scope | None]", self._wrapper.resolve(metadata.ScopeProvider))

    @cached_property
    def _line_starts(self) -> list[int]:
        starts = [self._offset]
        starts.extend(found.end() for found in _NEWLINE.finditer(self.text, self._offset))
        return starts

    def span(self, node: cst.CSTNode) -> Span:
        """The characters of ``text`` that ``node`` covers, white space and comments around it excluded."""
        place = self._positions[node]
        return Span(self._offset_of(place.start), self._offset_of(place.end))

    def _offset_of(self, position: metadata.CodePosition) -> int:
        starts = self._line_starts
        if position.line > len(starts):  # where a module without a newline at the end ends, as LibCST counts
            return len(self.text)
        return starts[position.line - 1] + position.column

    def line(self, node: cst.CSTNode) -> int:
        """1-based line on which ``node`` starts."""
        return self._positions[node].start.line

    def code(self, node: cst.CSTNode) -> str:
        """The source text of ``node``."""
        return self.span(node).of(self.text)

    def parent(self, node: cst.CSTNode) -> cst.CSTNode | None:
        """The node that holds ``node``; None for the module."""
        return self._parents.get(node)

    def ancestors(self, node: cst.CSTNode) -> Iterable[cst.CSTNode]:
        """The nodes that hold ``node``, innermost first, the module last."""
        above = self.parent(node)
        while above is not None:
            yield above
            above = self.parent(above)

    def enclosing(self, node: cst.CSTNode, *kinds: type[cst.CSTNode]) -> cst.CSTNode | None:
        """The innermost ancestor of one of ``kinds``."""
        return next((above for above in self.ancestors(node) if isinstance(above, kinds)), None)

    def scope(self, node: cst.CSTNode) -> metadata.Scope | None:
        """LibCST's scope of ``node`` (costly the first time: ask for candidate files only)."""
        return self._scopes.get(node)

    def qualified_names(self, node: cst.CSTNode) -> Collection[str]:
        """Dotted names that an expression may mean, imports and aliases followed (``asyncpg.connect``).

        Only names whose source is an import; a local or builtin name gives nothing.
        """
        scope = self.scope(node)
        if scope is None:
            return ()
        found = scope.get_qualified_names_for(node)
        return sorted({name.name for name in found if name.source is metadata.QualifiedNameSource.IMPORT})

    def walk(self, node: cst.CSTNode | None = None) -> Iterable[cst.CSTNode]:
        """Every node below ``node`` (default: the module) in source order, itself first."""
        stack: list[cst.CSTNode] = [node or self.module]
        while stack:
            current = stack.pop()
            yield current
            stack.extend(reversed(current.children))

    def find(self, places: Iterable[tuple[Span, str]]) -> dict[cst.CSTNode, tuple[Span, str]]:
        """The node of each (span, kind). A place without a node is absent from the answer."""
        wanted = set(places)
        kinds = {kind for _, kind in wanted}
        answer: dict[cst.CSTNode, tuple[Span, str]] = {}
        for node in self.walk():
            kind = type(node).__name__
            if kind in kinds and (key := (self.span(node), kind)) in wanted:
                wanted.discard(key)
                answer[node] = key
        return answer


def parse(text: str, *, indent: str | None = None) -> Tree:
    """Parse a whole file, or a run of statements cut from one (then ``indent`` is the file's own indentation step).

    Raises NotPython with LibCST's own complaint, or NotLossless where LibCST would print other characters than it
    read (libcst 1.9: ``except (A, B) :``). A form feed at the start and a bare CR at the end, which LibCST drops, are
    kept aside and do not count.
    """
    lead = len(text) - len(text.lstrip("\f"))
    body = text[lead:]
    if body.endswith("\r") and not body.endswith("\n"):
        body = body[:-1]
    module = _parse(body)
    if indent and module.default_indent != indent:
        module = _with_step(module, indent)
    try:
        code = module.code
    except RecursionError:
        raise _too_deep() from None
    if code != body:
        line = _first_difference(body, code)
        raise NotLossless(
            f"LibCST would not print line {line} as it stands",
            line=line,
            advice="reformat that line by hand, then run rewire again",
        )
    return Tree(text, module, lead)


class _Explicit(cst.CSTTransformer):
    """Every block says how far it is indented."""

    def __init__(self, step: str) -> None:
        super().__init__()
        self._step = step

    def leave_IndentedBlock(  # noqa: N802 - LibCST's name
        self, original_node: cst.IndentedBlock, updated_node: cst.IndentedBlock
    ) -> cst.IndentedBlock:
        return updated_node if updated_node.indent is not None else updated_node.with_changes(indent=self._step)


def _with_step(module: cst.Module, indent: str) -> cst.Module:
    """The same text, but a block that is added is indented by ``indent``: what LibCST detected is the depth of a cut.

    Its parser takes no notice of a ``default_indent`` (libcst 1.9).
    """
    return module.visit(_Explicit(module.default_indent)).with_changes(default_indent=indent)


def parses(text: str) -> bool:
    """True if LibCST reads ``text``."""
    try:
        _parse(text.lstrip("\f"))
    except NotPython:
        return False
    return True


def _parse(text: str) -> cst.Module:
    """Parse where nothing that a file may hold can bring the process down.

    LibCST 1.9 has no limit of its own and overflows the C stack: at some 2,500 nested brackets, and at some 5,000
    operators, dots, calls or ``elif`` in a chain. Python refuses the former and most of the latter, so we do (LibCST
    would need minutes for them); for what is left there is room on a stack of its own.
    """
    if _may_nest_too_deeply(text) and not parses_natively(text):
        raise _too_deep()
    if len(text) < _SHORT:
        return _parse_here(text)
    if overflows(text):
        raise _too_deep()
    answer: list[cst.Module | BaseException] = []

    def work() -> None:
        try:
            answer.append(_parse_here(text))
        except BaseException as error:
            answer.append(error)

    usual = threading.stack_size(_STACK)
    try:
        thread = threading.Thread(target=work, daemon=True)
        thread.start()
    finally:
        threading.stack_size(usual)
    thread.join()
    (module,) = answer
    if isinstance(module, BaseException):
        raise module
    return module


def _parse_here(text: str) -> cst.Module:
    try:
        return cst.parse_module(text)
    except cst.ParserSyntaxError as error:
        if "too many indentation levels" in error.message:  # a hundred, as in Python itself; without a line
            raise NestedTooDeeply("blocks are nested too deeply", advice="exclude the file") from None
        raise NotPython(
            str(error.message).strip(), line=error.raw_line, advice="fix the syntax, or exclude the file"
        ) from None
    except RecursionError:
        raise _too_deep() from None
    except Exception as error:
        raise NotPython(f"LibCST failed: {error}", advice="exclude the file") from error


def _too_deep() -> NestedTooDeeply:
    return NestedTooDeeply("an expression is nested too deeply for LibCST", advice="exclude the file")


def _may_nest_too_deeply(text: str) -> bool:
    """True if brackets nest deeper than Python allows, those in strings and comments counted as if they did, too."""
    if sum(map(text.count, "([{")) <= _DEEPEST:
        return False
    depth = deepest = 0
    for found in _BRACKET.finditer(text):
        depth = depth + 1 if found.group() in "([{" else max(0, depth - 1)
        deepest = max(deepest, depth)
    return deepest > _DEEPEST


def _first_difference(left: str, right: str) -> int:
    ours, theirs = left.split("\n"), right.split("\n")
    for number, (one, other) in enumerate(zip(ours, theirs, strict=False), 1):
        if one != other:
            return number
    return min(len(ours), len(theirs))


def dotted_name(node: cst.CSTNode | None) -> str | None:
    """``a.b.c`` for a chain of names and attributes, else None."""
    if isinstance(node, cst.Name):
        return node.value
    if isinstance(node, cst.Attribute):
        left = dotted_name(node.value)
        return None if left is None else f"{left}.{node.attr.value}"
    return None


def dotted_node(name: str) -> Any:
    """The LibCST node (Name or Attribute) for a dotted name."""
    parts = name.split(".")
    node: cst.Name | cst.Attribute = cst.Name(parts[0])
    for part in parts[1:]:
        node = cst.Attribute(value=node, attr=cst.Name(part))
    return node
