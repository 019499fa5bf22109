"""The peer of relative-imports: a plain LibCST codemod that makes ``from`` imports of the own package relative."""

from __future__ import annotations

import libcst as cst
from libcst.codemod import VisitorBasedCodemodCommand
from libcst.helpers import get_absolute_module_for_import


class MakeRelative(VisitorBasedCodemodCommand):
    """``from django.db import x`` in ``django/apps/y.py`` -> ``from ..db import x``; nothing is checked."""

    DESCRIPTION = "make from imports of the own package relative"

    def leave_ImportFrom(  # noqa: N802 - LibCST's name
        self, original_node: cst.ImportFrom, updated_node: cst.ImportFrom
    ) -> cst.ImportFrom:
        """Rewrite one statement."""
        own = (self.context.full_module_name or "").split(".")
        target = (get_absolute_module_for_import(None, original_node) or "").split(".")
        if original_node.relative or own[0] != target[0]:
            return updated_node
        shared = 0
        for mine, theirs in zip(own[:-1], target, strict=False):
            if mine != theirs:
                break
            shared += 1
        rest = target[shared:]
        module: cst.Name | cst.Attribute | None = None
        for part in rest:
            module = cst.Name(part) if module is None else cst.Attribute(module, cst.Name(part))
        dots = [cst.Dot()] * (len(own) - shared)
        return updated_node.with_changes(module=module, relative=dots, whitespace_after_from=cst.SimpleWhitespace(" "))
