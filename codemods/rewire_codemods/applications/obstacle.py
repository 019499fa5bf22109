"""Why a change to an application cannot be made: raised by the analysis, turned into a refusal by the plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rewire.codemod import Span


class Obstacle(Exception):
    """One place that stands in the way of a whole conversion, with its refusal code and a reason."""

    def __init__(self, code: str, path: str, span: Span, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.path = path
        self.span = span
        self.reason = reason
