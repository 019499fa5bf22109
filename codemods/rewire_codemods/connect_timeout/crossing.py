"""Follow a value into the files that import it, or that use the attribute it stands in."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import libcst as cst

from rewire.codemod import Span
from rewire.codemod.cst import dotted_name
from rewire_codemods.connect_timeout import tables
from rewire_codemods.connect_timeout.facts import ASYNCPG, Export, Trace, Use
from rewire_codemods.connect_timeout.flows import Flow
from rewire_codemods.connect_timeout.lineage import is_kin, line_of
from rewire_codemods.connect_timeout.literals import literal_key, text_of_string

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from rewire.codemod import Project
    from rewire_codemods.connect_timeout.elsewhere import Views
    from rewire_codemods.connect_timeout.examine import Examined
    from rewire_codemods.connect_timeout.scopes import Scope


_CLOSE = ASYNCPG | {"unproved", "engine-unproved", "url", "chosen"}


class Crossing:
    """``candidates`` are the files that mention the key: the ones in which an attribute of an unknown object counts.

    ``reaching`` are the files that speak of asyncpg. A value that does not reach asyncpg in its own file is followed
    only if one of them uses its name.
    """

    def __init__(self, project: Project, views: Views, candidates: Collection[str], reaching: Collection[str]) -> None:
        self.project = project
        self.views = views
        self.candidates = sorted(candidates)
        self.reaching = sorted(reaching)

    def extend(self, trace: Trace, *, text: bool) -> Trace:
        """``trace`` with the uses in all other files."""
        if not trace.exports or not self._worthwhile(trace):
            return trace
        uses, flags = list(trace.uses), set(trace.flags)
        waiting = list(trace.exports)
        seen: set[Export] = set()
        while waiting:
            export = waiting.pop()
            if export in seen:
                continue
            seen.add(export)
            home = export.path
            for other in self._files(home, export):
                view = self.views.view(other)
                if view is None:
                    uses.append(Use("escape", other, Span(0, 0), 1, detail=f"{other} cannot be read"))
                    continue
                flow = Flow(view.sinks, text=text)
                flow.line = export.line
                self._follow(flow, view, home, export)
                found = flow.trace()
                uses += found.uses
                flags |= set(found.flags)
                waiting += found.exports
        return replace(trace, uses=tuple(dict.fromkeys(uses)), flags=tuple(sorted(flags)))

    def _worthwhile(self, trace: Trace) -> bool:
        """True if the value meets asyncpg here, or may meet it in another file."""
        if any(use.call is not None and use.call.sink in _CLOSE for use in trace.uses):
            return True
        for path in self.reaching:
            source = self.project.source(path)
            if source is not None and any(
                export.name in source.text for export in trace.exports if export.path != path
            ):
                return True
        return False

    def _files(self, home: str, export: Export) -> list[str]:
        """The files to look at, without the one that defines the value: those that may spell it."""
        word = re.compile(rf"\b{re.escape(export.name)}\b")
        if export.line:
            return self._of_kin(home, export, word)
        module = home.rpartition("/")[2].partition(".")[0]
        package = module == "__init__"
        found = []
        for path in self.project.paths:
            if path == home:
                continue
            source = self.project.source(path)
            if source is None:
                if path in self.candidates:
                    found.append(path)
            elif word.search(source.text) and (package or path in self.candidates or module in source.text):
                found.append(path)
        return found

    def _of_kin(self, home: str, export: Export, word: re.Pattern[str]) -> list[str]:
        """The files that may see an attribute of objects of one class: where it and its bases are, and who names it."""
        _, own = export.line[0]
        named = re.compile(rf"\b{re.escape(own)}\b")
        places = {path for path, _ in export.line} - {home}
        for path in self.project.paths:
            source = self.project.source(path) if path != home and path not in places else None
            if source is not None and word.search(source.text) and named.search(source.text):
                places.add(path)
        return sorted(path for path in places if self._spells(path, word))

    def _spells(self, path: str, word: re.Pattern[str]) -> bool:
        source = self.project.source(path)
        return source is not None and word.search(source.text) is not None

    def _follow(self, flow: Flow, view: Examined, home: str, export: Export) -> None:
        if export.kind == "attribute":
            for use in self._attributes(view, home, export):
                flow.follow(use, export.steps)
            return
        for binding in view.names.imports:
            if self.views.find(binding.dotted, view.path) == (home, (export.name,)):
                flow.variable(binding.name, binding.scope, export.steps, binding.node)
        if any(self.views.find(star, view.path) == (home, ()) for star in view.names.stars):
            for load in view.names.loads.get(export.name, ()):
                if view.names.owner(export.name, view.names.scope(load)) is None:
                    flow.follow(load, export.steps)
        for use in view.names.attributes.get(export.name, ()):
            if self._receiver(view, use) == (home, ()):
                flow.follow(use, export.steps)

    def _receiver(self, view: Examined, use: cst.Attribute) -> tuple[str, tuple[str, ...]] | None:
        """What ``a.b`` in ``a.b.name`` stands for, if it is imported."""
        dotted = dotted_name(use.value)
        if dotted is None:
            return None
        head, _, rest = dotted.partition(".")
        owner = view.names.owner(head, view.names.scope(use))
        for binding in owner.bindings[head] if owner else ():
            if binding.kind == "import":
                return self.views.find(f"{binding.dotted}.{rest}" if rest else binding.dotted, view.path)
        return None

    def _attributes(self, view: Examined, home: str, export: Export) -> Iterator[cst.Attribute]:
        """The uses of ``.name`` in another file that may mean our class's attribute."""
        imports_home = any(
            (self.views.find(entry.dotted, view.path) or ("",))[0] == home for entry in view.names.imports
        )
        for use in view.names.attributes.get(export.name, ()):
            if id(use) in view.names.stores:
                continue
            inside = view.names.class_of(use.value)
            if not self._is_kin(view, use, inside, export):
                continue
            if inside is not None:
                own = view.origins.members(inside, export.name)
                if not own and isinstance(inside.node, cst.ClassDef) and inside.node.bases:
                    yield use
                continue
            receiver = self._receiver(view, use)
            if receiver is not None:
                if receiver == (home, (export.owner,)) or (receiver[1] and imports_home):
                    yield use
            elif view.origins.klass(view.origins.of(use.value).removesuffix("()")) is None and (
                imports_home or _reads_key(view, use)
            ):
                yield use

    def _is_kin(self, view: Examined, use: cst.Attribute, inside: Scope | None, export: Export) -> bool:
        """False where the object is of a class that has nothing to do with the export's."""
        if not export.line:
            return True
        if inside is not None:
            return isinstance(inside.node, cst.ClassDef) and is_kin(line_of(view.origins, inside.node), export.line)
        home, known = view.origins.definition(view.origins.of(use.value).removesuffix("()")) or (None, None)
        return home is None or not isinstance(known, cst.ClassDef) or is_kin(line_of(home, known), export.line)


def _reads_key(view: Examined, use: cst.Attribute) -> bool:
    """``x.name["connect_timeout"]`` or ``x.name.get("connect_timeout")``."""
    holder = view.names.parent(use)
    if isinstance(holder, cst.Subscript):
        return literal_key(holder) == tables.KEY
    call = view.names.parent(holder) if isinstance(holder, cst.Attribute) else None
    return isinstance(call, cst.Call) and bool(call.args) and text_of_string(call.args[0].value) == tables.KEY
