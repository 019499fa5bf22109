"""A codemod for the engine's own tests: ``old(...)`` becomes ``new(...)``, with one behaviour for every path."""

from __future__ import annotations

import dataclasses
import os
import re
from typing import TYPE_CHECKING

from rewire.codemod import (
    Codemod,
    NewFile,
    NotPython,
    Plan,
    Project,
    Promise,
    Refusal,
    RefusalCode,
    Site,
    SourceFile,
    Span,
    option,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rewire.codemod.cst import SiteTransformer


@dataclasses.dataclass(frozen=True, slots=True)
class ToyOptions:
    """How the toy misbehaves."""

    fault: str = option("", "which contract to break")
    group: bool = option(False, "one group for everything")
    create: str = option("", "a file to create")


class Toy(Codemod[tuple[tuple[int, str], ...], ToyOptions]):
    """Rename calls of ``old``; refuse ``old(keep)``; parse ``broken`` and fail; die on ``die``."""

    name = "toy"
    summary = "rename old to new"
    promise = Promise.CHECKED
    options_type = ToyOptions
    refusal_codes = (RefusalCode("kept", "asked to be kept", "nothing"),)

    def markers(self, project: Project, options: ToyOptions) -> Sequence[bytes]:
        return (b"old(",)

    def locate(
        self, source: SourceFile, markers: Sequence[bytes], options: ToyOptions
    ) -> tuple[tuple[int, str], ...] | None:
        if "broken(" in source.text:
            raise NotPython("no such luck", line=1, advice="mend it")
        if "die(" in source.text:
            os._exit(5)
        found = re.finditer(r"\bold\((\w*)\)", source.text)
        return tuple((match.start(), match[1]) for match in found) or None

    def plan(self, facts: Mapping[str, tuple[tuple[int, str], ...]], project: Project, options: ToyOptions) -> Plan:
        sites, refusals = [], []
        for path, places in facts.items():
            for start, argument in places:
                span = Span(start, start + 3)
                if argument == "late" and any(where != path for where in facts):
                    refusals.append(Refusal("toy", path, span, "kept", "only once it is alone", "nothing"))
                elif argument == "keep":
                    refusals.append(Refusal("toy", path, span, "kept", "it says keep", "nothing"))
                else:
                    group = "all" if options.group else ""
                    sites.append(Site("toy", path, span, "Name", argument, f"old({argument})", "call", group))
        created = (NewFile(options.create, "made = 1\n", "make", "all" if options.group else ""),)
        return Plan(tuple(sites), tuple(refusals), created if options.create and sites else ())

    def transformer(self, options: ToyOptions) -> SiteTransformer:
        from toy_transformer import Renamer

        return Renamer(options.fault)

    def check(self, before: SourceFile, after: SourceFile, sites: Sequence[Site], options: ToyOptions) -> str | None:
        return "the toy's own check" if options.fault == "check" and "bad" in before.path else None

    def check_project(
        self, before: Project, after: Project, changed: Sequence[str], options: ToyOptions
    ) -> Mapping[str, str]:
        if options.fault == "project":
            return {path: "the toy's own proof" for path in changed if "bad" in path}
        return {}
