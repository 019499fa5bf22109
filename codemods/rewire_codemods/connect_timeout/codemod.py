"""``ConnectTimeout``: markers, and the two halves of the work."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from rewire.codemod import Codemod, Plan, Promise
from rewire_codemods.connect_timeout import tables
from rewire_codemods.connect_timeout.options import Options
from rewire_codemods.connect_timeout.refusals import CODES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rewire.codemod import Project, Site, SourceFile
    from rewire.codemod.cst import SiteTransformer
    from rewire_codemods.connect_timeout.facts import FileFacts

_PLACE = re.compile(
    rf"""\b{tables.KEY}[ \t]*=(?!=) | ['"](?:--)?{tables.KEY}['"] | [?&](?:{"|".join(tables.DSN_LIMITS)})=
    | ^[ \t]+{tables.KEY}[ \t]*: | --connect-timeout['"]""",
    re.VERBOSE | re.MULTILINE,
)
"""The ways in which a limit is written: keyword, key, parameter of a URL, field, option. Not
``socket_connect_timeout``, which is redis's."""

_FIELD = re.compile(rf"^[ \t]+{tables.KEY}[ \t]*[:=]|\b(?:self|cls)\.{tables.KEY}[ \t]*[:=]", re.MULTILINE)
"""What a field of a class looks like, among other things."""

_HELD = re.compile(rf"""['"]{tables.KEY}['"]|[?&]{tables.KEY}=|\bacquire\b|\bdict\b""")
"""What a file that does not speak of asyncpg must hold to be parsed at once: a key, a URL, a pool."""


class ConnectTimeout(Codemod["FileFacts", Options]):
    """See the package's docstring, which is the page that users read."""

    name = "connect-timeout"
    summary = "give asyncpg timeout in place of libpq's connect_timeout"
    promise = Promise.CHECKED
    options_type = Options
    refusal_codes = tuple(CODES.values())
    position = 10
    needs = (
        b"asyncpg", b"async_engine", b"create_async_pool", b"from databases", b"import databases", b"tortoise",
        b"piccolo", b"from gino", b"import gino",
    )  # fmt: skip

    def markers(self, project: Project, options: Options) -> Sequence[bytes]:
        """The word itself, and what reaches asyncpg: files with the latter alone are noted, and rarely parsed."""
        return (tables.KEY.encode(), tables.OPTION.encode(), *(word.encode() for word in tables.REACHES))

    def locate(self, source: SourceFile, markers: Sequence[bytes], options: Options) -> FileFacts | None:
        """Facts about one file."""
        from rewire_codemods.connect_timeout.facts import FileFacts

        text = source.text
        reaches = any(word in text for word in tables.REACHES)
        if not self._is_mentioned(text, options):
            return FileFacts(asyncpg=reaches, unpacks=reaches and tables.UNPACKS.search(text) is not None)
        if not reaches and not _HELD.search(text) and not tables.LAYERED.search(text):
            return FileFacts(asyncpg=False, pending=True, declares=_FIELD.search(text) is not None)
        from rewire_codemods.connect_timeout.examine import examine

        facts = examine(source)
        return replace(facts, declares=True) if _FIELD.search(text) else facts

    def _is_mentioned(self, text: str, options: Options) -> bool:
        if options.also:
            words = (*tables.LIBPQ_KEYWORDS, *tables.LIBPQ_DSN_KEYS) if "all" in options.also else options.also
            if any(word in text for word in words):
                return True
        return _PLACE.search(text) is not None

    def plan(self, facts: Mapping[str, FileFacts], project: Project, options: Options) -> Plan:
        """Every decision."""
        if not any(entry.asyncpg or entry.layers or (entry.open and entry.keywords) for entry in facts.values()):
            return Plan()  # before anything that needs LibCST is imported
        from rewire_codemods.connect_timeout.decide import decide

        return decide(facts, project, options)

    def transformer(self, options: Options) -> SiteTransformer:
        """A fresh transformer."""
        from rewire_codemods.connect_timeout.transformer import TimeoutTransformer

        return TimeoutTransformer()

    def check(self, before: SourceFile, after: SourceFile, sites: Sequence[Site], options: Options) -> str | None:
        """No call says anything twice, and nothing reads a key that its dict no longer has."""
        from rewire_codemods.connect_timeout.proof import prove_file

        return prove_file(before, after)

    def check_project(
        self, before: Project, after: Project, changed: Sequence[str], options: Options
    ) -> Mapping[str, str]:
        """No file reads a key that a dict of another file no longer has."""
        from rewire_codemods.connect_timeout.proof import prove_project

        return prove_project(before, after, changed)
