"""The half of the front door that needs LibCST: trees with positions, and the base class of every transformer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, cast

import libcst as cst

from rewire.syntax.modern import Tree, dotted_name, dotted_node, parse, parses

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rewire.model.site import Site

__all__ = ["Rewritten", "SiteTransformer", "Tree", "dotted_name", "dotted_node", "parse", "parses"]

Block = tuple[int, int, "Site"]
"""A block site inside the node that holds it: index of its first statement, how many, the site."""

Rewritten = cst.CSTNode | cst.RemovalSentinel | cst.FlattenSentinel[cst.CSTNode]


class SiteTransformer(cst.CSTTransformer):
    """Carries sites out. Decides nothing: what to write is in ``site.payload``.

    The engine parses the statements around the sites, calls ``begin`` with the nodes it found for them and visits the
    tree. Subclasses define ``rewrite`` for sites on a node and ``rewrite_block`` for ``BLOCK`` sites.
    """

    reads_names: ClassVar[bool] = True
    """False: of a ``from`` statement it neither reads nor changes what stands after ``import``. The engine may then
    give it another name in place of those, and put them back."""

    reads_module: ClassVar[bool] = True
    """False: of a ``from`` statement it neither reads nor keeps what stands between ``from`` and ``import``, but for
    white space. The engine may then give it another module in place of that one."""

    def with_stand_in(self, payload: Any, word: str) -> tuple[Any, str] | None:
        """A payload that differs from ``payload`` in one text alone, for which it has ``word``, and that text.

        Optional, for a text that ``rewrite`` does nothing with but write it, once, into a ``from`` statement. The
        engine may then give it the first payload, and put the text in the place of ``word``. None: there is none.
        """
        return None

    def __init__(self) -> None:
        super().__init__()
        self._sites: dict[int, Site] = {}
        self._blocks: dict[int, Sequence[Block]] = {}
        self._members: dict[int, Sequence[cst.CSTNode]] = {}
        self.carried_out: list[Site] = []

    def begin(self, sites: Mapping[cst.CSTNode, Site], blocks: Mapping[cst.CSTNode, Sequence[Block]]) -> None:
        """Called by the engine once a region. Nodes are compared by identity; a block is named by what holds it."""
        self._sites = {id(node): site for node, site in sites.items()}
        self._blocks = {id(node): ranges for node, ranges in blocks.items()}
        self._members = {id(statement): () for node in blocks for statement in _statements(node)}
        self.carried_out = []

    def rewrite(self, site: Site, original: cst.CSTNode, updated: cst.CSTNode) -> Rewritten:
        """The node that takes the place of ``updated`` (children already rewritten)."""
        raise NotImplementedError(f"{type(self).__name__} does not rewrite single nodes")

    def rewrite_block(self, site: Site, statements: Sequence[cst.BaseStatement]) -> Sequence[cst.BaseStatement]:
        """The statements that take the place of a ``BLOCK`` site's statements (sites inside already rewritten)."""
        raise NotImplementedError(f"{type(self).__name__} does not rewrite blocks")

    def on_visit(self, node: cst.CSTNode) -> bool:
        """Visit everything."""
        return True

    def on_leave(self, original_node: cst.CSTNodeT, updated_node: cst.CSTNodeT) -> Any:
        """Rewrite the nodes that are sites; leave every other one as it is."""
        result: Rewritten = updated_node
        site = self._sites.get(id(original_node))
        if site is not None:
            self.carried_out.append(site)
            result = self.rewrite(site, original_node, updated_node)
        if id(original_node) in self._blocks:
            result = self._rebuilt(original_node, updated_node)
        if id(original_node) in self._members:
            self._members[id(original_node)] = _as_sequence(result)
        return result

    def _rebuilt(self, original: cst.CSTNode, updated: cst.CSTNode) -> cst.CSTNode:
        """``updated`` with the statements of its block sites replaced; what each statement became is remembered."""
        became = [self._members[id(statement)] for statement in _statements(original)]
        body: list[cst.CSTNode] = []
        position = 0
        for first, count, site in sorted(self._blocks[id(original)], key=lambda block: block[0]):
            body += [node for nodes in became[position:first] for node in nodes]
            old = [node for nodes in became[first : first + count] for node in nodes]
            self.carried_out.append(site)
            body += self.rewrite_block(site, cast("Sequence[cst.BaseStatement]", old))
            position = first + count
        body += [node for nodes in became[position:] for node in nodes]
        return updated.with_changes(body=body)


def _statements(node: cst.CSTNode) -> Sequence[cst.CSTNode]:
    assert isinstance(node, (cst.Module, cst.IndentedBlock))
    return node.body


def _as_sequence(result: Rewritten) -> Sequence[cst.CSTNode]:
    if isinstance(result, cst.RemovalSentinel):
        return ()
    if isinstance(result, cst.FlattenSentinel):
        return tuple(result)
    return (result,)
