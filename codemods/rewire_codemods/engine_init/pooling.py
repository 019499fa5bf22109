"""The option ``pool``: arguments for a server database that the owner does not give, and never for SQLite."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rewire.codemod import Span

if TYPE_CHECKING:
    from rewire_codemods.engine_init.definition import Definition
    from rewire_codemods.engine_init.style import Style

POOL = (("pool_pre_ping", "True"), ("pool_size", "10"), ("max_overflow", "20"))
"""What ``pool = true`` adds for a server database: SQLAlchemy's keyword arguments of ``create_engine``."""


def pool_arguments(definition: Definition, style: Style, name: str | None) -> tuple[list[str], list[tuple[Span, str]]]:
    """Lines before the call, and additions to each maker call: pool arguments that the owner does not give.

    A function of the owner's would not take them.
    """
    tree = definition.tree
    lines: list[str] = []
    found = []
    for made in definition.creation.makers:
        given = {arg.keyword.value for arg in made.call.args if arg.keyword is not None}
        starred = any(arg.star == "**" for arg in made.call.args)
        if not made.takes_options or starred or {"poolclass", "pool"} & given or made.url is None or name is None:
            continue
        wanted = [f"{key}={value}" for key, value in POOL if key not in given]
        text = tree.code(made.url.value).strip("frbuFRBU\"'")
        if not wanted or text.startswith("sqlite"):
            continue
        end = tree.span(made.call.args[-1]).end
        if "://" in text and not text.startswith("{"):
            found.append((Span(end, end), ", " + ", ".join(wanted)))
            continue
        arguments = ", ".join(f"{style.string(key)}: {value}" for key, value in POOL if key not in given)
        test = f"str({name}).startswith({style.string('sqlite')})"
        line = f"pool_arguments = {{}} if {test} else {{{arguments}}}"
        if line not in lines:
            lines.append(line)
        found.append((Span(end, end), ", **pool_arguments"))
    return lines, found
