"""The toy's transformer: right, or wrong in the way that its fault says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import libcst as cst

from rewire.codemod.cst import SiteTransformer

if TYPE_CHECKING:
    from rewire.model.site import Site


class Renamer(SiteTransformer):
    """``old`` becomes ``new``."""

    def __init__(self, fault: str) -> None:
        super().__init__()
        self.fault = fault

    def rewrite(self, site: Site, original: cst.CSTNode, updated: cst.CSTNode) -> Any:
        if site.payload == "bad":
            if self.fault == "raise":
                raise KeyError("a defect")
            if self.fault == "undefined":
                return cst.Name("nowhere")
            if self.fault == "same":
                return updated
            if self.fault == "again":
                return cst.parse_expression("(new, old(bad))[0]")
        return cst.Name("new")
