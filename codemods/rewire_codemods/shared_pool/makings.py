"""What a pool is made with: the arguments of ``create_pool``, parameters followed to the calls that give them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rewire.codemod import NotLossless, NotPython
from rewire_codemods.shared_pool.reading import read_calls

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rewire_codemods.shared_pool.atlas import Atlas
    from rewire_codemods.shared_pool.facts import Arguments, FileFacts, PoolMaking

Made = tuple[str, str, "Arguments"]
"""Where arguments are read: file, function, and the arguments themselves."""


def made_with(atlas: Atlas, facts: FileFacts, making: PoolMaking) -> Iterator[Made]:
    """The arguments of one ``create_pool``; for ``init(dsn)`` those that its callers give."""
    given = [value for key, value in making.arguments.database if key == "dsn"]
    parameter = given[0].atoms[0].value if given and [atom.kind for atom in given[0].atoms] == ["parameter"] else ""
    if not parameter or len(making.arguments.database) != 1:
        yield facts.path, making.function, making.arguments
        return
    name = making.function.rpartition(".")[2]
    paths = {entry.path for entry in atlas.project.importers_of(facts.path)} | {facts.path}
    for path in sorted(paths):
        source = atlas.project.source(path)
        if source is None or name not in source.text:
            continue
        try:
            for function, arguments in read_calls(source, name, parameter):
                yield path, function, arguments
        except (NotPython, NotLossless):
            continue
