"""shared-pool: from a connection per call to one pool."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rewire.codemod import Codemod, Plan, Project, Promise, RefusalCode, Site, SourceFile
from rewire_codemods.shared_pool.options import SharedPoolOptions
from rewire_codemods.shared_pool.refusals import CODES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rewire.codemod.cst import SiteTransformer
    from rewire_codemods.shared_pool.facts import FileFacts


class SharedPool(Codemod["FileFacts", SharedPoolOptions]):
    """See the package's page."""

    name: ClassVar[str] = "shared-pool"
    summary: ClassVar[str] = "take connections from one pool instead of opening one for each call"
    promise: ClassVar[Promise] = Promise.REVIEW
    options_type: ClassVar[type] = SharedPoolOptions
    refusal_codes: ClassVar[Sequence[RefusalCode]] = CODES
    position: ClassVar[int] = 20
    version: ClassVar[int] = 2

    def markers(self, project: Project, options: SharedPoolOptions) -> Sequence[bytes]:
        """Every file that opens a connection names the driver; callers of factories are found in the plan."""
        return (b"asyncpg",)

    def locate(self, source: SourceFile, markers: Sequence[bytes], options: SharedPoolOptions) -> FileFacts | None:
        """Openings, functions, constants and pools of one file; None where ``asyncpg`` is but a word in a text."""
        if "connect" not in source.text and "pool" not in source.text:
            return None
        from rewire_codemods.shared_pool.reading import read

        return read(source, retry_loops=options.retry_loops)

    def plan(self, facts: Mapping[str, FileFacts], project: Project, options: SharedPoolOptions) -> Plan:
        """Every decision, project-wide."""
        from rewire_codemods.shared_pool.planning import Planner

        return Planner(facts, project, options).plan()

    def transformer(self, options: SharedPoolOptions) -> SiteTransformer:
        """A fresh transformer."""
        from rewire_codemods.shared_pool.transformer import SharedPoolTransformer

        return SharedPoolTransformer()

    def check(
        self, before: SourceFile, after: SourceFile, sites: Sequence[Site], options: SharedPoolOptions
    ) -> str | None:
        """No close is left on a pooled name, no string but the announced ones is gone."""
        from rewire_codemods.shared_pool.proof import complaint

        return complaint(before, after, sites)
