"""The half of the front door that needs LibCST: trees with positions, and the base class of every transformer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

from rewire.syntax.modern import Tree, dotted_name, dotted_node, parse, parses

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rewire.model.site import Site

__all__ = ["Rewritten", "SiteTransformer", "Tree", "dotted_name", "dotted_node", "parse", "parses"]

Rewritten = cst.CSTNode | cst.RemovalSentinel | cst.FlattenSentinel[cst.CSTNode]


class SiteTransformer(cst.CSTTransformer):
    """Carries sites out. Decides nothing: what to write is in ``site.payload``.

    The engine parses the statements around the sites, calls ``begin`` with the nodes it found for them and visits the
    tree. Subclasses define ``rewrite`` for sites on a node and ``rewrite_block`` for ``BLOCK`` sites.
    """

    def __init__(self) -> None:
        super().__init__()
        self._sites: dict[int, Site] = {}
        self.carried_out: list[Site] = []

    def begin(self, sites: Mapping[cst.CSTNode, Site]) -> None:
        """Called by the engine once a region. Nodes are compared by identity."""
        self._sites = {id(node): site for node, site in sites.items()}

    def rewrite(self, site: Site, original: cst.CSTNode, updated: cst.CSTNode) -> Rewritten:
        """The node that takes the place of ``updated`` (children already rewritten)."""
        raise NotImplementedError(f"{type(self).__name__} does not rewrite single nodes")

    def rewrite_block(
        self, site: Site, statements: Sequence[cst.BaseStatement]
    ) -> Sequence[cst.BaseStatement]:
        """The statements that take the place of a ``BLOCK`` site's statements (sites inside already rewritten)."""
        raise NotImplementedError(f"{type(self).__name__} does not rewrite blocks")

    def on_visit(self, node: cst.CSTNode) -> bool:
        """Visit everything."""
        return True

    def on_leave(self, original_node: cst.CSTNodeT, updated_node: cst.CSTNodeT) -> Rewritten:  # type: ignore[override]
        """Rewrite the nodes that are sites; leave every other one as it is."""
        site = self._sites.get(id(original_node))
        if site is None:
            return updated_node
        self.carried_out.append(site)
        return self.rewrite(site, original_node, updated_node)
