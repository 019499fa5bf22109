"""Which uses of a name are one connection's, and which of them forbid that it is lent for a block."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from rewire_codemods.shared_pool.facts import Path, Trouble
from rewire_codemods.shared_pool.placing import Outside
from rewire_codemods.shared_pool.references import Reference, references

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rewire_codemods.shared_pool.lives import Life


def sort_references(life: Life, others: Sequence[Life]) -> Trouble | None:
    """Which references are this connection's: behind the connect in its own list, or around that list."""
    order = {line.path: position for position, line in enumerate(life.scope.lines)}
    for other in others:
        if life.holds(other.path) or other.holds(life.path):
            return Trouble("bound-twice", f"another connection is bound to {life.name} in an inner block")
    for reference in references(life.scope.lines, life.name):
        if reference.path == life.path:
            if reference.kind != "bind":
                return Trouble("bound-twice", f"{life.name} is read in the statement that connects")
        elif life.holds(reference.path):
            life.inside.append(reference)
        elif not any(reference.path == other.path or other.holds(reference.path) for other in others):
            trouble = _sort_outsider(life, others, reference, order)
            if trouble:
                return trouble
    if life.name in life.scope.globals:
        return Trouble("stored", f"{life.name} is a global or nonlocal name")
    if life.name in life.scope.parameters:
        return Trouble("bound-twice", f"{life.name} is a parameter of the function")
    return None


def _sort_outsider(
    life: Life, others: Sequence[Life], reference: Reference, order: Mapping[Path, int]
) -> Trouble | None:
    """A reference in no connection's own list belongs to the one that is nearest in the nesting of blocks."""
    earlier = [one for one in (life, *others) if order[one.path] < order[reference.path]]
    nearest = max((_shared(one.path, reference.path) for one in earlier), default=0)
    owners = [one for one in earlier if _shared(one.path, reference.path) == nearest]
    if earlier and not any(one is life for one in owners):
        return None
    if len(owners) > 1:
        return Trouble("bound-twice", f"several connections are bound to {life.name}, and what follows may mean any")
    if earlier:
        life.outside.append(reference)
    elif reference.kind == "reset":
        life.resets.append(reference)
    elif reference.kind in {"close", "bind", "use", "alias", "guard"}:
        return Trouble("bound-twice", f"{life.name} already holds something when the connection is opened")
    else:
        life.outside.append(reference)
    return None


def _shared(one: Path, other: Path) -> int:
    """How many steps two paths have in common."""
    return next((index for index, (left, right) in enumerate(zip(one, other, strict=False)) if left != right),
                min(len(one), len(other)))  # fmt: skip


def examine_uses(life: Life) -> tuple[Literal["", "returns", "yields"], Reference | None, Trouble | None]:
    """How the connection leaves the function, the push onto an exit stack, or the first use that forbids a block."""
    hands: Literal["", "returns", "yields"] = ""
    push = None
    closed_before = {reference.path for reference in life.inside if reference.kind == "close"}
    for reference in [*life.inside, *life.outside]:
        if reference.kind == "reset" and _previous(reference.path) in closed_before:
            continue
        if reference.kind in {"bind", "reset"}:
            return hands, push, Trouble("bound-twice", f"{life.name} is bound to something else as well")
        if reference.kind == "push":
            push = reference
        elif reference.kind == "return":
            hands = "returns"
        elif reference.kind == "yield":
            hands = hands or "yields"
        elif reference.kind == "alias":
            trouble = _examine_alias(life, reference.detail, 0)
            if trouble:
                return hands, push, trouble
        else:
            trouble = _escape(life.name, reference)
            if trouble:
                return hands, push, trouble
    return hands, push, None


def _escape(name: str, reference: Reference) -> Trouble | None:
    if reference.kind == "captured":
        return Trouble("escapes", f"{name} is captured by {reference.detail}")
    if reference.kind == "global":
        return Trouble("stored", f"{name} is a global or nonlocal name")
    if reference.kind != "escape":
        return None
    if "larger statement" in reference.detail:
        return Trouble("close-unclear", f"{name}.{reference.detail}")
    if "stored" in reference.detail or reference.detail == "another name or object":
        return Trouble("stored", f"{name} is kept in {reference.detail.removeprefix('stored in ')}")
    return Trouble("escapes", f"{name} goes to {reference.detail}")


def _examine_alias(life: Life, alias: str, depth: int) -> Trouble | None:
    """An object made from the connection: it may be used, but not leave the function either."""
    life.derived.add(alias)
    if depth > 3:
        return Trouble("escapes", f"{alias}, made from {life.name}, is handed on and on")
    for reference in references(life.scope.lines, alias):
        if reference.kind in {"return", "yield"}:
            return Trouble("escapes", f"{alias}, made from {life.name}, leaves the function")
        if reference.kind == "alias" and reference.detail not in life.derived:
            trouble = _examine_alias(life, reference.detail, depth + 1)
        else:
            trouble = _escape(alias, reference)
        if trouble:
            return trouble
    return None


def outsiders(life: Life) -> list[Outside]:
    """The uses outside the block that opens the connection, and whether each would go with its close."""
    return [Outside(reference.path, reference.kind in {"close", "guard", "reset"}) for reference in life.outside]


def resets_after_closes(life: Life) -> list[Path]:
    """Every ``conn = None`` that follows a close at once."""
    closes = {reference.path for reference in (*life.inside, *life.outside) if reference.kind == "close"}
    return [
        reference.path
        for reference in (*life.inside, *life.outside)
        if reference.kind == "reset" and _previous(reference.path) in closes
    ]


def _previous(path: Path) -> Path:
    return (*path[:-1], int(path[-1]) - 1)
