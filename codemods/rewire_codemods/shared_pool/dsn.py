"""Which openings name the pool's database: DSN expressions followed to their sources, grouped, and judged."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rewire_codemods.shared_pool.facts import Arguments, Atom, Expression, Opening, Trouble

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rewire_codemods.shared_pool.atlas import Atlas

_DEPTH = 6


@dataclass
class Group:
    """Openings of one database: the key that their expressions come down to, and how people write it."""

    key: str
    texts: set[str] = field(default_factory=set)
    sites: int = 0
    is_pool: bool = False


class Databases:
    """The DSN groups of a project. ``pool`` is the key of the pool's database, None where nothing tells."""

    def __init__(self, atlas: Atlas, same: Sequence[str]) -> None:
        self._atlas = atlas
        self._same = frozenset(_squeezed(text) for text in same)
        self.groups: dict[str, Group] = {}
        self.pool: str | None = None

    def add(self, path: str, opening: Opening) -> str:
        """Note one opening; answer with its group's key."""
        key = self.key(path, opening.function, opening.arguments)
        group = self.groups.setdefault(key, Group(key))
        group.texts.add(opening.arguments.text)
        group.sites += 1
        return key

    def settle(self, made_with: Sequence[tuple[str, str, Arguments]], used: bool) -> None:
        """Decide which group is the pool's: what it is made with, what ``same_dsn`` says, or the largest group.

        ``used``: the provider is in use already. Then the largest group is no evidence: the pool's own sites may all
        have been converted.
        """
        if self._same:
            self.pool = "same_dsn"
        else:
            keys = {self.key(*making) for making in made_with if _is_known(making[2])}
            if len(keys) == 1:
                self.pool = keys.pop()
            elif self.groups and not used:
                self.pool = max(self.groups.values(), key=lambda group: (group.sites, group.key)).key
        if self.pool in self.groups:
            self.groups[self.pool].is_pool = True

    def judge(self, path: str, opening: Opening) -> Trouble | None:
        """Why an opening does not name the pool's database; None if it does."""
        arguments = opening.arguments
        key = self.key(path, opening.function, arguments)
        atoms = [atom for _, value in arguments.database for atom in value.atoms]
        if key != "same_dsn":
            if any(atom.kind == "parameter" for atom in atoms):
                return Trouble(
                    "dsn-from-parameters", f"the database comes from the function's parameters: {arguments.text}"
                )
            if any(atom.kind == "local" for atom in atoms) or not all(value.pure for _, value in arguments.database):
                return Trouble("dsn-computed", f"nobody can say which database {arguments.text} names")
        if key == self.pool:
            return None
        pool = self.groups.get(self.pool or "")
        named = " / ".join(sorted(pool.texts)) if pool else (self.pool or "unknown")
        return Trouble("other-database", f"{arguments.text} against the pool's {named}")

    def key(self, path: str, function: str, arguments: Arguments) -> str:
        """What the arguments come down to: environment variables, defining modules, literals."""
        parts = []
        for name, value in arguments.database:
            resolved = self._resolve(path, function, value, 0)
            if _squeezed(value.text) in self._same or resolved in self._same:
                return "same_dsn"
            parts.append(resolved if name == "dsn" else f"{name}={resolved}")
        key = ", ".join(parts) or "(environment)"
        return "same_dsn" if _squeezed(arguments.text) in self._same or key in self._same else key

    def _resolve(self, path: str, function: str, value: Expression, depth: int) -> str:
        return "".join(
            piece if isinstance(piece, str) else self._atom(path, function, piece, depth) for piece in value.pieces
        )

    def _atom(self, path: str, function: str, atom: Atom, depth: int) -> str:
        if atom.kind == "env":
            return f"env:{atom.value}"
        if atom.kind == "literal":
            return repr(atom.value)
        if atom.kind == "self":
            return self._self(path, function, atom.value, depth)
        if atom.kind == "name" and depth < _DEPTH:
            return self._name(path, function, atom.value, depth)
        return f"{path}:{function}:{atom.value}"

    def _name(self, path: str, function: str, dotted: str, depth: int) -> str:
        place = self._atlas.locate_name(path, dotted)
        if place is None:
            return dotted
        home, name, rest = place
        constant = self._atlas.constant(home, name)
        if constant is None or constant.value is None or rest or not constant.value.pure:
            return f"{home}:{name}{'.' + rest if rest else ''}"
        return self._resolve(home, "", constant.value, depth + 1)

    def _self(self, path: str, function: str, dotted: str, depth: int) -> str:
        owner = function.rpartition(".")[0]
        attribute = dotted.removeprefix("self.")
        value = self._atlas.class_value(path, owner, attribute)
        if value is None or depth >= _DEPTH or not value.pure or any(_is_own(atom) for atom in value.atoms):
            return dotted
        return self._resolve(path, function, value, depth + 1)

    def as_json(self) -> list[Mapping[str, object]]:
        """The groups for the report, the pool's first, then by size."""
        ordered = sorted(self.groups.values(), key=lambda group: (not group.is_pool, -group.sites, group.key))
        return [
            {"database": group.key, "expressions": sorted(group.texts), "sites": group.sites, "pool": group.is_pool}
            for group in ordered
        ]


def _is_own(atom: Atom) -> bool:
    return atom.kind in {"parameter", "local"}


def _is_known(arguments: Arguments) -> bool:
    return all(
        value.pure and not any(_is_own(atom) for atom in value.atoms) for _, value in arguments.database
    ) and bool(arguments.database)


def _squeezed(text: str) -> str:
    return text.replace(" ", "").replace("'", '"')
