"""A transformer for the tests of the engine: gives a ``from`` statement another module, a name another name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import libcst as cst

from rewire.codemod.cst import SiteTransformer

if TYPE_CHECKING:
    from rewire.model.site import Site


class Mover(SiteTransformer):
    """The payload is ``.module`` for a ``from`` statement and a word for a name."""

    def rewrite(self, site: Site, original: cst.CSTNode, updated: cst.CSTNode) -> Any:
        if isinstance(updated, cst.ImportFrom):
            name = cst.Name(site.payload.lstrip("."))
            return updated.with_changes(relative=[cst.Dot()] * site.payload.count("."), module=name)
        assert isinstance(updated, cst.Name)
        return updated.with_changes(value=site.payload)


class HeadMover(Mover):
    """The same, and it says that names are none of its business."""

    reads_names = False


class ModuleMover(Mover):
    """The same, and it says so of the module that it replaces."""

    reads_module = False


class Setter(HeadMover):
    """Neither is its business."""

    reads_module = False


class Writer(Setter):
    """And what it writes is only written."""

    def with_stand_in(self, payload: object, word: str) -> tuple[str, str]:
        assert isinstance(payload, str)
        return "." * payload.count(".") + word, payload.lstrip(".")


class Speller(Writer):
    """Says that it only writes it, and does more: what it writes first is spelled large."""

    def rewrite(self, site: Site, original: cst.CSTNode, updated: cst.CSTNode) -> Any:
        assert isinstance(updated, cst.ImportFrom)
        return updated.with_changes(relative=[], module=cst.Name(site.payload.lstrip(".").upper()))


class Keeper(SiteTransformer):
    """Says that it does not keep the module, and does: it puts the names in brackets."""

    reads_names = reads_module = False

    def rewrite(self, site: Site, original: cst.CSTNode, updated: cst.CSTNode) -> Any:
        return updated.with_changes(lpar=cst.LeftParen(), rpar=cst.RightParen())


class NameDropper(SiteTransformer):
    """Reads names, and must therefore be shown them: the payload is the one that goes."""

    def rewrite(self, site: Site, original: cst.CSTNode, updated: cst.CSTNode) -> Any:
        assert isinstance(updated, cst.ImportFrom)
        assert not isinstance(updated.names, cst.ImportStar)
        kept = [alias for alias in updated.names if alias.evaluated_name != site.payload]
        kept[-1] = kept[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)
        return updated.with_changes(names=kept)


class NameCopier(SiteTransformer):
    """Reads names and writes before them: the module is called after the first one."""

    def rewrite(self, site: Site, original: cst.CSTNode, updated: cst.CSTNode) -> Any:
        assert isinstance(updated, cst.ImportFrom)
        assert not isinstance(updated.names, cst.ImportStar)
        return updated.with_changes(module=cst.Name(updated.names[0].evaluated_name))
