"""relative-imports: the codemod."""

from __future__ import annotations

import sys
from functools import lru_cache
from typing import TYPE_CHECKING

from rewire.codemod import Codemod, Plan, Promise
from rewire_codemods.relative_imports.options import ImportOptions
from rewire_codemods.relative_imports.refusals import CODES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rewire.codemod import Project, Site, SourceFile
    from rewire.codemod.cst import SiteTransformer
    from rewire_codemods.relative_imports.facts import FileFacts


class RelativeImports(Codemod["FileFacts", ImportOptions]):
    """See the package's docstring."""

    name = "relative-imports"
    summary = "write imports of the project's own modules relative"
    promise = Promise.PROVED
    options_type = ImportOptions
    refusal_codes = CODES
    position = 40

    def markers(self, project: Project, options: ImportOptions) -> Sequence[bytes]:
        """The project's top-level names; for the other styles, the import keywords."""
        if options.style != "relative":
            return (b"import",)
        tops = project.top_names() - sys.stdlib_module_names
        if not all(top.isascii() for top in tops):
            return (b"import",)
        return tuple(sorted(top.encode() for top in tops))

    def locate(self, source: SourceFile, markers: Sequence[bytes], options: ImportOptions) -> FileFacts | None:
        """The import statements that may be places."""
        from rewire_codemods.relative_imports.facts import read_facts

        return read_facts(source.text, _about(tuple(markers)), scripted=options.scripts == "fallback")

    def prepare(self, project: Project, options: ImportOptions) -> None:
        """The contexts, of whichever file: to give the first the project follows every file that loads others."""
        from rewire_codemods.relative_imports import plan, proof, same  # noqa: F401 - for what comes next

        if options.style == "relative":
            for path in project.paths[:1]:
                project.contexts(path)

    def plan(self, facts: Mapping[str, FileFacts], project: Project, options: ImportOptions) -> Plan:
        """See ``plan.py`` and, for the other styles, the modules of their names."""
        if not facts and options.style == "relative":
            return Plan(facts={"statements": 0, "files": 0})  # a run without a place loads no more of the code
        if options.style == "absolute":
            from rewire_codemods.relative_imports.absolute import plan_absolute

            return plan_absolute(self.name, facts, project, options)
        if options.style == "launch":
            from rewire_codemods.relative_imports.launch import plan_launch

            return plan_launch(self.name, facts, project, options)
        from rewire_codemods.relative_imports.plan import plan_relative

        return plan_relative(self.name, facts, project, options)

    def transformer(self, options: ImportOptions) -> SiteTransformer:
        """See ``transformer.py``."""
        from rewire_codemods.relative_imports.transformer import ImportTransformer

        return ImportTransformer()

    def check(self, before: SourceFile, after: SourceFile, sites: Sequence[Site], options: ImportOptions) -> str | None:
        """The proof: what each changed statement loads, takes and binds is the same before and after."""
        from rewire_codemods.relative_imports.proof import find_difference

        return find_difference(before, after, sites)

    def check_project(
        self, before: Project, after: Project, changed: Sequence[str], options: ImportOptions
    ) -> Mapping[str, str]:
        """No launch loads less than before; and where a module gets another name, each import still loads its file."""
        from rewire_codemods.relative_imports.same import find_differences, find_losses

        losses = find_losses(before, after, changed, gains=options.style == "launch")
        return losses or (find_differences(before, after, changed) if options.style == "absolute" else {})


@lru_cache(maxsize=4)
def _about(markers: tuple[bytes, ...]) -> frozenset[str] | None:
    """The top-level names that the markers are; None where every import may be a place."""
    return None if markers == (b"import",) else frozenset(marker.decode() for marker in markers)
