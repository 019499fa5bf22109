"""Which openings name the pool's database: DSN expressions followed to their sources, grouped, and judged."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rewire_codemods.shared_pool.facts import Arguments, Atom, Expression, Opening, Trouble, masked

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rewire_codemods.shared_pool.atlas import Atlas

_DEPTH = 6
SAME = "same_dsn"
"""The key of everything that the option of that name lists."""


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
        self._named: set[str] = set()

    def add(self, path: str, opening: Opening) -> None:
        """Note one opening; all of them first, ``settle`` then."""
        key = self._raw(path, opening.function, opening.arguments)
        if self._is_named(opening.arguments, key):
            self._named.add(key)
        group = self.groups.setdefault(key, Group(key))
        group.texts.add(opening.arguments.text)
        group.sites += 1

    def settle(self, made_with: Sequence[tuple[str, str, Arguments]], uses: int) -> None:
        """Decide which group is the pool's: what ``same_dsn`` says, what the pool is made with, or the large majority.

        ``uses`` counts the places that acquire through the provider already. They vote as well, for the unknown:
        otherwise the second largest group would be taken for the pool's once the largest has been converted.
        """
        self._join_named()
        if self._same:
            self.pool = SAME
        else:
            keys = {self.key(*making) for making in made_with if _is_known(making[2])}
            largest = max(self.groups.values(), key=lambda group: (group.sites, group.key), default=None)
            if len(keys) == 1:
                self.pool = keys.pop()
            elif largest and largest.sites > uses + sum(group.sites for group in self.groups.values()) - largest.sites:
                self.pool = largest.key
        if self.pool in self.groups:
            self.groups[self.pool].is_pool = True

    def _join_named(self) -> None:
        for key in self._named & set(self.groups):
            group = self.groups.pop(key)
            joined = self.groups.setdefault(SAME, Group(SAME))
            joined.texts |= group.texts
            joined.sites += group.sites

    def judge(self, path: str, opening: Opening) -> Trouble | None:
        """Why an opening does not name the pool's database; None if it does."""
        arguments = opening.arguments
        key = self.key(path, opening.function, arguments)
        atoms = [atom for _, value in arguments.database for atom in value.atoms]
        if key != SAME:
            if any(atom.kind == "parameter" for atom in atoms):
                return Trouble(
                    "dsn-from-parameters", f"the database comes from the function's parameters: {arguments.text}"
                )
            if any(atom.kind == "local" for atom in atoms) or not all(value.pure for _, value in arguments.database):
                return Trouble("dsn-computed", f"nobody can say which database {arguments.text} names")
        if key == self.pool:
            return None
        pool = self.groups.get(self.pool or "")
        if self.pool is None:
            return Trouble("other-database", f"{arguments.text}, and nothing says which database the pool is made with")
        named = " / ".join(sorted(pool.texts)) if pool else masked(self.pool)
        return Trouble("other-database", f"{arguments.text} against the pool's {named}")

    def key(self, path: str, function: str, arguments: Arguments) -> str:
        """What the arguments come down to: environment variables, defining modules, literals; or ``SAME``."""
        key = self._raw(path, function, arguments)
        return SAME if key in self._named or self._is_named(arguments, key) else key

    def _raw(self, path: str, function: str, arguments: Arguments) -> str:
        parts = []
        for name, value in arguments.database:
            resolved = self._resolve(path, function, value, 0)
            parts.append(resolved if name == "dsn" else f"{name}={resolved}")
        return ", ".join(parts) or "(environment)"

    def _is_named(self, arguments: Arguments, key: str) -> bool:
        """True if ``same_dsn`` lists the expression, as written or as the report has it."""
        return bool({_squeezed(arguments.written), _squeezed(arguments.text), _squeezed(key)} & self._same)

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

    def ordered(self) -> list[Group]:
        """The groups, the pool's first, then by size."""
        return sorted(self.groups.values(), key=lambda group: (not group.is_pool, -group.sites, group.key))

    def as_json(self) -> list[Mapping[str, object]]:
        """The groups for the report, the pool's first, then by size."""
        return [
            {
                "database": masked(group.key),
                "expressions": sorted(group.texts),
                "sites": group.sites,
                "pool": group.is_pool,
            }
            for group in self.ordered()
        ]


def _is_own(atom: Atom) -> bool:
    return atom.kind in {"parameter", "local"}


def _is_known(arguments: Arguments) -> bool:
    return all(
        value.pure and not any(_is_own(atom) for atom in value.atoms) for _, value in arguments.database
    ) and bool(arguments.database)


def _squeezed(text: str) -> str:
    return text.replace(" ", "").replace("'", '"')
