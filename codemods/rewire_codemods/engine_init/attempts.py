"""Try the conversions one after another: what is possible by itself, and beside the others."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from rewire.codemod import Refusal, Site
from rewire_codemods.applications.obstacle import Obstacle
from rewire_codemods.applications.strangers import strangers_to
from rewire_codemods.engine_init.application import find_application
from rewire_codemods.engine_init.codes import ADVICE
from rewire_codemods.engine_init.conversion import Conversion
from rewire_codemods.engine_init.converting import convert
from rewire_codemods.engine_init.creation import made_at_import
from rewire_codemods.engine_init.defining import read_definition
from rewire_codemods.engine_init.editing import Edits
from rewire_codemods.engine_init.fronts import served_by
from rewire_codemods.engine_init.sites import NAME
from rewire_codemods.engine_init.style import read_style

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rewire.codemod.cst import Tree
    from rewire_codemods.applications.reading import Shelf
    from rewire_codemods.engine_init.facts import FileFacts
    from rewire_codemods.engine_init.lending import Library
    from rewire_codemods.engine_init.options import EngineInitOptions
    from rewire_codemods.engine_init.style import Style


@dataclass(frozen=True, slots=True)
class Attempt:
    """One conversion that is possible by itself, its figures for the report, and its sites."""

    conversion: Conversion
    figures: dict[str, object]
    sites: list[Site]

    @property
    def files(self) -> set[str]:
        """The files that it changes."""
        return {site.path for site in self.sites}


@dataclass(slots=True)
class Attempts:
    """Conversions by the engine's file: those that stand (``done``), and why the others do not."""

    shelf: Shelf
    library: Library
    facts: Mapping[str, FileFacts]
    options: EngineInitOptions
    done: dict[str, Attempt] = field(default_factory=dict)
    refusals: list[Refusal] = field(default_factory=list)

    def make(self, paths: Sequence[str], engines: Sequence[str]) -> None:
        """Try the engines of ``paths``. An application that uses another one of ``engines`` as well is in the way.

        What is done already stays done: only these give way where two conversions meet in one file.
        """
        made: dict[str, Attempt] = {}
        for path in paths:
            try:
                conversion = self._start(path, engines)
                made[path] = Attempt(conversion, convert(conversion, self.facts), conversion.edits.finish())
            except Obstacle as obstacle:
                self.refusals.append(refusal(self.shelf, path, obstacle))
        files = {path: attempt.files for path, attempt in {**self.done, **made}.items()}
        for path, attempt in made.items():
            shared = _shared(path, files)
            if shared is not None:
                self.refusals.append(refusal(self.shelf, path, shared_obstacle(attempt.conversion, *shared)))
            else:
                self.done[path] = attempt

    def _start(self, path: str, engines: Sequence[str]) -> Conversion:
        shelf, options = self.shelf, self.options
        reject_strangers(shelf, path)
        definition = read_definition(self.library.makers(path), path, options)
        assert definition is not None
        known = tuple(place for place, found in self.facts.items() if found.application)
        application = find_application(shelf, known, definition) if options.wire else None
        served = served_by(shelf, application)
        if application is not None:
            for other in engines:
                if other != path and other in served:
                    raise self._second(path, other)
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

    def _second(self, path: str, other: str) -> Obstacle:
        """Told at the other one, which is told of here in turn; but a borrowed engine stops nobody else's."""
        here, there = (path, other) if self.library.makers(path).lent else (other, path)
        makers = self.library.makers(here)
        span = makers.tree.span(made_at_import(makers)[0])
        return Obstacle("two-engines", here, span, f"the application uses the engine of {there} too")


def reject_strangers(shelf: Shelf, path: str) -> None:
    """Raises Obstacle where an import spells the engine's module by a name that leads nowhere."""
    stranger = next(iter(strangers_to(shelf.project, path)), None)
    if stranger is not None:
        imported = stranger.imported
        line = shelf.source(imported.path).line_of(imported.span.start)
        raise Obstacle("root-unknown", imported.path, imported.span, stranger.reason(line))


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


def _style(shelf: Shelf, tree: Tree) -> Style:
    """The module's habits; a project for Python 3.10 and later may write ``X | None`` everywhere."""
    style = read_style(tree)
    packaging = shelf.project.read_text("pyproject.toml") or ""
    newer = re.search(r"requires-python\s*=\s*[\"']>=\s*3\.(1\d|[2-9]\d)", packaging)
    return replace(style, union=True) if newer else style


def refusal(shelf: Shelf, path: str, obstacle: Obstacle) -> Refusal:
    """One refusal for one engine, at the place that stands in the way."""
    source = shelf.project.source(obstacle.path)
    line = source.line_of(obstacle.span.start) if source else 1
    reason = obstacle.reason if path in obstacle.reason else f"{obstacle.reason} (engine of {path})"
    return Refusal(NAME, obstacle.path, obstacle.span, obstacle.code, reason, ADVICE[obstacle.code], line)
