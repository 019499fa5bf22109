"""Plan the conversions of a whole project: one for each module that creates an engine at import."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from rewire.codemod import Plan, Refusal, Site
from rewire_codemods.applications.obstacle import Obstacle
from rewire_codemods.applications.reading import Shelf
from rewire_codemods.engine_init.application import find_application
from rewire_codemods.engine_init.codes import ADVICE
from rewire_codemods.engine_init.conversion import Conversion
from rewire_codemods.engine_init.converting import convert
from rewire_codemods.engine_init.creation import makers_at_import
from rewire_codemods.engine_init.defining import read_definition
from rewire_codemods.engine_init.editing import Edits
from rewire_codemods.engine_init.elsewhere import made_elsewhere
from rewire_codemods.engine_init.fronts import served_by
from rewire_codemods.engine_init.pools import pools_left
from rewire_codemods.engine_init.roles import is_own
from rewire_codemods.engine_init.sites import NAME
from rewire_codemods.engine_init.style import read_style

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rewire.codemod import Note, Project
    from rewire.codemod.cst import Tree
    from rewire_codemods.engine_init.facts import FileFacts
    from rewire_codemods.engine_init.options import EngineInitOptions
    from rewire_codemods.engine_init.style import Style


def make_plan(facts: Mapping[str, FileFacts], project: Project, options: EngineInitOptions) -> Plan:
    """Convert or refuse every engine that a module of the project creates at import."""
    shelf = Shelf(project)
    sites: list[Site] = []
    refusals: list[Refusal] = []
    notes: list[Note] = []
    figures = []
    done: dict[str, tuple[Conversion, dict[str, object], list[Site]]] = {}
    engines = [
        path
        for path, found in facts.items()
        if found.engines and not is_own(project, path, shelf.source(path).text, found.application)
    ]
    for path in engines:
        try:
            conversion = _start(shelf, path, facts, engines, options)
            done[path] = (conversion, convert(conversion, facts), conversion.edits.finish())
        except Obstacle as obstacle:
            refusals.append(_refusal(shelf, path, obstacle))
    for path, (conversion, figure, made) in done.items():
        shared = _shared(path, {other: {site.path for site in entry[2]} for other, entry in done.items()})
        if shared is not None:
            refusals.append(_refusal(shelf, path, shared_obstacle(conversion, *shared)))
            continue
        sites += made
        notes += conversion.notes
        figures.append(figure)
    refusals += [_refusal(shelf, path, obstacle) for path, obstacle in made_elsewhere(shelf, facts)]
    refusals += [_refusal(shelf, path, obstacle) for path, obstacle in pools_left(shelf, facts)]
    return Plan(tuple(sites), tuple(refusals), (), tuple(notes), {"conversions": figures} if figures else {})


def _shared(path: str, files: Mapping[str, set[str]]) -> tuple[str, str] | None:
    """Another engine whose conversion changes a file that this one changes too, and that file."""
    for other, changed in files.items():
        both = sorted(changed & files[path])
        if other != path and both:
            return other, both[0]
    return None


def shared_obstacle(conversion: Conversion, other: str, file: str) -> Obstacle:
    """Two engines that meet in one file: which of them it opens is for a person."""
    span = conversion.definition.tree.span(conversion.definition.creation.statement)
    return Obstacle(
        "two-engines", conversion.path, span, f"{file} needs the engine of {conversion.path} and that of {other}"
    )


def _start(
    shelf: Shelf, path: str, facts: Mapping[str, FileFacts], engines: Sequence[str], options: EngineInitOptions
) -> Conversion:
    definition = read_definition(shelf, path, options)
    assert definition is not None
    known = tuple(place for place, found in facts.items() if found.application)
    application = find_application(shelf, known, definition) if options.wire else None
    served = served_by(shelf, application)
    if application is not None:
        for other in engines:
            if other != path and other in served:
                call = makers_at_import(shelf.tree(other))[0]
                raise Obstacle(
                    "two-engines", other, shelf.tree(other).span(call), f"the application uses the engine of {path} too"
                )
    return Conversion(
        shelf=shelf,
        definition=definition,
        application=application,
        options=options,
        style=_style(shelf, definition.tree),
        edits=Edits(shelf, f"engine:{path}"),
        known=known,
        served=served,
    )


def _style(shelf: Shelf, tree: Tree) -> Style:
    """The module's habits; a project for Python 3.10 and later may write ``X | None`` everywhere."""
    style = read_style(tree)
    packaging = shelf.project.read_text("pyproject.toml") or ""
    newer = re.search(r"requires-python\s*=\s*[\"']>=\s*3\.(1\d|[2-9]\d)", packaging)
    return replace(style, union=True) if newer else style


def _refusal(shelf: Shelf, path: str, obstacle: Obstacle) -> Refusal:
    """One refusal for one engine, at the place that stands in the way."""
    source = shelf.project.source(obstacle.path)
    line = source.line_of(obstacle.span.start) if source else 1
    reason = obstacle.reason if path in obstacle.reason else f"{obstacle.reason} (engine of {path})"
    return Refusal(NAME, obstacle.path, obstacle.span, obstacle.code, reason, ADVICE[obstacle.code], line)
