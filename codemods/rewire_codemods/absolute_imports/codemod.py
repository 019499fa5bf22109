"""absolute-imports: the codemod."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rewire.codemod import Codemod, Plan, Promise
from rewire_codemods.relative_imports.options import AbsoluteOptions
from rewire_codemods.relative_imports.refusals import CODES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rewire.codemod import Project, Site, SourceFile
    from rewire.codemod.cst import SiteTransformer
    from rewire_codemods.relative_imports.facts import FileFacts

_REFUSES = frozenset(
    {
        "bare-body",
        "closure",
        "differs-by-launch",
        "fallback-arm",
        "joined-line",
        "no-form-fits",
        "no-such-module",
        "no-such-name",
        "possible-script",
        "shadowed-submodule",
    }
)


class AbsoluteImports(Codemod["FileFacts", AbsoluteOptions]):
    """See the package's docstring."""

    name = "absolute-imports"
    summary = "write relative imports of the project's own modules absolute"
    promise = Promise.PROVED
    options_type = AbsoluteOptions
    refusal_codes = tuple(entry for entry in CODES if entry.code in _REFUSES)
    position = 40
    default = False

    def markers(self, project: Project, options: AbsoluteOptions) -> Sequence[bytes]:
        """Any import may be one of a sibling."""
        return (b"import",)

    def locate(self, source: SourceFile, markers: Sequence[bytes], options: AbsoluteOptions) -> FileFacts | None:
        """Every import statement."""
        from rewire_codemods.relative_imports.facts import read_facts

        return read_facts(source.text, None)

    def plan(self, facts: Mapping[str, FileFacts], project: Project, options: AbsoluteOptions) -> Plan:
        """See ``relative_imports/absolute.py``."""
        from rewire_codemods.relative_imports.absolute import plan_absolute

        return plan_absolute(self.name, facts, project, options)

    def transformer(self, options: AbsoluteOptions) -> SiteTransformer:
        """The one of relative-imports: both write ``Move`` payloads."""
        from rewire_codemods.relative_imports.transformer import ImportTransformer

        return ImportTransformer()

    def check(
        self, before: SourceFile, after: SourceFile, sites: Sequence[Site], options: AbsoluteOptions
    ) -> str | None:
        """The proof of relative-imports, the other way round."""
        from rewire_codemods.relative_imports.proof import find_difference

        return find_difference(before, after, sites)

    def check_project(
        self, before: Project, after: Project, changed: Sequence[str], options: AbsoluteOptions
    ) -> Mapping[str, str]:
        """Every import of a changed file loads the same file as before, and no launch loads less."""
        from rewire_codemods.relative_imports.same import find_differences, find_losses

        losses = find_losses(before, after, changed, gains=True)
        return losses or find_differences(before, after, changed)
