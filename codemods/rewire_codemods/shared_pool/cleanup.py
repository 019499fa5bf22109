"""Imports and DSN names that the rewriting leaves unused go with it, and only those."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rewire.codemod import BLOCK, INSERT, Project, Site, Span
from rewire_codemods.shared_pool import edits

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rewire_codemods.shared_pool.facts import FileFacts, Opening, Removal


@dataclass
class Cleanup:
    """The bookkeeping of one file: how often each name is still read once the openings are rewritten."""

    project: Project
    facts: FileFacts
    openings: Sequence[Opening]
    uses: Counter[str]

    def sites(self, codemod: str, inserts: Sequence[str]) -> list[Site]:
        """Support sites that remove what nobody reads any more, and add the imports ``inserts`` (whole lines)."""
        removed = self._settle()
        imports: dict[Span, list[str]] = {}
        found = []
        for removal in removed:
            if removal.kind == "import":
                imports.setdefault(removal.span, []).append(removal.name)
            else:
                found.append(_site(codemod, self.facts.path, removal.span, edits.Drop(removal.strings),
                                   f"remove {removal.name}, which nothing reads any more"))  # fmt: skip
        return found + self._import_sites(codemod, imports, inserts)

    def _import_sites(self, codemod: str, imports: dict[Span, list[str]], inserts: Sequence[str]) -> list[Site]:
        """The run of imports at the top is edited as one; elsewhere each statement for itself."""
        run = self.facts.import_run
        within = [index for index, span in enumerate(run) if span in imports]
        found = []
        if within:
            first = within[0]
            drops = tuple((index - first, tuple(imports[run[index]])) for index in within)
            text = "; ".join([_unused([name for index in within for name in imports[run[index]]]), *_added(inserts)])
            edit = edits.Imports(drops, tuple(inserts))
            found.append(_site(codemod, self.facts.path, Span(run[first].start, run[-1].end), edit, text))
        elif inserts:
            place = Span(self.facts.insert_at, self.facts.insert_at)
            found.append(Site(codemod, self.facts.path, place, INSERT, "".join(inserts), "; ".join(_added(inserts)),
                              "cleanup", support=True))  # fmt: skip
        for span, names in imports.items():
            if span not in run:
                found.append(_site(codemod, self.facts.path, span, edits.DropImports(tuple(names)), _unused(names)))
        return found

    def _settle(self) -> list[Removal]:
        left = Counter(dict(self.facts.names))
        gone: Counter[str] = Counter()
        by_function: dict[str, Counter[str]] = {}
        for opening in self.openings:
            counts = dict(opening.gone)
            gone.update(counts)
            by_function.setdefault(opening.function, Counter()).update(counts)
        left.subtract(gone)
        left.update(self.uses)
        candidates = [*dict.fromkeys(removal for opening in self.openings for removal in opening.locals),
                      *self.facts.removals]  # fmt: skip
        removed: list[Removal] = []
        again = True
        while again:
            again = False
            for removal in candidates:
                if removal in removed or not gone[removal.name] or not self._unused(removal, left, by_function):
                    continue
                removed.append(removal)
                for name in removal.uses:
                    left[name] -= 1
                    gone[name] += 1
                    by_function.setdefault(removal.scope, Counter())[name] += 1
                again = True
        return removed

    def _unused(self, removal: Removal, left: Counter[str], by_function: dict[str, Counter[str]]) -> bool:
        if removal.scope:
            return by_function.get(removal.scope, Counter())[removal.name] >= removal.reads
        own = 1 if removal.kind == "assignment" else 0
        if left[removal.name] > own or removal.name in self.uses:
            return False
        if removal.kind == "import" and self.facts.path.endswith("__init__.py"):
            return False
        return not self._is_read_elsewhere(removal.name)

    def _is_read_elsewhere(self, name: str) -> bool:
        """True if another file imports the name from this one, or reads it through the module."""
        if self.project.importers_of(self.facts.path, name):
            return True
        paths = {entry.path for entry in self.project.importers_of(self.facts.path)} - {self.facts.path}
        sources = (self.project.source(path) for path in sorted(paths))
        return any(source is not None and f".{name}" in source.text for source in sources)


def _unused(names: Sequence[str]) -> str:
    return f"remove the import of {', '.join(dict.fromkeys(names))}, unused now"


def _added(inserts: Sequence[str]) -> list[str]:
    return [f"add: {line.strip()}" for line in inserts]


def _site(codemod: str, path: str, span: Span, edit: edits.Edit, summary: str) -> Site:
    strings = isinstance(edit, edits.Drop) and bool(edit.strings)
    return Site(codemod, path, span, BLOCK, edit, summary, "cleanup", support=True, edits_strings=strings)
