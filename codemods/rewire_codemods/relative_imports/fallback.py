"""Imports inside ``try``: which arm is alive, and what may be done to each.

The kinds, by what the two arms import of the project: *twin* (the handler imports the same files by other names),
*live handler* (the primary resolves nowhere, the handler does), *broken* (neither does), *optional* (the handler
imports nothing), *substitute* (the primary is somebody else's package, the handler is ours).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rewire_codemods.relative_imports.facts import Arm, FileFacts, catching_guards

if TYPE_CHECKING:
    from collections.abc import Callable

    from rewire.codemod import ImportStatement


class Fallback(NamedTuple):
    """A statement's part in a try block that catches ImportError. ``arm`` is ``primary`` or ``handler``."""

    arm: str
    body: Arm
    handlers: tuple[Arm, ...]

    @property
    def handler_imports(self) -> tuple[ImportStatement, ...]:
        """Every import of every catching handler."""
        return tuple(entry for handler in self.handlers for entry in handler.imports)


def find_fallback(statement: ImportStatement, facts: FileFacts) -> Fallback | None:
    """The innermost try block that catches the statement's ImportError, or whose handler the statement is in."""
    for guard in reversed(catching_guards(statement.guards)) if statement.guards else ():
        arms = facts.arms(guard.opener)
        handlers = tuple(arm for arm in arms if arm.catches)
        if not handlers or not arms:
            continue
        if guard.kind == "try":
            return Fallback("primary", arms[0], handlers)
        if any(arm.start == guard.start for arm in handlers):
            return Fallback("handler", arms[0], handlers)
    return None


def kind_of(
    fallback: Fallback,
    resolves: Callable[[ImportStatement], bool],
    is_ours: Callable[[ImportStatement], bool],
) -> str:
    """``twin``, ``live-handler``, ``broken``, ``optional`` or ``substitute``.

    ``resolves``: the import finds its file somewhere in the project. ``is_ours``: it names something of the project,
    found or not.
    """
    primary = [entry for entry in fallback.body.imports if is_ours(entry)]
    handler = [entry for entry in fallback.handler_imports if is_ours(entry)]
    if not fallback.handler_imports:
        return "optional"
    if not primary:
        return "substitute"
    if all(resolves(entry) for entry in primary):
        return "twin" if handler else "optional"
    return "live-handler" if handler and all(resolves(entry) for entry in handler) else "broken"
