"""What one file holds: small enough to send from a worker, enough to know who has to be read whole."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FileFacts:
    """``engines``: it creates an engine at import. ``application``: it speaks of FastAPI or of event handlers.

    ``worker``: it sets a task queue up. ``functions``: what makes an engine when it is called: the owner's name as in
    ``calling``, its 1-based line and its kind. ``pools``: pools of other libraries made at import: dotted name, span.
    """

    engines: bool = False
    application: bool = False
    worker: bool = False
    functions: tuple[tuple[str, int, str], ...] = ()
    pools: tuple[tuple[str, int, int], ...] = ()
